"""Time that a test moves: a clock and a sleep that belong together, so that waits of minutes take no time and end exactly when they should."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


TURNS = 60
PATIENCE = 30.0
"""Seconds of the machine's time that a unit of work may take, however busy the machine is."""


class MovingTime:
    """Stands still until `advance`; whoever sleeps wakes in the order of their times.

    `busy` tells whether something works beside the loop (the journal's thread): time moves on only when it does not.
    """

    def __init__(self, start: datetime = START, busy: Callable[[], bool] = lambda: False) -> None:
        self._now = start
        self.busy = busy
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = count()

    def now(self) -> datetime:
        """Return the instant that it stands at."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until time has been moved so far."""
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        until = self._now + timedelta(seconds=max(0.0, seconds))
        heapq.heappush(self._sleepers, (until, next(self._order), wake))
        await wake

    @property
    def next_wake(self) -> datetime | None:
        """When somebody wakes next, None when nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    async def advance(self, seconds: float) -> None:
        """Move on, stopping at each moment at which somebody wakes, and let all that follows from it happen."""
        target = self._now + timedelta(seconds=seconds)
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            until, _, wake = heapq.heappop(self._sleepers)
            if wake.done():
                continue
            self._now = max(self._now, until)
            wake.set_result(None)
            await self.settle()
        self._now = target
        await self.settle()

    async def settle(self) -> None:
        """Let every task that can go on do so, until the loop and what works beside it have come to rest."""
        async with asyncio.timeout(PATIENCE):
            rested = 0
            while rested < 2:
                for _ in range(TURNS):
                    await asyncio.sleep(0)
                rested = 0 if self.busy() else rested + 1
                await asyncio.sleep(0.001)


async def settle() -> None:
    """Let every task that can go on do so, where nothing works beside the loop."""
    await MovingTime().settle()
