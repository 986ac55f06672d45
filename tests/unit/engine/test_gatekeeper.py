"""The gate in the driver: who waits is woken, what was not made leaves no doubt, and a target that is away is everybody's knowledge."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.actions.outcome import Failed, Reason, Succeeded
from bot.domain.facts import (
    BreakerClosed,
    BreakerOpened,
    CallHeld,
    CallInterrupted,
    CallRefused,
    CallStarted,
    Fact,
    StepCancelled,
)
from bot.domain.ids import SYSTEM
from bot.domain.nouns import RunStatus, StepStatus, person
from bot.engine.guards import BreakerRule, Rules, TargetRules
from bot.errors import JournalClosed, JournalError
from tests.fakes.stage import book, step
from tests.fakes.workshop import Workshop, open_workshop

ADA = person("U0ADA")
ONE = Rules(default=TargetRules(max_parallel=1))
TOUCHY = Rules(default=TargetRules(breaker=BreakerRule(failures=2)))
AWAY = Failed(reason=Reason.UNAVAILABLE, detail="connection refused", applied=False)


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """A workshop whose actions all touch one target, which takes one call at a time."""
    opened = await open_workshop(tmp_path)
    opened.rules = ONE
    await opened.restart()
    yield opened
    await opened.close()


def of_system(shop: Workshop, kind: type[Fact]) -> list[Fact]:
    """Return every fact of a kind that is about no incident."""
    return [event.fact for event in shop.store.records.events(stream=SYSTEM) if isinstance(event.fact, kind)]


async def two(shop: Workshop, action: str = "push") -> tuple[str, str]:
    """Begin two runs: the first one's call is under way, the second one's waits."""
    shop.push.hold()
    first = await shop.begin(book(step("a", action)))
    await shop.until(shop.push.started.is_set)
    second = await shop.begin(book(step("a", action)))
    assert shop.facts(CallHeld, incident=2)
    return first, second


async def test_who_waits_goes_on_when_there_is_room(shop: Workshop) -> None:
    """The second run's call is made when the first one's has ended, and not before."""
    first, second = await two(shop)
    assert len(shop.push.calls) == 1
    shop.push.release()
    assert await shop.ended(first) is RunStatus.SUCCEEDED
    assert await shop.ended(second) is RunStatus.SUCCEEDED
    assert shop.guards.running == 0


async def test_a_kill_while_a_call_waits_leaves_no_doubt(shop: Workshop) -> None:
    """The call that was under way is in doubt; the one that waited is simply made, although it can't be repeated."""
    await two(shop)
    await shop.crash()
    shop.push.release()
    await shop.restart()
    assert await shop.ended("2-1") is RunStatus.SUCCEEDED  # type: ignore[arg-type]
    assert shop.facts(CallInterrupted, incident=2) == []
    (step_of_first,) = shop.store.records.steps_of("1-1")  # type: ignore[arg-type]
    assert step_of_first.status is StepStatus.UNKNOWN


async def test_cancelling_a_call_that_waits_is_at_once(shop: Workshop) -> None:
    """Nothing is stopped, nothing was applied, and the next in line is not kept waiting."""
    first, second = await two(shop)
    third = await shop.begin(book(step("a", "push")))
    await shop.driver.cancel(second, by=ADA)
    assert shop.status(second) is RunStatus.CANCELLED
    assert not shop.facts(StepCancelled, incident=2)[0].applied
    shop.push.release()
    assert await shop.ended(first) is RunStatus.SUCCEEDED
    assert await shop.ended(third) is RunStatus.SUCCEEDED
    assert shop.guards.running == 0


@pytest.mark.parametrize("took_place", [False, True])
async def test_room_is_given_back_when_an_intent_can_not_be_written(
    shop: Workshop,
    monkeypatch: pytest.MonkeyPatch,
    took_place: bool,  # noqa: FBT001 - a parameter of the table
) -> None:
    """Whether the write took place or not: the run goes on, and in the end nobody has room."""
    append, faults = shop.store.journal.append, [JournalError("the disk is full")]

    async def flaky(*given: object) -> object:
        done = await append(*given) if took_place or not faults else None  # type: ignore[arg-type]
        if faults:
            raise faults.pop()
        return done

    monkeypatch.setattr(shop.store.journal, "append", flaky)
    run = await shop.begin(book(step("a", "push")))
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert shop.guards.running == 0
    assert len(shop.push.calls) == 1


async def test_time_lets_go_on_who_waits_for_it(shop: Workshop) -> None:
    """A target that takes one call a second: the alarm is set for the second one, and rings it up."""
    shop.rules = Rules(default=TargetRules(rate=1.0, burst=1.0))
    await shop.restart()
    await shop.ended(await shop.begin(book(step("a", "push"))))
    second = await shop.begin(book(step("a", "push")))
    assert shop.facts(CallHeld, incident=2)
    assert shop.alarm.at is not None
    assert 0.9 < (shop.alarm.at - shop.clock.now()).total_seconds() < 1.1
    await shop.wait(seconds=1.1)
    assert await shop.ended(second) is RunStatus.SUCCEEDED


async def test_a_target_that_goes_away_and_comes_back_is_on_record(shop: Workshop) -> None:
    """Two failures open its breaker; another run's call is not made; when its time is over one tries, and the record says that it is back."""
    shop.rules = TOUCHY
    await shop.restart()
    shop.look.then(AWAY, AWAY, Succeeded())
    shop.look._script.pop(0)
    for _ in range(2):
        await shop.begin(book(step("a", "look")))
    await shop.until(lambda: of_system(shop, BreakerOpened))
    run = await shop.begin(book(step("a", "look")))
    (refused,) = shop.facts(CallRefused, incident=3)
    assert refused.retry_at is not None
    assert shop.facts(CallStarted, incident=3) == []
    (away,) = shop.store.records.targets_away()
    assert away.target == "fake"
    await shop.wait(seconds=11)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    await shop.until(lambda: of_system(shop, BreakerClosed))
    assert shop.store.records.targets_away() == []


async def test_a_restart_does_not_fall_upon_a_target_that_is_away(shop: Workshop) -> None:
    """What the log says of it holds until its time is over."""
    shop.rules = TOUCHY
    await shop.restart()
    shop.push._script[:] = [AWAY]
    for _ in range(2):
        await shop.ended(await shop.begin(book(step("a", "push"))))
    await shop.until(lambda: of_system(shop, BreakerOpened))
    await shop.crash()
    await shop.restart()
    assert await shop.ended(await shop.begin(book(step("a", "push")))) is RunStatus.FAILED
    assert shop.facts(CallStarted, incident=3) == []


async def test_a_breaker_does_not_need_its_record(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the change can't be written, it protects all the same."""
    shop.rules = TOUCHY
    await shop.restart()
    append = shop.store.journal.append

    async def not_for_the_system(stream: str, *given: object) -> object:
        if stream == SYSTEM:
            raise JournalClosed("the disk is full")
        return await append(stream, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(shop.store.journal, "append", not_for_the_system)
    shop.push._script[:] = [AWAY]
    for _ in range(3):
        await shop.ended(await shop.begin(book(step("a", "push"))))
    assert len(shop.push.calls) == 2
    assert shop.facts(CallRefused, incident=3)


async def test_nobody_is_woken_by_a_process_that_stops(shop: Workshop) -> None:
    """What ends within the grace frees room that the next start gives away."""
    _, second = await two(shop)
    stopping = asyncio.create_task(shop.driver.stop(5))
    await asyncio.sleep(0)
    shop.push.release()
    await stopping
    assert shop.status(second) is RunStatus.RUNNING
    assert shop.facts(CallStarted, incident=2) == []
    await shop.restart()
    assert await shop.ended(second) is RunStatus.SUCCEEDED


async def test_a_run_that_pauses_leaves_its_turn_to_others(shop: Workshop) -> None:
    """It asks again when it goes on."""
    first, second = await two(shop)
    await shop.driver.pause(second, by=ADA)
    third = await shop.begin(book(step("a", "push")))
    shop.push.release()
    assert await shop.ended(first) is RunStatus.SUCCEEDED
    assert await shop.ended(third) is RunStatus.SUCCEEDED
    await shop.driver.resume(second, by=ADA)
    assert await shop.ended(second) is RunStatus.SUCCEEDED
