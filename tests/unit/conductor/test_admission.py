"""Before the intent stands the gate: a call that waits was certainly not made, and one whose target is away waits as long as it makes sense."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.actions.outcome import Reason
from bot.domain.facts import (
    ApprovalRequested,
    CallFailed,
    CallHeld,
    CallInterrupted,
    CallRefused,
    CallStarted,
    StepCancelled,
    StepFailed,
    StepOutcomeUnknown,
    StepSkipped,
    StepUndoFailed,
)
from bot.domain.nouns import HoldCause, Part, RunStatus, Severity, StepStatus
from bot.engine.conductor.gate import OPEN_GATE
from bot.runbook.model import OnFailure
from tests.fakes.gates import HELD, TRIED, ToldGate
from tests.fakes.stage import NOT_YET, START, Stage, approval, book, failed, probe, step, undo, verify

PATIENT = "look"
"""An action that may be repeated, and so is tried three times."""
ONCE = "push"
"""One that may not, and is tried once."""


def held(*steps: Any, **rest: Any) -> tuple[Stage, ToldGate]:
    """Start a run of these steps while the gate holds everything back."""
    gate = ToldGate()
    gate.shut = HELD
    return Stage(book(*steps, **rest), gate=gate), gate


def away(*steps: Any, **rest: Any) -> tuple[Stage, ToldGate]:
    """Start a run of these steps while their target is away for 10 s at a time."""
    gate = ToldGate()
    gate.away = timedelta(seconds=10)
    return Stage(book(*steps, **rest), gate=gate), gate


# ---- held


def test_a_call_that_has_to_wait_leaves_no_intent() -> None:
    """The log says that it waits, for what, and what it will send; nothing is under way, and nothing is due by itself."""
    stage, gate = held(step("a", ONCE, value=1))
    assert stage.facts(CallStarted) == []
    (fact,) = stage.facts(CallHeld)
    assert (fact.target, fact.cause, fact.detail, fact.inputs) == (
        "target of 1",
        HoldCause.PARALLEL,
        HELD.detail,
        {"value": 1},
    )
    assert stage.step("a").status is StepStatus.HELD
    assert (stage.running(), stage.due) == ([], None)
    asked = gate.asked[0]
    assert (asked.severity, asked.since, asked.target) == (Severity.SEV2, None, "target of 1")


def test_it_goes_when_the_gate_lets_it() -> None:
    """The same attempt is made that was held, and it ends like any other."""
    stage, gate = held(step("a"))
    gate.shut = None
    stage.wait(3)
    assert stage.running() == [("a", Part.MAIN)]
    assert stage.step("a").held is None
    assert gate.asked[-1].since == START
    stage.end("a")
    assert stage.ended is RunStatus.SUCCEEDED


def test_what_was_said_is_said_once() -> None:
    """Asking again, and being told the same, adds nothing to the log; another cause does."""
    stage, gate = held(step("a"))
    assert stage.wait(1) == []
    gate.shut = TRIED
    (fact,) = stage.wait(1)
    assert isinstance(fact, CallHeld)
    assert fact.cause is HoldCause.TRIAL
    assert stage.step("a").held_since == START


def test_one_that_stands_in_line_is_not_asked_for_again() -> None:
    """It is woken when its turn has come: other arrivals leave it alone."""
    stage, gate = held(step("a"))
    gate.in_line.add(("1-1", "a", Part.MAIN, 1))  # type: ignore[arg-type]
    before = len(gate.asked)
    stage.wait(1)
    assert len(gate.asked) == before


def test_a_process_that_is_killed_while_a_call_waits_leaves_no_doubt() -> None:
    """It was not made: nobody is asked what became of it, and the new process makes it."""
    stage, gate = held(step("a", ONCE))
    stage.crash()
    assert stage.facts(CallInterrupted) == []
    assert stage.facts(StepOutcomeUnknown) == []
    gate.shut = None
    stage.crash()
    assert stage.running() == [("a", Part.MAIN)]
    assert stage.facts(CallStarted)[0].attempt == 1


def test_cancelling_a_call_that_waits_is_at_once_and_certain() -> None:
    """It was not applied, and there is nothing to stop."""
    stage, _ = held(step("a", ONCE, undo=undo()))
    stage.cancel()
    (cancelled,) = stage.facts(StepCancelled)
    assert not cancelled.applied
    assert stage.ended is RunStatus.CANCELLED


def test_a_held_repetition_is_cancelled_with_what_came_before_it() -> None:
    """Its first attempt may have been applied, and that is not forgotten."""
    gate = ToldGate()
    stage = Stage(book(step("a", "put")), gate=gate)
    stage.end("a", failed(Reason.TIMEOUT))
    gate.shut = HELD
    stage.wait(1)
    assert stage.step("a").status is StepStatus.HELD
    stage.cancel()
    assert stage.facts(StepCancelled)[0].applied


def test_a_held_call_is_dropped_when_the_run_stops_at_another_step() -> None:
    """What has not begun does not begin any more."""
    gate = ToldGate()
    stage = Stage(book(step("a"), step("b", needs=[])), gate=gate)
    gate.shut = HELD
    stage.end("b", failed(Reason.TIMEOUT))
    stage.wait(1)
    assert stage.step("b").status is StepStatus.HELD
    stage.end("a", failed())
    assert stage.step("b").status is StepStatus.CANCELLED
    assert stage.ended is RunStatus.FAILED


def test_what_was_approved_is_what_is_sent_after_a_wait() -> None:
    """Inputs are pinned when the call is held: a wait changes nothing that people agreed to."""
    gate = ToldGate()
    looks = step("see", needs=[])
    stage = Stage(
        book(looks, step("a", ONCE, needs=[], value="{{ steps.see.status }}", approval=approval())), gate=gate
    )
    gate.shut = HELD
    stage.vote("a")
    stage.end("see")
    gate.shut = None
    stage.wait(1)
    started = next(fact for fact in stage.facts(CallStarted) if fact.step == "a")
    assert started.inputs == stage.facts(ApprovalRequested)[0].inputs == {"value": "running"}


def test_probes_and_undos_wait_too() -> None:
    """Verification, settling and undo are calls like any other: held, they show as what they are, and go on."""
    gate = ToldGate()
    stage = Stage(book(step("a", "put", verify=verify(), undo=undo(), on_failure=OnFailure.UNDO)), gate=gate)
    gate.shut = HELD
    stage.end("a")
    assert stage.step("a").status is StepStatus.VERIFYING
    gate.shut = None
    stage.wait(1)
    assert stage.running() == [("a", Part.VERIFY)]
    gate.shut = HELD
    stage.end("a", failed())
    assert stage.step("a").status is StepStatus.FAILED
    assert stage.running() == []
    gate.shut = None
    stage.wait(1)
    assert stage.running() == [("a", Part.UNDO)]


def test_a_held_settle_probe_outlives_a_failure_beside_it() -> None:
    """What it is about to tell is worth waiting for."""
    gate = ToldGate()
    stage = Stage(book(step("a", ONCE, settle=probe()), step("b", needs=[])), gate=gate)
    gate.shut = HELD
    stage.end("a", failed(Reason.TIMEOUT))
    assert stage.step("a").status is StepStatus.RUNNING
    stage.end("b", failed())
    gate.shut = None
    stage.wait(1)
    assert stage.running() == [("a", Part.SETTLE)]


def test_a_held_verification_is_dropped_when_the_run_is_cancelled() -> None:
    """Its step's effect stands."""
    gate = ToldGate()
    stage = Stage(book(step("a", "put", verify=verify())), gate=gate)
    gate.shut = HELD
    stage.end("a")
    stage.cancel()
    assert stage.facts(StepCancelled)[0].applied


# ---- away


def test_a_step_that_is_not_repeated_fails_at_once_and_says_why() -> None:
    """Fail fast: which target, that the call was not made, and so certainly nothing happened."""
    stage, _ = away(step("a", ONCE))
    (refused,) = stage.facts(CallRefused)
    assert refused.retry_at is None
    (fact,) = stage.facts(StepFailed)
    assert (fact.reason, fact.applied) == (Reason.UNAVAILABLE, False)
    assert fact.detail == "router is not answering: the call was not made"
    assert stage.ended is RunStatus.FAILED


def test_a_step_that_is_repeated_waits_and_loses_no_attempt() -> None:
    """It is asked for again when its target may be tried, and still has all its attempts."""
    stage, gate = away(step("a", PATIENT))
    seen = stage.step("a")
    assert (seen.status, stage.due, seen.reason) == (StepStatus.WAITING_RETRY, 10.0, Reason.UNAVAILABLE)
    for _ in range(5):
        stage.wait(10)
    assert len(stage.facts(CallRefused)) == 6
    gate.away = None
    stage.wait(10)
    assert stage.facts(CallStarted)[0].attempt == 1
    for _ in range(2):
        stage.end("a", failed(Reason.UNAVAILABLE))
        stage.wait(60)
    stage.end("a")
    assert stage.ended is RunStatus.SUCCEEDED


def test_its_patience_ends() -> None:
    """After two minutes it fails, so that what comes after it may begin: the wait counts from the first refusal since the last call."""
    stage, _ = away(step("a", PATIENT))
    for _ in range(12):
        assert stage.ended is None
        stage.wait(10)
    assert stage.ended is RunStatus.FAILED
    assert stage.facts(StepFailed)[0].reason == Reason.UNAVAILABLE


def test_a_retry_that_is_for_other_reasons_does_not_wait() -> None:
    """A runbook that does not repeat what is unavailable does not wait for it either."""
    retry = Stage(book(step("a", PATIENT))).plan.retry(step("a", PATIENT))
    stage, _ = away(step("a", PATIENT, retry=type(retry)(attempts=3, on=frozenset({Reason.TIMEOUT}))))
    assert stage.ended is RunStatus.FAILED


def test_a_step_that_waits_for_its_target_ends_with_its_run() -> None:
    """When another step fails, it fails too, and was certainly not applied."""
    gate = ToldGate()
    stage = Stage(book(step("a"), step("b", PATIENT, needs=[])), gate=gate)
    stage.end("b", failed(Reason.TIMEOUT))
    gate.away = timedelta(seconds=30)
    stage.wait(2)
    stage.end("a", failed())
    assert stage.step("b").status is StepStatus.FAILED
    assert not stage.step("b").applied or stage.facts(CallFailed)


def test_a_verification_waits_for_what_it_asks() -> None:
    """A metrics store that is away for a moment must not make a good step count as failed, even where it is asked once."""
    gate = ToldGate()
    stage = Stage(book(step("a", "put", verify=verify(within=0.0))), gate=gate)
    gate.away = timedelta(seconds=10)
    stage.end("a")
    assert stage.step("a").status is StepStatus.VERIFYING
    gate.away = None
    stage.wait(10)
    stage.end("a")
    assert stage.ended is RunStatus.SUCCEEDED


def test_a_verification_whose_target_stays_away_fails_its_step() -> None:
    """Nobody knows whether it helped, and its effect stands."""
    gate = ToldGate()
    stage = Stage(book(step("a", "put", verify=verify(every=5.0, within=300.0))), gate=gate)
    stage.end("a")
    stage.end("a", NOT_YET)
    gate.away = timedelta(seconds=60)
    for _ in range(4):
        stage.wait(60)
    assert stage.facts(StepFailed)[0].applied


def test_a_settle_probe_that_can_not_be_asked_leaves_it_to_people() -> None:
    """It waits as long as a step does, then a person is asked."""
    gate = ToldGate()
    stage = Stage(book(step("a", ONCE, settle=probe())), gate=gate)
    gate.away = timedelta(seconds=60)
    stage.end("a", failed(Reason.TIMEOUT))
    assert stage.step("a").status is StepStatus.RUNNING
    stage.wait(60)
    stage.wait(60)
    (fact,) = stage.facts(StepOutcomeUnknown)
    assert fact.why == "the probe could not be asked: router is not answering: the call was not made"


def test_an_undo_waits_five_times_as_long() -> None:
    """What it leaves stands: it is not given up for a minute's absence, and in the end it is reported as not done."""
    gate = ToldGate()
    steps = (step("a", "put", undo=undo()), step("b", on_failure=OnFailure.UNDO))
    stage = Stage(book(*steps, rescue=[step("tell")]), gate=gate)
    stage.end("a")
    gate.away = timedelta(seconds=60)
    stage.end("b", failed())
    for _ in range(9):
        stage.wait(60)
        assert stage.facts(StepUndoFailed) == []
    stage.wait(60)
    (fact,) = stage.facts(StepUndoFailed)
    assert fact.reason == Reason.UNAVAILABLE


def test_an_undo_that_waited_is_made_when_its_target_is_back() -> None:
    """Its attempts are all there."""
    gate = ToldGate()
    steps = (step("a", "put", undo=undo()), step("b", on_failure=OnFailure.UNDO))
    stage = Stage(book(*steps), gate=gate)
    stage.end("a")
    gate.away = timedelta(seconds=60)
    stage.end("b", failed())
    gate.away = None
    stage.wait(60)
    assert stage.running() == [("a", Part.UNDO)]
    stage.end("a")
    assert stage.step("a").status is StepStatus.UNDONE


def test_a_skipped_step_asks_nobody() -> None:
    """The gate is asked for calls alone."""
    stage, gate = held(step("a", when="false"))
    assert stage.facts(StepSkipped)
    assert gate.asked == []


@pytest.mark.parametrize("severity", ["SEV1", "SEV4"])
def test_the_gate_hears_how_bad_it_is(severity: str) -> None:
    """A run's calls go by the severity of its incident as it was when the run began; a run without one is a SEV3's."""
    gate = ToldGate()
    Stage(book(step("a")), gate=gate, severity=severity)
    assert gate.asked[0].severity == severity


def test_a_call_that_waited_goes_where_nobody_keeps_a_gate() -> None:
    """A rehearsal of a run that was held lets it go on."""
    stage, _ = held(step("a"))
    stage.gate = OPEN_GATE
    stage.wait(1)
    assert stage.running() == [("a", Part.MAIN)]


def test_patience_is_not_lost_while_a_run_is_paused() -> None:
    """Its clock stands still: two minutes are two minutes of the run's own time."""
    stage, _ = away(step("a", PATIENT))
    stage.wait(10)
    stage.pause()
    stage.resume(after=600)
    for _ in range(10):
        assert stage.ended is None
        stage.wait(10)
    stage.wait(10)
    assert stage.ended is RunStatus.FAILED
