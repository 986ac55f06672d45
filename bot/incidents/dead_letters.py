"""What people do about dead letters, in one unit of work each: put back, or let go.

    what        put back                                               let go
    run         goes on from where it stood (the engine decides)       stays as it ended
    alert       is routed again                                        is kept as unmatched, and opens nothing
    schedule    its instant is answered                                its instant is left out
    request     is handled again, as the one who asked                 stays undone
    message     is shown; with a channel, all that belongs into it     is never shown
    relayed     is taken again                                         is removed from where it was kept

Whoever a thing belongs to hears from the journal that it was put back. What is put back and can't go on lands again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

import structlog

from bot.crashpoints import CrashPoint, reached
from bot.domain.dead_letters import land_run, let_go, put_back
from bot.domain.facts import AlertsUnmatched
from bot.domain.ids import INTAKE, LetterId, RunId
from bot.domain.nouns import FIRELINE, Actor, DeadKind, LetterStatus, Routing, RunStatus
from bot.domain.ports import Journal, Reader, Transaction
from bot.domain.records import DeadLetter, RunRecord
from bot.engine.control import RunControl
from bot.errors import Conflict, NotFound, Refused
from bot.incidents import rules

_LOG = structlog.get_logger(__name__)
_LOOKED_AT = 10_000
"""Letters that are looked at, at the start, for what is to be put back."""
PUTS_BACK: Mapping[DeadKind, str] = {
    DeadKind.RUN: "it goes on from where it stood; what was cut off is looked into first, and repeated only where that is safe",
    DeadKind.ALERT: "the alerts are routed again",
    DeadKind.SCHEDULE: "its instant is answered now",
    DeadKind.REQUEST: "it is done now, for the one who asked",
    DeadKind.MESSAGE: "chat is asked again to show it",
    DeadKind.RELAYED: "it is taken in again",
}
"""What putting back does, in words."""
LETS_GO: Mapping[DeadKind, str] = {
    DeadKind.RUN: "the run stays as it ended; what it did stays too",
    DeadKind.ALERT: "the alerts are kept as unmatched, and open nothing",
    DeadKind.SCHEDULE: "that instant is left out",
    DeadKind.REQUEST: "it stays undone",
    DeadKind.MESSAGE: "chat never shows it",
    DeadKind.RELAYED: "it is removed from where it was kept",
}
"""What letting go does, in words."""


def waiting(letter: DeadLetter | None, number: LetterId) -> DeadLetter:
    """Return the letter; NotFound when there is none, Conflict when it does not wait any more."""
    if letter is None:
        raise NotFound(f"There is no dead letter {number}.", hint="`dead-letters` lists them.")
    if letter.status is not LetterStatus.WAITING:
        how = "put back" if letter.status is LetterStatus.REQUEUED else "discarded"
        by = f" by {letter.closed_by.id}" if letter.closed_by is not None else ""
        raise Conflict(
            f"Dead letter {number} was {how}{by} already.", hint="`dead-letters` lists those that wait."
        )
    return letter


def requeue(tx: Transaction, number: LetterId, by: Actor, why: str) -> None:
    """Put back anything but a run; Conflict when what it is about is gone."""
    letter = waiting(tx.dead_letter(number), number)
    if letter.what is DeadKind.REQUEST:
        if tx.inbox_entry(letter.about) is None:
            raise Conflict(f"What dead letter {number} is about is gone.", hint="Discard it.")
        tx.reopen_inbox(letter.about)
    elif letter.what is DeadKind.MESSAGE:
        _show_again(tx, letter)
    put_back(tx, letter, by, why)


def discard(tx: Transaction, number: LetterId, by: Actor, why: str) -> None:
    """Let a thing go; Refused without a reason."""
    if not why:
        raise Refused(
            "Say why nothing more is to come of it.", hint=f"Like this: discard {number} mended by hand"
        )
    letter = waiting(tx.dead_letter(number), number)
    let_go(tx, letter, by, why)
    if letter.what is DeadKind.ALERT:
        known = tx.alerts(letter.alerts)
        left = tuple(key for key in letter.alerts if key in known and known[key].routing is Routing.PENDING)
        if left:
            tx.append(INTAKE, FIRELINE, [AlertsUnmatched(keys=left)])
    elif letter.what is DeadKind.RELAYED:
        tx.close_relay(letter.about)


def left_waiting(letters: Sequence[DeadLetter]) -> tuple[str, ...]:
    """Say to the one who resolves an incident that something of it waits still; a run of it can't be put back any more then."""
    if not letters:
        return ()
    wait = "1 dead letter of it waits" if len(letters) == 1 else f"{len(letters)} dead letters of it wait"
    return (f"{wait} still: `dead-letters` shows what.",)


def put_all_back(tx: Transaction, kinds: Collection[DeadKind], why: str) -> None:
    """Put back all of some kinds, as Fireline itself: what kept them may be mended."""
    for letter in tx.dead_letters(limit=_LOOKED_AT):
        if letter.what in kinds:
            put_back(tx, letter, FIRELINE, why)


def must_be_free(reader: Reader, run: RunId, by: Actor | None) -> None:
    """Raise Refused unless a run that is over may go on where it is; without `by`, in words for everybody who reads of its incident."""
    record = reader.run(run)
    if record is None:
        raise NotFound(f"There is no run {run}.", hint="`runs` lists an incident's runs.")
    incident = rules.found(reader.incident(record.incident), record.incident)

    def seen(other: RunRecord) -> bool:
        its = reader.incident(other.incident)
        if its is None:
            return False
        return its.told_in(incident.id) or (by is not None and its.seen_by(by.id))

    of_group = reader.runs_of_group(record.group)
    rules.may_go_on(record, incident, reader.runs_of(record.incident), of_group, seen=seen)


async def bring_back(journal: Journal, reader: Reader, runs: RunControl) -> None:
    """Have those runs go on that were put back while nobody was there to do it; one that may not lands again, with why."""
    for letter in await asyncio.to_thread(reader.dead_letters, waiting=False, limit=_LOOKED_AT):
        if letter.run is None or not _is_left(reader.run(letter.run), letter):
            continue
        try:
            must_be_free(reader, letter.run, None)  # what is refused is kept, and read in its channel
            reached(CrashPoint.LETTER_BEFORE_BRINGING_BACK)
            await runs.requeue(letter.run, by=letter.closed_by or FIRELINE, why=letter.why)
        except Refused as refusal:
            _LOG.warning("a run that was put back may not go on", run=letter.run, problem=str(refusal))
            await journal.submit(
                partial(_land_again, letter, f"it was put back, and may not go on: {refusal}")
            )


def _is_left(run: RunRecord | None, letter: DeadLetter) -> bool:
    if run is None or letter.status is not LetterStatus.REQUEUED or letter.closed_at is None:
        return False
    return (
        run.status is RunStatus.FAILED and run.finished_at is not None and run.finished_at < letter.closed_at
    )


def _land_again(letter: DeadLetter, detail: str, tx: Transaction) -> None:
    now = tx.dead_letter(letter.id)
    run = tx.run(letter.run) if letter.run is not None else None
    if now is not None and not now.waiting and run is not None:
        land_run(tx, run.id, run.runbook, letter.reason, detail)


def _show_again(tx: Transaction, letter: DeadLetter) -> None:
    entries = tx.outbox_given_up(letter.incident) if letter.incident is not None else ()
    channel = letter.about.endswith("/channel")
    for entry in entries:
        # What belongs into a channel was given up because there was none.
        if channel or entry.key == letter.about:
            tx.put_outbox(replace(entry, gone="", error="", attempts=0, due_at=None))
