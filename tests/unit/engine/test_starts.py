"""Starts: what was heard is what the log holds, or it is not given."""

from datetime import UTC, datetime

from bot.domain.events import GENESIS, Event
from bot.domain.facts import Fact, PhaseEntered
from bot.domain.ids import IncidentId, RunId, incident_stream, run_id
from bot.domain.nouns import FIRELINE, Phase
from bot.engine import starts as room
from bot.engine.starts import Starts
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
    assert starts.take(RUN) is begun
    assert starts.take(RUN) is None


def test_a_start_that_something_followed_is_read() -> None:
    """It alone would be half of the truth."""
    starts = Starts()
    starts.heard([event(started(RUN)), event(PhaseEntered(run=RUN, phase=Phase.ALWAYS))])
    assert starts.take(RUN) is None


def test_another_run_s_event_changes_nothing() -> None:
    """Only the run's own events count."""
    starts = Starts()
    starts.heard([event(started(RUN)), event(PhaseEntered(run=RunId("1-2"), phase=Phase.ALWAYS))])
    assert starts.take(RUN) is not None


def test_starts_that_nobody_takes_up_do_not_pile_up() -> None:
    """The oldest is forgotten first."""
    starts = Starts()
    starts.heard([event(started(run_id(IncidentId(1), n))) for n in range(room.MOST + 1)])
    assert starts.take(run_id(IncidentId(1), 0)) is None
    assert starts.take(run_id(IncidentId(1), 1)) is not None
