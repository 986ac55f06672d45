"""Facts of chat messages that people added to a timeline: edits and deletions of such a message are recorded, not hidden."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts.base import Fact
from bot.domain.ids import IncidentId


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageMarked(Fact, kind="incident.message_marked"):
    """A message from chat stands in the timeline; who added it is the event's actor, `author` wrote it.

    `channel` and `ts` are the platform's names for it, `permalink` leads there, empty where none is known.
    """

    incident: IncidentId
    channel: str
    ts: str
    author: str
    text: str
    permalink: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedMessageEdited(Fact, kind="incident.message_edited"):
    """A message of the timeline says something else in chat since `edited_at`; `author` wrote it."""

    incident: IncidentId
    channel: str
    ts: str
    text: str
    edited_at: datetime
    author: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedMessageDeleted(Fact, kind="incident.message_deleted"):
    """A message of the timeline is gone from chat; what it said stays here. `author` wrote it."""

    incident: IncidentId
    channel: str
    ts: str
    author: str = ""
