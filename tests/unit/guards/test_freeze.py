"""The freeze: what changes something waits for its end, what only looks or takes back does not."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.nouns import HoldCause, Part, person
from bot.domain.response_records import FreezeRecord
from bot.engine.conductor.gate import Hold
from bot.engine.guards import Rules, TargetRules
from tests.unit.guards.desk import START, Desk, call

NARROW = Rules(default=TargetRules(max_parallel=1))
WEEKEND = FreezeRecord(since=START, by=person("U0ADA"), why="deploy weekend")


def test_what_changes_something_waits_and_says_for_whom() -> None:
    """A read goes on, and so does an undo, whose entry says that it changes nothing new."""
    desk = Desk(Rules())
    desk.guards.freeze(WEEKEND)
    held = Hold(cause=HoldCause.FROZEN, detail="frozen by U0ADA: deploy weekend")
    assert desk.ask(call("1-1"), changes=True) == held
    assert desk.guards.waits(call("1-1"))
    desk.do(call("2-1"))
    desk.do(call("3-1", part=Part.UNDO))
    assert desk.guards.running == 0
    assert desk.take_woken() == []


def test_who_waited_goes_on_when_it_ends() -> None:
    """Each run is woken once, however many of its calls waited."""
    desk = Desk(Rules())
    desk.guards.freeze(WEEKEND)
    for name in (call("1-1"), call("1-1", step="b"), call("2-1")):
        assert not desk.goes(name, changes=True)
    desk.guards.freeze(None)
    assert desk.guards.frozen is None
    assert desk.take_woken() == ["1-1", "2-1"]
    assert desk.goes(call("1-1"), changes=True)
    assert not desk.guards.waits(call("2-1"))


def test_what_is_under_way_is_let_finish() -> None:
    """Its intent is in the log: asking again, as after a write in doubt, does not take its room."""
    desk = Desk(NARROW)
    assert desk.goes(call("1-1"), changes=True)
    desk.guards.freeze(WEEKEND)
    assert desk.goes(call("1-1"), changes=True)
    assert desk.guards.running == 1


def test_room_that_was_kept_goes_to_the_next_in_line() -> None:
    """A call whose turn came, and that was frozen before its run took it, does not block one that only looks."""
    desk = Desk(NARROW)
    assert desk.goes(call("1-1"))
    assert not desk.goes(call("2-1"), changes=True)
    assert not desk.goes(call("3-1"))
    desk.guards.freeze(WEEKEND)
    desk.end(call("1-1"))
    assert desk.take_woken() == ["2-1"]
    assert not desk.goes(call("2-1"), changes=True)
    assert desk.take_woken() == ["3-1"]
    assert desk.goes(call("3-1"))


def test_it_ends_by_itself() -> None:
    """The end of its time is when the guards want to be looked at, before anything else that is due later."""
    desk = Desk(Rules(default=TargetRules(rate=0.01, burst=1.0)))
    desk.do(call("9-1"))
    assert not desk.goes(call("8-1"))
    later = desk.guards.next_due()
    until = START + timedelta(seconds=30)
    desk.guards.freeze(FreezeRecord(since=START, by=person("U0ADA"), why="w", until=until))
    held = desk.ask(call("1-1"), target="other", changes=True)
    assert isinstance(held, Hold)
    assert (held.until, desk.guards.next_due()) == (until, until)
    desk.wait(29)
    assert desk.guards.frozen is not None
    desk.wait(1)
    assert desk.guards.frozen is None
    assert (desk.take_woken(), desk.guards.next_due()) == (["1-1"], later)


def test_a_freeze_whose_time_is_over_holds_nothing() -> None:
    """Although nobody has looked at the clock since."""
    desk = Desk(Rules())
    desk.guards.freeze(FreezeRecord(since=START, by=person("U0ADA"), why="w", until=START))
    assert desk.goes(call("1-1"), changes=True)


def test_a_call_that_recovery_makes_waits_no_more() -> None:
    """Its intent is in the log, whatever was said of it before."""
    desk = Desk(Rules())
    desk.guards.freeze(WEEKEND)
    assert not desk.goes(call("1-1"), changes=True)
    desk.guards.enter(call("1-1"), lambda: "x", desk.now)
    assert not desk.guards.waits(call("1-1"))
    desk.guards.freeze(None)
    assert desk.take_woken() == []
