"""Durations as people write them: `30s`, `10m`, `1h30m`, `7d`.

A bare number is refused, because nobody knows its unit at 3 a.m.

The units are Prometheus' (`ms`, `s`, `m`, `h`, `d`, `w`), largest first and each at most once; a year has
no fixed length and is refused.
"""

from __future__ import annotations

import re
from datetime import timedelta

_MILLISECONDS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_FORM = re.compile("".join(rf"(?:(?P<{unit}>[0-9]+){unit})?" for unit in _MILLISECONDS))
_MOST = timedelta(weeks=520)


def parse_duration(text: str) -> timedelta:
    """Read a duration such as `1h30m` or `500ms`.

    Raises ValueError, with a sentence for a person, when the text is no duration or is longer than ten
    years (520 weeks).
    """
    found = _FORM.fullmatch(text)
    if found is None or not text:
        raise ValueError(_why_not(text))
    most = _MOST // timedelta(milliseconds=1)
    total = sum(
        int(digits[:20]) * _MILLISECONDS[unit] for unit, digits in found.groupdict().items() if digits
    )
    if total > most:
        msg = f"{text!r} is longer than ten years"
        raise ValueError(msg)
    return timedelta(milliseconds=total)


def _why_not(text: str) -> str:
    if text.isascii() and text.isdigit():
        return f"{text!r} has no unit: write {text}s, {text}m or {text}h"
    return f"{text!r} is no duration: write whole numbers with the units w, d, h, m, s, ms, largest first, such as 1h30m"


def format_duration(duration: timedelta) -> str:
    """Write a duration so that `parse_duration` reads the same one back.

    What is below a millisecond is dropped.

    Raises ValueError for a negative duration, which the language has no form for.
    """
    left = duration // timedelta(milliseconds=1)
    if left < 0:
        msg = f"a duration can't be negative: {duration}"
        raise ValueError(msg)
    parts: list[str] = []
    for unit, size in _MILLISECONDS.items():
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
