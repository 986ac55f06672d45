"""`decide(plan, state, arrival, now) → decisions`: the whole of what a run does next, and why.

The same arguments give the same decisions. What a person asks for and may not have is raised (`bot.errors.Refused`), and then nothing is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from bot.domain.facts import StepSettled
from bot.domain.nouns import Part, StepStatus
from bot.engine.conductor import again, calls, control, recovery, steps
from bot.engine.conductor.arrivals import (
    Arrival,
    Began,
    CallEnded,
    CancelAsked,
    PauseAsked,
    Recovered,
    RequeueAsked,
    ResumeAsked,
    RetryAsked,
    SettlementGiven,
    TimeCame,
    UndoAsked,
    VoteCast,
    Wish,
)
from bot.engine.conductor.gate import OPEN_GATE, Gate
from bot.engine.conductor.phases import advance, watch_deadline
from bot.engine.conductor.plan import Plan
from bot.engine.conductor.state import RunState
from bot.engine.conductor.turn import Decision, Turn
from bot.errors import Conflict


class Decided(NamedTuple):
    """What was decided, and the state that it leads to; `after` is None when that depends on when the facts are written."""

    decisions: tuple[Decision, ...]
    after: RunState | None


def decide(
    plan: Plan, state: RunState, arrival: Arrival, now: datetime, gate: Gate = OPEN_GATE
) -> tuple[Decision, ...]:
    """Return the facts that follow from an arrival, each with its actor, in the order in which they are to be written.

    `gate` is asked before each call; what it answers stands in the facts.

    Raises NotFound, NotAllowed or Conflict when a person's wish can't be granted; a machine's late word (a call that is no longer under way,
    a time that was changed) is no error and decides nothing.
    """
    return conclude(plan, state, arrival, now, gate).decisions


def conclude(plan: Plan, state: RunState, arrival: Arrival, now: datetime, gate: Gate = OPEN_GATE) -> Decided:
    """Decide, and say what comes of it, so that whoever has the facts written need not fold them once more."""
    turn = Turn(plan, state, now, gate)
    if state.over and not isinstance(arrival, RetryAsked | RequeueAsked):
        if isinstance(arrival, Wish):
            msg = f"Run {state.run} is over: it {state.status.value}."
            raise Conflict(msg)
        if not isinstance(arrival, UndoAsked) or state.taking_back:
            return Decided((), state)
    if isinstance(arrival, CallEnded | Recovered):
        # A run that is out of time begins nothing more, whatever has just ended or was interrupted.
        watch_deadline(turn)
    _ON[type(arrival)](turn, arrival)
    advance(turn)
    return Decided(tuple(turn.decisions), turn.state if turn.foreseen else None)


def _nothing(_turn: Turn, _arrival: Began | TimeCame) -> None:
    """Leave it to `advance`: what began, and what is due, shows there."""


def _call_ended(turn: Turn, arrival: CallEnded) -> None:
    calls.ended(turn, steps.named(turn, arrival.step), arrival)


def _vote(turn: Turn, arrival: VoteCast) -> None:
    steps.vote(turn, arrival)


def _settlement(turn: Turn, arrival: SettlementGiven) -> None:
    step = steps.named(turn, arrival.step)
    seen = turn.state.step(step.id)
    part = arrival.part
    asked = seen.undo_unknown if part is Part.UNDO else seen.status is StepStatus.UNKNOWN
    if not asked:
        msg = f"What became of step {step.id!r} is known already."
        raise Conflict(msg, hint="The message in the channel shows how it was settled.")
    if arrival.attempt != seen.attempt(part):
        # It was said of an attempt that was settled before: of the one that is unknown now, nobody has said a thing.
        msg = f"Step {step.id!r} was tried again since, and cut off again."
        raise Conflict(msg, hint="Look at the target once more, and answer the newest question.")
    given = StepSettled(
        run=turn.state.run, step=step.id, settlement=arrival.settlement, why=arrival.why, part=part
    )
    turn.record(given, arrival.by)
    if part is Part.MAIN:
        calls.settled(turn, step, arrival.settlement)
    else:
        calls.undo_settled(turn, step, arrival.settlement)


_ON: Mapping[type, Callable[[Turn, Any], None]] = {
    Began: _nothing,
    TimeCame: _nothing,
    CallEnded: _call_ended,
    Recovered: recovery.recovered,
    VoteCast: _vote,
    SettlementGiven: _settlement,
    CancelAsked: control.cancel,
    PauseAsked: control.pause,
    ResumeAsked: control.resume,
    RetryAsked: again.retry,
    RequeueAsked: recovery.requeue,
    UndoAsked: recovery.undo_asked,
}
