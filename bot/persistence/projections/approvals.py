"""Questions to people, and what they said."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.canonical import canonical
from bot.domain.clock import to_text
from bot.domain.events import Event
from bot.domain.facts import (
    ApprovalClosed,
    ApprovalEscalated,
    ApprovalRequested,
    ApprovalVoted,
    fact_to_data,
)
from bot.domain.ids import incident_of_run
from bot.domain.nouns import ApprovalStatus, StepStatus
from bot.persistence.changes import Change
from bot.persistence.projections.runs import step
from bot.persistence.tables import APPROVALS, VOTES


def requested(fact: ApprovalRequested, event: Event, at: str) -> Iterable[Change]:
    """Ask; the step waits."""
    data = fact_to_data(fact)
    yield Change(
        APPROVALS,
        (fact.approval,),
        values={
            "incident": incident_of_run(fact.run),
            "run": fact.run,
            "step": fact.step,
            "status": ApprovalStatus.PENDING.value,
            "digest": fact.digest,
            "action": fact.action,
            "effect": fact.effect,
            "target": fact.target,
            "inputs": canonical(data["inputs"]),
            "undo": fact.undo,
            "sources": canonical(list(fact.sources)),
            "quorum": fact.quorum,
            "requested_by": None if fact.requested_by is None else str(fact.requested_by),
            "requested_at": at,
            "expires_at": None if fact.expires_at is None else to_text(fact.expires_at),
            "item_count": fact.items,
            "over": fact.over,
            "seq": event.seq,
        },
    )
    yield step(fact, event, status=StepStatus.WAITING_APPROVAL.value)


def escalated(fact: ApprovalEscalated, _event: Event, at: str) -> Iterable[Change]:
    """Ask others besides."""
    values = {
        "sources": canonical(list(fact.sources)),
        "expires_at": None if fact.expires_at is None else to_text(fact.expires_at),
        "escalated_at": at,
        "escalated_to": canonical(list(fact.added)),
    }
    yield Change(APPROVALS, (fact.approval,), values=values, create=False)


def voted(fact: ApprovalVoted, event: Event, at: str) -> Iterable[Change]:
    """Note what a person said."""
    yield Change(
        VOTES,
        (event.seq,),
        values={
            "approval": fact.approval,
            "voter": str(event.actor),
            "vote": fact.vote.value,
            "as_member_of": fact.as_member_of,
            "at": at,
            "why": fact.why,
        },
    )


def closed(fact: ApprovalClosed, event: Event, at: str) -> Iterable[Change]:
    """Close the question; the step goes on, or ends by an event of its own."""
    yield Change(
        APPROVALS,
        (fact.approval,),
        values={"status": fact.status.value, "closed_at": at, "why": fact.why},
        create=False,
    )
    yield step(fact, event, status=StepStatus.PENDING.value)
