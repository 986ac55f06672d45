"""Lengths of time as people write them: `500ms`, `30s`, `10m`, `1h30m`, `7d`, `2w`.

Always with a unit: a bare number is refused, because half the field reads it as seconds and half as milliseconds. The units and their
order are Prometheus' own (https://prometheus.io/docs/prometheus/latest/querying/basics/#float-literals-and-time-durations), less the year.
"""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_FORM = re.compile("".join(rf"(?:(?P<{unit}>[0-9]{{1,9}}){unit})?" for unit in _UNITS))


LONGEST = timedelta(weeks=520)
"""What is longer than ten years is a slip of the finger."""


def parse_duration(text: str) -> timedelta:
    """Read `1h30m`; ValueError says what a duration looks like."""
    if text.isascii() and text.isdigit():
        raise ValueError(f"{text} has no unit: write {text}s, {text}m or {text}h")
    found = _FORM.fullmatch(text)
    if not text or found is None:
        raise ValueError(
            f"{text!r} is no duration: write a number with its unit, like 500ms, 30s, 10m, 2h or 7d"
        )
    counts = {unit: int(count) for unit, count in found.groupdict(default="0").items()}
    if sum(count * _UNITS[unit].total_seconds() for unit, count in counts.items()) > LONGEST.total_seconds():
        raise ValueError(f"{text} is longer than ten years")
    return sum((count * _UNITS[unit] for unit, count in counts.items()), timedelta())


def format_duration(length: timedelta) -> str:
    """Write a length the way `parse_duration` reads it, largest unit first: `1h30m`; `0s` for none at all.

    What is finer than a millisecond is dropped. Weeks are written as days. ValueError for a negative length.
    """
    if length < timedelta():
        msg = f"a duration can't be negative: {length!r}"
        raise ValueError(msg)
    parts = []
    for unit, size in _UNITS.items():
        if unit != "w":
            count, length = divmod(length, size)
            if count:
                parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
