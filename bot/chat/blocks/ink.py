"""How text from outside becomes safe to show: redacted, defused, cut.

Slack reads `<!channel>`, `<@U1>` and `<url|text>` in whatever an alert carried, so `&`, `<` and `>` are written as entities
(https://docs.slack.dev/messaging/formatting-message-text#escaping). Characters that turn the direction of text or can't be seen are
dropped, or spelled out where letters count, because they can make an approval read as another one. Cutting comes last, so that half a
secret never slips through and no entity is torn.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

Redact = Callable[[str], str]
"""Takes secrets out of a text."""

CUT = "…"
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_PEOPLE = re.compile(r"[UW][A-Z0-9]{2,}")
_NAMED = re.compile(r"&lt;@([UW][A-Z0-9]{2,})(?:\|[^&|]*)?&gt;")
_SPACES = re.compile(r"\s+")
_MENTION_WORDS = re.compile(r"@(?=channel|here|everyone)", re.IGNORECASE)
_BREAKS = frozenset("\n\r\t\v\f\x85\u2028\u2029")
_TORN = re.compile(r"&[a-z]{0,3}$")
_TORN_MRKDWN = re.compile(r"(?:<[^<>]*|&[a-z]{0,3})$")
_QUOTES = str.maketrans({"`": "\u02cb"})
"""A grave accent that closes no code."""
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~-._"


def as_it_is(text: str) -> str:
    """Redact nothing."""
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """Writes text from outside; `room` (0 to 1) scales every limit, so that a message that came out too long can be written smaller."""

    redact: Redact = as_it_is
    room: float = 1.0

    def line(self, text: str, limit: int = 200) -> str:
        """Write a text in one line of mrkdwn or plain text; `limit` counts the characters that Slack counts, entities whole."""
        # Twice: a secret over several lines is known before they are joined, one with something unseen in it after that is gone.
        seen = self.redact(defuse(self.redact(text)))
        calm = _MENTION_WORDS.sub("@\u2060", seen)
        return self._cut(escape(_SPACES.sub(" ", calm).strip()), limit)

    def words(self, text: str, limit: int = 200) -> str:
        """Write what a person said in chat in one line: people whom they named are named, and nothing else in it is Slack's mark-up."""
        return _NAMED.sub(r"<@\1>", self.line(text, limit))

    def code(self, text: str, limit: int = 200) -> str:
        """Write a text between back ticks; nothing inside is formatting."""
        inside = self.line(text, limit).translate(_QUOTES)
        return f"`{inside}`" if inside else ""

    def literal(self, text: str, limit: int = 2500) -> str:
        """Write a text for a rich text element, which Slack shows letter by letter; line ends stay."""
        return self._cut(spelled_out(self.redact(text)), limit)

    def values(self, data: Mapping[str, Any], limit: int = 4000) -> tuple[str, bool]:
        """Write JSON data for people, secrets out, and say whether it had to be cut."""
        # What is short comes first: the method and the address before their headers and bodies.
        ordered = sorted(data.items(), key=lambda item: isinstance(item[1], Mapping | list | tuple))
        whole = spelled_out(self.redact(json.dumps(self._clean(dict(ordered)), indent=2, ensure_ascii=False)))
        shown = self._cut(whole, limit)
        return shown, shown != whole

    def rows(self, rows: Sequence[Mapping[str, Any]], limit: int = 4000) -> tuple[str, bool]:
        """Write JSON data a line each, numbered from 1, secrets out, and say whether it had to be cut."""
        lines = (json.dumps(self._clean(each), ensure_ascii=False) for each in rows)
        whole = spelled_out(self.redact("\n".join(f"{at}  {line}" for at, line in enumerate(lines, start=1))))
        shown = self._cut(whole, limit)
        return shown, shown != whole

    def _clean(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, Mapping):
            return {str(key): self._clean(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(each) for each in value]
        return value

    def _cut(self, text: str, limit: int) -> str:
        return cut(text, max(1, int(limit * self.room)))


def escape(text: str) -> str:
    """Write the three characters that Slack reads as its own."""
    return text.translate(_ENTITIES)


def defuse(text: str) -> str:
    """Drop what can't be seen or turns the reading direction; tabs and line ends become spaces."""
    return "".join(" " if each in _BREAKS else "" if _unseen(each) else each for each in text)


def spelled_out(text: str) -> str:
    """Write what can't be seen as its code point (backslash, u, four digits); tabs and line ends stay."""
    return "".join(f"\\u{ord(each):04x}" if _unseen(each) and each not in "\n\t" else each for each in text)


def _unseen(char: str) -> bool:
    # Cc, Cf, Cs, Co, Cn: controls, invisible formatting (marks of direction among them), surrogates, private and unassigned.
    # The joiner belongs to emoji and scripts.
    return unicodedata.category(char).startswith("C") and char != "\u200d"


def cut(text: str, limit: int, torn: re.Pattern[str] = _TORN) -> str:
    """Cut a text to at most `limit` characters, with an ellipsis, never inside an entity, or whatever else `torn` finds half of at its end."""
    if len(text) <= limit:
        return text
    return torn.sub("", text[: limit - 1]).rstrip() + CUT


def cut_mrkdwn(text: str, limit: int) -> str:
    """Cut a text with Slack's mark-up as `cut` does, and never inside a mention, a link or a time: any `<` in it is ours."""
    return cut(text, limit, _TORN_MRKDWN)


def mention(ident: str, ink: Ink) -> str:
    """Name a person so that Slack shows their name: a mention for a Slack id, the text itself for any other."""
    return f"<@{ident}>" if _PEOPLE.fullmatch(ident) else ink.line(ident, 80)


def clock_time(instant: datetime, *, seconds: bool = False) -> str:
    """Write an instant in each reader's own time zone, with UTC for those that can't."""
    form = "{time_secs}" if seconds else "{time}"
    plain = instant.strftime("%H:%M:%S UTC" if seconds else "%H:%M UTC")
    return f"<!date^{int(instant.timestamp())}^{form}|{plain}>"


def span(length: timedelta) -> str:
    """Write a length of time the way people say it: `12 ms`, `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    total = max(0.0, length.total_seconds())
    if 0 < total < 0.05:  # noqa: PLR2004 - what would be written 0.0 s
        return f"{max(1, round(total * 1000))} ms"
    if total < 9.95:  # noqa: PLR2004 - below ten seconds, tenths matter
        return f"{total:.1f} s"
    minutes, seconds = divmod(round(total), 60)
    if not minutes:
        return f"{seconds} s"
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min {seconds} s" if seconds and minutes < 10 else f"{minutes} min"  # noqa: PLR2004
    days, hours = divmod(hours, 24)
    if not days:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{days} d {hours} h" if hours else f"{days} d"


def link(url: str, label: str) -> str:
    """Write a link; a URL that is not http or https gives the label alone. `label` is ours, or was written by `Ink`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return label
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return label
    return f"<{escape(quote(url, safe=_URL_SAFE))}|{label.replace('|', '¦')}>"
