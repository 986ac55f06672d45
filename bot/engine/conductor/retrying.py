"""How a retry changes a run's state: it is under way again, what was done stands, and what is left is to be done still."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.domain.facts import RunRetried
from bot.domain.nouns import Actor, Part, Phase, RunStatus, StepStatus
from bot.engine.conductor.copies import replace
from bot.engine.conductor.state import RunState, StepState


def retried(state: RunState, fact: RunRetried, at: datetime, actor: Actor) -> RunState:
    """Take a run up again from where it failed. What was under way when Fireline gave up on it has its time anew."""
    steps = {name: _as_it_stands(step, at) for name, step in state.steps.items()}
    steps |= {name: _still_to_do(state.step(name)) for name in fact.steps}
    steps |= {name: _afresh(state.step(name)) for name in fact.cleanup}
    return replace(
        state,
        status=RunStatus.RUNNING,
        phase=Phase.STEPS,
        cancelled=None,
        cancelled_by=None,
        undo=False,
        timed_out=False,
        given_up=None,
        reason="",
        detail="",
        deadline=fact.deadline,
        retried_by=(*state.retried_by, actor),
        steps=steps,
    )


def _as_it_stands(step: StepState, at: datetime) -> StepState:
    if step.status.final:
        # An undo that waited and was not made, or was said to be impossible, belongs to the end that the run had.
        return replace(step, due=None, held=None, held_since=None, refused_since=None, undo_closed=False)
    return replace(step, verifying_since=at) if step.verifying_since else step


def _still_to_do(step: StepState) -> StepState:
    """Return a step as it stands before it is done still. An effect that may stand is remembered, with what was sent and under which key."""
    kept = StepState(
        part=step.part,
        attempts=step.attempts,
        sent=step.sent,
        asked=step.asked,
        output=step.output,
        applied=step.applied,
        items=step.items,
        over=step.over,
        anew=True,
        earlier=step.attempts,
        intent=step.intent,
    )
    return kept if step.applied else as_new(kept)


def as_new(step: StepState) -> StepState:
    """Return a step whose earlier calls did nothing: what it asks of its target now is another intent."""
    sent: dict[Part, Mapping[str, Any]] = {
        part: inputs for part, inputs in step.sent.items() if part is not Part.MAIN
    }
    return replace(
        step,
        status=StepStatus.PENDING,
        part=Part.MAIN,
        sent=sent,
        output={},
        detail="",
        applied=False,
        intent=step.intent + 1,
    )


def _afresh(step: StepState) -> StepState:
    return StepState(attempts=step.attempts, asked=step.asked, earlier=step.attempts, intent=step.intent + 1)
