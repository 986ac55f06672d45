"""Several who wait for instants, on one alarm: it is set to the earliest, and each is rung when its own has come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.domain.clock import Clock
from bot.schedule.alarm import ApschedulerAlarm

Ring = Callable[[], Awaitable[None]]


class Bell:
    """One of them; implements `bot.engine.driver.Alarm`."""

    def __init__(self, moved: Callable[[], None]) -> None:
        self._moved = moved
        self.instant: datetime | None = None
        self.ring: Ring | None = None

    def wake_at(self, instant: datetime | None) -> None:
        """Move the wake-up; an instant in the past rings at once."""
        if instant != self.instant:
            self.instant = instant
            self._moved()


class Bells:
    """Hands out bells, and rings them."""

    def __init__(self, alarm: ApschedulerAlarm, clock: Clock) -> None:
        self._alarm = alarm
        self._clock = clock
        self._bells: list[Bell] = []

    def bell(self) -> Bell:
        """Return a bell; whoever holds it says what it rings before the start."""
        made = Bell(self._set)
        self._bells.append(made)
        return made

    def start(self) -> None:
        """Begin to ring."""
        self._alarm.start(self._rang)

    def stop(self) -> None:
        """Ring no more."""
        self._alarm.stop()

    def _set(self) -> None:
        instants = [bell.instant for bell in self._bells if bell.instant is not None]
        self._alarm.wake_at(min(instants, default=None))

    async def _rang(self) -> None:
        now = self._clock.now()
        due = [bell for bell in self._bells if bell.instant is not None and bell.instant <= now]
        for bell in due:
            bell.instant = None
        self._set()
        for bell in due:
            if bell.ring is not None:
                await bell.ring()
