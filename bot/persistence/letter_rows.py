"""Rows of the dead-letter list as records."""

from __future__ import annotations

import json

from bot.domain.clock import from_text
from bot.domain.nouns import DeadKind, DeadReason, LetterStatus
from bot.domain.records import DeadLetter
from bot.persistence.rows import Row, maybe_actor, maybe_instant


def dead_letter_of(row: Row) -> DeadLetter:
    """Read what stands, or stood, in the dead-letter list."""
    return DeadLetter(
        id=row.number,
        key=row.key,
        what=DeadKind(row.what),
        status=LetterStatus(row.status),
        reason=DeadReason(row.reason),
        title=row.title,
        detail=row.detail,
        tries=row.tries,
        since=from_text(row.since),
        landed_at=from_text(row.landed_at),
        incident=row.incident,
        run=row.run,
        alerts=tuple(json.loads(row.alert_keys)),
        due=maybe_instant(row.due),
        closed_at=maybe_instant(row.closed_at),
        closed_by=maybe_actor(row.closed_by),
        why=row.why,
    )
