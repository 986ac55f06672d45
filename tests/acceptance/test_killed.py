"""Killed in the middle: `kill -9`, start again, and the story ends the same way with nothing done twice."""

from collections.abc import Callable

import pytest

from bot.domain.facts import ApprovalRequested, CallInterrupted, RunStarted, StepSettled
from bot.domain.nouns import RunStatus, Settlement
from tests.acceptance.conftest import FIRST, Story

pytestmark = pytest.mark.slow


def test_while_it_waits_for_the_approval(tell: Callable[..., Story]) -> None:
    """The question survives, is not asked twice, and the click after the restart counts."""
    story = tell()
    story.break_shop("primary")
    approve = story.button(story.ben, "approve")
    story.kill()
    story.start()
    story.ben.click(approve)
    assert story.ended() is RunStatus.SUCCEEDED
    assert len(story.record.facts(FIRST, ApprovalRequested)) == 1
    assert len(story.record.facts(FIRST, RunStarted)) == 1
    assert len(story.shifts()) == 1
    posted = [
        message
        for message in story.ada.messages(story.channel())
        if "/admin/weights" in str(message.get("blocks"))
    ]
    assert len(posted) == 1
    story.check_record()


def test_while_the_containing_step_runs(tell: Callable[..., Story]) -> None:
    """The shop has shifted and not answered yet: the restarted process asks the shop instead of shifting again."""
    story = tell()
    story.break_shop("primary", stall=20.0)
    story.ben.click(story.button(story.ben, "approve"))
    story.until("the shop to shift", story.shifts)
    story.kill()
    story.break_shop("primary", stall=0.0)
    story.start()
    assert story.ended() is RunStatus.SUCCEEDED
    assert len(story.shifts()) == 1, "the shift was made once"
    (interrupted,) = story.record.facts(FIRST, CallInterrupted)
    assert (interrupted.step, interrupted.again) == ("shift", False)
    (settled,) = story.record.facts(FIRST, StepSettled)
    assert settled.settlement is Settlement.HAPPENED
    story.check_record()


def test_between_the_alert_and_everything_else(tell: Callable[..., Story]) -> None:
    """What was answered 200 is on disk: killed right after the answer, the next process opens the incident."""
    story = tell()
    story.break_shop("primary")
    assert story.alert().status_code == 200
    story.kill()
    story.start()
    story.channel()
    assert len(story.record.facts(FIRST, RunStarted)) == 1
    story.check_record()
