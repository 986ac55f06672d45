"""The clock of the Local Slack: the wall clock, until a test moves it or stops it.

Rate buckets, trigger ids, response URLs, ack timers, retries and message timestamps all read this clock, so a test can live through
an hour in a millisecond. Nothing else in the room reads the time.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the room needs of a clock."""

    def now(self) -> datetime:
        """The time, aware and in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when `seconds` have passed on this clock."""
        ...


class LocalClock:
    """The wall clock plus what it was moved by; a stopped one only moves when told."""

    def __init__(self, *, start: datetime | None = None, stopped: bool = False) -> None:
        self._ahead = timedelta(0)
        self._stopped_at: datetime | None = None
        self._moved = asyncio.Event()
        if start is not None:
            self._ahead = start.astimezone(UTC) - datetime.now(UTC)
        if stopped:
            self._stopped_at = start.astimezone(UTC) if start is not None else self.now()

    @property
    def stopped(self) -> bool:
        """Whether time stands still."""
        return self._stopped_at is not None

    def now(self) -> datetime:
        """The time on this clock."""
        return self._stopped_at if self._stopped_at is not None else datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Move forward, and wake all whose time has come. Raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError("a clock only moves forward")
        step = timedelta(seconds=seconds)
        if self._stopped_at is not None:
            self._stopped_at += step
        self._ahead += step
        self._wake()

    def stop(self) -> None:
        """Let time stand still."""
        self._stopped_at = self.now()
        self._wake()

    def go(self) -> None:
        """Let time run on from where it stands."""
        if self._stopped_at is not None:
            self._ahead = self._stopped_at - datetime.now(UTC)
            self._stopped_at = None
            self._wake()

    async def sleep(self, seconds: float) -> None:
        """Return when `seconds` have passed on this clock, by themselves or because it was moved."""
        due = self.now() + timedelta(seconds=seconds)
        while (left := (due - self.now()).total_seconds()) > 0:
            moved = self._moved
            try:
                await asyncio.wait_for(moved.wait(), None if self.stopped else left)
            except TimeoutError:
                continue

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
