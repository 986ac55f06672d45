"""The record as the story waits on it: read from outside, never before it is there, and newest first where that matters."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

from bot.demo.record import Record
from bot.domain import facts
from bot.domain.events import Event
from bot.domain.ids import Digest, IncidentId
from bot.domain.nouns import RunStatus
from tests.fakes import tales
from tests.fakes.store import open_test_store
from tests.fakes.timeline import Timeline

NONE, TOLD = IncidentId(7), IncidentId(42)


@contextlib.contextmanager
def record_of(folder: Path, *events: Event) -> Iterator[Record]:
    """Write events and read them from outside."""

    async def write() -> None:
        store = await open_test_store(folder)
        for event in events:
            await store.journal.append(event.stream, event.actor, [event.fact])
        await store.close()

    asyncio.run(write())
    with contextlib.closing(Record(f"sqlite:///{folder / 'fireline.db'}")) as record:
        yield record


def test_before_there_is_an_incident(tmp_path: Path) -> None:
    """Nothing is there yet, and none of it is an error."""
    with record_of(tmp_path) as record:
        assert (record.incident(NONE), record.run_ended(NONE), record.draft(NONE)) == (None, None, None)
        assert (record.alerts_over(NONE), record.resolved(NONE), record.events(NONE)) == (False, False, [])


def test_while_it_goes_on(tmp_path: Path) -> None:
    """A run that waits has not ended, and an alert that fires is not over."""
    with record_of(tmp_path, *tales.waiting().events) as record:
        assert record.run_ended(TOLD) is None
        assert record.resolved(TOLD) is False
        assert len(record.facts(TOLD, facts.ApprovalRequested)) == 1


def test_at_the_end(tmp_path: Path) -> None:
    """How the run ended, that it was resolved, and where the newest draft lies."""
    tale: Timeline = tales.contained()
    for name in ("one", "two"):
        tale.add(
            facts.PostmortemDrafted(
                incident=tale.incident,
                sha256=Digest("0" * 64),
                path=f"/drafts/{name}.md",
                through=tale.events[-1].seq,
            )
        )
    with record_of(tmp_path, *tale.events) as record:
        assert record.run_ended(TOLD) is RunStatus.SUCCEEDED
        assert record.resolved(TOLD) is True
        assert record.draft(TOLD) == Path("/drafts/two.md")
