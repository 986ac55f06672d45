"""`evolve(state, fact, at) → state`: how each fact changes a run, as a table from kind of fact to function.

A fact that the table does not name leaves the run as it is: the stream of an incident holds more than runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from bot.actions.nested import RUN_RUNBOOK
from bot.actions.outcome import Reason
from bot.domain.events import Event
from bot.domain.facts import (
    ApprovalClosed,
    ApprovalEscalated,
    ApprovalRequested,
    ApprovalVoted,
    CallFailed,
    CallHeld,
    CallInterrupted,
    CallRefused,
    CallStarted,
    CallSucceeded,
    Fact,
    LoopBegan,
    LoopExpanded,
    PhaseEntered,
    RunCancelRequested,
    RunFinished,
    RunPaused,
    RunRequeued,
    RunResumed,
    RunRetried,
    RunStarted,
    RunUndoRequested,
    StepCancelled,
    StepFailed,
    StepOutcomeUnknown,
    StepSettled,
    StepSkipped,
    StepSucceeded,
    StepUndoFailed,
    StepUndone,
)
from bot.domain.nouns import (
    FIRELINE,
    Actor,
    ApprovalStatus,
    Part,
    Phase,
    RunStatus,
    Settlement,
    StepStatus,
)
from bot.engine.conductor import pausing, retrying
from bot.engine.conductor.copies import replace
from bot.engine.conductor.state import ApprovalState, GivenUp, RunState, StepState

Change = Callable[[StepState, Any, datetime, Actor], StepState]


def begin(fact: RunStarted, at: datetime) -> RunState:
    """Return the state of a run that has just begun."""
    return RunState(
        run=fact.run,
        runbook=fact.runbook,
        digest=fact.digest,
        seed=fact.seed,
        autonomy=fact.autonomy,
        inputs=fact.inputs,
        scope=fact.scope,
        requested_by=fact.requested_by,
        started_at=at,
        deadline=fact.deadline,
        parent=fact.parent,
        ancestors=fact.ancestors,
    )


def evolve(state: RunState, fact: Fact, at: datetime, actor: Actor = FIRELINE) -> RunState:
    """Return the run after a fact; `at` is when it happened, `actor` who caused it."""
    of_step = _OF_STEP.get(type(fact))
    if of_step is None:
        of_run = _OF_RUN.get(type(fact))
        return state if of_run is None else of_run(state, fact, at, actor)
    step = fact.step  # type: ignore[attr-defined]  # every fact in the table has it
    before = state.step(step)
    after = of_step(before, fact, at, actor)
    if after.status.final and not before.status.final:
        ended = state.ended + 1
        return replace(
            state,
            ended=ended,
            steps={**state.steps, step: replace(after, order=ended, again=False, held=None)},
        )
    return state.with_step(step, after)


def minds_the_instant(fact: Fact) -> bool:
    """Tell whether a state after a fact depends on when it happened; after any other, a state that was foreseen is the state that came about."""
    if type(fact) is CallStarted:
        return fact.part is Part.VERIFY
    if type(fact) is RunFinished:
        return fact.given_up
    return type(fact) in _MIND_THE_INSTANT


def replay(events: Iterable[Event]) -> RunState | None:
    """Fold a run's events, its start first, into its state; None when there are none."""
    state: RunState | None = None
    for event in events:
        if isinstance(event.fact, RunStarted):
            state = begin(event.fact, event.at)
        elif state is not None:
            state = evolve(state, event.fact, event.at, event.actor)
    return state


# ---- facts of the run as a whole


def _phase_entered(state: RunState, fact: PhaseEntered, _at: datetime, _actor: Actor) -> RunState:
    return replace(
        state, phase=fact.phase, reason=state.reason or fact.reason, detail=state.detail or fact.detail
    )


def _cancel_requested(state: RunState, fact: RunCancelRequested, _at: datetime, actor: Actor) -> RunState:
    timed_out = state.timed_out or actor == FIRELINE
    return replace(state, cancelled=fact.why, cancelled_by=actor, undo=fact.undo, timed_out=timed_out)


def _undo_requested(state: RunState, _fact: RunUndoRequested, _at: datetime, _actor: Actor) -> RunState:
    return replace(
        state,
        status=RunStatus.RUNNING,
        phase=Phase.UNDO,
        taking_back=True,
        given_up=None,
        reason="",
        detail="",
    )


def _finished(state: RunState, fact: RunFinished, at: datetime, _actor: Actor) -> RunState:
    given_up = None
    if fact.given_up:
        given_up = GivenUp(since=state.paused or at, reason=state.reason, detail=state.detail)
    return replace(
        state, status=fact.status, reason=fact.reason, detail=fact.detail, paused=None, given_up=given_up
    )


# ---- facts of one step


def _skipped(step: StepState, fact: StepSkipped, _at: datetime, _actor: Actor) -> StepState:
    return replace(step, status=StepStatus.SKIPPED, detail=fact.why, stopped=fact.stopped)


def _loop_expanded(step: StepState, fact: LoopExpanded, _at: datetime, _actor: Actor) -> StepState:
    return replace(step, items=fact.items, over=fact.over)


def _loop_began(step: StepState, _fact: LoopBegan, _at: datetime, _actor: Actor) -> StepState:
    return replace(step, status=StepStatus.RUNNING)


def _approval_requested(step: StepState, fact: ApprovalRequested, _at: datetime, _actor: Actor) -> StepState:
    return replace(
        step, status=StepStatus.WAITING_APPROVAL, approval=ApprovalState(asked=fact), asked=step.asked + 1
    )


def _approval_escalated(step: StepState, fact: ApprovalEscalated, _at: datetime, _actor: Actor) -> StepState:
    approval = step.approval
    if approval is None or approval.asked.approval != fact.approval:
        return step
    asked = replace(approval.asked, sources=fact.sources, expires_at=fact.expires_at)
    return replace(step, approval=replace(approval, asked=asked, escalated=True))


def _approval_voted(step: StepState, fact: ApprovalVoted, _at: datetime, actor: Actor) -> StepState:
    approval = step.approval
    if approval is None or approval.asked.approval != fact.approval:
        return step
    return replace(step, approval=replace(approval, votes={**approval.votes, actor: fact.vote}))


def _approval_closed(step: StepState, fact: ApprovalClosed, _at: datetime, _actor: Actor) -> StepState:
    approval = step.approval
    if approval is None or approval.asked.approval != fact.approval:
        return step
    if fact.status is ApprovalStatus.APPROVED:
        return replace(step, status=StepStatus.PENDING, approval=replace(approval, granted=True))
    return replace(step, status=StepStatus.PENDING, approval=None)


_STATUS_OF_PART: Mapping[Part, StepStatus] = {
    Part.MAIN: StepStatus.RUNNING,
    Part.SETTLE: StepStatus.RUNNING,
    Part.VERIFY: StepStatus.VERIFYING,
}


# A probe that waits is part of what its step is doing: one that a retry looks into first must not seem to have nothing before it.
_HELD: Mapping[Part, StepStatus] = {**_STATUS_OF_PART, Part.MAIN: StepStatus.HELD}
_REFUSED: Mapping[Part, StepStatus] = {**_STATUS_OF_PART, Part.MAIN: StepStatus.WAITING_RETRY}


def _call_started(step: StepState, fact: CallStarted, at: datetime, _actor: Actor) -> StepState:
    first_look = fact.part is Part.VERIFY and step.verifying_since is None
    return replace(
        step,
        # An undo leaves the status as it is: it tells how the step itself ended.
        status=_STATUS_OF_PART.get(fact.part, step.status),
        part=fact.part,
        call=fact,
        attempts={**step.attempts, fact.part: fact.attempt},
        sent={**step.sent, fact.part: fact.inputs},
        due=None,
        again=False,
        anew=step.anew and fact.part is not Part.MAIN,
        verifying_since=at if first_look else step.verifying_since,
        held=None,
        held_since=None,
        refused_since=None,
    )


def _call_held(step: StepState, fact: CallHeld, at: datetime, _actor: Actor) -> StepState:
    return replace(
        step,
        status=_HELD.get(fact.part, step.status),
        part=fact.part,
        sent={**step.sent, fact.part: fact.inputs},
        # Not `fact.until`: the gate wakes whom it holds.
        due=None,
        again=False,
        held=fact,
        held_since=step.held_since or at,
    )


def _call_refused(step: StepState, fact: CallRefused, at: datetime, _actor: Actor) -> StepState:
    return replace(
        step,
        status=step.status if fact.retry_at is None else _REFUSED.get(fact.part, step.status),
        part=fact.part,
        sent={**step.sent, fact.part: fact.inputs},
        due=fact.retry_at,
        again=False,
        reason=Reason.UNAVAILABLE,
        detail=fact.detail,
        held=None,
        held_since=None,
        refused_since=step.refused_since or at,
    )


def _call_succeeded(step: StepState, fact: CallSucceeded, _at: datetime, _actor: Actor) -> StepState:
    if fact.part is not Part.MAIN:
        return replace(step, call=None, due=fact.next_at)
    inside = step.call is not None and step.call.action == RUN_RUNBOOK
    # A run inside this one says itself whether it changed anything; of any other call that succeeded it is taken for granted.
    applied = step.applied or not inside or bool(fact.output.get("changed", True))
    done = replace(step, call=None, due=fact.next_at, output=fact.output, applied=applied)
    if fact.next_at is None:
        return done
    return replace(done, status=StepStatus.WAITING_RETRY, reason="", detail="")


def _call_failed(step: StepState, fact: CallFailed, _at: datetime, _actor: Actor) -> StepState:
    main = fact.part is Part.MAIN
    waiting = fact.retry_at is not None and main
    return replace(
        step,
        call=None,
        due=fact.retry_at,
        status=StepStatus.WAITING_RETRY if waiting else step.status,
        reason=fact.reason,
        detail=fact.detail,
        output=fact.output if main else step.output,
        applied=step.applied or (main and fact.may_have_applied),
        refreshed=step.refreshed | {fact.part} if fact.reason == Reason.UNAUTHORIZED else step.refreshed,
    )


def _call_interrupted(step: StepState, fact: CallInterrupted, _at: datetime, _actor: Actor) -> StepState:
    # Nobody saw how it ended, so it may have been applied, whatever a later attempt says of itself.
    main = fact.part is Part.MAIN
    return replace(step, call=None, due=None, again=main and fact.again, applied=step.applied or main)


def _outcome_unknown(step: StepState, fact: StepOutcomeUnknown, _at: datetime, _actor: Actor) -> StepState:
    if fact.part is Part.UNDO:
        # How the step itself ended is known; only its undo is not.
        return replace(step, undo_unknown=True, due=None)
    return replace(step, status=StepStatus.UNKNOWN, detail=fact.why, due=None)


def _settled(step: StepState, fact: StepSettled, _at: datetime, _actor: Actor) -> StepState:
    if fact.part is Part.UNDO:
        return replace(step, undo_unknown=False)
    again = fact.settlement is Settlement.DID_NOT
    if again and step.anew:
        return retrying.as_new(step)
    return replace(step, status=StepStatus.RUNNING, part=Part.MAIN, again=again, applied=not again)


def _succeeded(step: StepState, _fact: StepSucceeded, _at: datetime, _actor: Actor) -> StepState:
    return replace(step, status=StepStatus.SUCCEEDED, due=None, reason="", detail="")


def _failed(step: StepState, fact: StepFailed, _at: datetime, _actor: Actor) -> StepState:
    return replace(
        step, status=StepStatus.FAILED, due=None, reason=fact.reason, detail=fact.detail, applied=fact.applied
    )


def _cancelled(step: StepState, fact: StepCancelled, _at: datetime, _actor: Actor) -> StepState:
    return replace(step, status=StepStatus.CANCELLED, due=None, detail=fact.why, applied=fact.applied)


def _undone(step: StepState, _fact: StepUndone, _at: datetime, _actor: Actor) -> StepState:
    return replace(step, status=StepStatus.UNDONE, applied=False, undo_closed=True, due=None)


def _undo_failed(step: StepState, _fact: StepUndoFailed, _at: datetime, _actor: Actor) -> StepState:
    return replace(step, undo_closed=True, due=None)


_MIND_THE_INSTANT = frozenset({CallHeld, CallRefused, RunPaused, RunRetried})

_OF_RUN: Mapping[type[Fact], Callable[[RunState, Any, datetime, Actor], RunState]] = {
    PhaseEntered: _phase_entered,
    RunCancelRequested: _cancel_requested,
    RunUndoRequested: _undo_requested,
    RunFinished: _finished,
    RunPaused: pausing.paused,
    RunResumed: pausing.resumed,
    RunRetried: retrying.retried,
    RunRequeued: pausing.requeued,
}

_OF_STEP: Mapping[type[Fact], Change] = {
    StepSkipped: _skipped,
    LoopExpanded: _loop_expanded,
    LoopBegan: _loop_began,
    ApprovalRequested: _approval_requested,
    ApprovalEscalated: _approval_escalated,
    ApprovalVoted: _approval_voted,
    ApprovalClosed: _approval_closed,
    CallStarted: _call_started,
    CallHeld: _call_held,
    CallRefused: _call_refused,
    CallSucceeded: _call_succeeded,
    CallFailed: _call_failed,
    CallInterrupted: _call_interrupted,
    StepOutcomeUnknown: _outcome_unknown,
    StepSettled: _settled,
    StepSucceeded: _succeeded,
    StepFailed: _failed,
    StepCancelled: _cancelled,
    StepUndone: _undone,
    StepUndoFailed: _undo_failed,
}
