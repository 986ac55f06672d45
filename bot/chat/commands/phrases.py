"""Reading what people type to lead a response: roles, severities, updates, lengths of time, merges. As tolerant as `words` is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches

from bot.domain.durations import parse_duration
from bot.domain.ids import IncidentId
from bot.domain.nouns import COMMANDER, IncidentStatus, Severity
from bot.errors import Refused

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_LINK = re.compile(r"<(https?://[^|>]+)(?:\|[^>]*)?>")
_SEVERITY = re.compile(r"(?:sev[- ]?)?([1-4])(?=[\s:,.]|$)", re.IGNORECASE)
_NEXT = re.compile(
    r"(?:^|\s)next(?:\s+update)?(?:\s+in|\s*[=:])?\s+?=?(\d+[a-z]+[0-9a-z]*)(?=\s|$)", re.IGNORECASE
)
_NUMBER = re.compile(r"#?(\d{1,9})")
_CALLED: Mapping[str, str] = {
    "commander": COMMANDER,
    "ic": COMMANDER,
    "lead": COMMANDER,
    "leader": COMMANDER,
    "comms": "communications",
    "communication": "communications",
    "notes": "scribe",
}
"""What people say for the roles that every team has."""
_NOBODY = frozenset({"nobody", "none", "no-one", "noone", "-"})
_ME = frozenset({"me", "myself", "i"})
_SMALL = frozenset({"as", "is", "to", "the", "role"})


def plain(text: str) -> str:
    """Return what was typed with Slack's links as the addresses that they are; mentions stay."""
    return _LINK.sub(r"\1", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A role for somebody: `person` is an id, None for nobody, or `@name` as typed where Slack did not say whose it is."""

    role: str
    person: str | None


def assignment(rest: str, me: str, roles: Sequence[str]) -> Assignment:
    """Read `@ada as commander`, `scribe me`, `nobody as scribe`; Refused with the nearest role when one can't be read."""
    who: list[str | None] = []
    words: list[str] = []
    for word in _MENTION.sub(r"<@\1>", rest).split():
        mentioned = _MENTION.fullmatch(word)
        lower = word.lower().strip(",")
        if mentioned is not None:
            who.append(mentioned[1])
        elif word.startswith("@") and len(word) > 1:
            who.append(word)
        elif lower in _ME:
            who.append(me)
        elif lower in _NOBODY:
            who.append(None)
        elif lower not in _SMALL:
            words.append(lower)
    if len(who) != 1:
        raise Refused(
            "Who?" if not who else "One person at a time.", hint="Like this: assign @ada as commander"
        )
    return Assignment(role=role_of(" ".join(words), roles), person=who[0])


def role_of(text: str, roles: Sequence[str]) -> str:
    """Return the role that is meant: without words the commander; Refused with the nearest one when there is none of that name."""
    wanted = re.sub(r"[\s-]+", "_", text.strip())
    if not wanted:
        return COMMANDER
    if wanted in roles:
        return wanted
    if wanted in _CALLED:
        return _CALLED[wanted]
    close = get_close_matches(wanted, [*roles, *_CALLED], n=1, cutoff=0.5)
    nearest = f"Did you mean “{close[0].replace('_', ' ')}”? " if close else ""
    raise Refused(
        f"There is no role “{text[:40]}”.",
        hint=f"{nearest}There are {', '.join(each.replace('_', ' ') for each in roles)}.",
    )


def severity(rest: str) -> tuple[Severity, str]:
    """Read `SEV1 why …`; a bare number will do."""
    found = _SEVERITY.match(rest)
    if found is None:
        raise Refused(
            "How bad is it? Say SEV1, SEV2, SEV3 or SEV4.", hint="Like this: severity SEV1 all regions fail"
        )
    return Severity(f"SEV{found[1]}"), rest[found.end() :].strip(" \t:,.-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What stakeholders are told; `status` is None where it stays as it is, `next_in` where nothing is promised."""

    status: IncidentStatus | None
    next_in: timedelta | None
    message: str


def update(rest: str) -> Update:
    """Read `[status] [next 30m] message`."""
    next_in = None
    found = _NEXT.search(rest)
    if found is not None:
        next_in = length(found[1])
        rest = f"{rest[: found.start()]} {rest[found.end() :]}".strip()
    word, _, tail = rest.partition(" ")
    status = word.lower().strip(":,")
    if status in set(IncidentStatus):
        return Update(status=IncidentStatus(status), next_in=next_in, message=plain(tail.strip()))
    return Update(status=None, next_in=next_in, message=plain(rest))


def length(text: str) -> timedelta:
    """Read a length of time; Refused says what one looks like."""
    try:
        return parse_duration(text.lower())
    except ValueError as problem:
        raise Refused(f"{str(problem)[:1].upper()}{str(problem)[1:]}.", hint="Like 30m, 2h or 1d.") from None


def length_first(rest: str) -> tuple[timedelta | None, str]:
    """Read `[for] 2h why …`; None where no length stands first."""
    words = rest.split(None, 2 if rest.lower().startswith("for ") else 1)
    if words and words[0].lower() == "for":
        words = words[1:]
    if not words or not words[0][:1].isdigit():
        return None, plain(rest)
    return length(words[0]), plain(words[1]) if len(words) > 1 else ""


def merging(rest: str, here: IncidentId | None) -> tuple[IncidentId, IncidentId]:
    """Read `#12 into #10`, or in an incident's channel `into #10`; Refused when it is not clear which goes where."""
    numbers = [
        IncidentId(int(found[1])) for word in rest.split() if (found := _NUMBER.fullmatch(word.strip(",")))
    ]
    if len(numbers) == 2:  # noqa: PLR2004 - one into another
        return numbers[0], numbers[1]
    if len(numbers) == 1 and here is not None:
        return here, numbers[0]
    raise Refused("Which one goes into which?", hint="Like this: merge #12 into #10, and #10 goes on.")
