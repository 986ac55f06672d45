"""`effects(state) → what to do now`: derived from the state alone, so that a restart knows as much as the process that died."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts import CallStarted
from bot.domain.ids import StepId
from bot.domain.nouns import Part, Phase, StepStatus
from bot.engine.conductor.state import RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Perform:
    """Run this call; its intent is in the log."""

    call: CallStarted


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelCall:
    """Stop this call; how it ended is still to be told."""

    step: StepId
    part: Part
    attempt: int


Effects = tuple[Perform | CancelCall, ...]


def effects(state: RunState) -> Effects:
    """Return the calls that should be running, and those among them that should stop."""
    if state.over:
        return ()
    under_way = [step.call for step in state.steps.values() if step.call is not None]
    performed: list[Perform | CancelCall] = [Perform(call=call) for call in under_way]
    if state.stopping and state.phase is Phase.STEPS:
        # What a settle probe is about to tell is worth waiting for; it only looks.
        performed += [
            CancelCall(step=call.step, part=call.part, attempt=call.attempt)
            for call in under_way
            if call.part in (Part.MAIN, Part.VERIFY)
        ]
    return tuple(performed)


def next_due(state: RunState) -> datetime | None:
    """Return the next instant at which something happens by itself; None when only an arrival can move the run."""
    if state.over or state.paused is not None:
        return None
    steps = state.steps.values()
    instants = [step.due for step in steps if step.due is not None]
    asked = [
        step.approval.asked for step in steps if step.status is StepStatus.WAITING_APPROVAL and step.approval
    ]
    instants += [approval.expires_at for approval in asked if approval.expires_at is not None]
    if state.deadline is not None and not state.stopping and state.phase is Phase.STEPS:
        instants.append(state.deadline)
    return min(instants, default=None)
