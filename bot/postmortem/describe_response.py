"""The sentences on what people do to a response: roles, severity, updates, merging, silences, messages of the timeline, the freeze."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.domain import facts
from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.domain.silences import Matcher
from bot.postmortem.wording import because, count, heard, instant, listed, person_name, plain

Names = Mapping[str, str]


def _role(fact: facts.RoleAssigned, by: str, event: Event, names: Names) -> str:
    role = plain(fact.role).replace("_", " ")
    if not fact.person:
        return f"{by} took the role of {role} away: nobody has it"
    if fact.person == event.actor.id:
        return f"{by} is {role} now"
    return f"{by} made {person_name(fact.person, names)} {role}"


def _severity(fact: facts.SeverityChanged, by: str, _event: Event, names: Names) -> str:
    verb = "raised" if fact.severity < fact.before else "lowered"
    return f"{by} {verb} the severity from {fact.before} to {fact.severity}{because(heard(fact.why, names))}"


def _update(fact: facts.UpdateGiven, by: str, _event: Event, names: Names) -> str:
    due = f", the next by {instant(fact.next_due)}" if fact.next_due else ""
    return f"{by} gave an update ({fact.status}{due}){because(heard(fact.message, names))}"


def _reopened(fact: facts.IncidentReopened, by: str, _event: Event, names: Names) -> str:
    return f"{by} reopened the incident{because(heard(fact.why, names))}"


def _merged(fact: facts.IncidentMerged, by: str, _event: Event, _names: Names) -> str:
    along = f", with {listed([str(each) for each in fact.absorbed])}" if fact.absorbed else ""
    return f"{by} merged this incident into incident {fact.into}, where it goes on{along}"


def _absorbed(fact: facts.IncidentAbsorbed, by: str, _event: Event, _names: Names) -> str:
    came = f" with {count(fact.alerts, 'alert')}" if fact.alerts else ""
    return f"{by} merged incident {fact.other} into this one{came}{because(fact.title)}"


def _silence_asked(fact: facts.SilenceAsked, by: str, _event: Event, names: Names) -> str:
    which = ", ".join(_matcher(each) for each in fact.matchers)
    return f"{by} asked for silence until {instant(fact.until)} of the alerts with {which}{because(heard(fact.why, names))}"


def _matcher(matcher: Matcher) -> str:
    return f"{plain(matcher.name)}{'=~' if matcher.regex else '='}{plain(matcher.value)}"


def _silence_stands(fact: facts.SilenceStands, _by: str, _event: Event, _names: Names) -> str:
    return (
        f"The alerts are silenced until {instant(fact.until)}, by silence {plain(fact.ident)} of Alertmanager"
    )


def _silence_end_asked(_fact: facts.SilenceEndAsked, by: str, _event: Event, _names: Names) -> str:
    return f"{by} asked that the alerts be heard again"


def _silence_ended(_fact: facts.SilenceEnded, _by: str, _event: Event, _names: Names) -> str:
    return "The alerts are heard again: their silence was ended"


def _silence_failed(fact: facts.SilenceFailed, _by: str, _event: Event, _names: Names) -> str:
    what = "did not end the silence, which stands" if fact.ending else "did not silence the alerts"
    return f"Alertmanager {what}{because(fact.detail)}"


def _marked(fact: facts.MessageMarked, by: str, event: Event, names: Names) -> str:
    said = plain(heard(fact.text, names)) or "a message without text"
    if fact.author == event.actor.id:
        return f"{by} added what they said to the timeline: {said}"
    return f"{by} added to the timeline what {person_name(fact.author, names)} said: {said}"


def _edited(fact: facts.MarkedMessageEdited, _by: str, _event: Event, names: Names) -> str:
    said = plain(heard(fact.text, names)) or "nothing"
    return f"{_theirs(fact.author, names)} was edited at {instant(fact.edited_at)}, and says now: {said}"


def _deleted(fact: facts.MarkedMessageDeleted, _by: str, _event: Event, names: Names) -> str:
    return f"{_theirs(fact.author, names)} was deleted in chat; what it said stays here"


def _theirs(author: str, names: Names) -> str:
    whose = f" of {person_name(author, names)}" if author else ""
    return f"A message{whose} that stands in the timeline"


def _frozen(fact: facts.ChangesFrozen, by: str, _event: Event, names: Names) -> str:
    until = f" until {instant(fact.until)}" if fact.until else ""
    return f"{by} froze changes{until}{because(heard(fact.why, names))}"


def _unfrozen(fact: facts.ChangesUnfrozen, by: str, _event: Event, _names: Names) -> str:
    why = f" ({plain(fact.why)})" if plain(fact.why) else ""
    return f"{by} ended the freeze{why}: changes go on"


SENTENCES: Mapping[type[Fact], Callable[[Any, str, Event, Names], str]] = {
    facts.RoleAssigned: _role,
    facts.SeverityChanged: _severity,
    facts.UpdateGiven: _update,
    facts.IncidentReopened: _reopened,
    facts.IncidentMerged: _merged,
    facts.IncidentAbsorbed: _absorbed,
    facts.SilenceAsked: _silence_asked,
    facts.SilenceStands: _silence_stands,
    facts.SilenceEndAsked: _silence_end_asked,
    facts.SilenceEnded: _silence_ended,
    facts.SilenceFailed: _silence_failed,
    facts.MessageMarked: _marked,
    facts.MarkedMessageEdited: _edited,
    facts.MarkedMessageDeleted: _deleted,
    facts.ChangesFrozen: _frozen,
    facts.ChangesUnfrozen: _unfrozen,
}
