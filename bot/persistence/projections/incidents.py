"""The response to an incident: its status, how bad it is, who has which role, what was said of it, where it is talked about."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.canonical import canonical
from bot.domain.clock import to_text
from bot.domain.events import Event
from bot.domain.facts import (
    ChannelOpened,
    IncidentAcknowledged,
    IncidentMerged,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    RoleAssigned,
    SeverityChanged,
    StatusChanged,
    UpdateGiven,
)
from bot.domain.nouns import COMMANDER, IncidentStatus
from bot.persistence.changes import Change
from bot.persistence.channel_tables import REMINDERS
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
            "service": fact.service,
            "private": fact.private,
            "workspace": fact.workspace,
        },
    )


def acknowledged(fact: IncidentAcknowledged, _event: Event, at: str) -> Iterable[Change]:
    """Note who leads now that somebody took it; the first who did is the one that counts for how long it took."""
    values = {"commander": fact.commander} if fact.commander else {}
    yield Change(INCIDENTS, (fact.incident,), values, once={"acknowledged_at": at}, create=False)


def role_assigned(fact: RoleAssigned, _event: Event, _at: str) -> Iterable[Change]:
    """Give a role to somebody, or to nobody."""
    values = {"roles": canonical(dict(fact.roles))}
    if fact.role == COMMANDER:
        values["commander"] = fact.person
    yield Change(INCIDENTS, (fact.incident,), values, create=False)


def severity_changed(fact: SeverityChanged, _event: Event, _at: str) -> Iterable[Change]:
    """Say how bad it is."""
    yield Change(INCIDENTS, (fact.incident,), {"severity": fact.severity.value}, create=False)


def update_given(fact: UpdateGiven, _event: Event, at: str) -> Iterable[Change]:
    """Note what stakeholders know, and when they expect to hear more."""
    values = {
        "last_update_at": at,
        "last_update": fact.message,
        "next_update_due": None if fact.next_due is None else to_text(fact.next_due),
    }
    yield Change(INCIDENTS, (fact.incident,), values, create=False)


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
    """End the response; nobody waits for another update."""
    values = {
        "status": IncidentStatus.RESOLVED.value,
        "resolved_at": at,
        "resolution": fact.summary,
        "next_update_due": None,
        "impact_from": None if fact.impact_from is None else to_text(fact.impact_from),
        "impact_to": None if fact.impact_to is None else to_text(fact.impact_to),
        "impact": fact.impact,
    }
    yield Change(INCIDENTS, (fact.incident,), values, create=False)


def reopened(fact: IncidentReopened, _event: Event, at: str) -> Iterable[Change]:
    """Go on with the response; what was said at its end does not hold, and who is waited for has their time anew."""
    values = {
        "status": IncidentStatus.INVESTIGATING.value,
        "resolved_at": None,
        "resolution": "",
        "impact_from": None,
        "impact_to": None,
        "impact": "",
    }
    yield Change(INCIDENTS, (fact.incident,), values, create=False)
    yield Change(REMINDERS, (fact.incident, "reopened"), {"due": at, "at": at})


def merged(fact: IncidentMerged, _event: Event, at: str) -> Iterable[Change]:
    """End it as part of another, which has its alerts by an event of its own; what was merged into it goes along."""
    values = {
        "status": IncidentStatus.RESOLVED.value,
        "resolved_at": at,
        "resolution": f"merged into incident {fact.into}",
        "next_update_due": None,
        "alerts": 0,
        "merged_into": fact.into,
    }
    yield Change(INCIDENTS, (fact.incident,), values, create=False)
    for each in fact.absorbed:
        yield Change(INCIDENTS, (each,), {"merged_into": fact.into}, create=False)


def channel_opened(fact: ChannelOpened, _event: Event, _at: str) -> Iterable[Change]:
    """Name where the incident is talked about."""
    yield Change(
        INCIDENTS, (fact.incident,), values={"channel": fact.channel, "channel_name": fact.name}, create=False
    )
