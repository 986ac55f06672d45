"""What people do beside the response itself: silences, messages of the timeline, the freeze."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.canonical import canonical
from bot.domain.clock import to_text
from bot.domain.events import Event
from bot.domain.facts import (
    ChangesFrozen,
    ChangesUnfrozen,
    MarkedMessageDeleted,
    MarkedMessageEdited,
    MessageMarked,
    SilenceAsked,
    SilenceEndAsked,
    SilenceEnded,
    SilenceFailed,
    SilenceStands,
    fact_to_data,
)
from bot.domain.nouns import SilenceStatus
from bot.persistence.changes import Change
from bot.persistence.response_tables import FREEZE, MARKS, SILENCES

_THE_ONE = (1,)


def silence_asked(fact: SilenceAsked, event: Event, at: str) -> Iterable[Change]:
    """Want a silence."""
    yield Change(
        SILENCES,
        (fact.silence,),
        values={
            "incident": fact.incident,
            "status": SilenceStatus.ASKED.value,
            "matchers": canonical(fact_to_data(fact)["matchers"]),
            "asked_at": at,
            "until": to_text(fact.until),
            "by": str(event.actor),
            "why": fact.why,
            "ident": "",
            "detail": "",
            "seq": event.seq,
        },
    )


def silence_stands(fact: SilenceStands, _event: Event, _at: str) -> Iterable[Change]:
    """Know that it stands."""
    values = {"status": SilenceStatus.STANDING.value, "ident": fact.ident, "until": to_text(fact.until)}
    yield Change(SILENCES, (fact.silence,), values, create=False)


def silence_end_asked(fact: SilenceEndAsked, _event: Event, _at: str) -> Iterable[Change]:
    """Want its end."""
    yield Change(SILENCES, (fact.silence,), {"status": SilenceStatus.ENDING.value}, create=False)


def silence_ended(fact: SilenceEnded, _event: Event, _at: str) -> Iterable[Change]:
    """Know that it has ended."""
    yield Change(SILENCES, (fact.silence,), {"status": SilenceStatus.ENDED.value}, create=False)


def silence_failed(fact: SilenceFailed, _event: Event, _at: str) -> Iterable[Change]:
    """Know that it never stood, or that it could not be ended and stands on."""
    status = SilenceStatus.STANDING if fact.ending else SilenceStatus.FAILED
    values = {"status": status.value, "detail": fact.detail}
    yield Change(SILENCES, (fact.silence,), values, create=False)


def marked(fact: MessageMarked, event: Event, at: str) -> Iterable[Change]:
    """Take a chat message into a timeline."""
    yield Change(
        MARKS,
        (fact.channel, fact.ts),
        values={
            "incident": fact.incident,
            "author": fact.author,
            "text": fact.text,
            "permalink": fact.permalink,
            "marked_by": str(event.actor),
            "marked_at": at,
            "edited_at": None,
            "deleted_at": None,
        },
    )


def mark_edited(fact: MarkedMessageEdited, _event: Event, _at: str) -> Iterable[Change]:
    """Say what it says now."""
    values = {"text": fact.text, "edited_at": to_text(fact.edited_at)}
    yield Change(MARKS, (fact.channel, fact.ts), values, create=False)


def mark_deleted(fact: MarkedMessageDeleted, _event: Event, at: str) -> Iterable[Change]:
    """Say that it is gone from chat."""
    yield Change(MARKS, (fact.channel, fact.ts), {"deleted_at": at}, create=False)


def frozen(fact: ChangesFrozen, event: Event, at: str) -> Iterable[Change]:
    """Freeze changes."""
    values = {
        "since": at,
        "by": str(event.actor),
        "why": fact.why,
        "until": None if fact.until is None else to_text(fact.until),
    }
    yield Change(FREEZE, _THE_ONE, values)


def unfrozen(_fact: ChangesUnfrozen, _event: Event, _at: str) -> Iterable[Change]:
    """Let changes go on."""
    yield Change(FREEZE, _THE_ONE, {"since": None, "by": "", "why": "", "until": None}, create=False)
