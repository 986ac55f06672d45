"""Promises under bad timing: nothing starts in a run that ends, nothing runs but what was approved, no effect is forgotten."""

from datetime import timedelta

from bot.actions.outcome import Reason
from bot.domain.facts import CallStarted, StepUndone
from bot.domain.nouns import Part, RunStatus, StepStatus
from bot.engine.conductor import Perform, effects
from bot.runbook.model import OnFailure
from tests.fakes.stage import Stage, book, failed, step, undo, verify

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
