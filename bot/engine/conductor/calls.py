"""Calls: how one is begun, and what follows from how it ended.

    main      succeeded → verify, or done      failed → retry, settle, or failed      interrupted → again, settle, or unknown
    settle    happened → as if main had succeeded      it did not → main again      can't tell → unknown: a person decides
    verify    agrees → done      not yet → later, within its time      never → failed, and the effect stands
    undo      succeeded → undone      failed → retry, or reported as not undone

What may have happened is never assumed not to have: a call that can't be repeated is made again only when it is known not to have been applied.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.actions.contract import InvalidInputs
from bot.actions.nested import RUN_RUNBOOK, TAKE_BACK
from bot.actions.outcome import TRANSIENT, Failed, Reason, Succeeded
from bot.domain.events import canonical, digest_of
from bot.domain.facts import (
    CallFailed,
    CallInterrupted,
    CallStarted,
    CallSucceeded,
    StepOutcomeUnknown,
    StepSettled,
    StepSucceeded,
    StepUndoFailed,
    StepUndone,
)
from bot.domain.nouns import Part, Settlement
from bot.engine.conductor import nested
from bot.engine.conductor.arrivals import CallEnded
from bot.engine.conductor.turn import Turn
from bot.errors import RunbookError
from bot.runbook.expressions import Expression
from bot.runbook.model import Jitter, Retry, Step
from bot.runbook.templates import Template

PROBE_RETRY = Retry(
    attempts=3,
    interval=timedelta(seconds=1),
    backoff=2.0,
    max_interval=timedelta(seconds=10),
    jitter=Jitter.FULL,
    on=frozenset(TRANSIENT),
)
"""How often a settle probe or an undo is tried: the runbook has no words for it yet."""

_LONGEST_PAUSE = timedelta(hours=1)
"""How long a target may make a run wait for its next attempt, whatever it asks for."""
SHOWN = 200
"""Characters of a value that a failure's sentence shows."""


def rendered(turn: Turn, template: Template, action: str) -> Mapping[str, Any]:
    """Return a call's inputs, checked; RunbookError or InvalidInputs tell what does not fit the action, or the runbook that it runs."""
    # Most inputs are written out in full: then nobody needs the names that expressions may use.
    values = template.tree if template.literal else template.render(turn.scope())
    if not isinstance(values, Mapping):
        msg = "`with` must be a mapping"
        raise RunbookError(msg)
    turn.plan.spec(action).check(values)
    return nested.called(turn, values) if action == RUN_RUNBOOK else values


def start(turn: Turn, step: Step, part: Part) -> None:
    """Begin a call of a part of a step: render its inputs and record the intent."""
    source = turn.plan.source(step, part)
    try:
        inputs = _inputs(turn, step, part)
    except (RunbookError, InvalidInputs) as problem:
        _cannot_start(turn, step, part, str(problem))
        return
    key = digest_of([turn.state.seed, turn.state.run, step.id, part.value])[:32]
    turn.record(
        CallStarted(
            run=turn.state.run,
            step=step.id,
            part=part,
            attempt=turn.state.step(step.id).attempt(part) + 1,
            action=source.action,
            inputs=inputs,
            key=key,
            timeout=turn.plan.timeout(step, part),
        )
    )


def _inputs(turn: Turn, step: Step, part: Part) -> Mapping[str, Any]:
    """Return what a call is sent. Every attempt of an intent is sent the same: what was approved, and what its idempotency key stands for."""
    sent = turn.state.step(step.id).sent.get(part)
    if sent is not None and part in (Part.MAIN, Part.UNDO):
        return sent
    source = turn.plan.source(step, part)
    if source.action == TAKE_BACK:
        return nested.to_take_back(turn.state.step(step.id))
    return rendered(turn, source.inputs, source.action)


def _cannot_start(turn: Turn, step: Step, part: Part, detail: str) -> None:
    if part is Part.UNDO:
        undo_failed(turn, step, Reason.INVALID, detail)
    elif part is Part.SETTLE:
        _unknown(turn, step, f"the probe could not be asked: {detail}")
    else:
        turn.fail(step, reason=Reason.INVALID, detail=detail, applied=turn.state.step(step.id).applied)


def ended(turn: Turn, step: Step, arrival: CallEnded) -> None:
    """Record how a call ended and decide what follows; a call that is not under way (any more) is ignored."""
    call = turn.state.step(step.id).call
    if call is None or (call.part, call.attempt) != (arrival.part, arrival.attempt):
        return
    if arrival.evidence is not None:
        turn.record(arrival.evidence)
    outcome = arrival.outcome
    if isinstance(outcome, Succeeded):
        _ON_SUCCESS[arrival.part](turn, step, arrival, outcome)
    else:
        _ON_FAILURE[arrival.part](turn, step, arrival, outcome)


# ---- main


def _main_succeeded(turn: Turn, step: Step, arrival: CallEnded, outcome: Succeeded) -> None:
    _record_success(turn, step, arrival, outcome)
    happened(turn, step)


def happened(turn: Turn, step: Step) -> None:
    """Go on after the step's effect is known to stand."""
    if step.verify is None:
        turn.record(StepSucceeded(run=turn.state.run, step=step.id))
    elif turn.ended_early:
        turn.cancel(step, "the run ended before its verification", applied=True)
    else:
        start(turn, step, Part.VERIFY)


def _main_failed(turn: Turn, step: Step, arrival: CallEnded, outcome: Failed) -> None:
    doubtful = outcome.may_have_applied and not turn.plan.repeatable(step)
    may_retry = not doubtful and not turn.halted()
    retry_at = _retry_at(turn, turn.plan.retry(step), arrival, outcome) if may_retry else None
    _record_failure(turn, step, arrival, outcome, retry_at)
    if retry_at is not None:
        return
    # An earlier attempt may have been applied even when this one was not.
    applied = turn.state.step(step.id).applied
    if doubtful and step.settle is not None:
        start(turn, step, Part.SETTLE)
    elif outcome.reason is Reason.CANCELLED and turn.ended_early:
        turn.cancel(step, outcome.detail, applied=applied)
    else:
        turn.fail(step, reason=outcome.reason, detail=outcome.detail, applied=applied)


# ---- settle


def _settle_succeeded(turn: Turn, step: Step, arrival: CallEnded, outcome: Succeeded) -> None:
    assert step.settle is not None  # noqa: S101 - a settle call is begun only for a step that has one
    _record_success(turn, step, arrival, outcome)
    try:
        agrees = _agrees(turn, step.settle.expect, outcome)
    except RunbookError as problem:
        _unknown(turn, step, f"the probe's answer could not be read: {problem}")
        return
    settlement = Settlement.HAPPENED if agrees else Settlement.DID_NOT
    why = f"{step.settle.action} was asked"
    turn.record(StepSettled(run=turn.state.run, step=step.id, settlement=settlement, why=why))
    settled(turn, step, settlement)


def _settle_failed(turn: Turn, step: Step, arrival: CallEnded, outcome: Failed) -> None:
    retry_at = None if turn.halted() else _retry_at(turn, PROBE_RETRY, arrival, outcome)
    _record_failure(turn, step, arrival, outcome, retry_at)
    if retry_at is None:
        _unknown(turn, step, f"the probe could not tell: {outcome.detail}")


def settled(turn: Turn, step: Step, settlement: Settlement) -> None:
    """Go on once it is known what became of a main call that nobody saw end."""
    if settlement is Settlement.HAPPENED:
        happened(turn, step)
    elif settlement is Settlement.STOP:
        turn.fail(
            step,
            reason=Reason.INTERRUPTED,
            detail="a person stopped it: its outcome is not known",
            applied=True,
        )
    elif turn.halted():
        turn.cancel(step, "it did not happen, and the run is ending", applied=False)
    else:
        start(turn, step, Part.MAIN)


def _unknown(turn: Turn, step: Step, why: str, part: Part = Part.MAIN) -> None:
    attempt = turn.state.step(step.id).attempt(part)
    turn.record(StepOutcomeUnknown(run=turn.state.run, step=step.id, attempt=attempt, why=why, part=part))


# ---- verify


def _verify_succeeded(turn: Turn, step: Step, arrival: CallEnded, outcome: Succeeded) -> None:
    assert step.verify is not None  # noqa: S101 - a verify call is begun only for a step that has one
    try:
        agrees = _agrees(turn, step.verify.expect, outcome)
    except RunbookError as problem:
        _record_success(turn, step, arrival, outcome)
        turn.fail(step, reason=Reason.INVALID, detail=f"verify: {problem}", applied=True)
        return
    next_at = None if agrees else _next_look(turn, step)
    _record_success(turn, step, arrival, outcome, next_at)
    if agrees:
        turn.record(StepSucceeded(run=turn.state.run, step=step.id))
    elif next_at is None:
        seen = canonical(outcome.output)[:SHOWN]
        detail = f"verify: `{step.verify.expect.text}` did not come true; last seen {seen}"
        turn.fail(step, reason=Reason.REJECTED, detail=detail, applied=True)


def _verify_failed(turn: Turn, step: Step, arrival: CallEnded, outcome: Failed) -> None:
    next_at = _next_look(turn, step) if outcome.reason in TRANSIENT else None
    _record_failure(turn, step, arrival, outcome, next_at)
    if next_at is None:
        turn.fail(step, reason=outcome.reason, detail=f"verify: {outcome.detail}", applied=True)


def _next_look(turn: Turn, step: Step) -> datetime | None:
    """Return when to look again; None when the verification's time is over, or the run is ending."""
    since = turn.state.step(step.id).verifying_since
    assert step.verify is not None  # noqa: S101 - asked only for a step that is being verified
    assert since is not None  # noqa: S101 - its first call set it
    then = turn.now + step.verify.every
    return then if then <= since + step.verify.within and not turn.ended_early else None


# ---- undo


def _undo_succeeded(turn: Turn, step: Step, arrival: CallEnded, outcome: Succeeded) -> None:
    _record_success(turn, step, arrival, outcome)
    turn.record(StepUndone(run=turn.state.run, step=step.id))


def _undo_failed(turn: Turn, step: Step, arrival: CallEnded, outcome: Failed) -> None:
    doubtful = outcome.may_have_applied and not turn.plan.repeatable(step, Part.UNDO)
    retry_at = None if doubtful else _retry_at(turn, PROBE_RETRY, arrival, outcome)
    _record_failure(turn, step, arrival, outcome, retry_at)
    if retry_at is None:
        undo_failed(turn, step, outcome.reason, outcome.detail)


def undo_failed(turn: Turn, step: Step, reason: str, detail: str) -> None:
    """Say that a step's effect was not taken back."""
    turn.record(StepUndoFailed(run=turn.state.run, step=step.id, reason=reason, detail=detail))


def undo_settled(turn: Turn, step: Step, settlement: Settlement) -> None:
    """Go on once a person said what became of an interrupted undo."""
    if settlement is Settlement.HAPPENED:
        turn.record(StepUndone(run=turn.state.run, step=step.id))
    elif settlement is Settlement.DID_NOT:
        start(turn, step, Part.UNDO)
    else:
        undo_failed(turn, step, Reason.INTERRUPTED, "a person stopped it: whether it was undone is not known")


# ---- interrupted


def interrupted(turn: Turn, step: Step, call: CallStarted) -> None:
    """Decide on a call that the log has begun and nobody saw end, because the process died."""
    again = turn.plan.repeatable(step, call.part)
    turn.record(
        CallInterrupted(run=turn.state.run, step=step.id, part=call.part, attempt=call.attempt, again=again)
    )
    moot = turn.ended_early if call.part is Part.VERIFY else call.part is Part.MAIN and turn.halted()
    if again and moot:
        turn.cancel(step, "it was interrupted, and the run is ending", applied=True)
    elif again:
        start(turn, step, call.part)
    elif call.part is Part.MAIN and step.settle is not None:
        start(turn, step, Part.SETTLE)
    else:
        _unknown(turn, step, "the process was killed while it ran, and it can't be repeated", call.part)


# ---- what all parts share


def _record_success(
    turn: Turn, step: Step, arrival: CallEnded, outcome: Succeeded, next_at: datetime | None = None
) -> None:
    turn.record(
        CallSucceeded(
            run=turn.state.run,
            step=step.id,
            part=arrival.part,
            attempt=arrival.attempt,
            took=arrival.took,
            output=outcome.output,
            next_at=next_at,
        )
    )


def _record_failure(
    turn: Turn, step: Step, arrival: CallEnded, outcome: Failed, retry_at: datetime | None
) -> None:
    turn.record(
        CallFailed(
            run=turn.state.run,
            step=step.id,
            part=arrival.part,
            attempt=arrival.attempt,
            took=arrival.took,
            reason=outcome.reason,
            detail=outcome.detail,
            may_have_applied=outcome.may_have_applied,
            retry_at=retry_at,
            output=outcome.output,
        )
    )


def _retry_at(turn: Turn, retry: Retry, arrival: CallEnded, outcome: Failed) -> datetime | None:
    """Return when the next attempt is due: exponential, spread by full jitter, and never before the target's `Retry-After`."""
    if outcome.reason not in retry.on or arrival.attempt >= retry.attempts:
        return None
    ceiling = min(retry.interval * retry.backoff ** (arrival.attempt - 1), retry.max_interval)
    delay = ceiling * arrival.chance if retry.jitter is Jitter.FULL else ceiling
    asked = min(outcome.retry_after or 0.0, _LONGEST_PAUSE.total_seconds())
    return turn.now + max(delay, timedelta(seconds=asked))


def _agrees(turn: Turn, expect: Expression, outcome: Succeeded) -> bool:
    return expect.is_true(turn.scope(output=outcome.output))


_ON_SUCCESS = {
    Part.MAIN: _main_succeeded,
    Part.SETTLE: _settle_succeeded,
    Part.VERIFY: _verify_succeeded,
    Part.UNDO: _undo_succeeded,
}

_ON_FAILURE = {
    Part.MAIN: _main_failed,
    Part.SETTLE: _settle_failed,
    Part.VERIFY: _verify_failed,
    Part.UNDO: _undo_failed,
}
