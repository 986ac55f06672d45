"""What chat says of runs inside runs."""

from __future__ import annotations

from dataclasses import replace

from bot.chat.blocks import as_it_is, living_message
from bot.chat.blocks.picture import Picture, RunPicture
from bot.domain.ids import RunId, StepId
from bot.domain.nouns import RunStatus
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
