"""Slack's pace, to the second."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from bot.chat.client import Throttled
from bot.chat.pace import METHODS, Bucket, Pacer, Rate
from tests.fakes.moving_time import START, MovingTime, settle


async def _call(
    pacer: Pacer, time: MovingTime, log: list[tuple[str, datetime]], name: str, priority: int = 0
) -> None:
    async with pacer.turn("chat.postMessage", "C1", priority=(priority,)):
        log.append((name, time.now()))


async def test_a_channel_takes_one_post_a_second() -> None:
    """Three posts to one channel stand a second and a little apart; another channel waits for none of them."""
    time = MovingTime()
    pacer = Pacer(time, time.sleep)
    log: list[tuple[str, datetime]] = []
    tasks = [asyncio.create_task(_call(pacer, time, log, str(n))) for n in range(3)]
    async with pacer.turn("chat.postMessage", "C2"):
        assert time.now() == START
    await time.advance(10)
    await asyncio.gather(*tasks)
    gaps = [(after - before).total_seconds() for (_, before), (_, after) in pairwise(log)]
    assert gaps == pytest.approx([1.05, 1.05])
    await pacer.stop()


async def test_the_worst_goes_first() -> None:
    """Among those who wait, priority decides and not arrival; among equals, arrival."""
    time = MovingTime()
    pacer = Pacer(time, time.sleep)
    log: list[tuple[str, datetime]] = []
    async with pacer.turn("chat.postMessage", "C1"):
        tasks = [
            asyncio.create_task(_call(pacer, time, log, name, priority))
            for name, priority in (("sev4", 3), ("sev2", 1), ("sev1", 0), ("sev2 later", 1))
        ]
        await settle()
    await time.advance(10)
    await asyncio.gather(*tasks)
    assert [name for name, _ in log] == ["sev1", "sev2", "sev2 later", "sev4"]
    await pacer.stop()


async def test_a_method_has_its_tier_in_the_whole_workspace() -> None:
    """The twenty-first channel is made a minute after the first."""
    time = MovingTime()
    pacer = Pacer(time, time.sleep)
    at: list[datetime] = []

    async def create() -> None:
        async with pacer.turn("conversations.create"):
            at.append(time.now())

    tasks = [asyncio.create_task(create()) for _ in range(21)]
    await settle()
    assert len(at) == 20
    await time.advance(60)
    assert len(at) == 20
    await time.advance(1)
    await asyncio.gather(*tasks)
    assert at[20] - at[0] == timedelta(seconds=METHODS["conversations.create"].seconds)
    await pacer.stop()


async def test_a_429_closes_the_bucket_for_everybody() -> None:
    """Who waits behind a refused call waits as long as Slack said."""
    time = MovingTime()
    pacer = Pacer(time, time.sleep)
    with pytest.raises(Throttled):
        async with pacer.turn("users.info"):
            raise Throttled("users.info", 30)
    done = asyncio.create_task(_enter(pacer))
    await time.advance(29)
    assert not done.done()
    await time.advance(1.1)
    assert done.done()
    await pacer.stop()


async def _enter(pacer: Pacer) -> None:
    async with pacer.turn("users.info"):
        pass


async def test_a_turn_that_was_not_used_costs_nothing() -> None:
    """A message that needs no change gives its turn back."""
    time = MovingTime()
    pacer = Pacer(time, time.sleep)
    for _ in range(3):
        async with pacer.turn("chat.update", "C1") as turn:
            turn.skip()
    assert time.now() == START
    await pacer.stop()


async def test_who_gives_up_waiting_takes_no_turn() -> None:
    """A cancelled waiter leaves the bucket as it was."""
    time = MovingTime()
    bucket = Bucket(Rate(calls=1, seconds=10), time, time.sleep)
    await bucket.enter(())
    waiter = asyncio.create_task(bucket.enter(()))
    await settle()
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    bucket.leave(used=False)
    await bucket.enter(())
    bucket.leave(used=True)
    await bucket.stop()
