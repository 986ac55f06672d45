"""The alarm: rings once at the newest due time, at once when that has passed, and never twice for one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest_asyncio

from bot.schedule.alarm import JOB, ApschedulerAlarm

PATIENCE = 5.0


class Bell:
    """An alarm, and how often it rang; `then` is what each ringing does."""

    def __init__(self) -> None:
        self.alarm = ApschedulerAlarm()
        self.rings: list[datetime] = []
        self.rang = asyncio.Event()
        self.then: Callable[[], None] = lambda: None

    async def ring(self) -> None:
        """Ring."""
        self.rings.append(datetime.now(UTC))
        self.rang.set()
        self.then()

    async def until(self, count: int) -> None:
        """Wait for so many rings."""
        async with asyncio.timeout(PATIENCE):
            while len(self.rings) < count:
                self.rang.clear()
                await self.rang.wait()

    @property
    def set_to(self) -> datetime | None:
        """When the one job is due."""
        jobs = self.alarm._scheduler.get_jobs()
        assert len(jobs) <= 1
        return jobs[0].trigger.run_date if jobs else None


@pytest_asyncio.fixture
async def bell() -> AsyncIterator[Bell]:
    """An alarm that runs."""
    made = Bell()
    made.alarm.start(made.ring)
    yield made
    made.alarm.stop()


def soon(seconds: float = 0.05) -> datetime:
    """Return an instant from now."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def test_it_rings_at_its_time_and_once(bell: Bell) -> None:
    """Not before, and not again."""
    due = soon()
    bell.alarm.wake_at(due)
    await bell.until(1)
    assert bell.rings[0] >= due
    assert bell.set_to is None
    bell.alarm.wake_at(soon())
    await bell.until(2)
    assert len(bell.rings) == 2


async def test_it_moves(bell: Bell) -> None:
    """There is one wake-up: the newest word, earlier or later, replaces the one before."""
    bell.alarm.wake_at(soon(3600))
    later = soon(7200)
    bell.alarm.wake_at(later)
    assert bell.set_to == later
    due = soon()
    bell.alarm.wake_at(due)
    assert bell.set_to == due
    await bell.until(1)


async def test_the_same_instant_again_changes_nothing(bell: Bell) -> None:
    """A state that still waits for the same time sets no new job."""
    due = soon(3600)
    bell.alarm.wake_at(due)
    job = bell.alarm._scheduler.get_job(JOB)
    bell.alarm.wake_at(due)
    assert bell.alarm._scheduler.get_job(JOB) is job


async def test_it_is_taken_away(bell: Bell) -> None:
    """When nothing is due any more there is no job, and taking away what is not set is harmless."""
    bell.alarm.wake_at(None)
    bell.alarm.wake_at(soon(3600))
    bell.alarm.wake_at(None)
    bell.alarm.wake_at(None)
    assert bell.set_to is None


async def test_a_time_that_has_passed_rings_at_once(bell: Bell) -> None:
    """What became due while nobody ran, years ago if need be, is not dropped as missed."""
    bell.alarm.wake_at(soon(-100_000_000))
    await bell.until(1)


async def test_it_can_be_set_from_within_its_own_ringing(bell: Bell) -> None:
    """A due time that passes while the one before is dealt with is not lost, however close the two are."""

    def again() -> None:
        if len(bell.rings) < 20:
            bell.alarm.wake_at(soon(-1))

    bell.then = again
    bell.alarm.wake_at(soon(-1))
    await bell.until(20)


async def test_it_may_be_set_before_it_starts() -> None:
    """Recovery may find a due time first; the wake-up is kept until the clock runs."""
    bell = Bell()
    bell.alarm.wake_at(soon(-1))
    assert not bell.rings
    bell.alarm.start(bell.ring)
    await bell.until(1)
    bell.alarm.stop()


async def test_stopped_it_rings_no_more() -> None:
    """Stopping twice, or before the start, is harmless: the loop hears of no error."""
    problems: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: problems.append(context))
    stopped, other = Bell(), Bell()
    stopped.alarm.stop()
    stopped.alarm.start(stopped.ring)
    other.alarm.start(other.ring)
    due = soon()
    stopped.alarm.wake_at(due)
    other.alarm.wake_at(due)
    stopped.alarm.stop()
    stopped.alarm.stop()
    await other.until(1)
    other.alarm.stop()
    assert not stopped.rings
    assert not problems
