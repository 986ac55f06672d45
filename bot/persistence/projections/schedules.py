"""Which schedules are in force, what came of the last instant of each, and when a quiet incident is quiet no more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bot.domain import facts
from bot.domain.clock import to_text
from bot.domain.events import Event
from bot.domain.facts import Fact, ScheduleFired, ScheduleRemoved, ScheduleSet
from bot.domain.nouns import RunStatus
from bot.persistence.changes import Change
from bot.persistence.tables import SCHEDULES


def set_anew(fact: ScheduleSet, _event: Event, at: str) -> Iterable[Change]:
    """Let its instants count from now on; what came of those before is of another schedule."""
    values = {
        "cron": fact.cron,
        "timezone": fact.timezone,
        "since": at,
        "due": None,
        "answered_at": None,
        "incident": None,
        "started": "",
        "skipped": "",
        "removed": False,
    }
    yield Change(SCHEDULES, (fact.runbook,), values)


def removed(fact: ScheduleRemoved, _event: Event, _at: str) -> Iterable[Change]:
    """Forget it."""
    yield Change(SCHEDULES, (fact.runbook,), {"removed": True}, create=False)


def fired(fact: ScheduleFired, _event: Event, at: str) -> Iterable[Change]:
    """Note that an instant was answered, and how."""
    values: dict[str, Any] = {
        "due": to_text(fact.due),
        "answered_at": at,
        "started": fact.started,
        "skipped": fact.skipped,
    }
    if fact.incident is not None:
        # An instant that was skipped leaves the incident that is at it.
        values["incident"] = fact.incident
    yield Change(SCHEDULES, (fact.runbook,), values, create=False)


_CALLS_PEOPLE: frozenset[type[Fact]] = frozenset(
    {
        facts.AlertsAttached,
        facts.ApprovalRequested,
        facts.DeadLetterLanded,
        facts.IncidentAbsorbed,
        facts.IncidentAcknowledged,
        facts.IncidentReopened,
        facts.MessageMarked,
        facts.NoteAdded,
        facts.RoleAssigned,
        facts.RunProposed,
        facts.RunRejected,
        facts.SeverityChanged,
        facts.StatusChanged,
        facts.StepOutcomeUnknown,
        facts.UpdateGiven,
    }
)
"""What ends the quiet of an incident that a schedule opened: from here on somebody is needed, or is there."""


def is_loud(fact: Fact) -> bool:
    """Tell whether people should hear of an incident because of this fact."""
    if isinstance(fact, facts.RunFinished):
        return fact.status is not RunStatus.SUCCEEDED
    return type(fact) in _CALLS_PEOPLE
