"""Rules of leading a response: roles, severity, updates, reopening, merging, messages of the timeline. On records alone, as those in `rules`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from bot.domain.facts import (
    Fact,
    IncidentAcknowledged,
    IncidentMerged,
    IncidentReopened,
    MarkedMessageDeleted,
    MarkedMessageEdited,
    MessageMarked,
    RoleAssigned,
    SeverityChanged,
    StatusChanged,
    UpdateGiven,
)
from bot.domain.ids import IncidentId
from bot.domain.nouns import COMMANDER, Actor, IncidentStatus, RunStatus, Severity
from bot.domain.records import IncidentRecord, RunRecord
from bot.domain.response_records import MarkRecord
from bot.errors import Conflict, NotFound, Refused
from bot.incidents.rules import must_be_open, spoken

LONGEST_WAIT = timedelta(days=7)
"""An update that is promised for later than this is no promise."""


def assign(
    incident: IncidentRecord, by: Actor, role: str, person: str | None, known: Collection[str]
) -> Sequence[Fact]:
    """Give a role to a person, or with None take it away; whoever makes themselves commander of what nobody leads acknowledges it."""
    must_be_open(incident)
    if role not in known:
        raise Refused(
            f"There is no role {role}.",
            hint=f"There are {', '.join(known)}; `roles` in the settings adds others.",
        )
    has = incident.roles.get(role, "")
    if person == has:
        raise Conflict(f"They have it already: {role} of incident {incident.id}.")
    if not person and not has:
        raise Conflict(f"Nobody is {role} of incident {incident.id}.")
    if role == COMMANDER and person == by.id and not has:
        return [IncidentAcknowledged(incident=incident.id, commander=by.id)]
    others = {each: who for each, who in incident.roles.items() if each != role}
    roles = {**others, role: person} if person else others
    return [RoleAssigned(incident=incident.id, role=role, person=person or "", roles=roles)]


def change_severity(incident: IncidentRecord, severity: Severity, why: str) -> Sequence[Fact]:
    """Say that it is worse, or not as bad; runs that are under way keep the rank that they began with."""
    must_be_open(incident)
    if severity is incident.severity:
        raise Conflict(f"Incident {incident.id} is {severity} already.")
    return [
        SeverityChanged(incident=incident.id, severity=severity, before=incident.severity, why=spoken(why))
    ]


def update(
    incident: IncidentRecord,
    status: IncidentStatus | None,
    message: str,
    next_in: timedelta | None,
    now: datetime,
) -> Sequence[Fact]:
    """Tell stakeholders how it stands, and when they hear again; a status that it has already is no change."""
    must_be_open(incident)
    words = spoken(message)
    if not words:
        raise Refused(
            "An update needs words.", hint="Say what is known, what is being done, and what to expect."
        )
    if status is IncidentStatus.RESOLVED:
        raise Refused("Resolving is its own step.", hint="Use `resolve`, with a sentence on what ended it.")
    if next_in is not None and not timedelta() < next_in <= LONGEST_WAIT:
        raise Refused("The next update comes within 7 days, and after this one.", hint="Like 30m, or 2h.")
    facts: list[Fact] = []
    if status is not None and status is not incident.status:
        facts.append(StatusChanged(incident=incident.id, status=status))
    facts.append(
        UpdateGiven(
            incident=incident.id,
            message=words,
            status=status or incident.status,
            next_due=None if next_in is None else now + next_in,
        )
    )
    return facts


def must_be_over(incident: IncidentRecord) -> None:
    """Raise Refused, with the way on, when there is nothing to reopen."""
    if incident.open:
        raise Conflict(f"Incident {incident.id} is open.")
    if incident.merged_into is not None:
        raise Refused(
            f"Incident {incident.id} was merged into {incident.merged_into}.",
            hint=f"It goes on there: `reopen #{incident.merged_into}` if that one is over.",
        )


def reopen(
    incident: IncidentRecord, why: str, standing: IncidentRecord | None, *, by: Actor
) -> Sequence[Fact]:
    """Go on with a response that was ended too early; `standing` is the incident that is open for its group by now.

    A private one is not named to somebody who takes no part in it.
    """
    must_be_over(incident)
    words = spoken(why)
    if not words:
        raise Refused("Say why it is not over.", hint="Like this: reopen it fails again in eu-west")
    if standing is not None and not standing.seen_by(by.id):
        raise Conflict(
            f"A private incident is open for {incident.group} by now, and has its alerts.",
            hint="Go on there: the same trouble has one incident. Ask who is on call to let you in.",
        )
    if standing is not None:
        raise Conflict(
            f"Incident {standing.id} is open for {incident.group} by now, and has its alerts.",
            hint=f"Go on there: the same trouble has one incident. `note #{standing.id}` can name this one.",
        )
    return [IncidentReopened(incident=incident.id, why=words)]


def merge(
    incident: IncidentRecord,
    into: IncidentRecord,
    runs: Sequence[RunRecord],
    absorbed: Sequence[IncidentId],
) -> IncidentMerged:
    """End an incident that turned out to be another.

    A run that is under way or waits keeps it apart: what it is about to do belongs to people who look at this one.
    """
    must_be_open(incident)
    must_be_open(into)
    if incident.id == into.id:
        raise Refused(f"Incident {incident.id} can't be merged into itself.")
    if incident.private != into.private:
        raise Refused(
            "A private incident and one that everybody sees can't be merged: who may see what is not the same.",
            hint="Resolve one of them, and say in a note where it goes on.",
        )
    busy = [run for run in runs if run.status in {RunStatus.RUNNING, RunStatus.QUEUED}]
    if busy:
        names = ", ".join(f"{run.id} ({run.runbook})" for run in busy)
        raise Refused(
            f"Incident {incident.id} can't be merged while a run is under way or waits: {names}.",
            hint=f"Let it finish, or cancel it first: `cancel {busy[0].id}`.",
        )
    return IncidentMerged(incident=incident.id, into=into.id, absorbed=tuple(absorbed))


def mark(
    incident: IncidentRecord,
    known: MarkRecord | None,
    *,
    channel: str,
    ts: str,
    author: str,
    text: str,
    permalink: str,
) -> Sequence[Fact]:
    """Add a chat message to the timeline, once; a resolved incident takes it too, for its postmortem."""
    if known is not None:
        raise Conflict(f"That message stands in the timeline of incident {known.incident} already.")
    return [
        MessageMarked(
            incident=incident.id,
            channel=channel,
            ts=ts,
            author=author,
            text=spoken(text),
            permalink=permalink,
        )
    ]


def mark_edited(incident: IncidentId, known: MarkRecord | None, text: str, at: datetime) -> Sequence[Fact]:
    """Say that a message of the timeline says something else now; nothing when it does not, or when a later edit is known."""
    mark = _its_mark(incident, known)
    late = mark.edited_at is not None and at <= mark.edited_at
    if late or spoken(text) == mark.text:
        return []
    return [
        MarkedMessageEdited(
            incident=incident,
            channel=mark.channel,
            ts=mark.ts,
            text=spoken(text),
            edited_at=at,
            author=mark.author,
        )
    ]


def mark_deleted(incident: IncidentId, known: MarkRecord | None) -> Sequence[Fact]:
    """Say that a message of the timeline is gone from chat; nothing when that is known."""
    mark = _its_mark(incident, known)
    if mark.deleted_at is not None:
        return []
    return [MarkedMessageDeleted(incident=incident, channel=mark.channel, ts=mark.ts, author=mark.author)]


def _its_mark(incident: IncidentId, known: MarkRecord | None) -> MarkRecord:
    if known is None or known.incident != incident:
        raise NotFound(f"That message does not stand in the timeline of incident {incident}.")
    return known
