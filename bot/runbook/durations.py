"""Durations in runbooks.

Fireline's own (`bot.domain.durations`), held to ten years, with a sentence for who forgot the unit.
"""

from __future__ import annotations

from datetime import timedelta

from bot.domain.durations import format_duration as format_duration  # noqa: PLC0414 - part of the language
from bot.domain.durations import parse_duration as _parse

LONGEST = timedelta(weeks=520)


def parse_duration(text: str) -> timedelta:
    """Read a duration such as `1h30m` or `500ms`.

    ValueError, with a sentence for a person, when it is none.
    """
    if text.isascii() and text.isdigit():
        raise ValueError(f"{text} has no unit: write {text}s, {text}m or {text}h")
    try:
        found = _parse(text)
    except OverflowError:
        found = timedelta.max
    if found > LONGEST:
        raise ValueError(f"{text} is longer than ten years")
    return found
