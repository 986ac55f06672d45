"""`retry.until`: a call that succeeded too early is made again, within the step's attempts, and only where that does no harm."""

from __future__ import annotations

from datetime import timedelta

from bot.actions.outcome import Reason, Succeeded
from bot.domain.facts import CallStarted, CallSucceeded
from bot.domain.nouns import RunStatus, StepStatus
from bot.runbook.expressions import Expression
from bot.runbook.model import Jitter, Retry
from tests.fakes.stage import NOT_YET, OK, Stage, book, failed, step, verify

S = StepStatus


def until(text: str = "output.ok", attempts: int = 3) -> Retry:
    """Try so often, ten seconds apart."""
    return Retry(
        attempts=attempts,
        interval=timedelta(seconds=10),
        backoff=1.0,
        jitter=Jitter.NONE,
        until=Expression.compile(text),
    )


def test_it_is_asked_again_until_it_is_true() -> None:
    """The output that agreed is the step's; every call has the same key."""
    stage = Stage(book(step("ready", retry=until())))
    stage.end("ready", NOT_YET)
    assert stage.step("ready").status is S.WAITING_RETRY
    assert stage.due == 10
    assert stage.facts(CallSucceeded)[0].next_at == stage.now + timedelta(seconds=10)
    stage.wait(10)
    stage.end("ready", failed(Reason.UNAVAILABLE))
    stage.wait(10)
    stage.end("ready", OK)
    assert stage.step("ready").output == {"ok": True}
    assert stage.ended is RunStatus.SUCCEEDED
    assert len({fact.key for fact in stage.facts(CallStarted)}) == 1


def test_it_never_comes_true() -> None:
    """The last attempt fails the step, and says what was seen; its effect may stand."""
    stage = Stage(book(step("ready", "put", retry=until(attempts=2))))
    stage.end("ready", NOT_YET)
    stage.wait(10)
    stage.end("ready", NOT_YET)
    seen = stage.step("ready")
    assert (seen.status, seen.reason) == (S.FAILED, Reason.REJECTED)
    assert seen.detail == '`until: output.ok` did not come true in 2 calls; last seen {"ok":false}'
    assert seen.applied


def test_what_can_not_be_repeated_is_called_once() -> None:
    """Whatever a runbook says that no linter saw."""
    stage = Stage(book(step("ready", "push", retry=until())))
    stage.end("ready", NOT_YET)
    assert len(stage.facts(CallStarted)) == 1
    assert stage.step("ready").detail.startswith("`until: output.ok` did not come true in 1 call;")


def test_it_is_verified_once_it_is_true() -> None:
    """`verify` follows as after any call."""
    stage = Stage(book(step("ready", retry=until(), verify=verify())))
    stage.end("ready", NOT_YET)
    stage.wait(10)
    stage.end("ready", OK)
    assert stage.step("ready").status is S.VERIFYING


def test_an_until_without_a_value_fails_the_step() -> None:
    """An expression that can't be answered is the runbook's fault, and waiting does not mend it."""
    stage = Stage(book(step("ready", "put", retry=until("output.gone > 1"))))
    stage.end("ready", Succeeded(output={}))
    seen = stage.step("ready")
    assert (seen.status, seen.reason, seen.applied) == (S.FAILED, Reason.INVALID, True)
    assert seen.detail.startswith("until: ")


def test_a_run_that_stops_waits_no_longer() -> None:
    """Between two calls, and when a call comes back: the step ends, and says that it had not come true."""
    stage = Stage(book(step("ready", retry=until()), step("other")))
    stage.end("ready", NOT_YET)
    stage.end("other", failed())
    assert stage.step("ready").status is S.FAILED
    assert "did not come true in 1 call" in stage.step("ready").detail
    late = Stage(book(step("ready", retry=until()), step("other")))
    late.end("other", failed())
    late.end("ready", NOT_YET)
    assert late.step("ready").status is S.FAILED


def test_a_cancelled_run_waits_no_longer() -> None:
    """The step is cancelled, and what it did may stand."""
    stage = Stage(book(step("ready", "put", retry=until())))
    stage.end("ready", NOT_YET)
    stage.cancel()
    assert stage.step("ready").status is S.CANCELLED
    assert stage.step("ready").applied
    assert stage.ended is RunStatus.CANCELLED


def test_a_crash_between_two_calls_loses_nothing() -> None:
    """The next call is due when it was."""
    stage = Stage(book(step("ready", retry=until())))
    stage.end("ready", NOT_YET)
    stage.crash()
    assert stage.due == 10
    stage.wait(10)
    assert stage.step("ready").call.attempt == 2
