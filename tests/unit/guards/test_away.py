"""Targets that are away: refused at once, tried by one, and taken up by all when they answer."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.facts import BreakerClosed, BreakerOpened
from bot.domain.nouns import HoldCause, Part, Severity
from bot.domain.records import AwayRecord
from bot.engine.conductor.gate import Go, Hold, Refused
from bot.engine.guards import Rules, TargetRules
from tests.unit.guards.desk import AWAY, OK, ROUTER, START, Desk, call


def away() -> Desk:
    """Make guards whose router has failed five times."""
    desk = Desk(Rules())
    for number in range(5):
        desk.do(call(f"{number}-1"), AWAY)
    return desk


def test_a_target_that_is_away_is_not_called_and_says_since_when_and_until_when() -> None:
    """Fail fast: which target, how that is known, since when, and when to ask again."""
    desk = away()
    refused = desk.ask(call("9-1"))
    assert refused == Refused(
        detail="router.internal is not answering (5 of the last 5 calls failed, the last with timeout)",
        since=START,
        again=START + timedelta(seconds=10.1),
    )
    assert desk.notices == [
        BreakerOpened(target=ROUTER, since=START, until=START + timedelta(seconds=10), detail=refused.detail)
    ]


def test_the_worst_incident_asks_first_an_undo_before_it_and_what_can_not_be_repeated_last() -> None:
    """Who asks again first is the one that tries: best a call that leaves no doubt when it gets no answer."""
    desk = away()
    wishes = [
        (call("9-1", part=Part.UNDO), Severity.SEV4, True),
        (call("9-2"), Severity.SEV1, True),
        (call("9-3"), Severity.SEV2, True),
        (call("9-4"), Severity.SEV4, True),
        (call("9-5", part=Part.UNDO), Severity.SEV1, False),
        (call("9-6"), Severity.SEV1, False),
    ]
    asked = [
        desk.ask(name, severity=severity, repeatable=repeatable) for name, severity, repeatable in wishes
    ]
    again = [each.again for each in asked if isinstance(each, Refused)]
    assert len(again) == len(wishes)
    assert again == sorted(set(again))


def test_one_call_tries_and_the_others_wait_for_what_becomes_of_it() -> None:
    """When it answers, they go on, and the log is told."""
    desk = away()
    desk.wait(10)
    assert desk.goes(call("9-1"))
    held = desk.ask(call("9-2"))
    assert held == Hold(cause=HoldCause.TRIAL, detail="router.internal was not answering and is being tried")
    desk.end(call("9-1"), OK)
    assert desk.take_woken() == ["9-2"]
    assert desk.goes(call("9-2"))
    assert desk.notices[-1] == BreakerClosed(target=ROUTER, since=START)


def test_when_the_trial_fails_those_who_waited_for_it_are_refused() -> None:
    """They are woken to be told so, and the pause is twice as long."""
    desk = away()
    desk.wait(10)
    assert desk.goes(call("9-1"))
    assert isinstance(desk.ask(call("9-2")), Hold)
    desk.end(call("9-1"), AWAY)
    assert desk.take_woken() == ["9-2"]
    refused = desk.ask(call("9-2"))
    assert isinstance(refused, Refused)
    assert refused.since == START
    assert refused.again > desk.now + timedelta(seconds=20)
    assert len(desk.notices) == 2


def test_those_who_waited_for_room_are_refused_when_the_target_goes_away() -> None:
    """They don't stand in line for a target that is not there."""
    desk = Desk(Rules(default=TargetRules(max_parallel=5)))
    for number in range(5):
        assert desk.goes(call(f"{number}-1"))
    assert isinstance(desk.ask(call("9-1")), Hold)
    for number in range(5):
        desk.end(call(f"{number}-1"), AWAY)
    assert "9-1" in desk.take_woken()
    desk.guards.give_back(desk.guards.unclaimed(call("9-1")[0]), desk.now)
    assert isinstance(desk.ask(call("9-1")), Refused)


def test_a_trial_that_was_cut_off_leaves_the_trying_to_the_next() -> None:
    """Nobody waits for ever for a call that told nothing."""
    desk = away()
    desk.wait(10)
    assert desk.goes(call("9-1"))
    assert isinstance(desk.ask(call("9-2")), Hold)
    desk.end(call("9-1"), None)
    assert desk.take_woken() == ["9-2"]
    assert desk.goes(call("9-2"))
    assert isinstance(desk.ask(call("9-3")), Hold)


def test_a_restart_does_not_forget_what_is_away() -> None:
    """What the log says of targets holds for the new process until their time is over."""
    desk = Desk(Rules())
    until = START + timedelta(seconds=40)
    desk.guards.restore([AwayRecord(target=ROUTER, since=START, until=until, detail="")], START)
    assert isinstance(desk.ask(call("1-1")), Refused)
    desk.wait(40)
    assert isinstance(desk.ask(call("1-1")), Go)


def test_time_alone_wakes_nobody_whose_target_is_tried() -> None:
    """Those who wait for a trial wait for its end, which is no matter of time."""
    desk = away()
    desk.wait(10)
    assert desk.goes(call("9-1"))
    assert isinstance(desk.ask(call("9-2")), Hold)
    desk.wait(3600)
    assert desk.take_woken() == []
    assert desk.guards.next_due() is None
