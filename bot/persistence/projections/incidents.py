"""The response to an incident: its status, who commands it, where it is talked about."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.clock import to_text
from bot.domain.events import Event
from bot.domain.facts import (
    ChannelOpened,
    IncidentAcknowledged,
    IncidentOpened,
    IncidentResolved,
    StatusChanged,
)
from bot.domain.nouns import IncidentStatus
from bot.persistence.changes import Change
from bot.persistence.tables import INCIDENTS


def opened(fact: IncidentOpened, event: Event, at: str) -> Iterable[Change]:
    """Open an incident; nobody commands it yet."""
    yield Change(
        INCIDENTS,
        (fact.incident,),
        values={
            "title": fact.title,
            "severity": fact.severity.value,
            "status": IncidentStatus.INVESTIGATING.value,
            "concurrency_group": fact.group,
            "runbook": fact.runbook,
            "opened_by": str(event.actor),
            "opened_at": at,
            "scheduled": None if fact.scheduled is None else to_text(fact.scheduled),
            "quiet": fact.scheduled is not None,
        },
    )


def acknowledged(fact: IncidentAcknowledged, _event: Event, at: str) -> Iterable[Change]:
    """Note who took it; the first stays."""
    yield Change(
        INCIDENTS, (fact.incident,), once={"commander": fact.commander, "acknowledged_at": at}, create=False
    )


def status_changed(fact: StatusChanged, _event: Event, at: str) -> Iterable[Change]:
    """Reach another stage; one that was resolved and goes on is not resolved any more."""
    resolved_at = at if fact.status is IncidentStatus.RESOLVED else None
    yield Change(
        INCIDENTS,
        (fact.incident,),
        values={"status": fact.status.value, "resolved_at": resolved_at},
        create=False,
    )


def resolved(fact: IncidentResolved, _event: Event, at: str) -> Iterable[Change]:
    """End the response."""
    yield Change(
        INCIDENTS,
        (fact.incident,),
        values={"status": IncidentStatus.RESOLVED.value, "resolved_at": at, "resolution": fact.summary},
        create=False,
    )


def channel_opened(fact: ChannelOpened, _event: Event, _at: str) -> Iterable[Change]:
    """Name where the incident is talked about."""
    yield Change(
        INCIDENTS, (fact.incident,), values={"channel": fact.channel, "channel_name": fact.name}, create=False
    )
