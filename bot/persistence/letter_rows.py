"""Rows of the dead-letter list as records."""

from __future__ import annotations

import json

from bot.domain.clock import from_text
from bot.domain.nouns import Actor, DeadKind, DeadReason, LetterStatus
from bot.domain.records import DeadLetter
from bot.persistence.rows import Row


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
        due=None if row.due is None else from_text(row.due),
        closed_at=None if row.closed_at is None else from_text(row.closed_at),
        closed_by=None if row.closed_by is None else Actor.parse(row.closed_by),
        why=row.why,
    )
