"""Starts runbooks on schedule: each instant once, whatever the process went through.

The log has which schedules are in force and which of their instants was answered last; the alarm only wakes. What was missed while nobody looked is
made up for once, with the last of the missed instants. A scheduled run has an incident of its own that is quiet while nobody is needed; it ends by
itself when the run succeeds and nobody took it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import structlog

from bot.crashpoints import CrashPoint, reached
from bot.domain.clock import Clock
from bot.domain.events import Event
from bot.domain.facts import (
    DeadLetterRequeued,
    IncidentOpened,
    IncidentResolved,
    RunFinished,
    ScheduleRemoved,
    ScheduleSet,
)
from bot.domain.ids import SYSTEM, IncidentId, incident_of_run, incident_stream
from bot.domain.nouns import FIRELINE, DeadKind, RunStatus
from bot.domain.ports import Journal, Transaction
from bot.engine.control import RunControl
from bot.errors import JournalError
from bot.incidents.scheduled import Instant, answer, cannot_answer, lies, prepare_scheduled
from bot.incidents.worker import StartedRuns, work_when_woken
from bot.runbook.model import Runbook

_MOST = 10_000

_log = structlog.get_logger(__name__)


class Wake(Protocol):
    """Wakes the timekeeper once at the next instant."""

    def wake_at(self, instant: datetime | None) -> None:
        """Move the one wake-up to an instant, or take it away."""
        ...


class Timekeeper:
    """Answers the instants of schedules.

    `runbooks` returns those in force; `tokens` returns a new random text at each call, `variables` are the settings' `vars`, `workspace` is the chat
    workspace that its incidents belong to. `watch` listens to the journal, `ring` is what the alarm rings.
    """

    def __init__(  # noqa: PLR0913 - the parts that it joins
        self,
        journal: Journal,
        runs: RunControl,
        *,
        runbooks: Callable[[], Sequence[Runbook]],
        clock: Clock,
        alarm: Wake,
        tokens: Callable[[], str],
        variables: Mapping[str, Any],
        workspace: str = "",
    ) -> None:
        self._journal = journal
        self._runbooks = runbooks
        self._clock = clock
        self._alarm = alarm
        self._tokens = tokens
        self._variables = variables
        self._workspace = workspace
        self._woken = asyncio.Event()
        self._woken.set()
        self._started = StartedRuns(runs, refused="schedules.run_not_taken_up")
        self._mine: set[IncidentId] | None = None
        self._ended: set[IncidentId] = set()

    # ---- what it hears

    async def ring(self) -> None:
        """Say that an instant has come."""
        self._woken.set()

    def watch(self, events: Sequence[Event]) -> None:
        """Look after the incidents that schedules opened; on the event loop, returns at once."""
        for event in events:
            fact = event.fact
            if isinstance(fact, IncidentOpened) and fact.scheduled is not None and self._mine is not None:
                self._mine.add(fact.incident)
            elif isinstance(fact, DeadLetterRequeued) and fact.what is DeadKind.SCHEDULE:
                self._woken.set()
            elif isinstance(fact, RunFinished):
                incident = incident_of_run(fact.run)
                if self._mine is not None and incident in self._mine:
                    self._ended.add(incident)
                    self._woken.set()

    async def runbooks_changed(self, *, whole: bool) -> None:
        """Bring the schedules in force up to date with the runbooks.

        Where files were refused (not `whole`), a schedule whose runbook is missing stays: its runbook may be back once its file is mended.
        """
        wanted = {book.name: book for book in self._runbooks() if book.schedule is not None}
        await self._journal.submit(partial(_bring_up_to_date, wanted, whole))
        self._woken.set()

    # ---- what it does

    async def run(self) -> None:
        """Answer instants until cancelled, or until the journal closes; what was missed before the start comes first."""
        await work_when_woken(self._woken, self.tick, waits="schedules.wait")

    async def tick(self) -> None:
        """Answer every instant that has come, end what is done, and set the alarm. Raises JournalError when the journal takes no work."""
        await self._started.take_up_left()
        await self._end_what_is_done()
        now = self._clock.now()
        books = {book.name: book for book in self._runbooks()}
        ahead = []
        for record in await self._journal.submit(lambda tx: tx.schedules()):
            book = books.get(record.runbook)
            cron = book.schedule if book is not None else None
            if book is None or cron is None or (cron.text, cron.zone.key) != (record.cron, record.timezone):
                continue
            since = max(record.since, record.due or record.since)
            due = cron.last_until(now)
            if due > since:
                missed = cron.next_after(since)
                instant = Instant(due=due, missed_since=missed if missed < due else None)
                await self._answer(book, instant)
            ahead.append(cron.next_after(now))
        self._alarm.wake_at(min(ahead, default=None))

    async def _answer(self, book: Runbook, instant: Instant) -> None:
        if await self._journal.submit(lambda tx: lies(tx, book.name, instant)):
            return
        try:
            opening = prepare_scheduled(book, self._variables, self._clock.now())
            opening = replace(opening, workspace=self._workspace)
            seed = self._tokens()
            reached(CrashPoint.SCHEDULE_BEFORE_ANSWER)
            run = await self._journal.submit(lambda tx: answer(tx, opening, instant, seed=seed))
        except JournalError:
            raise
        except Exception as bug:  # noqa: BLE001 - the boundary: one schedule that breaks must not keep the others from their instants
            _log.exception("schedules.not_answered", runbook=book.name, due=instant.due.isoformat())
            problem = f"{type(bug).__name__}: {bug}"
            await self._journal.submit(lambda tx: cannot_answer(tx, book.name, instant, problem))
            return
        if run is not None:
            reached(CrashPoint.SCHEDULE_ANSWERED)
            await self._started.take_up(run)

    async def _end_what_is_done(self) -> None:
        if self._mine is None:
            # Before the question: what ends after it is heard of.
            self._mine = set()
            self._mine |= await self._journal.submit(_opened_on_schedule)
            self._ended |= self._mine
        while self._ended:
            incident = next(iter(self._ended))
            if await self._journal.submit(partial(_end_if_done, incident)):
                self._mine.discard(incident)
            self._ended.discard(incident)


def _bring_up_to_date(wanted: Mapping[str, Runbook], whole: bool, tx: Transaction) -> None:  # noqa: FBT001 - passed on
    known = {record.runbook: record for record in tx.schedules()}
    for name, book in wanted.items():
        assert book.schedule is not None  # noqa: S101 - chosen by it
        line, zone, record = book.schedule.text, book.schedule.zone.key, known.get(name)
        if record is None or (record.cron, record.timezone) != (line, zone):
            tx.append(SYSTEM, FIRELINE, [ScheduleSet(runbook=name, cron=line, timezone=zone)])
    if whole:
        for name in sorted(known.keys() - wanted.keys()):
            tx.append(SYSTEM, FIRELINE, [ScheduleRemoved(runbook=name)])


def _opened_on_schedule(tx: Transaction) -> set[IncidentId]:
    found = tx.incidents(only_open=True, quiet=True, limit=_MOST)
    return {each.id for each in found if each.scheduled is not None}


def _end_if_done(incident: IncidentId, tx: Transaction) -> bool:
    """End an incident that was a scheduled run and nothing else: it succeeded, and nobody took it. True when it needs no more looking after."""
    record = tx.incident(incident)
    if record is None or not record.open:
        return True
    runs = tx.runs_of(incident)
    done = bool(runs) and all(run.status is RunStatus.SUCCEEDED for run in runs)
    if not done or record.commander or record.firing:
        return False
    told = IncidentResolved(incident=incident, summary="the scheduled run succeeded")
    tx.append(incident_stream(incident), FIRELINE, [told])
    return True
