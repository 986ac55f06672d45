"""What the surface asks of the rooms below; `bot.incidents.desk.Desk` is the real one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.ids import IncidentId, LetterId, RunId, SilenceKey
from bot.domain.nouns import Actor, IncidentStatus, Severity
from bot.domain.ports import Journal
from bot.domain.records import DeadLetter


class Opened(Protocol):
    """What came of declaring an incident or starting a run."""

    @property
    def incident(self) -> IncidentId:
        """The incident."""
        ...

    @property
    def run(self) -> RunId | None:
        """The run, None when none was asked for."""
        ...

    @property
    def waits(self) -> str:
        """Where the run stands in line, in words; empty when it began."""
        ...

    @property
    def opened(self) -> bool:
        """Whether the incident is new."""
        ...


class Desk(Protocol):
    """People's hands on incidents; each method raises Refused with a hint, and then nothing has changed."""

    @property
    def roles(self) -> Sequence[str]:
        """The roles that an incident knows, the team's own last."""
        ...

    async def declare(
        self,
        title: str,
        severity: Severity,
        by: Actor,
        *,
        runbook: str | None = None,
        inputs: Mapping[str, str] | None = None,
        service: str = "",
        private: bool = False,
    ) -> Opened:
        """Open an incident by hand, with a run in it when a runbook is named."""
        ...

    async def acknowledge(self, incident: IncidentId, by: Actor) -> None:
        """Take an incident."""
        ...

    async def assign(self, incident: IncidentId, by: Actor, role: str, person: str | None) -> None:
        """Give a role to a person; None takes it away."""
        ...

    async def set_severity(self, incident: IncidentId, by: Actor, severity: Severity, why: str = "") -> None:
        """Say how bad it is."""
        ...

    async def update(
        self,
        incident: IncidentId,
        by: Actor,
        *,
        status: IncidentStatus | None,
        message: str,
        next_in: timedelta | None,
    ) -> None:
        """Tell stakeholders how it stands, and promise when they hear again."""
        ...

    async def note(self, incident: IncidentId, by: Actor, text: str) -> None:
        """Write into the timeline."""
        ...

    async def resolve(
        self,
        incident: IncidentId,
        by: Actor,
        summary: str = "",
        *,
        impact_from: datetime | None = None,
        impact_to: datetime | None = None,
        impact: str = "",
    ) -> tuple[str, ...]:
        """End the response; return what the one who does should know."""
        ...

    async def reopen(self, incident: IncidentId, by: Actor, why: str) -> None:
        """Go on with a response that was ended too early."""
        ...

    async def merge(self, incident: IncidentId, by: Actor, into: IncidentId) -> None:
        """End an incident as part of another, which has its alerts from now on."""
        ...

    async def silence(
        self, incident: IncidentId, by: Actor, duration: timedelta, why: str = ""
    ) -> SilenceKey:
        """Have Alertmanager keep the incident's alerts to itself for a while."""
        ...

    async def unsilence(self, incident: IncidentId, by: Actor) -> None:
        """Have Alertmanager tell of them again."""
        ...

    async def mark(
        self,
        incident: IncidentId,
        by: Actor,
        *,
        channel: str,
        ts: str,
        author: str,
        text: str,
        permalink: str = "",
    ) -> None:
        """Add a chat message to the timeline; Conflict when it stands in one."""
        ...

    async def mark_edited(self, incident: IncidentId, channel: str, ts: str, text: str, at: datetime) -> None:
        """Record that a message of the timeline says something else since `at`."""
        ...

    async def mark_deleted(self, incident: IncidentId, channel: str, ts: str) -> None:
        """Record that a message of the timeline is gone from chat."""
        ...

    async def freeze(self, by: Actor, why: str, *, until: datetime | None = None) -> None:
        """Have no run begin by itself what changes something."""
        ...

    async def unfreeze(self, by: Actor, why: str = "") -> None:
        """Let go on what waits for the end of the freeze."""
        ...

    async def start_run(
        self, runbook: str, inputs: Mapping[str, str], by: Actor, *, incident: IncidentId | None = None
    ) -> Opened:
        """Start a runbook."""
        ...

    async def cancel_run(self, run: RunId, by: Actor, why: str = "", *, undo: bool = False) -> None:
        """Ask a run to end, and with `undo` to take back first what it did."""
        ...

    async def pause_run(self, run: RunId, by: Actor, why: str = "") -> None:
        """Hold a run."""
        ...

    async def retry_run(self, run: RunId, by: Actor, why: str = "") -> None:
        """Have a run that failed go on from where it did."""
        ...

    async def requeue(self, letter: LetterId, by: Actor, why: str = "") -> DeadLetter:
        """Put a dead letter back; return it as it stood."""
        ...

    async def discard(self, letter: LetterId, by: Actor, why: str) -> DeadLetter:
        """Let a dead letter go; return it as it stood."""
        ...

    async def resume_run(self, run: RunId, by: Actor, why: str = "") -> None:
        """Let a paused run go on."""
        ...


DeskOver = Callable[[Journal], Desk]
"""Makes a desk that writes through a journal: the inbox hands one in that marks the payload as handled in the same unit of work."""

DraftPostmortem = Callable[[IncidentId, Actor], Awaitable[object]]
"""Drafts an incident's postmortem; the outbox posts it when its event is in the log. Raises FirelineError when it can't."""
