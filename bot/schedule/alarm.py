"""One APScheduler wake-up at the next due time. Losing it loses nothing: a restart sets it again from the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

JOB = "next-due"
_RINGS_AT_ONCE = 1_000


class ApschedulerAlarm:
    """Implements `bot.engine.driver.Alarm`: at most one job, moved as the next due time moves."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._set_to: datetime | None = None
        self._ring: Callable[[], Awaitable[None]] | None = None

    def start(self, ring: Callable[[], Awaitable[None]]) -> None:
        """Begin to ring; `ring` is called on the event loop at each due time."""
        self._ring = ring
        self._scheduler.start()

    def stop(self) -> None:
        """Ring no more; harmless when it does not run."""
        if self._ring is not None:
            self._ring = None
            self._scheduler.shutdown(wait=False)

    def wake_at(self, instant: datetime | None) -> None:
        """Move the wake-up; an instant in the past rings at once."""
        if instant == self._set_to:
            return
        self._set_to = instant
        if instant is None:
            if self._scheduler.get_job(JOB):
                self._scheduler.remove_job(JOB)
            return
        self._scheduler.add_job(
            self._rang,
            DateTrigger(run_date=instant),
            id=JOB,
            replace_existing=True,
            # However late the loop is, the wake-up must not be dropped as missed; nor because the one before, which set it, is
            # still counted as running.
            misfire_grace_time=None,
            max_instances=_RINGS_AT_ONCE,
        )

    async def _rang(self) -> None:
        self._set_to = None
        if self._ring is not None:
            await self._ring()
