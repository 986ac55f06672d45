"""What the surface asks of the rooms below; `bot.incidents.desk.Desk` is the real one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from bot.domain.ids import IncidentId, RunId
from bot.domain.nouns import Actor, Severity
from bot.domain.ports import Journal


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

    async def declare(
        self,
        title: str,
        severity: Severity,
        by: Actor,
        *,
        runbook: str | None = None,
        inputs: Mapping[str, str] | None = None,
    ) -> Opened:
        """Open an incident by hand, and start a runbook in it when one is named."""
        ...

    async def acknowledge(self, incident: IncidentId, by: Actor) -> None:
        """Take an incident."""
        ...

    async def note(self, incident: IncidentId, by: Actor, text: str) -> None:
        """Write into the timeline."""
        ...

    async def resolve(self, incident: IncidentId, by: Actor, summary: str = "") -> tuple[str, ...]:
        """End the response; return what the one who does should know."""
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

    async def resume_run(self, run: RunId, by: Actor, why: str = "") -> None:
        """Let a paused run go on."""
        ...


DeskOver = Callable[[Journal], Desk]
"""Makes a desk that writes through a journal: the inbox hands one in that marks the payload as handled in the same unit of work."""

DraftPostmortem = Callable[[IncidentId, Actor], Awaitable[object]]
"""Drafts an incident's postmortem; the outbox posts it when its event is in the log. Raises FirelineError when it can't."""
