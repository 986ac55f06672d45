"""Bells: several on one alarm, each rung at its own instant."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from bot.domain.clock import SystemClock
from bot.schedule.alarm import ApschedulerAlarm
from bot.schedule.bells import Bells

PATIENCE = 5.0


async def test_each_is_rung_at_its_own_instant() -> None:
    """The alarm is set to the earliest; the others are not rung with it, and none is forgotten."""
    alarm = ApschedulerAlarm()
    bells = Bells(alarm, SystemClock())
    first, second, silent = bells.bell(), bells.bell(), bells.bell()
    rung: list[str] = []
    done = asyncio.Event()

    async def ring_first() -> None:
        rung.append("first")

    async def ring_second() -> None:
        rung.append("second")
        done.set()

    first.ring, second.ring = ring_first, ring_second
    now = datetime.now(UTC)
    second.wake_at(now + timedelta(milliseconds=150))
    first.wake_at(now + timedelta(milliseconds=50))
    silent.wake_at(now + timedelta(milliseconds=100))
    bells.start()
    async with asyncio.timeout(PATIENCE):
        await done.wait()
    bells.stop()
    assert rung == ["first", "second"]
    assert (first.instant, second.instant, silent.instant) == (None, None, None)


async def test_the_earliest_counts_and_can_be_taken_away() -> None:
    """Moving one bell moves the alarm only where it is the earliest."""
    alarm = ApschedulerAlarm()
    bells = Bells(alarm, SystemClock())
    one, two = bells.bell(), bells.bell()
    later = datetime.now(UTC) + timedelta(hours=1)
    one.wake_at(later)
    two.wake_at(later + timedelta(hours=1))
    assert alarm._set_to == later
    one.wake_at(None)
    assert alarm._set_to == later + timedelta(hours=1)
    two.wake_at(None)
    two.wake_at(None)
    assert alarm._set_to is None
