"""Starts the run that is next as soon as its concurrency group is free.

What waits, and in which order, is in the log: the usher only looks when something ended, and once at the start. A run that it could not take up is
in the log all the same, and is tried again. One usher works over a log at a time, as one journal does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from bot.crashpoints import CrashPoint, reached
from bot.domain.events import Event
from bot.domain.facts import RunDropped, RunFinished, RunQueued
from bot.domain.ids import RunId
from bot.domain.ports import Journal, Transaction
from bot.engine.control import RunControl
from bot.incidents.line import admit
from bot.incidents.worker import StartedRuns, work_when_woken


class Usher:
    """Calls those in who wait; `watch` listens to the journal."""

    def __init__(self, journal: Journal, runs: RunControl) -> None:
        self._journal = journal
        self._woken = asyncio.Event()
        self._somebody_waits = True
        self._started = StartedRuns(runs, refused="usher.run_not_taken_up")

    def watch(self, events: Sequence[Event]) -> None:
        """Look again when a run ended while others wait; on the event loop, returns at once."""
        for event in events:
            if isinstance(event.fact, RunQueued):
                self._somebody_waits = True
                self._woken.set()
            elif self._somebody_waits and isinstance(event.fact, RunFinished | RunDropped):
                self._woken.set()

    async def run(self) -> None:
        """Call in until cancelled, or until the journal closes; what waited before the start comes first."""
        await work_when_woken(self._woken, self.drain, waits="usher.waits")

    async def drain(self) -> None:
        """Start what is next of every group that is free now. Raises JournalError when the journal takes no work."""
        await self._started.take_up_left()
        # Before the question: whoever joins the line after it wakes the usher again.
        self._somebody_waits = False
        groups = await self._journal.submit(_groups_that_wait)
        self._somebody_waits = self._somebody_waits or bool(groups)
        for group in groups:
            started = await self._journal.submit(partial(_admit, group))
            if started is not None:
                reached(CrashPoint.QUEUE_ADMITTED)
                await self._started.take_up(started)


def _groups_that_wait(tx: Transaction) -> Sequence[str]:
    # Asked inside a unit: a reader may be behind the commit that woke us.
    return tuple(dict.fromkeys(run.group for run in tx.queued_runs()))


def _admit(group: str, tx: Transaction) -> RunId | None:
    return admit(tx, group)
