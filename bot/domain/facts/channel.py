"""Facts of an incident's channel and of what people are reminded of there: who can't be in it, when its time is over, what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts.base import Fact
from bot.domain.ids import ApprovalId, IncidentId
from bot.domain.nouns import ReminderOf


@dataclass(frozen=True, slots=True, kw_only=True)
class NotInvited:
    """Somebody who should be in a channel and can't be brought there: `who` is a person's id, or `group:oncall`; `why` is what chat said."""

    who: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitesRefused(Fact, kind="incident.invites_refused"):
    """Who should be in the channel and isn't, all of them as of now; nobody any more when `refused` is empty."""

    incident: IncidentId
    channel: str
    refused: tuple[NotInvited, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRetired(Fact, kind="incident.channel_retired"):
    """The incident has been over for so long that its channel is to be archived."""

    incident: IncidentId
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelUnarchived(Fact, kind="incident.channel_unarchived"):
    """The incident's channel takes messages again."""

    incident: IncidentId
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLeft(Fact, kind="incident.channel_left"):
    """The incident's channel can't be used any more, and the response goes on in a new one.

    `why` is what chat said, or what became of it: it was `archived`, `deleted`, or we were `removed` and not let in again. `again` has the names
    of what people were still asked there, which is asked anew in the next one.
    """

    incident: IncidentId
    channel: str
    why: str
    again: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded(Fact, kind="incident.reminded"):
    """People were reminded of something that was `due` then; `approval` names the question, where it is one."""

    incident: IncidentId
    of: ReminderOf
    due: datetime
    approval: ApprovalId = ApprovalId("")  # noqa: RUF009 - a text, made once
