"""Facts of schedules: which are in force, and which of their instants were answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts.base import Fact
from bot.domain.ids import IncidentId


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSet(Fact, kind="schedule.set"):
    """A runbook has a schedule, or another one; its instants count from now on."""

    runbook: str
    cron: str
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRemoved(Fact, kind="schedule.removed"):
    """A runbook is gone, or has no schedule any more."""

    runbook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleFired(Fact, kind="schedule.fired"):
    """An instant of a schedule was answered, once for all; `due` is that instant.

    `missed_since` is the first of the instants that nobody answered before it, None when none was missed. `incident` and `started` name what it led
    to; `started` is empty when no run came of it, and then `skipped` says why, unless the incident does.
    """

    runbook: str
    due: datetime
    missed_since: datetime | None = None
    incident: IncidentId | None = None
    started: str = ""
    skipped: str = ""
