"""A person ends a run: what runs is stopped, what it did is taken back where they ask for that, and its clean-up runs."""

from __future__ import annotations

import pytest

from bot.actions.outcome import Reason
from bot.domain.facts import RunCancelRequested, RunResumed, StepUndone
from bot.domain.nouns import Part, Phase, RunStatus, StepStatus
from bot.engine.conductor import CancelCall, effects
from bot.errors import Conflict
from bot.runbook.model import NoUndo, Runbook
from tests.fakes.stage import ADA, Stage, book, failed, step, undo, verify


def three() -> Runbook:
    """Two steps that took effect, one under way, and a clean-up of each kind."""
    return book(
        step("a", "put", undo=undo()),
        step("b", "put", undo=undo(), needs=["a"]),
        step("c", "put", undo=undo(), needs=["b"]),
        rescue=[step("r")],
        always=[step("z")],
    )


def under_way() -> Stage:
    """Bring a run to where its third step is under way."""
    stage = Stage(three())
    stage.end("a")
    stage.end("b")
    return stage


def cut_off(stage: Stage, name: str = "c") -> None:
    """Let the call that was stopped end."""
    assert [each for each in effects(stage.state) if isinstance(each, CancelCall)]
    stage.end(name, failed(Reason.CANCELLED, "stopped because the run is ending"))


def to_the_end(stage: Stage) -> list[tuple[str, Part]]:
    """Let every call succeed; return them in order."""
    made = []
    while calls := stage.running():
        made += calls
        for name, _ in calls:
            stage.end(name)
    return made


def test_what_it_did_is_undone_in_reverse_then_it_is_cleaned_up() -> None:
    """The one that was stopped may have taken effect: its undo comes first."""
    stage = under_way()
    stage.cancel(undo=True)
    cut_off(stage)
    assert to_the_end(stage) == [
        ("c", Part.UNDO), ("b", Part.UNDO), ("a", Part.UNDO), ("r", Part.MAIN), ("z", Part.MAIN),
    ]  # fmt: skip
    assert stage.ended is RunStatus.CANCELLED
    assert [fact.step for fact in stage.facts(StepUndone)] == ["c", "b", "a"]


def test_without_the_wish_nothing_is_undone() -> None:
    """Rescue and always run all the same."""
    stage = under_way()
    stage.cancel()
    cut_off(stage)
    assert to_the_end(stage) == [("r", Part.MAIN), ("z", Part.MAIN)]
    assert stage.step("a").status is StepStatus.SUCCEEDED


def test_undo_may_be_asked_for_while_the_run_is_ending() -> None:
    """Once the person has seen what they cancelled; but just once."""
    stage = under_way()
    stage.cancel()
    stage.cancel(undo=True)
    with pytest.raises(Conflict, match="ending already"):
        stage.cancel(undo=True)
    cut_off(stage)
    assert ("a", Part.UNDO) in to_the_end(stage)


def test_undo_is_too_late_once_the_steps_are_left() -> None:
    """Undo comes before rescue; afterwards it says so, and what to do."""
    stage = under_way()
    stage.cancel()
    cut_off(stage)
    assert stage.state.phase is Phase.RESCUE
    with pytest.raises(Conflict, match="has left its steps") as refusal:
        stage.cancel(undo=True)
    assert refusal.value.hint


def test_what_can_t_be_undone_is_said_and_the_rest_is_undone() -> None:
    """One step without a way back does not keep the others."""
    stage = Stage(
        book(
            step("a", "put", undo=undo()),
            step("b", "put", undo=NoUndo(why="mail is sent"), needs=["a"]),
            step("c", needs=["b"]),
        )
    )
    stage.end("a")
    stage.end("b")
    stage.cancel(undo=True)
    cut_off(stage)
    assert stage.running() == [("a", Part.UNDO)]


def test_an_effect_whose_verification_was_cut_short_is_undone() -> None:
    """It stands, so it is taken back."""
    stage = Stage(book(step("a", "put", undo=undo(), verify=verify())))
    stage.end("a")
    stage.cancel(undo=True)
    cut_off(stage, "a")
    assert stage.running() == [("a", Part.UNDO)]


def test_a_paused_run_that_is_cancelled_goes_on_to_its_end() -> None:
    """To end it is to let it go on first, and the record says both."""
    stage = under_way()
    stage.pause()
    stage.end("c")
    stage.cancel()
    assert [type(event.fact) for event in stage.events if event.actor == ADA][-2:] == [
        RunResumed,
        RunCancelRequested,
    ]
    assert stage.running() == [("r", Part.MAIN)]


def test_a_run_that_was_paused_while_ending_says_how_to_let_it_end() -> None:
    """Cancelling again is refused with a hint that it is held."""
    stage = under_way()
    stage.cancel()
    stage.pause()
    with pytest.raises(Conflict, match="ending already") as refusal:
        stage.cancel()
    assert "resume" in refusal.value.hint
