"""Time as an argument: what a rule may know about now, and how instants are written down.

Every instant in Fireline is an aware datetime in UTC. Nothing below the edges reads the machine's clock.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol


class Clock(Protocol):
    """Tells the time; the edges pass the machine's, tests pass one that they move."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)


def to_text(instant: datetime) -> str:
    """Write an instant as RFC 3339 in UTC with microseconds: `2026-11-23T07:03:48.024000Z`.

    Raises ValueError for a naive datetime, because guessing its zone would falsify the record.
    """
    if instant.tzinfo is None:
        msg = f"a naive datetime has no place in the record: {instant!r}"
        raise ValueError(msg)
    return _utc_to_text(instant if instant.tzinfo is UTC else instant.astimezone(UTC))


# Kept, because the start of an alert is written into its key, its event and its row, and alerts begin together.
@lru_cache(maxsize=4096)
def _utc_to_text(instant: datetime) -> str:
    return instant.isoformat(timespec="microseconds")[:-6] + "Z"  # without "+00:00"


def from_text(text: str) -> datetime:
    """Read an RFC 3339 instant and return it in UTC; digits beyond microseconds are dropped.

    Raises ValueError when the text is no instant or has no zone.
    """
    instant = datetime.fromisoformat(_cut_to_microseconds(text))
    if instant.tzinfo is None:
        msg = f"an instant needs a zone: {text!r}"
        raise ValueError(msg)
    return instant.astimezone(UTC)


def _cut_to_microseconds(text: str) -> str:
    """Drop fraction digits beyond the sixth: Go writes nine, `datetime` keeps six."""
    head, dot, tail = text.partition(".")
    if not dot:
        return text
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}.{tail[: min(digits, 6)]}{tail[digits:]}"
