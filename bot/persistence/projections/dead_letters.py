"""The dead-letter list: what landed, and what a person did about it."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.canonical import canonical
from bot.domain.clock import to_text
from bot.domain.events import Event
from bot.domain.facts import DeadLetterDiscarded, DeadLetterLanded, DeadLetterRequeued
from bot.domain.nouns import LetterStatus
from bot.persistence.changes import Change
from bot.persistence.process_tables import DEAD_LETTERS


def landed(fact: DeadLetterLanded, _event: Event, at: str) -> Iterable[Change]:
    """Put it into the list, or back into it; when it came first stays."""
    values = {
        "number": fact.letter,
        "what": fact.what.value,
        "status": LetterStatus.WAITING.value,
        "reason": fact.reason.value,
        "title": fact.title,
        "detail": fact.detail,
        "tries": fact.tries,
        "landed_at": at,
        "incident": fact.incident,
        "run": fact.run,
        "alert_keys": canonical(list(fact.alerts)),
        "due": None if fact.due is None else to_text(fact.due),
        "closed_at": None,
        "closed_by": None,
        "why": "",
    }
    yield Change(DEAD_LETTERS, (fact.key,), values, {"since": at})


def requeued(fact: DeadLetterRequeued, event: Event, at: str) -> Iterable[Change]:
    """Take it out: it is taken up again."""
    yield _closed(fact, event, at, LetterStatus.REQUEUED)


def discarded(fact: DeadLetterDiscarded, event: Event, at: str) -> Iterable[Change]:
    """Take it out: nothing more comes of it."""
    yield _closed(fact, event, at, LetterStatus.DISCARDED)


def _closed(
    fact: DeadLetterRequeued | DeadLetterDiscarded, event: Event, at: str, status: LetterStatus
) -> Change:
    values = {"status": status.value, "closed_at": at, "closed_by": str(event.actor), "why": fact.why}
    return Change(DEAD_LETTERS, (fact.key,), values, create=False)
