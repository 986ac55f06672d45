"""What every worker beside the intake does alike: it looks whenever it is woken, and hands over the runs that it started. It decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta

import structlog

from bot.domain.ids import RunId
from bot.engine.control import RunControl
from bot.errors import JournalClosed, JournalError

AGAIN = timedelta(seconds=1)
"""How long a worker waits after the journal could not take its work."""

_log = structlog.get_logger(__name__)


async def work_when_woken(woken: asyncio.Event, work: Callable[[], Awaitable[None]], *, waits: str) -> None:
    """Do the work now and at each waking, until cancelled or until the journal closes; `waits` is logged while the journal takes none."""
    woken.set()
    while True:
        await woken.wait()
        woken.clear()
        try:
            await work()
        except JournalClosed:
            return
        except JournalError as error:
            _log.warning(waits, error=str(error), again_in=AGAIN.total_seconds())
            await asyncio.sleep(AGAIN.total_seconds())
            woken.set()


class StartedRuns:
    """Runs that a worker wrote the start of, until they are taken up; `refused` is logged of one that can't be."""

    def __init__(self, runs: RunControl, *, refused: str) -> None:
        self._runs = runs
        self._refused = refused
        self._left: set[RunId] = set()

    def add(self, runs: Iterable[RunId]) -> None:
        """Remember runs for the next `take_up_left`."""
        self._left.update(runs)

    async def take_up(self, run: RunId) -> None:
        """Have a run conducted. Raises JournalError when it can't be now; then it is left for the next try."""
        self._left.add(run)
        try:
            await self._runs.take_up(run)
        except JournalError:
            raise
        except Exception:  # noqa: BLE001 - the boundary: the run is in the log, recovery at the next start takes it up
            _log.exception(self._refused, run=run)
        self._left.discard(run)

    async def take_up_left(self) -> None:
        """Have those conducted that could not be before. Raises as `take_up` does."""
        for run in tuple(self._left):
            await self.take_up(run)
