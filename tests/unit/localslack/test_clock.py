"""The movable clock, and what it drives without a server: buckets, triggers, response URLs, ids."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.localslack import LocalClock, LocalSlackConfig
from bot.localslack.handles import Handles
from bot.localslack.ids import Ids
from bot.localslack.limits import POSTING, TIER_2, RateBuckets
from bot.localslack.refusal import ApiRefusal, RateLimited
from bot.localslack.world import World

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def clock() -> LocalClock:
    """A clock that stands still."""
    return LocalClock(start=START, stopped=True)


async def test_a_sleeper_wakes_when_the_clock_is_moved() -> None:
    """An hour passes at once, and not a second before it was told to."""
    time = clock()
    sleeper = asyncio.create_task(time.sleep(3600))
    await asyncio.sleep(0)
    time.advance(3599)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not sleeper.done()
    time.advance(1)
    await asyncio.wait_for(sleeper, 1)
    assert time.now() == START + timedelta(hours=1)


def test_a_clock_goes_only_forward() -> None:
    """A step back is refused; a stopped clock that is let go runs on from where it stood."""
    time = clock()
    with pytest.raises(ValueError, match="forward"):
        time.advance(-1)
    time.go()
    assert timedelta(0) <= time.now() - START < timedelta(seconds=5)
    time.stop()
    assert time.now() == time.now()


def test_twenty_creates_a_minute_and_not_one_more() -> None:
    """Tier 2 holds in any 60 seconds, and says how long to wait."""
    time = clock()
    buckets = RateBuckets(time, enabled=True)
    for _ in range(20):
        buckets.take("conversations.create", "", TIER_2)
        time.advance(1)
    with pytest.raises(RateLimited) as refused:
        buckets.take("conversations.create", "", TIER_2)
    assert refused.value.retry_after == 40
    time.advance(40)
    buckets.take("conversations.create", "", TIER_2)


def test_one_post_a_second_in_each_channel() -> None:
    """Posting is limited a channel; other channels have their own second."""
    time = clock()
    buckets = RateBuckets(time, enabled=True)
    buckets.take("chat.postMessage", "C1", POSTING)
    buckets.take("chat.postMessage", "C2", POSTING)
    with pytest.raises(RateLimited) as refused:
        buckets.take("chat.postMessage", "C1", POSTING)
    assert refused.value.retry_after == 1
    time.advance(1)
    buckets.take("chat.postMessage", "C1", POSTING)


def test_a_trigger_lives_three_seconds_and_opens_once() -> None:
    """Used twice, too late, or never given: three different words."""
    time = clock()
    handles = Handles(time, Ids(START))
    trigger = handles.new_trigger("U1")
    assert handles.use_trigger(trigger).user == "U1"
    late = handles.new_trigger("U1")
    time.advance(3.1)
    for given, code in (
        (trigger, "exchanged_trigger_id"),
        (late, "expired_trigger_id"),
        ("1.2.3", "invalid_trigger_id"),
    ):
        with pytest.raises(ApiRefusal) as refused:
            handles.use_trigger(given)
        assert refused.value.code == code


def test_a_response_url_lives_half_an_hour() -> None:
    """After 30 minutes it is `expired_url`."""
    time = clock()
    handles = Handles(time, Ids(START))
    key = handles.new_response(user="U1", channel="C1")
    time.advance(30 * 60)
    handles.use_response(key)
    time.advance(1)
    with pytest.raises(ApiRefusal, match="expired_url"):
        handles.use_response(key)


def test_a_ts_is_unique_in_its_channel_even_when_time_stands_still() -> None:
    """Seconds, a dot, six digits; each later than the one before."""
    world = World(LocalSlackConfig(), clock())
    channel = world.channels["C0GENERAL00"]
    stamps = [world.next_ts(channel) for _ in range(3)]
    assert stamps == ["1767323045.000000", "1767323045.000001", "1767323045.000002"]


def test_ids_of_another_life_differ() -> None:
    """A Local Slack that was started a second later gives no id again."""
    assert Ids(START).make("C") != Ids(START + timedelta(seconds=1)).make("C")
