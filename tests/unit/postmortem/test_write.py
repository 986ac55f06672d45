"""Drafts on disk: whole, recorded, and never over a person's edits."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from bot.domain.events import Event
from bot.domain.facts import Fact, PostmortemDrafted
from bot.domain.ids import IncidentId, StreamId
from bot.domain.nouns import Actor
from bot.domain.ports import Journal, Reader
from bot.errors import NotFound
from bot.postmortem.write import Written, draft_postmortem
from tests.fakes import tales
from tests.fakes.tales import ADA, NAMES
from tests.fakes.timeline import Timeline


class Log:
    """A journal and a reader over one tale."""

    def __init__(self, tale: Timeline) -> None:
        self.tale = tale

    async def append(self, stream: StreamId, actor: Actor, facts: Sequence[Fact]) -> Sequence[Event]:
        """Append to the tale."""
        self.tale.add(*facts, by=actor, stream=stream)
        return self.tale.events[-len(facts) :]

    def events(self, *, stream: StreamId) -> Sequence[Event]:
        """Return the tale's events."""
        return [event for event in self.tale.events if event.stream == stream]


async def draft(log: Log, folder: Path, incident: int = 42) -> Written:
    """Draft the tale's postmortem."""
    return await draft_postmortem(
        cast("Journal", log),
        cast("Reader", log),
        IncidentId(incident),
        folder,
        by=ADA,
        names=NAMES,
        redact=str,
    )


def names(folder: Path) -> list[str]:
    """Return what lies in a folder, hidden files too."""
    return sorted(each.name for each in folder.iterdir())


async def test_both_files_are_written_and_recorded(tmp_path: Path) -> None:
    """The event names the Markdown's path and hash and the last event that it was made from."""
    log = Log(tales.contained())
    last = log.tale.events[-1].seq
    written = await draft(log, tmp_path / "postmortems")
    assert written.markdown == tmp_path / "postmortems" / "postmortem-42.md"
    assert written.page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert log.tale.events[-1].actor == ADA
    assert log.tale.events[-1].fact == PostmortemDrafted(
        incident=IncidentId(42),
        sha256=written.sha256,
        through=last,
        path=str(written.markdown),
    )
    assert hashlib.sha256(written.markdown.read_bytes()).hexdigest() == written.sha256
    assert names(written.page.parent) == [
        "postmortem-42.html",
        "postmortem-42.md",
    ]


async def test_a_newer_draft_takes_the_place_of_an_untouched_one(tmp_path: Path) -> None:
    """Drafting again after more has happened writes the same file."""
    log = Log(tales.waiting())
    await draft(log, tmp_path)
    tales.shifted(log.tale)
    written = await draft(log, tmp_path)
    assert written.markdown.name == "postmortem-42.md"
    assert "verified at look 3" in written.markdown.read_text(encoding="utf-8")


async def test_a_persons_edits_are_never_written_over(tmp_path: Path) -> None:
    """The new draft stands beside the edited one, as often as that happens."""
    log = Log(tales.contained())
    edited = (await draft(log, tmp_path)).markdown
    edited.write_text("# Ours now", encoding="utf-8")
    second = await draft(log, tmp_path)
    assert second.markdown.name == "postmortem-42-2.md"
    assert second.page.name == "postmortem-42-2.html"
    assert edited.read_text(encoding="utf-8") == "# Ours now"
    assert (await draft(log, tmp_path)).markdown.name == "postmortem-42-2.md"


async def test_an_incident_that_is_not_there_is_not_drafted(tmp_path: Path) -> None:
    """No file, no event."""
    with pytest.raises(NotFound, match="There is no incident 7"):
        await draft(Log(tales.contained()), tmp_path, incident=7)
    assert names(tmp_path) == []


async def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """Something is in the way: no half file, no event that says there is a draft."""
    log = Log(tales.contained())
    many = len(log.tale.events)
    (tmp_path / "postmortem-42.html").mkdir()
    with pytest.raises(IsADirectoryError):
        await draft(log, tmp_path)
    assert names(tmp_path) == ["postmortem-42.html"]
    assert len(log.tale.events) == many
