"""How instants, durations, sizes, numbers and strangers' text are written for people, on every surface the same.

Nothing here is cut to a length and nothing is marked up: a surface does both in its own renderer.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from bot.domain.nouns import SCHEDULE, Actor, ActorKind

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TENTHS_BELOW = 10
_MILLISECONDS_BELOW = 0.05  # what would be written 0 s
_KIBI = 1024
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_MARKED_UP = re.compile(r"<([@#!]?)([^<>|\s][^<>|]*)(?:\|([^<>]*))?>")
"""What chat writes for a person, a channel, a group and a link (https://docs.slack.dev/messaging/formatting-message-text)."""
_LINKED = ("http://", "https://", "mailto:")
_IN_URLS = ":/?#[]@!$&'*+,;=%-._~"


def instant(at: datetime) -> str:
    """Write an instant to the second: `2026-11-23 07:03:48 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def time_of_day(at: datetime) -> str:
    """Write the time alone, `07:03:48`, for places that say UTC and the day beside it."""
    return f"{at.astimezone(UTC):%H:%M:%S}"


def day(at: datetime) -> str:
    """Write the day of an instant in UTC: `2026-11-23`."""
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def duration(seconds: float) -> str:
    """Write a length of time in its two largest units: `12 ms`, `0.4 s`, `4 min 12 s`, `1 h 3 min`, `2 d 4 h`."""
    if 0 < seconds < _MILLISECONDS_BELOW:
        return f"{max(1, round(seconds * 1000))} ms"
    tenths = round(seconds, 1)
    if tenths < _TENTHS_BELOW:
        return f"{tenths:g} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return _two(whole, (_MINUTE, "min"), (1, "s"))
    if whole < _DAY:
        return _two(whole, (_HOUR, "h"), (_MINUTE, "min"))
    return _two(whole, (_DAY, "d"), (_HOUR, "h"))


def _two(whole: int, large: tuple[int, str], small: tuple[int, str]) -> str:
    many, rest = divmod(whole, large[0])
    few = rest // small[0]
    return f"{many} {large[1]}" + (f" {few} {small[1]}" if few else "")


def size(octets: int) -> str:
    """Write a size in bytes as people compare them: `812 B`, `12.1 KiB`, `8.0 MiB`."""
    if octets < _KIBI:
        return f"{octets} B"
    amount = float(octets)
    for unit in ("KiB", "MiB"):
        amount /= _KIBI
        if amount < _KIBI:
            return f"{amount:.1f} {unit}"
    return f"{amount / _KIBI:.1f} GiB"


def number(value: float) -> str:
    """Write a measured number with four significant digits, whole numbers whole: `0.3125`, `12,000`."""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:.4g}"


def count(many: int, one: str, several: str = "") -> str:
    """Write how many of something: `1 alert`, `4 alerts`."""
    return f"{many:,} {one if many == 1 else several or one + 's'}"


def listed(words: Iterable[str]) -> str:
    """Join words as a sentence does: `a`, `a and b`, `a, b and c`."""
    *head, last = list(words) or [""]
    return f"{', '.join(head)} and {last}" if head else last


def lines(text: str) -> str:
    """Return strangers' text with its line breaks, but with nothing in it that hides, reorders or rings."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(_seen(letter) for letter in unified).strip("\n ")


def plain(text: str) -> str:
    """Return strangers' text on one line, free of what hides, reorders or rings."""
    return " ".join(lines(text).split())


def heard(text: str, names: Mapping[str, str]) -> str:
    """Return what a person said in chat as they saw it: names for ids, addresses without their brackets."""

    def shown(found: re.Match[str]) -> str:
        sign, what, label = found[1], found[2], found[3]
        if sign == "@":
            return f"@{names.get(what) or label or what}"
        if sign == "#":
            return f"#{label or what}"
        if sign == "!":
            word = what.partition("^")[0]
            return label or (f"@{word}" if word == what else what)
        if not what.startswith(_LINKED):
            return found[0]
        return f"{label} ({what})" if label and label not in what else what

    return _MARKED_UP.sub(shown, text)


def _seen(letter: str) -> str:
    if letter == "\n" or unicodedata.category(letter) not in _UNSEEN:
        return letter
    return _REPLACEMENT


def ended(text: str) -> str:
    """Close a sentence with a full stop, unless it has its own end."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def because(words: str) -> str:
    """Append a reason to a sentence: `: …`, or nothing when there is none."""
    said = plain(words)
    return f": {said}" if said else ""


def who(actor: Actor, names: Mapping[str, str]) -> str:
    """Name an actor as people know them, and the way they came where that was not chat: `Ada (by the API)`."""
    by = " (by the API)" if actor.via.startswith("api/") else ""
    if actor.kind is ActorKind.PERSON:
        return f"{person_name(actor.id, names)}{by}"
    if actor == SCHEDULE:
        return "the runbook's schedule"
    if actor.kind is ActorKind.SERVICE:
        return f"the service {plain(actor.id)}{by}"
    return "Fireline" if actor.kind is ActorKind.SYSTEM else f"the sender {plain(actor.id)}"


def person_name(ident: str, names: Mapping[str, str]) -> str:
    """Return a person's display name, their id where nobody told it."""
    return plain(names.get(ident, ident))


def source_name(source: str, names: Mapping[str, str]) -> str:
    """Name a source of approvers: `user:U0ADA` as the person, `group:sre` as `group sre`."""
    kind, _, ident = source.partition(":")
    return person_name(ident, names) if kind == "user" else plain(f"{kind} {ident}")


def json_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write inputs as one line of JSON that a person can compare: keys sorted, letters as they are."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def safe_url(text: str) -> str:
    """Return a web address that may be linked, empty for anything else: other schemes, no host; passwords are dropped."""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host:
        return ""
    place = f"[{host}]" if ":" in host else host
    bare = parts._replace(netloc=f"{place}:{port}" if port else place)
    return quote(urlunsplit(bare), safe=_IN_URLS)
