"""Rules of silences: which alerts one covers, and when it may be asked for. Pure.

A silence covers what was seen in this incident and nothing else: every label of every alert that fires is pinned, to the one value that all have, or
to the values that were seen, a label that some lack included. What differs in anything is news, and is heard (docs/decisions/0040).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.domain.clock import to_text
from bot.domain.durations import format_duration
from bot.domain.facts import SilenceAsked, SilenceEndAsked
from bot.domain.ids import SilenceKey
from bot.domain.nouns import SilenceStatus
from bot.domain.records import IncidentRecord
from bot.domain.response_records import SilenceRecord
from bot.domain.silences import Matcher
from bot.errors import Conflict, Refused
from bot.incidents.hearing import name_them
from bot.incidents.rules import must_be_open, spoken

LONGEST = timedelta(days=30)
"""What is to be silent for longer than a month needs a rule, not a silence."""
_MOST_ALERTS = 500
_MOST_TEXT = 100_000
"""Characters of all matchers together: more than a page is no silence that a person can judge."""
_ASK_THERE = "Silence them in Alertmanager itself, where you see what else that would touch."

Labels = Mapping[str, str]
Matchers = Sequence[Matcher]


def matchers_of(alerts: Sequence[Labels]) -> tuple[Matcher, ...]:
    """Return matchers for exactly these alerts, or Refused when they are too many, or have nothing by which they could be told from others."""
    if len(alerts) > _MOST_ALERTS:
        raise Refused(f"{len(alerts)} alerts fire: too many to be told apart.", hint=_ASK_THERE)
    names = sorted({name for each in alerts for name in each})
    found = tuple(_matcher(name, {each.get(name, "") for each in alerts}) for name in names)
    if all(each.regex and re.fullmatch(each.value, "") for each in found):
        raise Refused("The alerts that fire have no label in common.", hint=_ASK_THERE)
    if sum(len(each.value) for each in found) > _MOST_TEXT:
        raise Refused("The alerts that fire are too different from each other.", hint=_ASK_THERE)
    return found


def _matcher(name: str, values: set[str]) -> Matcher:
    if len(values) == 1:
        return Matcher(name=name, value=next(iter(values)))
    return Matcher(name=name, value="|".join(re.escape(each) for each in sorted(values)), regex=True)


def must_touch_nobody_else(matched: Iterable[Labels], ours: Iterable[Labels]) -> None:
    """Raise Refused when Alertmanager has alerts that a silence would cover and that are none of the incident's."""
    known = {_form(each) for each in ours}
    others = [each for each in matched if _form(each) not in known]
    if others:
        names = name_them([each.get("alertname", "") for each in others])
        raise Refused(f"A silence for these alerts would cover others: {names}.", hint=_ASK_THERE)


def _form(labels: Labels) -> frozenset[tuple[str, str]]:
    return frozenset((name, value) for name, value in labels.items() if value)


def ask(
    incident: IncidentRecord,
    known: Sequence[SilenceRecord],
    wanted: tuple[SilenceKey, tuple[Matcher, ...]],
    duration: timedelta,
    why: str,
    now: datetime,
) -> SilenceAsked:
    """Ask for a silence from now on; `known` are the incident's so far."""
    must_be_open(incident)
    may_last(duration)
    standing = _standing(known, now)
    if standing is not None:
        raise Conflict(
            f"The alerts of incident {incident.id} are silenced already, until {to_text(standing.until)[:16]}Z.",
            hint="`unsilence` ends that; then silence anew.",
        )
    key, matchers = wanted
    return SilenceAsked(
        incident=incident.id, silence=key, matchers=matchers, until=now + duration, why=spoken(why)
    )


def may_last(duration: timedelta) -> None:
    """Raise Refused unless a silence may be as long as that."""
    if not timedelta() < duration <= LONGEST:
        raise Refused(f"A silence lasts up to {format_duration(LONGEST)}.", hint="Like 30m, 2h or 1d.")


def ask_end(incident: IncidentRecord, known: Sequence[SilenceRecord], now: datetime) -> SilenceEndAsked:
    """Ask for the end of the silence that stands; a resolved incident's may be ended too."""
    standing = _standing(known, now)
    if standing is None:
        raise Conflict(f"No alert of incident {incident.id} is silenced.")
    if standing.status is SilenceStatus.ASKED:
        raise Conflict(
            "Alertmanager has not answered yet whether the silence stands.", hint="Ask in a moment."
        )
    if standing.status is SilenceStatus.ENDING:
        raise Conflict("Alertmanager has been asked to end the silence already.")
    return SilenceEndAsked(incident=incident.id, silence=standing.key)


def _standing(known: Sequence[SilenceRecord], now: datetime) -> SilenceRecord | None:
    over = {SilenceStatus.ENDED, SilenceStatus.FAILED}
    return next((each for each in reversed(known) if each.status not in over and now < each.until), None)
