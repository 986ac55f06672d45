"""How a call is begun: its inputs are rendered, the gate is asked, and the intent is on record before anything is done.

Or why it is not begun, and what is said then. What follows from how it ended is in `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.actions.contract import InvalidInputs
from bot.actions.nested import RUN_RUNBOOK, TAKE_BACK
from bot.actions.outcome import Reason
from bot.domain.facts import CallStarted, StepOutcomeUnknown, StepUndoFailed
from bot.domain.nouns import Part
from bot.engine.conductor import nested
from bot.engine.conductor.admission import admit
from bot.engine.conductor.items import approved_inputs
from bot.engine.conductor.turn import Turn
from bot.errors import RunbookError
from bot.runbook.model import Step
from bot.runbook.templates import Template


def rendered(
    turn: Turn, step: Step, template: Template, action: str, part: Part = Part.MAIN
) -> Mapping[str, Any]:
    """Return the inputs of one of a step's calls, checked; RunbookError or InvalidInputs tell what does not fit the action, or the runbook."""
    # Most inputs are written out in full: then nobody needs the names that expressions may use.
    values = template.tree if template.literal else template.render(turn.call_scope(step, part))
    if not isinstance(values, Mapping):
        msg = "`with` must be a mapping"
        raise RunbookError(msg)
    check = turn.plan.check_written if template.literal else turn.plan.checked
    check(action, values)
    return nested.called(turn, values) if action == RUN_RUNBOOK else values


def start(turn: Turn, step: Step, part: Part) -> None:
    """Begin a call of a part of a step: render its inputs, ask the gate, and record the intent."""
    if turn.held and part in (Part.MAIN, Part.UNDO):
        # What acts waits until the run goes on: the state says that it is to be begun. What only looks tells how the step stands.
        return
    source = turn.plan.source(step, part)
    try:
        inputs = inputs_of(turn, step, part)
    except (RunbookError, InvalidInputs) as problem:
        _cannot_start(turn, step, part, str(problem))
        return
    call = CallStarted(
        run=turn.state.run,
        step=step.id,
        part=part,
        attempt=turn.state.step(step.id).attempt(part) + 1,
        action=source.action,
        inputs=inputs,
        key=turn.key(step, part),
        timeout=turn.plan.timeout(step, part),
    )
    refused = admit(turn, step, call)
    if refused is not None:
        _cannot_start(turn, step, part, refused, Reason.UNAVAILABLE)


def inputs_of(turn: Turn, step: Step, part: Part) -> Mapping[str, Any]:
    """Return what a call is sent. Every attempt of an intent is sent the same: what was approved, and what its idempotency key stands for."""
    sent = turn.state.step(step.id).sent.get(part)
    if sent is not None and part in (Part.MAIN, Part.UNDO):
        return sent
    approved = approved_inputs(turn.state, step.id) if part is Part.MAIN else None
    if approved is not None:
        return approved
    source = turn.plan.source(step, part)
    if source.action == TAKE_BACK:
        return nested.to_take_back(turn.state.step(step.id))
    return rendered(turn, step, source.inputs, source.action, part)


def _cannot_start(turn: Turn, step: Step, part: Part, detail: str, reason: Reason = Reason.INVALID) -> None:
    if part is Part.UNDO:
        undo_failed(turn, step, reason, detail)
    elif part is Part.SETTLE:
        unknown(turn, step, f"the probe could not be asked: {detail}")
    else:
        turn.fail(step, reason=reason, detail=detail, applied=turn.state.step(step.id).applied)


def unknown(turn: Turn, step: Step, why: str, part: Part = Part.MAIN) -> None:
    """Ask a person what became of a call."""
    attempt = turn.state.step(step.id).attempt(part)
    turn.record(StepOutcomeUnknown(run=turn.state.run, step=step.id, attempt=attempt, why=why, part=part))


def undo_failed(turn: Turn, step: Step, reason: str, detail: str) -> None:
    """Say that a step's effect was not taken back."""
    turn.record(StepUndoFailed(run=turn.state.run, step=step.id, reason=reason, detail=detail))
