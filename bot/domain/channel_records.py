"""Records of an incident's channel and of what people were reminded of: rows as those in `records` are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts.channel import NotInvited
from bot.domain.ids import IncidentId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRecord:
    """How an incident's channel stands: since when it is archived, and since when it is to be; None where it is not.

    `before` is the channel that was left for this one and `left_why` why, empty for the first; `not_in` are those who should be in it and are not.
    """

    incident: IncidentId
    retired_at: datetime | None = None
    archived_at: datetime | None = None
    before: str = ""
    left_why: str = ""
    not_in: tuple[NotInvited, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderRecord:
    """That people were reminded, `at` which instant for the last time; `key` names of what: `commander`, `update`, or an approval."""

    incident: IncidentId
    key: str
    due: datetime
    at: datetime
