"""What falls due in an incident by the clock alone: reminders of people, and the end of its channel's time. Pure: records in, instants out.

A quiet incident has nothing due, and one that is over nothing but its channel. Everything is due once: what was said already is in the records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.channel_records import ChannelRecord, ReminderRecord
from bot.domain.facts import ChannelRetired, Fact, Reminded
from bot.domain.nouns import ApprovalStatus, ReminderOf, Severity
from bot.domain.records import ApprovalRecord, IncidentRecord

REOPENED = "reopened"
"""The key under which the reminders hold when an incident was reopened: what is waited for begins anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long is waited before people are reminded, and before a channel is archived; None, or no severity's entry, for never.

    `update` is how long nobody may say how an incident stands, by its severity, `commander` how long it may go without one. With `halfway`, who may
    decide is reminded when half of an approval's time is over. `archive` counts from an incident's end.
    """

    update: Mapping[Severity, timedelta] = field(default_factory=dict)
    commander: timedelta | None = None
    halfway: bool = True
    archive: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What will be written when an instant comes, unless things change before."""

    at: datetime
    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that tells what is due in an incident; `asking` are the approvals whose time runs: none of a run that is paused."""

    incident: IncidentRecord
    channel: ChannelRecord
    reminders: Sequence[ReminderRecord] = ()
    asking: Sequence[ApprovalRecord] = ()


def all_due(standing: Standing, patience: Patience) -> Sequence[Due]:
    """Return what is or will be due, as things stand now; the earliest first."""
    incident = standing.incident
    if not incident.open:
        found = _channel(standing, patience)
    elif incident.quiet:
        return ()
    else:
        found = _reminders(standing, patience)
    return sorted(found, key=lambda each: each.at)


def update_due(
    incident: IncidentRecord, reminders: Sequence[ReminderRecord], patience: Patience
) -> datetime | None:
    """Return when the next word on how an incident stands is due: as promised, or after the pause of its severity. None when nobody waits for one."""
    if not incident.open or incident.quiet:
        return None
    if incident.next_update_due is not None:
        return incident.next_update_due
    pause = patience.update.get(incident.severity)
    return None if pause is None else _last_word(incident, reminders) + pause


def _last_word(incident: IncidentRecord, reminders: Sequence[ReminderRecord]) -> datetime:
    """Return since when people wait: the last update, or when the response began, for the last time."""
    began = (each.at for each in reminders if each.key == REOPENED)
    return max(incident.opened_at, incident.last_update_at or incident.opened_at, *began)


def _channel(standing: Standing, patience: Patience) -> Iterator[Due]:
    incident, place = standing.incident, standing.channel
    ended = incident.resolved_at
    if patience.archive is None or ended is None or not incident.channel or place.archived_at is not None:
        return
    if place.retired_at is None or place.retired_at < ended:
        fact = ChannelRetired(incident=incident.id, channel=incident.channel)
        yield Due(at=ended + patience.archive, fact=fact)


def _reminders(standing: Standing, patience: Patience) -> Iterator[Due]:
    incident = standing.incident
    told = {each.key: each for each in standing.reminders}
    if patience.commander is not None and not incident.commander and ReminderOf.COMMANDER not in told:
        yield _remind(ReminderOf.COMMANDER, incident, incident.opened_at + patience.commander)
    at = update_due(incident, standing.reminders, patience)
    last = told.get(ReminderOf.UPDATE)
    spoken = _last_word(incident, standing.reminders)
    if at is not None and last is not None and last.at >= spoken and last.due >= at:
        # Nobody said anything since: once more, after the pause of the severity; of a promise alone, only once.
        pause = patience.update.get(incident.severity)
        at = None if pause is None else last.at + pause
    if at is not None:
        yield _remind(ReminderOf.UPDATE, incident, at)
    for asked in standing.asking if patience.halfway else ():
        if asked.status is ApprovalStatus.PENDING and asked.expires_at is not None and asked.id not in told:
            half = asked.requested_at + (asked.expires_at - asked.requested_at) / 2
            fact = Reminded(incident=incident.id, of=ReminderOf.APPROVAL, due=half, approval=asked.id)
            yield Due(at=half, fact=fact)


def _remind(of: ReminderOf, incident: IncidentRecord, at: datetime) -> Due:
    return Due(at=at, fact=Reminded(incident=incident.id, of=of, due=at))
