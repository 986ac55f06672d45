"""Write a draft to disk and into the log. A file that a person has edited is never written over: the new draft stands beside it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.crashpoints import CrashPoint, reached
from bot.domain.events import Event
from bot.domain.facts import PostmortemDrafted
from bot.domain.ids import Digest, IncidentId, incident_stream
from bot.domain.nouns import Actor
from bot.domain.ports import Journal, Reader
from bot.errors import NotFound
from bot.postmortem.assemble import assemble
from bot.postmortem.draft import Draft
from bot.postmortem.redacted import Redact
from bot.postmortem.render import to_markdown, to_page

_MODE = 0o640
"""Drafts are redacted, and for colleagues: the group may read them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A draft with where it lies; `sha256` is of the Markdown."""

    draft: Draft
    markdown: Path
    page: Path
    sha256: Digest


async def draft_postmortem(
    journal: Journal,
    reader: Reader,
    incident: IncidentId,
    folder: Path,
    *,
    by: Actor,
    names: Mapping[str, str],
    redact: Redact,
) -> Written:
    """Draft the postmortem of an incident, as Markdown and as a page, and record that it was drafted.

    The files are whole or absent (written aside, then moved), and on disk before the event says so. NotFound when there is no such incident;
    OSError when the folder can't be written; else as the journal raises.
    """
    stream = incident_stream(incident)
    events = reader.events(stream=stream)
    if not events:
        raise NotFound(f"There is no incident {incident}.", hint="`fireline incidents` lists them.")
    # A long incident takes a while to word, and fsync waits for the disk: neither may hold up the event loop.
    written = await asyncio.to_thread(_write, events, folder, names, redact)
    reached(CrashPoint.DRAFT_WRITTEN)
    fact = PostmortemDrafted(
        incident=incident,
        sha256=written.sha256,
        through=written.draft.through.seq,
        path=str(written.markdown),
    )
    await journal.append(stream, by, [fact])
    return written


def read_written(drafted: PostmortemDrafted) -> str:
    """Return a draft's Markdown as it was drafted; NotFound when it is not there, or somebody has changed it since."""
    try:
        document = Path(drafted.path).read_bytes()
    except OSError as error:
        raise NotFound(f"The draft can't be read: {error.strerror}.") from None
    if _digest(document) != drafted.sha256:
        raise NotFound("The draft was changed since it was drafted.")
    return document.decode()


def _write(events: Sequence[Event], folder: Path, names: Mapping[str, str], redact: Redact) -> Written:
    draft = assemble(events, names, redact)
    document = to_markdown(draft).encode()
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    place = _free_place(folder, f"postmortem-{draft.number}", _drafted(events) | {_digest(document)})
    page = place.with_suffix(".html")
    _put(page, to_page(draft).encode())
    _put(place, document)
    return Written(draft=draft, markdown=place, page=page, sha256=_digest(document))


def _drafted(events: Sequence[Event]) -> set[Digest]:
    return {event.fact.sha256 for event in events if isinstance(event.fact, PostmortemDrafted)}


def _free_place(folder: Path, name: str, ours: Collection[Digest]) -> Path:
    """Return the first of `name.md`, `name-2.md`, … that is absent or holds just what we drafted."""
    ordinal = 1
    while True:
        place = folder / (f"{name}.md" if ordinal == 1 else f"{name}-{ordinal}.md")
        if not place.exists() or _digest(place.read_bytes()) in ours:
            return place
        ordinal += 1


def _digest(document: bytes) -> Digest:
    return Digest(hashlib.sha256(document).hexdigest())


def _put(place: Path, document: bytes) -> None:
    """Write a file aside, bring it to disk, then move it into place."""
    handle, aside = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), _MODE)
        Path(aside).replace(place)
    except BaseException:  # no half-written file stays, whatever it was; raised again
        Path(aside).unlink(missing_ok=True)
        raise
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
