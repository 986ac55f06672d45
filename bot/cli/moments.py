"""Instants at the terminal: all in UTC, as people type them and as they are shown."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from bot.domain.clock import to_text
from bot.errors import Refused

_OF_THE_DAY = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])Z?")


def moment(typed: str, now: datetime) -> str | None:
    """Read `02:10` (the last time that it was), `2026-11-23 02:10`, or one with a zone of its own; None of nothing, Refused of what is none."""
    text = typed.strip()
    if not text:
        return None
    found = _OF_THE_DAY.fullmatch(text)
    if found is not None:
        today = now.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
        return to_text(today if today <= now else today - timedelta(days=1))
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(
            f"“{text[:40]}” is no time.", hint="Say it in UTC, like 02:10 or 2026-11-23 02:10."
        ) from None
    return to_text(instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC))


def minute(instant: str) -> str:
    """Show an instant to the minute."""
    return instant[:16].replace("T", " ")
