"""What one person reads who asks what happened, or what was kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.chat.blocks.ink import Ink, Redact, clock_time, link
from bot.chat.blocks.kit import Message, context, section, written_to_fit
from bot.chat.blocks.words import counted, size
from bot.domain.events import Event
from bot.domain.nouns import ActorKind
from bot.domain.records import EvidenceRecord, IncidentRecord

_IDS = re.compile(r"(?<![\w@])(@?)([UW][A-Z0-9]{2,})(?!\w)")
"""What may be the id of a person, whose name Slack knows."""
_AT_ONCE = 8
"""Lines in one block: a section takes 3000 characters."""


def timeline_told(
    incident: IncidentRecord, told: Sequence[tuple[Event, str]], *, more: int, console: str, redact: Redact
) -> Message:
    """Tell the last things that happened, the newest last; `told` has a sentence on each event, with people's ids in it."""
    people = {*incident.roles.values(), *(person for event, _ in told for person in _people_in(event))}

    def named(found: re.Match[str]) -> str:
        return f"<@{found[2]}>" if found[1] or found[2] in people else found[0]

    def write(ink: Ink) -> Message:
        lines = [
            f"{clock_time(event.at, seconds=True)}  {_IDS.sub(named, ink.line(text, 250))}"
            for event, text in told
        ]
        earlier = f"{counted(more, 'earlier event')}. " if more > 0 else ""
        whole = link(console, "The whole timeline") if console else "`fireline show` has all of it"
        return _page(incident, "What happened in", lines, f"{earlier}{whole}", ink)

    return written_to_fit(write, redact)


def _people_in(event: Event) -> Iterator[str]:
    """Who did what an event tells of, and whom it is about."""
    if event.actor.kind is ActorKind.PERSON:
        yield event.actor.id
    for field in ("person", "commander", "author"):
        yield str(getattr(event.fact, field, ""))
    asked_by = getattr(event.fact, "requested_by", None)
    if asked_by is not None:
        yield asked_by.id


def evidence_told(
    incident: IncidentRecord, evidence: Sequence[EvidenceRecord], *, more: int, console: str, redact: Redact
) -> Message:
    """List what was kept, the newest last."""

    def write(ink: Ink) -> Message:
        lines = [_piece(each, ink) for each in evidence] or ["Nothing was kept."]
        earlier = f"{counted(more, 'earlier piece')}. " if more > 0 else ""
        where = link(console, "Read it in the console")
        small = f"{earlier}{where}: without its secrets, and the log says who looked."
        return _page(incident, "Evidence of", lines, small, ink)

    return written_to_fit(write, redact)


def _piece(evidence: EvidenceRecord, ink: Ink) -> str:
    whole = " (not whole)" if evidence.truncated else ""
    return (
        f"📎 *{ink.line(evidence.name, 80)}*  {size(evidence.size)}{whole} · step {ink.line(str(evidence.step), 60)} of "
        f"`{evidence.run}` · {clock_time(evidence.stored_at)} · `{evidence.sha256[:12]}`"
    )


def _page(incident: IncidentRecord, what: str, lines: Sequence[str], small: str, ink: Ink) -> Message:
    head = section(f"*#{incident.id} · {ink.line(incident.title, 150)}*")
    blocks = [section("\n".join(lines[start : start + _AT_ONCE])) for start in range(0, len(lines), _AT_ONCE)]
    return Message(text=f"{what} #{incident.id}", blocks=(head, *blocks, context(small)))
