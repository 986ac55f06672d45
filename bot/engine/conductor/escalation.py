"""Escalation: when nobody decided in time, others are asked besides. Once; after that the approval fails closed.

Who was asked before may decide still: whoever wakes late must not find the door shut. So what was said counts on, for what is asked is the same.
"""

from __future__ import annotations

from bot.domain.facts import ApprovalEscalated
from bot.engine.conductor.turn import Turn
from bot.runbook.model import OnExpiry, Step


def escalate(turn: Turn, step: Step) -> bool:
    """Ask those whom the step's approval escalates to, with the whole time anew; False where there is nobody else to ask."""
    rule, approval = step.approval, turn.state.step(step.id).approval
    assert approval is not None  # noqa: S101 - asked only of a step that waits
    if rule is None or rule.on_expiry is not OnExpiry.ESCALATE or approval.escalated:
        return False
    asked = approval.asked
    expires = rule.expires or turn.plan.approval_expiry
    turn.record(
        ApprovalEscalated(
            run=turn.state.run,
            step=step.id,
            approval=asked.approval,
            added=tuple(each for each in rule.escalate_to if each not in asked.sources),
            sources=tuple(dict.fromkeys((*asked.sources, *rule.escalate_to))),
            expires_at=turn.now + expires if expires else None,
        )
    )
    return True
