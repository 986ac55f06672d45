"""The sentences of an incident's channel, and of what people were reminded of there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.domain import facts
from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.domain.nouns import ReminderOf
from bot.postmortem.wording import because, instant, listed, person_name, plain

Names = Mapping[str, str]
_LEFT = {
    "archived": "it was archived while the response was under way",
    "deleted": "it was deleted",
    "removed": "Fireline was removed from it and not let in again",
}


def _opened(fact: facts.ChannelOpened, _by: str, _event: Event, _names: Names) -> str:
    return f"The channel #{plain(fact.name)} was opened"


def _archived(fact: facts.ChannelArchived, _by: str, _event: Event, _names: Names) -> str:
    return f"The channel {plain(fact.channel)} was archived"


def _retired(fact: facts.ChannelRetired, _by: str, _event: Event, _names: Names) -> str:
    return f"The time of the channel {plain(fact.channel)} was over: it is to be archived"


def _unarchived(fact: facts.ChannelUnarchived, _by: str, _event: Event, _names: Names) -> str:
    return f"The channel {plain(fact.channel)} was taken out of the archive"


def _left(fact: facts.ChannelLeft, _by: str, _event: Event, _names: Names) -> str:
    why = _LEFT.get(fact.why, fact.why)
    return f"The channel {plain(fact.channel)} can't be used any more, and a new one is opened{because(why)}"


def _not_in(fact: facts.InvitesRefused, _by: str, _event: Event, names: Names) -> str:
    if not fact.refused:
        return "Everybody who should be in the channel is there now"
    missing = [f"{_name(each.who, names)} ({plain(each.why)})" for each in fact.refused]
    return f"Some who should be in the channel could not be invited: {listed(missing)}"


def _name(who: str, names: Names) -> str:
    kind, _, name = who.partition(":")
    return f"the group {plain(name)}" if kind == "group" else person_name(who, names)


def _reminded(fact: facts.Reminded, _by: str, _event: Event, _names: Names) -> str:
    of = {
        ReminderOf.UPDATE: "that a word on how it stands is due",
        ReminderOf.COMMANDER: "that nobody leads the response",
        ReminderOf.APPROVAL: f"that {plain(fact.approval)} waits for their decision",
    }[fact.of]
    return f"People were reminded {of} (due {instant(fact.due)})"


SENTENCES: Mapping[type[Fact], Callable[[Any, str, Event, Names], str]] = {
    facts.ChannelOpened: _opened,
    facts.ChannelArchived: _archived,
    facts.ChannelRetired: _retired,
    facts.ChannelUnarchived: _unarchived,
    facts.ChannelLeft: _left,
    facts.InvitesRefused: _not_in,
    facts.Reminded: _reminded,
}
