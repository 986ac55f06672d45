"""Facts of leading a response: who has which role, how bad it is, what stakeholders are told, that it goes on after all, that two are one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.facts.base import Fact
from bot.domain.ids import IncidentId
from bot.domain.nouns import IncidentStatus, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAssigned(Fact, kind="incident.role_assigned"):
    """A person has a role in the response from now on; `person` is empty when nobody has it any more.

    `roles` maps each role that somebody has to that person's id, this one included.
    """

    incident: IncidentId
    role: str
    person: str
    roles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityChanged(Fact, kind="incident.severity_changed"):
    """It is worse, or not as bad, as it was taken for; `before` is what it was, `why` is empty or a person's words."""

    incident: IncidentId
    severity: Severity
    before: Severity
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateGiven(Fact, kind="incident.update_given"):
    """Stakeholders were told how it stands; `next_due` is when they were promised to hear again, None when nothing was promised."""

    incident: IncidentId
    message: str
    status: IncidentStatus
    next_due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReopened(Fact, kind="incident.reopened"):
    """It was not over after all; `why` is what a person said of it."""

    incident: IncidentId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentMerged(Fact, kind="incident.merged"):
    """This incident is part of another and ends here: its alerts and its concurrency group are that one's from now on.

    `absorbed` are incidents that had been merged into this one before, and go along.
    """

    incident: IncidentId
    into: IncidentId
    absorbed: tuple[IncidentId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentAbsorbed(Fact, kind="incident.absorbed"):
    """Another incident turned out to be this one; `title` is what that one was called, `alerts` counts what came with it."""

    incident: IncidentId
    other: IncidentId
    title: str
    alerts: int
