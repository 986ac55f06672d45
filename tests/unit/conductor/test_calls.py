"""Calls: retries, verification, settling, and what an interruption means."""

from datetime import timedelta

import pytest

from bot.actions.outcome import Reason, Succeeded
from bot.domain.facts import CallFailed, CallInterrupted, CallStarted, StepOutcomeUnknown, StepSettled
from bot.domain.nouns import Part, RunStatus, Settlement, StepStatus
from bot.errors import Conflict, RunbookError
from bot.runbook.model import Jitter, NoUndo, OnFailure, Retry
from tests.fakes.stage import ADA, NOT_YET, OK, Stage, book, failed, probe, step, undo, verify

BACKOFF = Retry(attempts=4, interval=timedelta(seconds=1), backoff=2.0, max_interval=timedelta(seconds=3))


# ---- retries


def test_what_is_repeatable_is_tried_three_times() -> None:
    """The default for a repeatable action: three attempts, then the last reason is the step's."""
    stage = Stage(book(step("a")))
    for attempt in (1, 2):
        stage.end("a", failed(Reason.UNAVAILABLE))
        assert stage.step("a").status is StepStatus.WAITING_RETRY, attempt
        assert stage.due is not None
        stage.wait(stage.due)
    stage.end("a", failed(Reason.UNAVAILABLE, "gone"))
    assert stage.step("a").status is StepStatus.FAILED
    assert [fact.attempt for fact in stage.facts(CallStarted)] == [1, 2, 3]


def test_attempts_of_one_intent_share_a_key() -> None:
    """A target that knows idempotency keys sees one request, however often it is sent."""
    stage = Stage(book(step("a"), step("b")))
    stage.end("a", failed(Reason.TIMEOUT))
    stage.wait(stage.due or 0)
    keys = {(call.step, call.key) for call in stage.facts(CallStarted)}
    assert len(keys) == 2


def test_waits_grow_are_capped_and_spread_by_chance() -> None:
    """Full jitter: anything from zero up to the exponential ceiling, which itself is capped."""
    stage = Stage(book(step("a", retry=BACKOFF)))
    waits = []
    for chance in (1.0, 0.5, 1.0):
        stage.end("a", failed(Reason.TIMEOUT), chance=chance)
        waits.append(stage.due)
        stage.wait(stage.due or 0)
    assert waits == [1.0, 1.0, 3.0]


def test_without_jitter_the_wait_is_the_ceiling() -> None:
    """A runbook may ask for even waits."""
    even = Retry(attempts=2, interval=timedelta(seconds=2), jitter=Jitter.NONE)
    stage = Stage(book(step("a", retry=even)))
    stage.end("a", failed(Reason.TIMEOUT), chance=0.1)
    assert stage.due == 2.0


def test_retry_after_is_obeyed() -> None:
    """A target that says when to come back is not asked before."""
    stage = Stage(book(step("a", retry=BACKOFF)))
    stage.end("a", failed(Reason.THROTTLED, retry_after=30.0), chance=0.0)
    assert stage.due == 30.0
    assert stage.wait(29) == []
    assert stage.wait(1) != []


def test_only_named_reasons_are_retried() -> None:
    """An answer that will not change by itself is final at once."""
    stage = Stage(book(step("a")))
    stage.end("a", failed(Reason.NOT_FOUND))
    assert stage.ended is RunStatus.FAILED


def test_a_doubtful_call_that_is_not_repeatable_is_never_repeated_in_silence() -> None:
    """A time-out may mean that it happened: `retry` alone does not make it safe, and the step says that it may stand."""
    stage = Stage(book(step("a", "push", retry=BACKOFF)))
    stage.end("a", failed(Reason.TIMEOUT))
    assert stage.step("a").status is StepStatus.FAILED
    assert stage.step("a").applied is True


def test_a_call_that_was_surely_not_applied_is_retried() -> None:
    """A refused connection changed nothing, so even what is not repeatable may be tried again."""
    stage = Stage(book(step("a", "push", retry=BACKOFF)))
    stage.end("a", failed(Reason.UNAVAILABLE, applied=False))
    assert stage.step("a").status is StepStatus.WAITING_RETRY
    stage.wait(1)
    stage.end("a")
    assert stage.ended is RunStatus.SUCCEEDED


def test_a_waiting_retry_ends_when_the_run_stops() -> None:
    """A phase that is halted starts no further attempt."""
    stage = Stage(book(step("a", retry=BACKOFF), step("b")))
    stage.end("a", failed(Reason.TIMEOUT))
    stage.end("b", failed())
    assert stage.statuses() == {"a": StepStatus.FAILED, "b": StepStatus.FAILED}
    assert stage.ended is RunStatus.FAILED


def test_a_call_that_fails_after_the_run_stopped_is_not_retried() -> None:
    """What was let finish gets no second attempt."""
    stage = Stage(book(step("a", retry=BACKOFF), step("b")))
    stage.end("b", failed())
    stage.end("a", failed(Reason.TIMEOUT))
    assert stage.ended is RunStatus.FAILED


# ---- verify


def test_a_verification_looks_until_it_agrees() -> None:
    """The step has succeeded when the world shows it, not when the call returned."""
    stage = Stage(book(step("a", "put", verify=verify())))
    stage.end("a")
    assert stage.step("a").status is StepStatus.VERIFYING
    stage.end("a", NOT_YET)
    assert stage.due == 1.0
    stage.wait(1)
    assert stage.running() == [("a", Part.VERIFY)]
    stage.end("a", OK)
    assert stage.step("a").status is StepStatus.SUCCEEDED
    assert stage.ended is RunStatus.SUCCEEDED


def test_a_verification_that_never_agrees_fails_the_step_and_its_effect_stands() -> None:
    """The failure says what was expected and what was last seen."""
    stage = Stage(book(step("a", "put", verify=verify(every=2, within=3))))
    stage.end("a")
    stage.end("a", NOT_YET)
    stage.wait(2)
    stage.end("a", NOT_YET)
    assert stage.step("a").status is StepStatus.FAILED
    assert stage.step("a").applied is True
    assert "`output.ok` did not come true" in stage.step("a").detail
    assert '{"ok":false}' in stage.step("a").detail


def test_a_verification_rides_out_a_passing_failure() -> None:
    """A monitoring system that is away for a moment proves nothing either way."""
    stage = Stage(book(step("a", "put", verify=verify(within=2))))
    stage.end("a")
    stage.end("a", failed(Reason.UNAVAILABLE))
    stage.wait(1)
    stage.end("a", failed(Reason.UNAVAILABLE))
    stage.wait(1)
    stage.end("a", failed(Reason.UNAVAILABLE, "still away"))
    assert stage.step("a").detail == "verify: still away"


def test_a_verification_that_is_refused_fails_at_once() -> None:
    """A query that is wrong will not become right by asking again."""
    stage = Stage(book(step("a", "put", verify=verify())))
    stage.end("a")
    stage.end("a", failed(Reason.INVALID, "bad query"))
    assert stage.step("a").status is StepStatus.FAILED


def test_an_expectation_without_a_value_fails_the_step() -> None:
    """An expression that can't be evaluated is told in its words."""
    stage = Stage(book(step("a", "put", verify=verify(expect="output.nothing > 1"))))
    stage.end("a")
    stage.end("a", OK)
    assert stage.step("a").status is StepStatus.FAILED
    assert stage.step("a").detail.startswith("verify: ")


# ---- interrupted


def test_what_is_repeatable_is_run_again_after_a_crash_with_the_same_key() -> None:
    """A look, or a call with an idempotency key, may simply be made again."""
    stage = Stage(book(step("a"), step("b", "put")))
    stage.crash()
    calls = stage.facts(CallStarted)
    assert [(call.step, call.attempt) for call in calls] == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert len({call.key for call in calls if call.step == "b"}) == 1
    assert all(fact.again for fact in stage.facts(CallInterrupted))


def test_an_interrupted_effect_without_a_probe_waits_for_a_person() -> None:
    """Nobody saw how it ended, and it can't be repeated: the machine does not guess."""
    stage = Stage(book(step("a", "push"), step("b", needs=["a"])))
    stage.crash()
    assert stage.step("a").status is StepStatus.UNKNOWN
    assert stage.running() == []
    assert stage.due is None
    assert len(stage.facts(StepOutcomeUnknown)) == 1


def test_a_person_says_that_it_happened() -> None:
    """The run goes on as if the call had succeeded, and the word is on the record with its author."""
    stage = Stage(book(step("a", "push"), step("b", needs=["a"])))
    stage.crash()
    stage.settle("a", Settlement.HAPPENED)
    assert stage.statuses()["a"] is StepStatus.SUCCEEDED
    assert stage.running() == [("b", Part.MAIN)]
    assert next(e.actor for e in stage.events if isinstance(e.fact, StepSettled)) == ADA
    with pytest.raises(Conflict, match="known already"):
        stage.settle("a", Settlement.STOP)


def test_a_person_says_that_it_did_not() -> None:
    """Then, and only then, it is run again."""
    stage = Stage(book(step("a", "push")))
    stage.crash()
    stage.settle("a", Settlement.DID_NOT)
    assert stage.running() == [("a", Part.MAIN)]
    assert stage.step("a").attempt(Part.MAIN) == 2


def test_a_person_stops_it() -> None:
    """The step failed, and its effect may stand."""
    stage = Stage(book(step("a", "push", undo=undo(), on_failure=OnFailure.UNDO)))
    stage.crash()
    stage.settle("a", Settlement.STOP)
    assert stage.running() == [("a", Part.UNDO)]


def test_a_probe_settles_an_interruption() -> None:
    """The world is asked before a person is woken."""
    stage = Stage(book(step("a", "push", settle=probe())))
    stage.crash()
    assert stage.running() == [("a", Part.SETTLE)]
    stage.end("a", OK)
    assert stage.ended is RunStatus.SUCCEEDED
    assert len([c for c in stage.facts(CallStarted) if c.part is Part.MAIN]) == 1


def test_a_probe_that_finds_nothing_lets_it_run_again() -> None:
    """It did not happen, so running it is the first time."""
    stage = Stage(book(step("a", "push", settle=probe())))
    stage.crash()
    stage.end("a", NOT_YET)
    assert stage.running() == [("a", Part.MAIN)]
    assert [fact.settlement for fact in stage.facts(StepSettled)] == [Settlement.DID_NOT]


def test_a_probe_that_fails_is_asked_again_and_then_a_person_is() -> None:
    """A probe that can't tell leaves the outcome unknown."""
    stage = Stage(book(step("a", "push", settle=probe())))
    stage.crash()
    for _ in range(2):
        stage.end("a", failed(Reason.UNAVAILABLE))
        stage.wait(stage.due or 0)
    stage.end("a", failed(Reason.UNAVAILABLE, "away"))
    assert stage.step("a").status is StepStatus.UNKNOWN
    assert "away" in stage.step("a").detail


def test_a_probe_whose_answer_can_not_be_read_leaves_it_unknown() -> None:
    """A broken expectation proves nothing."""
    stage = Stage(book(step("a", "push", settle=probe("output.missing == 1"))))
    stage.crash()
    stage.end("a", OK)
    assert stage.step("a").status is StepStatus.UNKNOWN


def test_a_probe_that_can_not_be_asked_leaves_it_unknown() -> None:
    """A probe of an integration that is gone can't tell."""
    stage = Stage(book(step("a", "push", settle=probe(action="gone"))))
    stage.crash()
    assert stage.step("a").status is StepStatus.UNKNOWN


def test_a_doubtful_failure_is_settled_by_the_probe_too() -> None:
    """A time-out is as doubtful as a crash."""
    stage = Stage(book(step("a", "push", settle=probe(), verify=verify())))
    stage.end("a", failed(Reason.TIMEOUT))
    assert stage.running() == [("a", Part.SETTLE)]
    stage.end("a", OK)
    assert stage.running() == [("a", Part.VERIFY)]


def test_a_probe_interrupted_by_a_second_crash_is_asked_again() -> None:
    """Crashes while recovering lead to the same end."""
    stage = Stage(book(step("a", "push", settle=probe())))
    stage.crash()
    stage.crash()
    stage.crash()
    assert stage.running() == [("a", Part.SETTLE)]
    assert stage.step("a").attempt(Part.SETTLE) == 3


def test_a_crash_between_looks_of_a_verification_loses_nothing() -> None:
    """The due time is in the log."""
    stage = Stage(book(step("a", "put", verify=verify())))
    stage.end("a")
    stage.end("a", NOT_YET)
    assert stage.crash() == []
    assert stage.due == 1.0


def test_an_interrupted_look_is_not_repeated_when_the_run_is_stopping() -> None:
    """A halted phase makes no new attempt, after a crash neither."""
    stage = Stage(book(step("a"), step("b")))
    stage.end("b", failed())
    stage.crash()
    assert stage.step("a").status is StepStatus.CANCELLED
    assert stage.ended is RunStatus.FAILED


def test_a_retry_whose_inputs_no_longer_render_fails() -> None:
    """Inputs are rendered at each attempt; an attempt that can't be made ends the step."""
    shaky = step("b", value="{{ steps.a.output.ok }}")
    stage = Stage(book(step("a"), shaky))
    assert stage.step("b").status is StepStatus.FAILED
    assert stage.facts(CallFailed) == []


def test_output_of_a_failed_call_is_in_scope() -> None:
    """What was learned all the same, such as an exit code, can be used later."""
    stage = Stage(
        book(
            step("a", on_failure=OnFailure.CONTINUE),
            step("b", needs=["a"], value="{{ steps.a.output.code }}"),
        )
    )
    stage.end("a", failed(output={"code": 7}))
    (call,) = [c for c in stage.facts(CallStarted) if c.step == "b"]
    assert call.inputs == {"value": 7}


def test_success_clears_the_reason_of_an_earlier_attempt() -> None:
    """A step that came through shows no failure."""
    stage = Stage(book(step("a")))
    stage.end("a", failed(Reason.TIMEOUT))
    stage.wait(stage.due or 0)
    stage.end("a", Succeeded(output={}))
    assert stage.step("a").reason == ""


def test_a_part_that_a_step_lacks_can_not_be_called() -> None:
    """A plan names what there is, and says so where there is nothing."""
    stage = Stage(book(step("a", undo=NoUndo(why="it only looks"))))
    plan = stage.plan
    for part in (Part.VERIFY, Part.UNDO):
        with pytest.raises(RunbookError, match=f"has no {part.value}"):
            plan.source(plan.runbook.steps[0], part)
