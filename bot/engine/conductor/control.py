"""What people ask of a run as a whole: end, with or without undo; pause; go on. Each is granted with a fact, or refused with what to do instead."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.facts import Postponed, RunCancelRequested, RunPaused, RunResumed
from bot.domain.nouns import Actor, Phase, StepStatus
from bot.engine.conductor.arrivals import CancelAsked, PauseAsked, ResumeAsked
from bot.engine.conductor.state import ApprovalState
from bot.engine.conductor.turn import Turn
from bot.errors import Conflict


def cancel(turn: Turn, arrival: CancelAsked) -> None:
    """Ask the run to end. Undo may be asked for later than the end, as long as the steps have not been left."""
    state = turn.state
    if arrival.undo and state.phase is not Phase.STEPS:
        msg = f"Run {state.run} has left its steps: what it did can't be undone any more by cancelling."
        raise Conflict(
            msg, hint="Its message shows what stands; undo that by hand, or with a runbook for it."
        )
    if state.stopping and (state.undo or not arrival.undo):
        hint = "It is paused: resume it, so that it can end." if turn.held else ""
        raise Conflict(f"Run {state.run} is ending already.", hint=hint)
    if turn.held:
        _go_on(turn, arrival.by, "it is to end")
    why = arrival.why or "cancelled by hand"
    turn.record(RunCancelRequested(run=state.run, why=why, undo=arrival.undo), arrival.by)


def pause(turn: Turn, arrival: PauseAsked) -> None:
    """Hold the run: what is under way is let finish, nothing begins, and its clock stands still."""
    if turn.held:
        raise Conflict(f"Run {turn.state.run} is paused already.", hint="`resume` lets it go on.")
    asking = tuple(each.asked.approval for each in _open_approvals(turn))
    turn.record(RunPaused(run=turn.state.run, why=arrival.why, asking=asking), arrival.by)


def resume(turn: Turn, arrival: ResumeAsked) -> None:
    """Let a paused run go on."""
    if not turn.held:
        raise Conflict(f"Run {turn.state.run} is not paused.", hint="Its message shows what it is doing.")
    _go_on(turn, arrival.by, arrival.why)


def _go_on(turn: Turn, by: Actor, why: str) -> None:
    length = max(turn.now - turn.clock, timedelta())
    fact = RunResumed(
        run=turn.state.run, paused_for=length.total_seconds(), why=why, postponed=postponed(turn, length)
    )
    turn.record(fact, by)


def postponed(turn: Turn, length: timedelta) -> tuple[Postponed, ...]:
    """Return when the questions that wait expire, after the run's clock stood still for so long."""
    return tuple(
        Postponed(
            approval=each.asked.approval,
            expires_at=each.asked.expires_at + length if each.asked.expires_at is not None else None,
        )
        for each in _open_approvals(turn)
    )


def _open_approvals(turn: Turn) -> list[ApprovalState]:
    """Return the questions that people have not answered yet."""
    return [
        step.approval
        for step in turn.state.steps.values()
        if step.status is StepStatus.WAITING_APPROVAL and step.approval is not None
    ]
