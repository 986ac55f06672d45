"""Limits: how many run at once, how often, who waits, and in which order they go on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.actions.outcome import Failed, Reason
from bot.domain.nouns import HoldCause, Part, Severity
from bot.engine.conductor.gate import Hold
from bot.engine.guards import BudgetRule, Rules, TargetRules
from tests.unit.guards.desk import AWAY, ROUTER, START, Desk, call

NARROW = Rules(default=TargetRules(max_parallel=1))
SLOW = Rules(default=TargetRules(rate=2.0, burst=1.0))
FEW = Rules(max_running=1)


def cause(desk: Desk, name: tuple[object, ...], **rest: object) -> HoldCause | None:
    """Return why a call waits; None when it goes."""
    verdict = desk.ask(name, **rest)  # type: ignore[arg-type]
    return verdict.cause if isinstance(verdict, Hold) else None


def test_a_target_takes_so_many_calls_at_once() -> None:
    """The second waits until the first has ended; then its run is woken, and the room is its own."""
    desk = Desk(NARROW)
    assert desk.goes(call("1-1"))
    held = desk.ask(call("2-1"))
    assert held == Hold(cause=HoldCause.PARALLEL, detail="router.internal takes 1 call at a time")
    assert desk.guards.waits(call("2-1"))
    desk.end(call("1-1"))
    assert desk.take_woken() == ["2-1"]
    assert cause(desk, call("3-1")) is HoldCause.PARALLEL
    assert desk.goes(call("2-1"))


def test_another_target_is_another_matter() -> None:
    """What waits for one target holds up nobody who wants another."""
    desk = Desk(NARROW)
    assert desk.goes(call("1-1"))
    assert cause(desk, call("2-1"))
    assert desk.goes(call("3-1"), target="https://other.internal:443")


def test_calls_without_a_target_are_limited_by_nothing_but_the_whole() -> None:
    """There is nothing to protect, and room for as many as run at once."""
    desk = Desk(Rules(max_running=3, default=TargetRules(max_parallel=1)))
    assert [cause(desk, call(f"{number}-1"), target="") for number in range(4)] == [
        None,
        None,
        None,
        HoldCause.RUNNING,
    ]


def test_a_call_that_only_waits_takes_no_room() -> None:
    """Sixty steps that sleep leave room for one that works."""
    desk = Desk(FEW)
    for number in range(60):
        assert desk.goes(call(f"{number}-1"), target="", idle=True)
    assert desk.goes(call("99-1"))
    desk.end(call("1-1"))
    assert cause(desk, call("98-1")) is HoldCause.RUNNING


def test_a_target_is_called_so_often() -> None:
    """Two a second: who comes too early waits for time alone, and is woken by it."""
    desk = Desk(SLOW)
    desk.do(call("1-1"))
    assert cause(desk, call("2-1")) is HoldCause.RATE
    assert cause(desk, call("3-1")) is HoldCause.RATE
    due = desk.guards.next_due()
    assert due is not None
    assert (due - START).total_seconds() == pytest.approx(0.5, abs=0.01)
    desk.wait(0.51)
    assert desk.take_woken() == ["2-1"]
    desk.do(call("2-1"))
    desk.wait(0.51)
    assert desk.take_woken() == ["3-1"]


def test_who_comes_when_time_has_just_freed_the_way_stands_behind_who_waits() -> None:
    """Nobody passes those in line because the wake-up is a moment late: they are woken now."""
    desk = Desk(SLOW)
    desk.do(call("1-1"))
    assert cause(desk, call("2-1")) is HoldCause.RATE
    desk.now += timedelta(seconds=0.6)
    assert cause(desk, call("3-1")) is HoldCause.RATE
    assert desk.take_woken() == ["2-1"]
    assert desk.goes(call("2-1"))


def test_worse_incidents_go_first() -> None:
    """A SEV1's call goes before those of milder incidents that wait longer; among equals, who came first."""
    desk = Desk(FEW)
    assert desk.goes(call("1-1"))
    for number, severity in ((2, Severity.SEV4), (3, Severity.SEV3), (4, Severity.SEV3), (5, Severity.SEV1)):
        desk.now += timedelta(seconds=1)
        assert cause(desk, call(f"{number}-1"), severity=severity) is HoldCause.RUNNING
    order = []
    running = call("1-1")
    for _ in range(4):
        desk.end(running)
        (next_one,) = desk.take_woken()
        order.append(next_one)
        running = call(next_one)
        assert desk.goes(running)
    assert order == ["5-1", "3-1", "4-1", "2-1"]


def test_nobody_starves() -> None:
    """A call of the mildest incident is passed by SEV1's for 90 s and no longer, however many of those come."""
    desk = Desk(FEW)
    running = call("0-1")
    assert desk.goes(running)
    assert cause(desk, call("mild-1"), severity=Severity.SEV4)
    waited = 0
    for number in range(1, 200):
        assert cause(desk, call(f"{number}-1"), severity=Severity.SEV1)
        desk.wait(1)
        desk.end(running)
        (woken,) = desk.take_woken()
        running = call(woken)
        assert desk.goes(running)
        if woken == "mild-1":
            break
        waited += 1
    assert 85 <= waited <= 95


def test_an_undo_goes_before_all() -> None:
    """What is taken back passes even a SEV1 that waits longer."""
    desk = Desk(FEW)
    assert desk.goes(call("1-1"))
    assert cause(desk, call("2-1"), severity=Severity.SEV1)
    desk.wait(30)
    assert cause(desk, call("3-1", part=Part.UNDO), severity=Severity.SEV4)
    desk.end(call("1-1"))
    assert desk.take_woken() == ["3-1"]


def test_a_call_that_waited_before_a_restart_keeps_its_place() -> None:
    """The log says since when it waits; new ones that came first to the new process stand behind it."""
    desk = Desk(FEW)
    assert desk.goes(call("1-1"))
    assert cause(desk, call("2-1"))
    assert cause(desk, call("3-1"), since=START - timedelta(minutes=1))
    desk.end(call("1-1"))
    assert desk.take_woken() == ["3-1"]


def test_room_that_nobody_wants_any_more_goes_to_the_next() -> None:
    """A run that was cancelled meanwhile does not keep what it was given."""
    desk = Desk(NARROW)
    assert desk.goes(call("1-1"))
    assert cause(desk, call("2-1"))
    assert cause(desk, call("3-1"))
    desk.end(call("1-1"))
    assert desk.guards.unclaimed(call("2-1")[0]) == (call("2-1"),)
    desk.guards.give_back(desk.guards.unclaimed(call("2-1")[0]), desk.now)
    assert desk.take_woken() == ["2-1", "3-1"]
    assert desk.guards.unclaimed(call("2-1")[0]) == ()
    assert desk.goes(call("3-1"))


def test_the_target_that_waits_best_goes_first_among_targets() -> None:
    """Where all room is taken, the worst incident goes next, whatever it calls; and who can't go holds up nobody."""
    desk = Desk(Rules(max_running=2, default=TargetRules(max_parallel=1)))
    assert desk.goes(call("1-1"))
    assert desk.goes(call("2-1"), target="b")
    assert cause(desk, call("3-1"), severity=Severity.SEV1) is HoldCause.PARALLEL
    assert cause(desk, call("4-1"), target="c", severity=Severity.SEV3) is HoldCause.RUNNING
    assert cause(desk, call("5-1"), target="d", severity=Severity.SEV2) is HoldCause.RUNNING
    desk.end(call("2-1"))
    assert desk.take_woken() == ["5-1"]
    assert desk.goes(call("5-1"), target="d")
    desk.end(call("1-1"))
    assert desk.take_woken() == ["3-1"]


def test_a_call_whose_intent_is_in_the_log_has_room_whatever_the_limits() -> None:
    """It was written before anybody could ask: it runs, it counts, and it gives its room back."""
    desk = Desk(NARROW)
    assert desk.goes(call("1-1"))
    assert cause(desk, call("2-1"))
    desk.guards.enter(call("2-1"), lambda: ROUTER, desk.now)
    desk.guards.enter(call("2-1"), lambda: ROUTER, desk.now)
    desk.end(call("1-1"))
    assert cause(desk, call("3-1")) is HoldCause.PARALLEL
    desk.end(call("2-1"))
    assert desk.take_woken() == ["3-1"]


def test_a_pause_that_a_target_asks_for_is_kept_by_every_run() -> None:
    """429 with `Retry-After: 30` to one run holds the others too, and tells until when; a longer one than the breaker's longest is not believed."""
    desk = Desk(Rules())
    desk.do(call("1-1"), Failed(reason=Reason.THROTTLED, detail="", retry_after=30.0))
    held = desk.ask(call("2-1"))
    assert isinstance(held, Hold)
    assert (held.cause, held.until) == (HoldCause.PAUSED, START + timedelta(seconds=30))
    desk.wait(30.1)
    assert desk.take_woken() == ["2-1"]
    desk.do(call("2-1"), Failed(reason=Reason.THROTTLED, detail="", retry_after=3600.0))
    held = desk.ask(call("3-1"))
    assert isinstance(held, Hold)
    assert held.until == desk.now + timedelta(minutes=2)


def test_repetitions_wait_when_they_are_more_than_their_share() -> None:
    """With a share of one in five, first calls go on while repetitions wait; what time and calls add lets them go."""
    rules = Rules(default=TargetRules(retries=BudgetRule(share=0.2, floor=1.0, saved=2.0)))
    desk = Desk(rules)
    for number in range(2):
        desk.do(call(f"{number}-1", attempt=2))
    assert cause(desk, call("2-1", attempt=2)) is HoldCause.RETRIES
    desk.do(call("3-1"))
    desk.do(call("4-1", attempt=2, part=Part.UNDO))
    desk.do(call("5-1", attempt=9, part=Part.VERIFY))
    desk.wait(1.1)
    assert desk.take_woken() == ["2-1"]


def test_repetitions_have_a_budget_over_all_targets_too() -> None:
    """A storm that is spread over many targets is one all the same."""
    desk = Desk(Rules(retries=BudgetRule(share=0.0, floor=2.0, saved=3.0)))
    for number in range(3):
        desk.do(call(f"{number}-1", attempt=2), target=f"host-{number}")
    assert cause(desk, call("9-1", attempt=2), target="host-9") is HoldCause.RETRIES
    desk.wait(0.6)
    assert desk.take_woken() == ["9-1"]
    assert desk.goes(call("9-1", attempt=2), target="host-9")


def test_limits_of_single_targets_come_first() -> None:
    """A pattern of the settings, the first that fits, else what holds for all."""
    narrow = TargetRules(name="https://*.internal:443", max_parallel=1)
    rules = Rules(exceptions=(narrow, TargetRules(name="*", max_parallel=2)))
    assert rules.of(ROUTER) is narrow
    assert rules.of("localhost kubectl").max_parallel == 2
    assert Rules().of(ROUTER) is Rules().of("x") or Rules().of("x").name == "default"


def test_targets_that_nobody_calls_are_forgotten() -> None:
    """Names come from alerts too: their number must not grow for ever. One that is away, or called, is kept."""
    desk = Desk(Rules(), remembered=3)
    assert desk.goes(call("1-1"), target="busy")
    for number in range(5):
        desk.do(call(f"2-{number}"), AWAY, target="away")
    for number in range(50):
        desk.do(call(f"3-{number}"), target=f"host-{number}")
    assert len(desk.guards._targets) <= 4
    assert {"busy", "away"} <= desk.guards._targets.keys()


def test_asking_twice_takes_room_once() -> None:
    """A call that may go is let go again, and counts as one."""
    desk = Desk(NARROW)
    assert desk.goes(call("1-1"))
    assert desk.goes(call("1-1"))
    assert desk.guards.running == 1
    desk.end(call("1-1"))
    assert desk.guards.running == 0


def test_a_run_may_be_given_room_for_several_calls() -> None:
    """It takes one and leaves the other: that one alone goes back."""
    desk = Desk(Rules(default=TargetRules(max_parallel=2)))
    assert desk.goes(call("1-1", step="x"))
    assert desk.goes(call("1-1", step="y"))
    waiting = [call("2-1", step="a"), call("2-1", step="b")]
    assert all(cause(desk, each) for each in waiting)
    desk.end(call("1-1", step="x"))
    desk.end(call("1-1", step="y"))
    assert desk.goes(waiting[0])
    assert desk.guards.unclaimed(waiting[0][0]) == (waiting[1],)
    desk.guards.give_back(waiting[1:], desk.now)
    assert desk.guards.running == 1


def test_the_place_of_one_who_left_is_nobody_s() -> None:
    """Who stands behind it in its target's line does not go before others who came earlier."""
    desk = Desk(FEW)
    assert desk.goes(call("1-1"))
    for name, target in (("2-1", "a"), ("3-1", "b"), ("4-1", "a")):
        desk.now += timedelta(seconds=1)
        assert cause(desk, call(name), target=target)
    desk.guards.enter(call("2-1"), lambda: "a", desk.now)
    desk.end(call("2-1"))
    desk.end(call("1-1"))
    assert desk.take_woken() == ["3-1"]
