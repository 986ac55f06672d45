"""An incident's channel as chat says it is, and what people were reminded of."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.canonical import canonical
from bot.domain.clock import to_text
from bot.domain.events import Event
from bot.domain.facts import (
    ChannelArchived,
    ChannelLeft,
    ChannelRetired,
    ChannelUnarchived,
    InvitesRefused,
    Reminded,
)
from bot.persistence.changes import Change
from bot.persistence.channel_tables import CHANNELS, REMINDERS
from bot.persistence.tables import INCIDENTS


def invites_refused(fact: InvitesRefused, _event: Event, _at: str) -> Iterable[Change]:
    """Note who can't be brought into it."""
    told = [{"who": each.who, "why": each.why} for each in fact.refused]
    yield Change(CHANNELS, (fact.incident,), {"not_in": canonical(told)})


def retired(fact: ChannelRetired, _event: Event, at: str) -> Iterable[Change]:
    """Note that its time is over."""
    yield Change(CHANNELS, (fact.incident,), {"retired_at": at})


def archived(fact: ChannelArchived, _event: Event, at: str) -> Iterable[Change]:
    """Note that it takes no more messages."""
    yield Change(CHANNELS, (fact.incident,), {"archived_at": at})


def unarchived(fact: ChannelUnarchived, _event: Event, _at: str) -> Iterable[Change]:
    """Note that it takes messages again."""
    yield Change(CHANNELS, (fact.incident,), {"archived_at": None, "retired_at": None})


def left(fact: ChannelLeft, _event: Event, _at: str) -> Iterable[Change]:
    """Leave it: the incident has no channel until it has another one."""
    values = {
        "archived_at": None,
        "retired_at": None,
        "before": fact.channel,
        "left_why": fact.why,
        "not_in": "",
    }
    yield Change(CHANNELS, (fact.incident,), values)
    yield Change(INCIDENTS, (fact.incident,), {"channel": "", "channel_name": ""}, create=False)


def reminded(fact: Reminded, _event: Event, at: str) -> Iterable[Change]:
    """Note that people were reminded, so that they are not of the same again."""
    key = fact.approval or fact.of.value
    yield Change(REMINDERS, (fact.incident, key), {"due": to_text(fact.due), "at": at})
