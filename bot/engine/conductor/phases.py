"""Phases: a run goes through its steps, then, when they failed, undo and rescue, and in any case always.

    steps ──ok──────────────────────────────▶ always ─▶ succeeded
      └──failed──▶ [undo] ─▶ rescue ────────▶ always ─▶ failed
      └──cancelled, or out of time──▶ [undo, where it was asked for] ─▶ rescue ─▶ always ─▶ cancelled, failed

A phase that is halted starts nothing more; what runs is let finish, because cutting a call half-way makes its outcome unknown.
A run that is asked to end is different: its calls are stopped, its waits end at once. While a run is paused, nothing follows by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.actions.outcome import Reason
from bot.domain.facts import CallStarted, PhaseEntered, RunCancelRequested, RunFinished
from bot.domain.nouns import Part, Phase, RunStatus, StepStatus
from bot.engine.conductor import calls, doubt, intents, loops, nested, steps
from bot.engine.conductor.escalation import escalate
from bot.engine.conductor.state import StepState
from bot.engine.conductor.turn import Turn
from bot.runbook.model import NoUndo, OnFailure, Step, Undo


def advance(turn: Turn) -> None:
    """Decide all that follows by itself from what is true now."""
    watch_deadline(turn)
    while not (turn.state.over or turn.held):
        before = len(turn.decisions)
        if turn.state.phase is Phase.UNDO:
            _undo(turn)
        else:
            _work(turn)
        # That a call has begun lets nothing else begin: of most turns, one look at all steps is enough.
        if all(type(fact) is CallStarted for _, fact in turn.decisions[before:]):
            return


def watch_deadline(turn: Turn) -> None:
    """End the run early when its time is over."""
    state = turn.state
    if state.over or state.stopping or turn.held or state.phase is not Phase.STEPS:
        return
    if state.deadline is not None and turn.now >= state.deadline:
        turn.record(RunCancelRequested(run=state.run, why="the run's time is over"))


# ---- phases that have steps of their own


def _work(turn: Turn) -> None:
    members = turn.plan.runbook.steps_of(turn.state.phase)
    left = turn.left(members)
    for step in loops.with_items_under_way(turn, left):
        if step.id in turn.state.steps:
            _wait_over(turn, step)
    if turn.halted():
        _wind_down(turn, left)
    for step in left:
        if step.loop is not None and turn.state.step(step.id).status is StepStatus.RUNNING:
            loops.go_on(turn, step, step.loop)
        elif steps.ready(turn, step) and not turn.halted():
            steps.begin(turn, step)
    if turn.state.retried_by:
        loops.leave(turn, members)
    if not turn.left(left):
        _leave(turn)


def _wait_over(turn: Turn, step: Step) -> None:
    """Do what an instant that has come brings: a retry, another look, an expiry."""
    seen = turn.state.step(step.id)
    if seen.status is StepStatus.WAITING_APPROVAL:
        assert seen.approval is not None  # noqa: S101 - the status says so
        expires_at = seen.approval.asked.expires_at
        due = expires_at is not None and turn.now >= expires_at
        if due and (turn.halted() or not escalate(turn, step)):
            steps.expire(turn, step)
    elif seen.held is not None:
        moot = turn.halted() if seen.part is Part.MAIN else turn.ended_early
        if not moot and not turn.gate.waits((turn.state.run, step.id, seen.part, seen.held.attempt)):
            intents.start(turn, step, seen.part)
    elif seen.due is not None and turn.now >= seen.due and not seen.status.final:
        moot = turn.ended_early or (seen.status is StepStatus.WAITING_RETRY and turn.halted())
        if not moot:
            intents.start(turn, step, seen.part)
    elif seen.again and not turn.halted():
        intents.start(turn, step, Part.MAIN)


def _wind_down(turn: Turn, members: Sequence[Step]) -> None:
    """End what has not begun and what only waits; leave what runs to its end."""
    why = turn.state.cancelled if turn.ended_early else "the run stopped at a failed step"
    for step in loops.with_items_under_way(turn, members):
        seen = turn.state.step(step.id)
        if step.loop is not None and seen.status is StepStatus.RUNNING:
            continue  # it ends when its items have
        if seen.status is StepStatus.WAITING_APPROVAL:
            steps.withdraw(turn, step, why or "the run was cancelled")
        elif seen.status is StepStatus.PENDING:
            doubt.leave(turn, step, why or "the run was cancelled")
        elif seen.status is StepStatus.HELD:
            # Its call was not made; an earlier attempt may have been.
            turn.cancel(step, why or "the run was cancelled", applied=seen.applied)
        elif seen.status is StepStatus.WAITING_RETRY and not seen.reason:
            calls.not_yet(turn, step)
        elif seen.status is StepStatus.WAITING_RETRY:
            turn.fail(step, reason=seen.reason, detail=seen.detail, applied=seen.applied)
        elif seen.again:
            turn.cancel(step, "it was to be tried again, and the run is ending", applied=seen.applied)
        elif turn.ended_early and seen.call is None and not seen.status.final:
            turn.cancel(step, why or "the run was cancelled", applied=True)


def _leave(turn: Turn) -> None:
    """Go on to the next phase, or end the run."""
    state = turn.state
    if state.phase is Phase.STEPS and (turn.ended_early or turn.breaking()):
        reason, detail = _why_failed(turn)
        undo = _breaks_with_undo(turn)
        turn.record(
            PhaseEntered(
                run=state.run, phase=Phase.UNDO if undo else Phase.RESCUE, reason=reason, detail=detail
            )
        )
    elif state.phase is Phase.ALWAYS:
        _finish(turn)
    else:
        broken = turn.breaking()
        detail = f"step {broken.id}: {state.step(broken.id).detail}" if broken else ""
        reason = state.step(broken.id).reason if broken else ""
        turn.record(PhaseEntered(run=state.run, phase=Phase.ALWAYS, reason=reason, detail=detail))


def _why_failed(turn: Turn) -> tuple[str, str]:
    state, broken = turn.state, turn.breaking()
    if broken is not None and not turn.ended_early:
        seen = state.step(broken.id)
        return seen.reason, f"step {broken.id}: {seen.detail}"
    return (Reason.TIMEOUT if state.timed_out else Reason.CANCELLED), state.cancelled or "cancelled"


def _breaks_with_undo(turn: Turn) -> bool:
    if turn.ended_early:
        return turn.state.undo
    members = turn.plan.runbook.steps_of(Phase.STEPS)
    return any(
        step.on_failure is OnFailure.UNDO and turn.state.step(step.id).status is StepStatus.FAILED
        for step in members
    )


def _finish(turn: Turn) -> None:
    broken = turn.breaking()
    seen = turn.state.step(broken.id) if broken else StepState()
    reason = turn.state.reason or seen.reason
    detail = turn.state.detail or (f"step {broken.id}: {seen.detail}" if broken else "")
    by_a_person = turn.state.stopping and not turn.state.timed_out
    failed = RunStatus.CANCELLED if by_a_person else RunStatus.FAILED
    status = failed if reason else RunStatus.SUCCEEDED
    turn.record(RunFinished(run=turn.state.run, status=status, reason=reason, detail=detail))


# ---- undo: the reverse of completion


def _undo(turn: Turn) -> None:
    """Take back effects one at a time, last completed first; say of each what came of it."""
    if any(seen.call is not None and seen.call.part is Part.MAIN for seen in turn.state.steps.values()):
        return  # a run inside this one, which Fireline gave up on, is ending still
    for step in turn.plan.runbook.steps_of(Phase.STEPS):
        if step.loop is not None:
            loops.say_undone(turn, step)
    for step in _to_undo(turn):
        seen = turn.state.step(step.id)
        if seen.call is not None or seen.undo_unknown:
            return
        if seen.due is not None and turn.now < seen.due:
            return
        if isinstance(step.undo, Undo) or nested.takes_back(step):
            intents.start(turn, step, Part.UNDO)
        else:
            why = (
                f"can't be undone: {step.undo.why}"
                if isinstance(step.undo, NoUndo)
                else "the runbook has no undo for it"
            )
            intents.undo_failed(turn, step, Reason.REJECTED, why)
        return
    if turn.state.taking_back:
        _taken_back(turn)
    else:
        turn.record(PhaseEntered(run=turn.state.run, phase=Phase.RESCUE))


def _taken_back(turn: Turn) -> None:
    """End a run that was taken up again only to undo what it did; its rescue and always have run, or were not called for."""
    state = turn.state
    left = nested.left_standing(turn.plan, state)
    detail = f"not everything could be taken back: {', '.join(left)}" if left else ""
    status, reason = (RunStatus.FAILED, Reason.REJECTED) if left else (RunStatus.UNDONE, "")
    turn.record(RunFinished(run=state.run, status=status, reason=reason, detail=detail))


def _to_undo(turn: Turn) -> list[Step]:
    """Return the steps whose effect may stand, in reverse order of completion."""
    members = turn.plan.runbook.steps_of(Phase.STEPS)
    state = turn.state
    standing = [step for step in loops.with_items(turn, members) if nested.stands(turn.plan, state, step)]
    left = [step for step in standing if not state.step(step.id).undo_closed]
    return sorted(left, key=lambda step: -state.step(step.id).order)
