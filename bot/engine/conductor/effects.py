"""`effects(state) → what to do now`: derived from the state alone, so that a restart knows as much as the process that died."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.actions.nested import is_nested
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInside:
    """See that the run that this call is goes on: begun where the log has none, taken up where it has."""

    call: CallStarted


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelInside:
    """Ask the run that this call is to end; how it ended is still to be told."""

    call: CallStarted


Effects = tuple[Perform | CancelCall | RunInside | CancelInside, ...]


def effects(state: RunState) -> Effects:
    """Return the calls that should be running, and those among them that should stop."""
    if state.over:
        return ()
    under_way = [step.call for step in state.steps.values() if step.call is not None]
    wanted = [RunInside(call=call) if is_nested(call.action) else Perform(call=call) for call in under_way]
    if not (state.stopping and state.phase is Phase.STEPS):
        return tuple(wanted)
    # What a settle probe is about to tell is worth waiting for; it only looks.
    unwanted = [_stop(call) for call in under_way if call.part in (Part.MAIN, Part.VERIFY)]
    return (*wanted, *unwanted)


def _stop(call: CallStarted) -> CancelCall | CancelInside:
    if is_nested(call.action):
        return CancelInside(call=call)
    return CancelCall(step=call.step, part=call.part, attempt=call.attempt)


def next_due(state: RunState) -> datetime | None:
    """Return the next instant at which something happens by itself; None when only an arrival can move the run."""
    if state.over or state.paused is not None:
        return None
    instants = []
    for step in state.steps.values():
        if step.due is not None:
            instants.append(step.due)
        if step.approval is not None and step.status is StepStatus.WAITING_APPROVAL:
            expires_at = step.approval.asked.expires_at
            instants += [] if expires_at is None else [expires_at]
    if state.deadline is not None and not state.stopping and state.phase is Phase.STEPS:
        instants.append(state.deadline)
    return min(instants, default=None)
