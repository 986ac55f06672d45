"""Starts: what was heard is what the log holds, or it is not given."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.events import GENESIS, Event
from bot.domain.facts import Fact, PhaseEntered
from bot.domain.ids import IncidentId, RunId, incident_stream, run_id
from bot.domain.nouns import FIRELINE, Phase
from bot.engine import starts as room
from bot.engine.starts import Starts
from bot.errors import JournalError
from tests.fakes.any_facts import started

RUN = run_id(IncidentId(1), 1)


def event(fact: Fact) -> Event:
    """Give a fact a place."""
    at = datetime(2026, 11, 23, tzinfo=UTC)
    stream = incident_stream(IncidentId(1))
    return Event(seq=1, at=at, stream=stream, actor=FIRELINE, fact=fact, prev=GENESIS, hash=GENESIS)


def test_a_start_is_given_once() -> None:
    """Who takes the run up a second time reads it."""
    starts, begun = Starts(), event(started(RUN))
    starts.heard([begun])
    assert starts.take(RUN) == [begun]
    assert not starts.take(RUN)


def test_a_start_that_something_followed_is_read() -> None:
    """It alone would be half of the truth."""
    starts = Starts()
    starts.heard([event(started(RUN)), event(PhaseEntered(run=RUN, phase=Phase.ALWAYS))])
    assert not starts.take(RUN)


def test_another_run_s_event_changes_nothing() -> None:
    """Only the run's own events count."""
    starts = Starts()
    starts.heard([event(started(RUN)), event(PhaseEntered(run=RunId("1-2"), phase=Phase.ALWAYS))])
    assert starts.take(RUN)


def test_starts_that_nobody_takes_up_do_not_pile_up() -> None:
    """The oldest is forgotten first."""
    starts = Starts()
    starts.heard([event(started(run_id(IncidentId(1), n))) for n in range(room.MOST + 1)])
    assert not starts.take(run_id(IncidentId(1), 0))
    assert starts.take(run_id(IncidentId(1), 1))


# ---- read ahead, at a recovery


class Log:
    """A log that answers for many runs, and does something while it is read."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.meanwhile = meanwhile
        self.asked: list[int] = []

    def events_of_runs(self, runs: Sequence[RunId]) -> Mapping[RunId, Sequence[Event]]:
        """Answer with a start each."""
        self.asked.append(len(runs))
        self.meanwhile()
        return {run: [event(started(run))] for run in runs}


async def slices(starts: Starts, log: Any, runs: Sequence[RunId]) -> list[list[RunId]]:
    """Return which runs were at hand, slice by slice."""
    return [[run for run in some if starts.take(run)] async for some in starts.read_ahead(log, runs)]


async def test_many_are_read_with_few_questions_and_held_a_slice_at_a_time() -> None:
    """Memory holds no more of them than that, however many there are."""
    starts, log = Starts(), Log()
    runs = [run_id(IncidentId(1), n) for n in range(room.AT_ONCE + 1)]
    held = [len(starts._events) async for _ in starts.read_ahead(log, runs)]  # type: ignore[arg-type]
    assert (log.asked, held) == ([room.AT_ONCE, 1], [room.AT_ONCE, 1])
    assert not starts._events, "what nobody took is forgotten"
    assert await slices(starts, log, runs) == [runs[: room.AT_ONCE], runs[room.AT_ONCE :]]


async def test_what_something_follows_while_it_is_read_is_read_alone() -> None:
    """What was read may be half of the truth by then; before it is taken up too."""
    starts, other = Starts(), RunId("1-2")
    more = [event(PhaseEntered(run=RUN, phase=Phase.ALWAYS))]
    assert await slices(starts, Log(lambda: starts.heard(more)), [RUN, other]) == [[other]]
    async for some in starts.read_ahead(Log(), [RUN, other]):  # type: ignore[arg-type]
        starts.heard(more)
        assert [bool(starts.take(run)) for run in some] == [False, True]


async def test_one_that_can_not_be_understood_keeps_no_other() -> None:
    """Each is read alone then, and has its own end; a log that is away is another matter."""

    def breaks(problem: Exception) -> Callable[[], object]:
        def do() -> object:
            raise problem

        return do

    assert await slices(Starts(), Log(breaks(ValueError("an event of another world"))), [RUN]) == [[]]
    with pytest.raises(JournalError):
        await slices(Starts(), Log(breaks(OSError("the database is away"))), [RUN])
