"""Calls: what follows from how one ended. How it is begun is in `intents`.

    main      succeeded → verify, or done      too early (`until`) → again      failed → retry, settle, or failed
              interrupted → again, settle, or unknown
    settle    happened → as if main had succeeded      it did not → main again      can't tell → unknown: a person decides
    verify    agrees → done      not yet → later, within its time      never → failed, and the effect stands
    undo      succeeded → undone      failed → retry, or reported as not undone

What may have happened is never assumed not to have: a call that can't be repeated is made again only when it is known not to have been applied.
"""

from __future__ import annotations

from datetime import datetime

from bot.actions.outcome import TRANSIENT, Failed, Reason, Succeeded
from bot.domain.canonical import canonical
from bot.domain.facts import (
    CallFailed,
    CallInterrupted,
    CallStarted,
    CallSucceeded,
    StepSettled,
    StepUndone,
)
from bot.domain.nouns import Part, Settlement, StepStatus
from bot.engine.conductor import intents, retries
from bot.engine.conductor.arrivals import CallEnded
from bot.engine.conductor.retries import PROBE_RETRY
from bot.engine.conductor.turn import Turn
from bot.errors import RunbookError
from bot.runbook.expressions import Expression
from bot.runbook.model import Retry, Step

SHOWN = 200
"""Characters of a value that a failure's sentence shows."""


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
    retry = turn.plan.retry(step)
    if retry.until is None:
        _record_success(turn, step, arrival, outcome)
        happened(turn, step)
        return
    try:
        agrees = _agrees(turn, step, retry.until, outcome)
    except RunbookError as problem:
        _record_success(turn, step, arrival, outcome)
        turn.fail(step, reason=Reason.INVALID, detail=f"until: {problem}", applied=True)
        return
    # What can't be repeated is not done again because it came too early; the linter refuses such a runbook.
    may_repeat = not agrees and turn.plan.repeatable(step) and not turn.halted()
    again_at = retries.until_true(turn.now, retry, _tries(turn, step, arrival)) if may_repeat else None
    _record_success(turn, step, arrival, outcome, again_at)
    if agrees:
        happened(turn, step)
    elif again_at is None:
        not_yet(turn, step)


def not_yet(turn: Turn, step: Step) -> None:
    """End a step whose call was answered, and whose `until` did not come true."""
    until = turn.plan.retry(step).until
    seen = turn.state.step(step.id)
    assert until is not None  # noqa: S101 - asked only for a step that has one
    tries = seen.attempt(Part.MAIN)
    last = canonical(seen.output)[:SHOWN]
    detail = f"`until: {until.text}` did not come true in {tries} {'call' if tries == 1 else 'calls'}; last seen {last}"
    if turn.ended_early:
        turn.cancel(step, detail, applied=True)
    else:
        turn.fail(step, reason=Reason.REJECTED, detail=detail, applied=True)


def happened(turn: Turn, step: Step) -> None:
    """Go on after the step's effect is known to stand."""
    if step.verify is None:
        turn.succeed(step)
    elif turn.ended_early:
        turn.cancel(step, "the run ended before its verification", applied=True)
    else:
        intents.start(turn, step, Part.VERIFY)


def _main_failed(turn: Turn, step: Step, arrival: CallEnded, outcome: Failed) -> None:
    doubtful = outcome.may_have_applied and not turn.plan.repeatable(step)
    may_retry = not doubtful and not turn.halted()
    retry_at = _retry_at(turn, step, turn.plan.retry(step), arrival) if may_retry else None
    _record_failure(turn, step, arrival, outcome, retry_at)
    if retry_at is not None:
        return
    # An earlier attempt may have been applied even when this one was not.
    applied = turn.state.step(step.id).applied
    if doubtful and step.settle is not None:
        intents.start(turn, step, Part.SETTLE)
    elif outcome.reason is Reason.CANCELLED and turn.ended_early:
        turn.cancel(step, outcome.detail, applied=applied)
    else:
        turn.fail(step, reason=outcome.reason, detail=outcome.detail, applied=applied)


# ---- settle


def _settle_succeeded(turn: Turn, step: Step, arrival: CallEnded, outcome: Succeeded) -> None:
    assert step.settle is not None  # noqa: S101 - a settle call is begun only for a step that has one
    _record_success(turn, step, arrival, outcome)
    try:
        agrees = _agrees(turn, step, step.settle.expect, outcome)
    except RunbookError as problem:
        intents.unknown(turn, step, f"the probe's answer could not be read: {problem}")
        return
    settlement = Settlement.HAPPENED if agrees else Settlement.DID_NOT
    why = f"{step.settle.action} was asked"
    turn.record(StepSettled(run=turn.state.run, step=step.id, settlement=settlement, why=why))
    settled(turn, step, settlement)


def _settle_failed(turn: Turn, step: Step, arrival: CallEnded, outcome: Failed) -> None:
    retry_at = None if turn.halted() else _retry_at(turn, step, PROBE_RETRY, arrival)
    _record_failure(turn, step, arrival, outcome, retry_at)
    if retry_at is None:
        intents.unknown(turn, step, f"the probe could not tell: {outcome.detail}")


def settled(turn: Turn, step: Step, settlement: Settlement) -> None:
    """Go on once it is known what became of a main call that nobody saw end."""
    if turn.state.step(step.id).status is StepStatus.PENDING:
        return  # the run was tried again: whatever stands before the call, approval above all, comes before it once more
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
        intents.start(turn, step, Part.MAIN)


# ---- verify


def _verify_succeeded(turn: Turn, step: Step, arrival: CallEnded, outcome: Succeeded) -> None:
    assert step.verify is not None  # noqa: S101 - a verify call is begun only for a step that has one
    try:
        agrees = _agrees(turn, step, step.verify.expect, outcome)
    except RunbookError as problem:
        _record_success(turn, step, arrival, outcome)
        turn.fail(step, reason=Reason.INVALID, detail=f"verify: {problem}", applied=True)
        return
    next_at = None if agrees else _next_look(turn, step)
    _record_success(turn, step, arrival, outcome, next_at)
    if agrees:
        turn.succeed(step)
    elif next_at is None:
        seen = canonical(outcome.output)[:SHOWN]
        detail = f"verify: `{step.verify.expect.text}` did not come true; last seen {seen}"
        turn.fail(step, reason=Reason.REJECTED, detail=detail, applied=True)


def _verify_failed(turn: Turn, step: Step, arrival: CallEnded, outcome: Failed) -> None:
    if outcome.reason in TRANSIENT:
        next_at = _next_look(turn, step)
    else:
        seen = turn.state.step(step.id)
        next_at = None if turn.ended_early else retries.with_the_secret_anew(turn.now, seen, arrival, outcome)
    _record_failure(turn, step, arrival, outcome, next_at)
    if next_at is None:
        turn.fail(step, reason=outcome.reason, detail=f"verify: {outcome.detail}", applied=True)


def _next_look(turn: Turn, step: Step) -> datetime | None:
    """Return when to look again; None when the verification's time is over, or the run is ending."""
    since = turn.state.step(step.id).verifying_since
    assert step.verify is not None  # noqa: S101 - asked only for a step that is being verified
    assert since is not None  # noqa: S101 - its first call set it
    then = turn.clock + step.verify.every
    return then if then <= since + step.verify.within and not turn.ended_early else None


# ---- undo


def _undo_succeeded(turn: Turn, step: Step, arrival: CallEnded, outcome: Succeeded) -> None:
    _record_success(turn, step, arrival, outcome)
    turn.record(StepUndone(run=turn.state.run, step=step.id))


def _undo_failed(turn: Turn, step: Step, arrival: CallEnded, outcome: Failed) -> None:
    doubtful = outcome.may_have_applied and not turn.plan.repeatable(step, Part.UNDO)
    retry_at = None if doubtful else _retry_at(turn, step, PROBE_RETRY, arrival)
    _record_failure(turn, step, arrival, outcome, retry_at)
    if retry_at is None:
        intents.undo_failed(turn, step, outcome.reason, outcome.detail)


def undo_settled(turn: Turn, step: Step, settlement: Settlement) -> None:
    """Go on once a person said what became of an interrupted undo."""
    if settlement is Settlement.HAPPENED:
        turn.record(StepUndone(run=turn.state.run, step=step.id))
    elif settlement is Settlement.DID_NOT:
        intents.start(turn, step, Part.UNDO)
    else:
        intents.undo_failed(
            turn, step, Reason.INTERRUPTED, "a person stopped it: whether it was undone is not known"
        )


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
        intents.start(turn, step, call.part)
    elif call.part is Part.MAIN and step.settle is not None:
        intents.start(turn, step, Part.SETTLE)
    else:
        intents.unknown(
            turn, step, "the process was killed while it ran, and it can't be repeated", call.part
        )


# ---- what all parts share


def _tries(turn: Turn, step: Step, arrival: CallEnded) -> CallEnded:
    """Count attempts from where a person had the run tried again: the runbook's retries are there anew."""
    earlier = turn.state.step(step.id).earlier.get(arrival.part, 0)
    return arrival._replace(attempt=arrival.attempt - earlier) if earlier else arrival


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


def _retry_at(turn: Turn, step: Step, retry: Retry, arrival: CallEnded) -> datetime | None:
    assert isinstance(arrival.outcome, Failed)  # noqa: S101 - asked only of a call that failed
    return retries.after_failure(
        turn.now, turn.state.step(step.id), retry, _tries(turn, step, arrival), arrival.outcome
    )


def _agrees(turn: Turn, step: Step, expect: Expression, outcome: Succeeded) -> bool:
    return expect.is_true(turn.scope(step, output=outcome.output))


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
