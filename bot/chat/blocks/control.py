"""People's hands on runs in the living message: that a run is paused, and the buttons that hold it, let it go on, or end it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.chat.blocks.ink import Ink, clock_time
from bot.chat.blocks.kit import Json, button, confirmation
from bot.chat.blocks.picture import RunPicture
from bot.chat.blocks.words import who
from bot.domain.nouns import RunStatus, StepStatus
from bot.domain.records import RunRecord

BUTTONS_FOR = 3
"""Runs under way that get buttons; with more of them than that the commands are clearer."""


OPEN = "open/"
"""How the ids of buttons begin that open a form; the form's name follows."""


def opens(label: str, form: str, value: Mapping[str, Any], *, style: str = "") -> Json:
    """A button that opens a form."""
    return button(label, f"{OPEN}{form}", value, style=style)


def paused_line(run: RunRecord, ink: Ink) -> str:
    """Say that a run is held, since when, by whom and why; empty for one that is not."""
    if run.paused_at is None:
        return ""
    by = f" by {who(run.paused_by, ink)}" if run.paused_by is not None else ""
    why = f": {ink.words(run.paused_why, 200)}" if run.paused_why else ""
    return f"⏸️ *Paused* {clock_time(run.paused_at)}{by}{why}"


def run_buttons(runs: Sequence[RunPicture], ink: Ink) -> list[Json]:
    """What a person may do to the runs under way; each button names its run where there are several."""
    alive = [each for each in runs if each.run.status is RunStatus.RUNNING]
    if len(alive) == 1:
        return all_of(alive[0], ink)
    if len(alive) > BUTTONS_FOR:
        return [_resume(each, alone=False) for each in alive if each.run.paused_at is not None][:BUTTONS_FOR]
    return [_hold(each, alone=False) for each in alive]


def retry_button(runs: Sequence[RunPicture], ink: Ink) -> list[Json]:
    """What a person may do once nothing runs any more: have the last run tried again, where it failed and nothing was undone."""
    if not runs:
        return []
    last = runs[-1]
    undone = any(each.status is StepStatus.UNDONE for each in last.steps)
    if last.run.status is not RunStatus.FAILED or undone:
        return []
    title = ink.line(last.title or last.run.runbook, 100)
    sure = confirmation(
        "Try again?",
        f"{title} goes on from where it failed: what was done is not done again, approvals are asked anew.",
        yes="Try again",
    )
    return [button("Try again", "run_retry", {"run": str(last.run.id)}, confirm=sure)]


def all_of(picture: RunPicture, ink: Ink, *, one_of_many: bool = False) -> list[Json]:
    """Every button that holds a run, lets it go on or ends it; of several runs in one view, each button's id names its own."""
    its = f"/{picture.run.id}" if one_of_many else ""
    title = ink.line(picture.title or picture.run.runbook, 120)
    value = {"run": str(picture.run.id)}
    cancel = confirmation(
        "Cancel the run?",
        f"{title}: what runs is stopped, then its clean-up runs. What it did so far stays.",
        yes="Cancel the run",
        danger=True,
    )
    undo = confirmation(
        "Cancel and undo?",
        f"{title}: what runs is stopped, what it did is undone, last first, then its clean-up runs.",
        yes="Cancel and undo",
        danger=True,
    )
    return [
        _hold(picture, alone=True),
        button("Cancel run", f"run_cancel{its}", value, confirm=cancel),
        button("Cancel and undo", f"run_cancel_undo{its}", value, confirm=undo),
    ]


def _hold(picture: RunPicture, *, alone: bool) -> Json:
    """The button that pauses a run, or lets it go on."""
    if picture.run.paused_at is not None:
        return _resume(picture, alone=alone)
    label = "Pause" if alone else f"Pause {picture.run.id}"
    return button(label, f"run_pause/{picture.run.id}", {"run": str(picture.run.id)})


def _resume(picture: RunPicture, *, alone: bool) -> Json:
    label = "Resume" if alone else f"Resume {picture.run.id}"
    return button(label, f"run_resume/{picture.run.id}", {"run": str(picture.run.id)}, style="primary")
