"""Promises under bad timing: nothing starts in a run that ends, nothing runs but what was approved, no effect is forgotten."""

from datetime import timedelta

import pytest

from bot.actions.outcome import Reason, Succeeded
from bot.domain.facts import ApprovalClosed, ApprovalRequested, CallStarted, StepUndone
from bot.domain.nouns import ApprovalStatus, Part, RunStatus, Settlement, StepStatus
from bot.engine.conductor import Perform, effects
from bot.errors import Conflict
from bot.runbook.model import OnFailure
from tests.fakes.stage import NOT_YET, Stage, approval, book, failed, step, undo, verify

CONTINUE = OnFailure.CONTINUE


def performed(stage: Stage) -> list[str]:
    """Return the steps whose calls are to be performed now."""
    return [each.call.step for each in effects(stage.state) if isinstance(each, Perform)]


# ---- a run that ends starts nothing


def test_a_retry_whose_time_comes_with_the_deadline_is_not_made() -> None:
    """Both are due at the same tick: the run ends, and its step makes no new attempt."""
    stage = Stage(book(step("a", "put"), timeout=timedelta(seconds=1)))
    stage.end("a", failed(Reason.UNAVAILABLE))
    stage.wait(2)
    assert len(stage.facts(CallStarted)) == 1
    assert stage.ended is RunStatus.FAILED


def test_a_retry_that_is_late_is_not_made_in_a_phase_that_just_stopped() -> None:
    """The alarm was late, and another step's failure came first: the phase starts nothing more."""
    stage = Stage(book(step("a", "put"), step("b")))
    stage.end("a", failed(Reason.UNAVAILABLE))
    stage.now += timedelta(seconds=5)
    stage.end("b", failed())
    assert [call.step for call in stage.facts(CallStarted)] == ["a", "b"]
    assert stage.ended is RunStatus.FAILED


def test_an_interrupted_call_is_not_made_again_past_the_deadline() -> None:
    """The process was down while the run's time ended: it ends now, without another attempt of an effect."""
    stage = Stage(book(step("a", "put"), timeout=timedelta(seconds=1)))
    stage.now += timedelta(seconds=2)
    stage.crash()
    assert len(stage.facts(CallStarted)) == 1
    assert stage.step("a").status is StepStatus.CANCELLED
    assert stage.step("a").applied is True
    assert stage.ended is RunStatus.FAILED


def test_an_interrupted_look_is_not_made_again_in_a_run_that_ends() -> None:
    """A cancelled run does not verify any more, after a crash neither."""
    stage = Stage(book(step("a", "put", verify=verify())))
    stage.end("a")
    stage.cancel()
    stage.crash()
    assert performed(stage) == []
    assert stage.step("a").status is StepStatus.CANCELLED
    assert stage.step("a").applied is True
    assert stage.ended is RunStatus.CANCELLED


def test_a_call_that_ends_after_the_deadline_leads_to_no_verification() -> None:
    """The outcome is written, and the run that is out of time begins nothing after it."""
    stage = Stage(book(step("a", "put", verify=verify()), timeout=timedelta(seconds=1)))
    stage.now += timedelta(seconds=2)
    stage.end("a")
    assert [call.part for call in stage.facts(CallStarted)] == [Part.MAIN]
    assert stage.ended is RunStatus.FAILED


def test_an_action_that_was_cut_off_by_itself_fails_its_step() -> None:
    """`cancelled` while nobody ended the run is a failure like any other: what needs the step does not start."""
    stage = Stage(book(step("a", "push"), step("b", needs=["a"])))
    stage.end("a", failed(Reason.CANCELLED, "cut off"))
    assert stage.step("a").status is StepStatus.FAILED
    assert stage.step("b").status is StepStatus.SKIPPED
    assert stage.ended is RunStatus.FAILED


# ---- an effect that may stand is not forgotten


def test_an_interrupted_attempt_may_have_been_applied() -> None:
    """The second attempt surely was not applied; the first, which was interrupted, may have been: it is undone."""
    stage = Stage(book(step("a", "put", undo=undo(), on_failure=OnFailure.UNDO)))
    stage.crash()
    stage.end("a", failed(Reason.REJECTED, applied=False))
    assert stage.running() == [("a", Part.UNDO)]
    stage.end("a")
    assert [fact.step for fact in stage.facts(StepUndone)] == ["a"]


# ---- what runs is what was approved


def test_a_retry_runs_what_was_approved() -> None:
    """Another step ended meanwhile, and the inputs would render to something else: the attempt is the same intent."""
    moving = step("a", "put", value="{{ steps.b.status }}", approval=approval())
    stage = Stage(book(step("b"), moving))
    stage.vote("a")
    stage.end("a", failed(Reason.UNAVAILABLE))
    stage.end("b")
    stage.wait(5)
    calls = [call for call in stage.facts(CallStarted) if call.step == "a"]
    assert [call.attempt for call in calls] == [1, 2]
    assert calls[0].inputs == calls[1].inputs
    assert calls[0].key == calls[1].key


def test_an_undo_is_tried_again_with_the_same_inputs() -> None:
    """One idempotency key means one intent."""
    stage = Stage(
        book(
            step(
                "a",
                "put",
                undo=undo("{{ steps.a.detail }}"),
                verify=verify(within=0),
                on_failure=OnFailure.UNDO,
            )
        )
    )
    stage.end("a")
    stage.end("a", NOT_YET)
    stage.end("a", failed(Reason.UNAVAILABLE, "router is down"))
    stage.wait(5)
    first, second = (call for call in stage.facts(CallStarted) if call.part is Part.UNDO)
    assert (first.inputs, first.key) == (second.inputs, second.key)


def test_a_vote_that_comes_when_the_question_has_expired_does_not_count() -> None:
    """Expiry fails closed even where the alarm is late: the instant decides, not the order of arrival."""
    stage = Stage(book(step("a", "push", approval=approval(expires=10))))
    stage.now += timedelta(seconds=10)
    with pytest.raises(Conflict, match="expired"):
        stage.vote("a")
    stage.wait(0)
    (closed,) = stage.facts(ApprovalClosed)
    assert closed.status is ApprovalStatus.EXPIRED
    assert stage.facts(CallStarted) == []


def test_a_step_whose_undo_needs_its_own_answer_can_be_asked_about() -> None:
    """What the undo will be sent is known only after the step ran: people see it as it is written."""
    stage = Stage(book(step("a", "put", undo=undo("{{ steps.a.output.id }}"), approval=approval())))
    (asked,) = stage.facts(ApprovalRequested)
    assert asked.undo == 'put {"value":"{{ steps.a.output.id }}"}'
    stage.vote("a")
    stage.end("a", Succeeded(output={"id": 7}))
    assert stage.ended is RunStatus.SUCCEEDED


# ---- a settlement is of the attempt that was shown


def test_a_settlement_counts_for_the_attempt_that_was_shown() -> None:
    """`It did not, run it` was said of the first attempt; of the second, which was interrupted too, nobody has said a thing."""
    stage = Stage(book(step("a", "push")))
    stage.crash()
    stage.settle("a", Settlement.DID_NOT)
    stage.crash()
    with pytest.raises(Conflict):
        stage.settle("a", Settlement.DID_NOT, attempt=1)
    assert performed(stage) == []
    stage.settle("a", Settlement.HAPPENED, attempt=2)
    assert stage.ended is RunStatus.SUCCEEDED


def test_a_settlement_of_a_step_is_none_of_its_undo() -> None:
    """The step's own outcome was settled; its undo is another question."""
    stage = Stage(book(step("a", "push", undo=undo(action="push"), on_failure=OnFailure.UNDO)))
    stage.crash()
    stage.settle("a", Settlement.STOP)
    assert stage.running() == [("a", Part.UNDO)]
    stage.crash()
    with pytest.raises(Conflict):
        stage.settle("a", Settlement.DID_NOT, attempt=1, part=Part.MAIN)
    assert performed(stage) == []
    stage.settle("a", Settlement.HAPPENED, attempt=1, part=Part.UNDO)
    assert stage.ended is RunStatus.FAILED
