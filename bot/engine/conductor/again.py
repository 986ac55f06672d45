"""A run that failed is tried again: what was done stands and is not done twice, what failed and what never began is done still.

    failed, surely without effect ─▶ as if it had never begun: condition, approval, call, under a new key
    its effect may stand          ─▶ repeatable: called again under the same key   else: `settle`, or a person, says whether it does
    its verification failed       ─▶ looked at again: the effect is there, only whether it helped is open

Nothing goes on from an effect that was undone: such a run is started anew.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.actions.nested import RUN_RUNBOOK, is_nested
from bot.domain.facts import RunRetried
from bot.domain.nouns import Part, Phase, RunStatus, StepStatus
from bot.engine.conductor import calls, loops, steps
from bot.engine.conductor.arrivals import RetryAsked
from bot.engine.conductor.turn import Turn
from bot.errors import Conflict
from bot.runbook.model import OnFailure, Step


def retry(turn: Turn, arrival: RetryAsked) -> None:
    """Take a failed run up again; Conflict says why it can't be."""
    _may_be_retried(turn)
    state = turn.state
    members = list(loops.with_items(turn, turn.plan.runbook.steps_of(Phase.STEPS)))
    # A run inside this one is no call that could be cut off: the log knows how it stands.
    under_way = [
        (step, call)
        for step in members
        if (call := state.step(step.id).call) is not None and not is_nested(call.action)
    ]
    left = [step for step in members if _is_left(turn, step)]
    cleanup = [step for step in _cleanup(turn) if step.id in state.steps]
    # What was asked when Fireline gave up on the run is taken back as any question is, and so comes to be asked anew.
    asked = [
        step for step in (*members, *cleanup) if state.step(step.id).status is StepStatus.WAITING_APPROVAL
    ]
    timeout = turn.plan.runbook.timeout
    turn.record(
        RunRetried(
            run=state.run,
            why=arrival.why,
            steps=tuple(step.id for step in left),
            cleanup=tuple(step.id for step in cleanup if step not in asked),
            deadline=turn.now + timeout if timeout is not None else None,
        ),
        arrival.by,
    )
    for step in asked:
        steps.void(turn, step, "the run is tried again, and people are asked anew")
    for step, call in under_way:
        # Fireline gave up on the run while it was under way: nobody saw it end.
        calls.interrupted(turn, step, call)


def _may_be_retried(turn: Turn) -> None:
    state = turn.state
    if not state.over:
        msg = f"Run {state.run} is under way: there is nothing to try again yet."
        raise Conflict(msg, hint="Its message shows what it waits for. Cancel it to end it.")
    anew = f"Start the runbook {state.runbook} anew."
    if state.status is not RunStatus.FAILED:
        msg = f"Run {state.run} {_ENDED[state.status]}: only one that failed can be tried again."
        raise Conflict(msg, hint=anew)
    if state.parent is not None:
        msg = f"Run {state.run} runs inside run {state.parent}, which has gone on without it."
        raise Conflict(msg, hint=f"Try run {state.parent} again, or start its runbook anew.")
    for step in loops.with_items(turn, turn.plan.runbook.steps_of(Phase.STEPS)):
        if step.action == RUN_RUNBOOK and _is_left(turn, step) and state.step(step.id).applied:
            msg = f"Run {state.run} failed in a run inside it, and what that one did may stand: it can't be begun again."
            raise Conflict(
                msg, hint=f"Undo by hand what stands, then start the runbook {state.runbook} anew."
            )
    if any(step.status is StepStatus.UNDONE or step.attempt(Part.UNDO) for step in state.steps.values()):
        msg = f"What run {state.run} did was undone, so there is nothing left to go on from."
        raise Conflict(msg, hint=anew)


_ENDED = {
    RunStatus.SUCCEEDED: "succeeded",
    RunStatus.CANCELLED: "was cancelled",
    RunStatus.UNDONE: "was undone",
}


def _is_left(turn: Turn, step: Step) -> bool:
    """Tell whether a step is to be done still. A failure that the run went past, as its runbook says, stands."""
    seen = turn.state.step(step.id)
    if step.id not in turn.state.steps:
        return False
    if seen.status is StepStatus.FAILED:
        return step.on_failure is not OnFailure.CONTINUE
    skipped = seen.status is StepStatus.SKIPPED and seen.stopped
    return skipped or seen.status in (StepStatus.CANCELLED, StepStatus.PENDING)


def _cleanup(turn: Turn) -> Iterable[Step]:
    for phase in (Phase.RESCUE, Phase.ALWAYS):
        yield from loops.with_items(turn, turn.plan.runbook.steps_of(phase))
