"""Admission: between the wish to call and the intent stands the gate.

    go        CallStarted: the intent; the call is made
    hold      CallHeld: the call waits for room, and was certainly not made
    refused   CallRefused: the target is away. A step that is tried again waits until the target is, and loses no attempt; one that is not fails now

How long a step waits for a target that is away is bounded by the plan's patience; an undo has more of it, because what it leaves stands.
"""

from __future__ import annotations

from datetime import timedelta

from bot.actions.nested import is_nested
from bot.actions.outcome import Reason
from bot.domain.facts import CallHeld, CallRefused, CallStarted
from bot.domain.nouns import Part, Severity
from bot.engine.conductor.gate import Entry, Go, Hold, Refused
from bot.engine.conductor.turn import Turn
from bot.runbook.model import Step

_SEVERITIES = {each.value: each for each in Severity}


def admit(turn: Turn, step: Step, call: CallStarted) -> str | None:
    """Record the intent, or that the call waits; return why it is not made at all, None when it is or will be."""
    if is_nested(call.action):
        # A run inside this one touches nothing itself: each of its own calls stands at the gate.
        turn.record(call)
        return None
    seen = turn.state.step(step.id)
    verdict = turn.gate.ask(
        Entry(
            call=(call.run, call.step, call.part, call.attempt),
            target=turn.plan.target(call.action, call.inputs),
            severity=_severity(turn),
            now=turn.now,
            since=seen.held_since,
            idle=turn.plan.spec(call.action).idle,
            repeatable=turn.plan.repeatable(step, call.part),
            changes=turn.plan.changes(step, call.part),
        )
    )
    if isinstance(verdict, Go):
        turn.record(call)
        return None
    if isinstance(verdict, Hold):
        _hold(turn, step, call, verdict)
        return None
    return _refused(turn, step, call, verdict)


def _hold(turn: Turn, step: Step, call: CallStarted, verdict: Hold) -> None:
    """Say that a call waits; what was said already is not said again."""
    seen = turn.state.step(step.id).held
    said = (call.part, call.attempt, verdict.cause, verdict.detail)
    if seen is not None and (seen.part, seen.attempt, seen.cause, seen.detail) == said:
        return
    turn.record(
        CallHeld(
            run=call.run,
            step=call.step,
            part=call.part,
            attempt=call.attempt,
            action=call.action,
            inputs=call.inputs,
            target=turn.plan.target(call.action, call.inputs),
            cause=verdict.cause,
            detail=verdict.detail,
            until=verdict.until,
        )
    )


def _refused(turn: Turn, step: Step, call: CallStarted, verdict: Refused) -> str | None:
    waits = _is_patient(turn, step, call.part)
    turn.record(
        CallRefused(
            run=call.run,
            step=call.step,
            part=call.part,
            attempt=call.attempt,
            action=call.action,
            inputs=call.inputs,
            target=turn.plan.target(call.action, call.inputs),
            detail=verdict.detail,
            since=verdict.since,
            retry_at=verdict.again if waits else None,
        )
    )
    return None if waits else f"{verdict.detail}: the call was not made"


def _is_patient(turn: Turn, step: Step, part: Part) -> bool:
    """Tell whether this part of a step waits on for a target that is away."""
    if part is Part.MAIN:
        retry = turn.plan.retry(step)
        if retry.attempts <= 1 or Reason.UNAVAILABLE not in retry.on:
            return False
    patience: timedelta = turn.plan.undo_patience if part is Part.UNDO else turn.plan.patience
    since = turn.state.step(step.id).refused_since or turn.now
    return turn.now < since + patience


def _severity(turn: Turn) -> Severity:
    return _SEVERITIES[turn.state.scope.get("incident", {}).get("severity", Severity.SEV3)]
