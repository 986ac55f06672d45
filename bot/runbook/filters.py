"""The filters of the language that are Fireline's own.

Strict where Jinja2's guess, bounded where Jinja2's are not.

Jinja2's `int` makes 0 of what is no number; here that is an error unless a default is given. Functions
raise ValueError or TypeError with a sentence for a person.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import quote

from jinja2 import Undefined

from bot.domain.durations import format_duration, parse_duration
from bot.runbook.data import Data, as_json, as_text, plain
from bot.runbook.limits import fits_items, fits_text
from bot.runbook.regexes import compile_regex

_NOTHING = object()


def _text(value: object, name: str) -> str:
    if isinstance(value, Undefined):
        str(value)
    if not isinstance(value, str):
        raise TypeError(f"{name} takes a text, and this is a {type(value).__name__}")
    return value


def to_int(value: object, default: object = _NOTHING) -> object:
    """Make a whole number of a number or a text; digits after the point are dropped."""
    return _number(value, default, int)


def to_float(value: object, default: object = _NOTHING) -> object:
    """Make a number of a text."""
    return _number(value, default, float)


def _number(value: object, default: object, kind: type[int | float]) -> object:
    if isinstance(value, Undefined):
        str(value)
    if isinstance(value, str | int | float):
        try:
            number = (
                float(value) if kind is float or (isinstance(value, str) and "." in value) else int(value)
            )
            if math.isfinite(number):
                return kind(number)
        except (ValueError, OverflowError):
            pass
    if default is _NOTHING:
        raise ValueError(
            f"{_shown(value)} is no number; give a default, such as {kind.__name__}(0), where that may be"
        )
    return default


def rounded(value: object, digits: int = 0) -> object:
    """Round a number to so many digits after the point, half to even; without digits to a whole number."""
    number = to_float(value)
    if not isinstance(number, float) or not 0 <= digits <= 15:  # noqa: PLR2004 - what a float can hold
        raise ValueError("round takes a number and keeps 0 to 15 digits")
    return round(number, digits) if digits else round(number)


def to_bool(value: object) -> bool:
    """Make a boolean of the text true or false."""
    if isinstance(value, Undefined):
        str(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ValueError(f"{_shown(value)} is neither true nor false")


def to_string(value: object) -> str:
    """Write any value as it would stand inside a text."""
    return as_text(value)


def to_json(value: object, indent: int | None = None) -> str:
    """Write any value as JSON text."""
    if indent is not None and not 0 <= indent <= 8:  # noqa: PLR2004 - more would only make text longer
        raise ValueError("json indents by 0 to 8")
    return as_json(value, indent)


def from_json(value: object) -> Data:
    """Read a JSON text."""
    text = _text(value, "from_json")
    fits_text(len(text))
    try:
        return plain(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this is no JSON: {error}") from None


def duration(value: object) -> str:
    """Write a number of seconds as a duration: 5400 gives 1h30m."""
    if isinstance(value, timedelta):
        return format_duration(value)
    seconds = to_float(value)
    if not isinstance(seconds, float) or not 0 <= seconds < 1e9:  # noqa: PLR2004 - thirty years
        raise ValueError(f"{_shown(value)} seconds are no duration")
    return format_duration(timedelta(seconds=seconds))


def seconds(value: object) -> float:
    """Give a duration as a number of seconds: 1h30m gives 5400."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    return parse_duration(_text(value, "seconds")).total_seconds()


def split(value: object, separator: str | None = None, limit: int = -1) -> list[str]:
    """Cut a text at separators (white space where none is given), cut at most `limit` times."""
    return _text(value, "split").split(separator, limit)


def bounded(values: Iterable[object]) -> list[object]:
    """Gather values into a list, within the limits."""
    out: list[object] = []
    length = 0
    for each in values:
        length += len(each) if isinstance(each, str) else 0
        fits_text(length)
        out.append(each)
        fits_items(len(out))
    return out


def join(values: Iterable[object], separator: str = "") -> str:
    """Put values into one text, with a separator between them."""
    out: list[str] = []
    length = 0
    for each in values:
        text = as_text(each)
        length += len(text) + len(separator)
        fits_text(length)
        out.append(text)
    return separator.join(out)


def replace(value: object, old: str, new: str, count: int = -1) -> str:
    """Replace each `old` in a text by `new`, at most `count` times."""
    text = _text(value, "replace")
    times = text.count(old) if count < 0 else min(count, text.count(old))
    fits_text(len(text) + times * max(0, len(new) - len(old)))
    return text.replace(old, new, count)


def total(values: Iterable[object], start: float = 0) -> float:
    """Add numbers up."""
    result = start
    for each in values:
        if isinstance(each, Undefined):
            str(each)
        if isinstance(each, bool) or not isinstance(each, int | float):
            raise TypeError(f"sum adds numbers, and {_shown(each)} is none")
        result += each
    return result


def urlencode(value: object) -> str:
    """Make a text safe as one part of a URL's path or query.

    A slash is encoded too, so that no part can leave its place.
    """
    return quote(as_text(value), safe="")


def regex_match(value: object, pattern: str) -> bool:
    """Tell whether the whole text matches the pattern, as in a matcher."""
    return compile_regex(pattern).found_in(_text(value, "regex_match"))


def regex_search(value: object, pattern: str) -> bool:
    """Tell whether the pattern matches anywhere in the text."""
    return compile_regex(pattern, anchored=False).found_in(_text(value, "regex_search"))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"  # noqa: PLR2004 - enough to be recognised by
