"""Steps: when one is ready, what must be true before its action runs, and the approval that may stand in between.

ready → condition → autonomy → [list of a loop] → inputs → approval → call, or the items of the loop
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.actions.contract import Effect, InvalidInputs
from bot.actions.nested import is_nested
from bot.actions.outcome import Reason
from bot.domain.canonical import canonical, digest_of
from bot.domain.facts import ApprovalClosed, ApprovalRequested, ApprovalVoted
from bot.domain.ids import Digest, StepId, approval_id
from bot.domain.nouns import ApprovalStatus, Part, StepStatus, Vote
from bot.engine.conductor import doubt, intents, loops, nested
from bot.engine.conductor.arrivals import VoteCast
from bot.engine.conductor.escalation import escalate
from bot.engine.conductor.state import ApprovalState
from bot.engine.conductor.turn import Turn
from bot.errors import Conflict, NotAllowed, NotFound, RunbookError
from bot.policy.approvals import ANYONE, right_to_decide
from bot.policy.autonomy import Gate, gate
from bot.runbook.expressions import Expression
from bot.runbook.loops import asked_of_items
from bot.runbook.model import ApprovalRule, NoUndo, OnExpiry, Step, Undo

ANY_OTHER_PERSON = ApprovalRule(sources=(ANYONE,), quorum=1, expires=None, on_expiry=OnExpiry.DENY)
"""What `autonomy: approve` demands of a step that names no approval of its own."""


def ready(turn: Turn, step: Step) -> bool:
    """Tell whether nothing that the step needs is still under way."""
    seen = turn.state.steps
    if step.id in seen and seen[step.id].status is not StepStatus.PENDING:
        return False
    return not turn.left_of(step.needs)


def begin(turn: Turn, step: Step) -> None:
    """Take a ready step as far as it goes now: skipped, failed, asking, or running."""
    waiting = turn.state.step(step.id).approval
    if waiting is not None and waiting.granted:
        _begin_approved(turn, step, waiting.asked.digest)
        return
    if doubt.look_into(turn, step):
        return
    try:
        if (kept_out := _kept_out(turn, step)) is not None:
            turn.skip(step, f"`if: {kept_out.text}` is false")
            return
        effect = turn.plan.effect(step)
        # What a runbook inside this one does stands at the gate step by step, in that run.
        demanded = Gate.OPEN if is_nested(step.action) else gate(turn.state.autonomy, effect)
        if demanded is Gate.SHUT:
            turn.skip(
                step, f"autonomy `{turn.state.autonomy}` only looks, and this step would {effect.value}"
            )
            return
        if step.loop is not None and not loops.expand(turn, step, step.loop):
            return
    except RunbookError as problem:
        _fail(turn, step, Reason.INVALID, str(problem))
        return
    asks = demanded is Gate.ASK or turn.state.step(step.id).over
    rule = step.approval or (ANY_OTHER_PERSON if asks else None)
    if rule is None:
        _start(turn, step)
    else:
        _ask(turn, step, rule, effect)


def _kept_out(turn: Turn, step: Step) -> Expression | None:
    """Return the condition that keeps a step out; None when there is none, when it is true, and when each item of a loop is asked for itself.

    What was called before a retry was let in then, and what that call did may stand: it is not asked again.
    """
    condition = step.condition
    of_items = step.loop is not None and condition is not None and asked_of_items(condition)
    if condition is None or of_items or turn.state.step(step.id).applied:
        return None
    return None if condition.is_true(turn.scope()) else condition


def _start(turn: Turn, step: Step) -> None:
    if step.loop is not None:
        loops.begin(turn, step)
    else:
        intents.start(turn, step, Part.MAIN)


def _shown(turn: Turn, step: Step) -> tuple[Mapping[str, Any], str]:
    """Return exactly what would run and what it touches; RunbookError or InvalidInputs tell what does not fit."""
    if step.loop is not None:
        inputs = loops.shown(turn, step)
        return inputs, loops.targets(turn, step, inputs)
    inputs = intents.inputs_of(turn, step, Part.MAIN)
    return inputs, turn.plan.target(step.action, inputs)


def _ask(turn: Turn, step: Step, rule: ApprovalRule, effect: Effect) -> None:
    """Ask people, showing exactly what will run."""
    try:
        inputs, target = _shown(turn, step)
        effect = nested.worst(turn, step, inputs) if is_nested(step.action) else effect
        undo = _undo_in_words(turn, step)
    except (RunbookError, InvalidInputs) as problem:
        _fail(turn, step, Reason.INVALID, str(problem))
        return
    state = turn.state
    expires = rule.expires or turn.plan.approval_expiry
    turn.record(
        ApprovalRequested(
            run=state.run,
            step=step.id,
            approval=approval_id(state.run, step.id, state.step(step.id).asked + 1),
            digest=shown_digest(turn, step, inputs),
            action=step.action,
            effect=effect,
            target=target,
            inputs=inputs,
            sources=rule.sources,
            quorum=rule.quorum,
            undo=undo,
            requested_by=state.retried_by[-1] if state.retried_by else state.requested_by,
            expires_at=turn.now + expires if expires else None,
            items=len(state.step(step.id).items or ()),
            over=state.step(step.id).over,
        )
    )


def shown_digest(turn: Turn, step: Step, inputs: Mapping[str, Any]) -> Digest:
    """Return what binds an approval: the runbook, the step, its action and its rendered inputs."""
    return digest_of([turn.state.digest, step.id, step.action, inputs])


def _undo_in_words(turn: Turn, step: Step) -> str:
    if isinstance(step.undo, Undo):
        try:
            inputs = (
                step.undo.inputs.tree
                if step.loop
                else step.undo.inputs.render(turn.call_scope(step, Part.UNDO))
            )
        except RunbookError:
            # It may name what the step itself will answer: then it is shown as it is written.
            inputs = step.undo.inputs.tree
        each = ", for each item" if step.loop else ""
        return f"{step.undo.action} {canonical(inputs)}{each}"
    if nested.takes_back(step):
        return "its own steps' undos, in reverse order"
    return f"none: {step.undo.why}" if isinstance(step.undo, NoUndo) else ""


def _begin_approved(turn: Turn, step: Step, approved: Digest) -> None:
    """Run what was approved; when it is no longer what was shown, the approval is void and people are asked anew."""
    try:
        inputs, _ = _shown(turn, step)
    except (RunbookError, InvalidInputs) as problem:
        _fail(turn, step, Reason.INVALID, str(problem))
        return
    if shown_digest(turn, step, inputs) == approved:
        _start(turn, step)
    else:
        _close(turn, step, ApprovalStatus.VOID, "what would run changed after it was shown")


def _close(turn: Turn, step: Step, status: ApprovalStatus, why: str) -> None:
    approval = _open(turn, step).asked.approval
    turn.record(ApprovalClosed(run=turn.state.run, step=step.id, approval=approval, status=status, why=why))


def _fail(turn: Turn, step: Step, reason: Reason, detail: str) -> None:
    """Fail a step before its call; what it did before the run was tried again may stand all the same."""
    turn.fail(step, reason=reason, detail=detail, applied=turn.state.step(step.id).applied)


def vote(turn: Turn, arrival: VoteCast) -> None:
    """Count a person's word. NotFound, NotAllowed or Conflict say why it does not count."""
    step = _asking(turn, arrival)
    asked = _open(turn, step).asked
    if arrival.digest != asked.digest:
        msg = "What you were shown is not what would run now."
        raise Conflict(msg, hint="Look at the newest request and decide on that.")
    if asked.expires_at is not None and turn.clock >= asked.expires_at:
        if not escalate(turn, step):
            msg = "This question has expired: nobody decided in time."
            raise Conflict(msg, hint="The message in the channel shows how the run goes on.")
        asked = _open(turn, step).asked
    retried_by = turn.state.retried_by
    if retried_by and arrival.by in (turn.state.requested_by, *retried_by):
        msg = "You asked for this run, so somebody else must decide."
        raise NotAllowed(msg, hint="Ask a colleague who may.")
    source = right_to_decide(
        by=arrival.by, groups=arrival.groups, sources=asked.sources, requested_by=asked.requested_by
    )
    if arrival.by in _open(turn, step).votes and arrival.vote is Vote.APPROVE:
        msg = "You have approved this already."
        raise Conflict(msg, hint=f"It needs {asked.quorum} different people.")
    turn.record(
        ApprovalVoted(
            run=turn.state.run,
            step=step.id,
            approval=asked.approval,
            vote=arrival.vote,
            as_member_of=source,
            why=arrival.why,
        ),
        arrival.by,
    )
    _count(turn, step, arrival)


def _open(turn: Turn, step: Step) -> ApprovalState:
    """Return the question of a step that waits for its answer."""
    approval = turn.state.step(step.id).approval
    assert approval is not None  # noqa: S101 - the step waits
    return approval


def _asking(turn: Turn, arrival: VoteCast) -> Step:
    for step in turn.plan.steps.values():
        seen = turn.state.step(step.id)
        if seen.approval is not None and seen.approval.asked.approval == arrival.approval:
            if seen.status is StepStatus.WAITING_APPROVAL:
                return step
            break
    msg = "This is decided already, or no longer asked."
    raise Conflict(msg, hint="The message in the channel shows how it ended.")


def _count(turn: Turn, step: Step, arrival: VoteCast) -> None:
    approval = _open(turn, step)
    if arrival.vote is Vote.DENY:
        _close(turn, step, ApprovalStatus.DENIED, arrival.why)
        why = f": {arrival.why}" if arrival.why else ""
        _fail(turn, step, Reason.REJECTED, f"its approval was denied{why}")
    elif approval.in_favour >= approval.asked.quorum:
        _close(turn, step, ApprovalStatus.APPROVED, "")


def expire(turn: Turn, step: Step) -> None:
    """Close an approval that nobody gave in time: it fails closed."""
    again = ", nor after it was escalated" if _open(turn, step).escalated else ""
    _close(turn, step, ApprovalStatus.EXPIRED, f"nobody decided in time{again}")
    detail = f"its approval expired: nobody decided in time{again}"
    _fail(turn, step, Reason.REJECTED, detail)


def void(turn: Turn, step: Step, why: str) -> None:
    """Take back a question; the step is as before it was asked."""
    _close(turn, step, ApprovalStatus.VOID, why)


def withdraw(turn: Turn, step: Step, why: str) -> None:
    """Take back a question that is moot because the run ends, and its step with it."""
    void(turn, step, why)
    turn.cancel(step, why, applied=turn.state.step(step.id).applied)


def named(turn: Turn, name: StepId) -> Step:
    """Return a step of the run's runbook, or an item of a loop, by its name; NotFound when it has none such."""
    step = turn.plan.step(name)
    if step is None:
        raise no_such_step(name)
    return step


def no_such_step(name: str) -> NotFound:
    """Say that a run has no such step."""
    return NotFound(f"There is no step {name!r} in this run.", hint="`fireline show` lists a run's steps.")
