"""What the living message says of runs: those inside others, and how one ended."""

from __future__ import annotations

from dataclasses import replace

from bot.chat.blocks import as_it_is, living_message
from bot.chat.blocks.picture import Picture, RunPicture, StepLine
from bot.domain.ids import RunId, StepId
from bot.domain.nouns import RunStatus, StepStatus
from bot.domain.records import RunRecord
from tests.fakes.alerts import NOON, incident, run


def shown(*runs: RunRecord) -> str:
    """Return the living message's blocks as text."""
    pictures = [RunPicture(run=each, title=f"Title of {each.id}") for each in runs]
    return str(living_message(Picture(incident=incident(42), runs=pictures), redact=as_it_is).blocks)


def inside(name: str, around: str) -> RunRecord:
    """Make a run that stands inside another."""
    return replace(run(name), parent=RunId(around), parent_step=StepId("shift"))


def test_a_run_inside_stands_below_the_one_around() -> None:
    """Whatever runs beside them, and it says of which step it is the run."""
    text = shown(run("42-1"), inside("42-2", "42-1"), run("42-3"))
    line = "↳ *Title of 42-2* · run `42-2` inside `42-1`, step `shift`, running since"
    assert line in text
    assert text.index("run `42-3` running") < text.index("run `42-1` running") < text.index(line)


def test_how_it_ended_is_told_by_its_step() -> None:
    """Once it is over it takes no room of its own."""
    over = replace(inside("42-2", "42-1"), status=RunStatus.SUCCEEDED, finished_at=NOON)
    assert "42-2" not in shown(run("42-1"), over)
    assert "earlier run" not in shown(run("42-1"), over)


def test_what_was_undone_is_said_once_the_run_is_over() -> None:
    """That it failed is half of it: whoever reads it must know that its change does not stand. What was done, the thread tells."""
    steps = [
        StepLine(id=StepId(each.value), name=f"Step {each.value}", status=each)
        for each in (StepStatus.SUCCEEDED, StepStatus.UNDONE, StepStatus.CANCELLED)
    ]
    over = replace(run("42-1"), status=RunStatus.FAILED, finished_at=NOON, detail="shift: no")
    message = living_message(
        Picture(incident=incident(42), runs=[RunPicture(run=over, title="x", steps=steps)]), redact=as_it_is
    )
    text = str(message.blocks)
    assert "shift: no\\n↩️ Step undone · undone" in text
    assert "Step succeeded" not in text
    assert "Step cancelled" not in text
