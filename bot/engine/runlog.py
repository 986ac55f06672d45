"""A run's log as the driver reads and writes it: what can't be read or written now is told apart from what can't be understood."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import structlog

from bot.actions.outcome import Reason
from bot.crashpoints import CrashPoint, reached
from bot.domain.events import Event
from bot.domain.facts import RunFinished
from bot.domain.ids import RunId, incident_of_run, incident_stream
from bot.domain.nouns import FIRELINE, DeadReason, RunStatus
from bot.domain.ports import Journal, Reader, Transaction
from bot.engine import dead_letters
from bot.engine.conductor.turn import Decision
from bot.errors import FirelineError, JournalClosed, JournalError

_LOG = structlog.get_logger(__name__)


async def read(reader: Reader, run: RunId) -> Sequence[Event]:
    """Return a run's events; JournalError when the log can't be read now."""
    with reading():
        return await asyncio.to_thread(reader.events_of_run, run)


async def read_all(reader: Reader, runs: Sequence[RunId]) -> Mapping[RunId, Sequence[Event]]:
    """Return the events of each of some runs; JournalError when the log can't be read now."""
    with reading():
        return await asyncio.to_thread(reader.events_of_runs, runs)


async def write(journal: Journal, run: RunId, decisions: Sequence[Decision]) -> Sequence[Event]:
    """Make decisions durable, all or none, and return their events."""
    stream = incident_stream(incident_of_run(run))
    if _is_plain(decisions):
        return await journal.append(stream, FIRELINE, [fact for _, fact in decisions])

    def unit(tx: Transaction) -> list[Event]:
        events: list[Event] = []
        for actor, fact in decisions:
            events += tx.append(stream, actor, [fact])
            dead_letters.follow(tx, run, actor, fact)
        return events

    return await journal.submit(unit)


def _is_plain(decisions: Sequence[Decision]) -> bool:
    """Tell whether nothing need be read to write these: they are all our own, and none concerns the dead-letter list."""
    for actor, fact in decisions:  # noqa: SIM110 - asked of every decision: a generator costs more than it says
        if (actor is not FIRELINE and actor != FIRELINE) or dead_letters.concerns(fact):
            return False
    return True


async def give_up(
    journal: Journal, run: RunId, reason: DeadReason, detail: str, retry_pause: Callable[[int], float]
) -> bool:
    """End a run that can't be conducted, on the record, and once; False when the process stops before it could."""
    fact = RunFinished(run=run, status=RunStatus.FAILED, reason=Reason.BUG, detail=detail, given_up=True)

    def unit(tx: Transaction) -> None:
        record = tx.run(run)
        if record is not None and record.status is RunStatus.RUNNING:
            tx.append(incident_stream(incident_of_run(run)), FIRELINE, [fact])
            dead_letters.follow(tx, run, FIRELINE, fact, reason)

    tries = 0
    reached(CrashPoint.RUN_BEFORE_GIVING_UP)
    while True:
        try:
            await journal.submit(unit)
        except JournalClosed:
            return False
        except JournalError as problem:
            tries += 1
            _LOG.warning("a run's end can't be written, trying again", run=run, problem=str(problem))
            await asyncio.sleep(retry_pause(tries))
        else:
            reached(CrashPoint.RUN_GIVEN_UP)
            return True


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Tell a log that can't be read now from one that holds what can't be understood: the first is a JournalError."""
    try:
        yield
    except (FirelineError, ValueError, LookupError, TypeError):
        raise
    except Exception as problem:  # the database's own errors, whichever database it is
        raise JournalError(
            f"the log can't be read now: {problem}", hint="try again; /readyz says when it works"
        ) from problem
