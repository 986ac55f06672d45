"""Runs in the dead-letter list: one that can't go on lands there in the unit of work that ends it, and leaves it with the fact that it goes on.

A run inside another does not land: the one around it hears how it ended, and what comes of that its author has said.
"""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial

import structlog

from bot.actions.outcome import Reason
from bot.crashpoints import CrashPoint, reached
from bot.domain.dead_letters import key_of, land_run, put_back
from bot.domain.facts import Fact, RunFinished, RunRequeued, RunRetried
from bot.domain.ids import RunId
from bot.domain.nouns import Actor, DeadKind, DeadReason
from bot.domain.ports import Journal, Transaction
from bot.errors import Conflict, JournalError, Refused, RunbookError

_LOG = structlog.get_logger(__name__)
_UNREADABLE = (RunbookError, ValueError, LookupError, TypeError)
"""What reading raises of stored text that can't be understood."""


def reason_for(problem: Exception) -> DeadReason:
    """Tell what can't be read from what broke."""
    return DeadReason.UNREADABLE if isinstance(problem, _UNREADABLE) else DeadReason.BUG


def concerns(fact: Fact) -> bool:
    """Tell whether a decision puts its run into the list, or takes it out."""
    # Asked of every decision: a type is compared in half the time that `isinstance` takes.
    kind = type(fact)
    return kind is RunRequeued or kind is RunRetried or (kind is RunFinished and fact.reason == Reason.BUG)  # type: ignore[attr-defined]  # narrowed


def follow(
    tx: Transaction, run: RunId, actor: Actor, fact: Fact, reason: DeadReason = DeadReason.BUG
) -> None:
    """Keep the list in step with a run's fact, in the unit of work that writes it."""
    if isinstance(fact, RunRequeued | RunRetried):
        letter = tx.dead_letter_of(key_of(DeadKind.RUN, run))
        if letter is not None and letter.waiting:
            put_back(tx, letter, actor, fact.why)
    elif isinstance(fact, RunFinished) and fact.reason == Reason.BUG:
        record = tx.run(run)
        if record is not None and record.parent is None:
            land_run(tx, run, record.runbook, reason, fact.detail)


async def requeue(asking: Awaitable[None], journal: Journal, run: RunId, *, by: Actor, why: str) -> None:
    """Ask a run to go on that could not; when it can't still, it lands again, and Conflict says why.

    What broke was put back by a person all the same, and the record says so.
    """
    try:
        await asking
    except (Refused, JournalError):
        raise
    except Exception as problem:  # whatever nobody foresaw is a recorded outcome: it lands in the list
        # Whatever nobody foresaw: the list has it, and the one who asked is told.
        _LOG.exception("a run that was put back can't go on", run=run)
        detail = f"it can't be taken up: {type(problem).__name__}: {problem}"
        reached(CrashPoint.LETTER_BEFORE_LANDING_AGAIN)
        await journal.submit(partial(_land_again, run, by, why, reason_for(problem), detail))
        raise Conflict(
            f"Run {run} can't go on still: {detail}.",
            hint="It is in the dead-letter list again; mend the cause, or discard it.",
        ) from problem


def _land_again(run: RunId, by: Actor, why: str, reason: DeadReason, detail: str, tx: Transaction) -> None:
    letter = tx.dead_letter_of(key_of(DeadKind.RUN, run))
    record = tx.run(run)
    if letter is not None and record is not None:
        if letter.waiting:
            put_back(tx, letter, by, why)
        land_run(tx, run, record.runbook, reason, detail)
