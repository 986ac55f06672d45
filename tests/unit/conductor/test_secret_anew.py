"""A credential that was refused is refreshed once: the call is made again with the secret as it is then."""

from __future__ import annotations

import pytest

from bot.actions.outcome import Reason
from bot.domain.facts import CallFailed, StepFailed, StepUndoFailed
from bot.domain.nouns import Part, RunStatus
from bot.runbook.model import OnFailure, Verify
from bot.runbook.templates import Template
from tests.fakes.stage import Stage, book, failed, step, undo, verify

TOKEN = {"secret": "router/token"}
REFUSED = failed(Reason.UNAUTHORIZED)


def again(stage: Stage, name: str = "a") -> bool:
    """Tell whether a step's call is made again after its credential was refused."""
    stage.end(name, REFUSED)
    stage.wait(5)
    return stage.step(name).call is not None


@pytest.mark.parametrize("value", [TOKEN, [{"headers": {"authorization": TOKEN}}]])
def test_once_whatever_the_step_says_of_retries(value: object) -> None:
    """Even what is tried once is made again, since nothing was done; the second time it fails."""
    stage = Stage(book(step("a", "push", value=value)))
    stage.end("a", REFUSED)
    assert stage.due == 5.0
    stage.wait(5)
    assert stage.running() == [("a", Part.MAIN)]
    stage.end("a", REFUSED)
    assert stage.ended is RunStatus.FAILED
    assert [fact.retry_at is not None for fact in stage.facts(CallFailed)] == [True, False]


def test_a_new_secret_lets_it_in() -> None:
    """The step goes on as if nothing had been."""
    stage = Stage(book(step("a", "push", value=TOKEN)))
    assert again(stage)
    stage.end("a")
    assert stage.ended is RunStatus.SUCCEEDED


@pytest.mark.parametrize("value", [None, "secret", {"secret": 1}, {"secret": "a", "b": 1}, [1]])
def test_without_a_secret_there_is_nothing_to_refresh(value: object) -> None:
    """It would be refused again."""
    assert not again(Stage(book(step("a", "push", value=value))))


def test_who_says_that_it_may_have_happened_is_believed() -> None:
    """A call that may have been applied is not made again, whatever its reason."""
    stage = Stage(book(step("a", "push", value=TOKEN)))
    stage.end("a", failed(Reason.UNAUTHORIZED, applied=True))
    assert stage.ended is RunStatus.FAILED


def test_each_part_once() -> None:
    """A verification and an undo have credentials of their own."""
    looks = verify()
    asks = Verify(
        action="look",
        inputs=Template.compile({"value": TOKEN}),
        expect=looks.expect,
        every=looks.every,
        within=looks.within,
    )
    stage = Stage(
        book(step("a", "put", value=TOKEN, verify=asks, undo=undo(TOKEN), on_failure=OnFailure.UNDO))
    )
    assert again(stage)
    stage.end("a")
    assert again(stage)
    stage.end("a", REFUSED)
    assert stage.facts(StepFailed)[0].detail == "verify: no"
    assert again(stage)
    stage.end("a", REFUSED)
    assert stage.facts(StepUndoFailed)[0].reason == Reason.UNAUTHORIZED


def test_a_verification_is_not_begun_again_for_a_run_that_was_cancelled() -> None:
    """The run ends with what it has."""
    looks = verify()
    asks = Verify(
        action="look",
        inputs=Template.compile({"value": TOKEN}),
        expect=looks.expect,
        every=looks.every,
        within=looks.within,
    )
    stage = Stage(book(step("a", "put", verify=asks)))
    stage.end("a")
    stage.cancel()
    stage.end("a", REFUSED)
    assert stage.ended is RunStatus.CANCELLED
