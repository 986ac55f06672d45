"""The dead-letter list: how a thing lands in it, is put back, and is let go. The one way for every room, inside a unit of work of theirs.

The list is in the log; what becomes of a thing that was put back is the affair of the room that it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts import DeadLetterDiscarded, DeadLetterLanded, DeadLetterRequeued
from bot.domain.ids import (
    SYSTEM,
    AlertKey,
    IncidentId,
    LetterKey,
    RunId,
    StreamId,
    incident_of_run,
    incident_stream,
)
from bot.domain.nouns import FIRELINE, Actor, DeadKind, DeadReason
from bot.domain.ports import Transaction
from bot.domain.records import DeadLetter


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """What lands: `about` names it within its kind, `tries` counts those of this time alone. The rest is as `DeadLetterLanded` has it."""

    what: DeadKind
    about: str
    reason: DeadReason
    title: str
    detail: str
    tries: int = 1
    incident: IncidentId | None = None
    run: RunId | None = None
    alerts: tuple[AlertKey, ...] = ()
    due: datetime | None = None

    @property
    def key(self) -> LetterKey:
        """Its name for good."""
        return key_of(self.what, self.about)


def key_of(what: DeadKind, about: str) -> LetterKey:
    """Return the name under which a thing stands in the list."""
    return LetterKey(f"{what.value}/{about}")


def land(tx: Transaction, landing: Landing) -> None:
    """Put a thing into the list; one that was there before has its number still, and its tries are counted on."""
    known = tx.dead_letter_of(landing.key)
    fact = DeadLetterLanded(
        letter=known.id if known is not None else tx.next_dead_letter(),
        key=landing.key,
        what=landing.what,
        reason=landing.reason,
        title=landing.title,
        detail=landing.detail,
        tries=landing.tries + (known.tries if known is not None else 0),
        incident=landing.incident,
        run=landing.run,
        alerts=landing.alerts,
        due=landing.due,
    )
    tx.append(_stream(landing.incident), FIRELINE, [fact])


def land_run(tx: Transaction, run: RunId, runbook: str, reason: DeadReason, detail: str) -> None:
    """Put a run into the list."""
    land(
        tx,
        Landing(
            what=DeadKind.RUN,
            about=run,
            reason=reason,
            title=f"run {run} of {runbook}",
            detail=detail,
            incident=incident_of_run(run),
            run=run,
        ),
    )


def put_back(tx: Transaction, letter: DeadLetter, by: Actor, why: str = "") -> None:
    """Say that a thing is taken up again."""
    fact = DeadLetterRequeued(
        letter=letter.id,
        key=letter.key,
        what=letter.what,
        why=why,
        incident=letter.incident,
        run=letter.run,
        alerts=letter.alerts,
    )
    tx.append(_stream(letter.incident), by, [fact])


def let_go(tx: Transaction, letter: DeadLetter, by: Actor, why: str) -> None:
    """Say that nothing more comes of a thing."""
    fact = DeadLetterDiscarded(
        letter=letter.id,
        key=letter.key,
        what=letter.what,
        why=why,
        incident=letter.incident,
        run=letter.run,
        alerts=letter.alerts,
    )
    tx.append(_stream(letter.incident), by, [fact])


def _stream(incident: IncidentId | None) -> StreamId:
    return SYSTEM if incident is None else incident_stream(incident)
