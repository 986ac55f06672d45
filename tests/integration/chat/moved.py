"""Time that passes in a workplace when a test says so: Fireline and its Slack share a clock, and half an hour takes seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bot.localslack import LocalClock
from tests.integration.chat.conftest import Workplace

REST = 0.002
"""Seconds of the machine's time after which something that follows at once has followed."""


async def at_rest(place: Workplace) -> None:
    """Wait until no call to Slack is under way and the journal has written everything."""
    quiet = 0
    async with asyncio.timeout(30):
        while quiet < 3:
            await asyncio.sleep(REST)
            session = place.surface.home.web.session
            calling = session is not None and session.connector is not None and session.connector._acquired
            quiet = 0 if calling or place.store.journal.waiting else quiet + 1


async def pass_time(place: Workplace, seconds: float, *, step: float = 1.0) -> None:
    """Let time pass in steps, and let all that follows from each happen."""
    passed = 0.0
    while passed < seconds:
        clock(place).advance(step)
        passed += step
        await at_rest(place)


async def wait_for(
    place: Workplace, condition: Callable[[], Any], *, within: float, step: float = 1.0
) -> None:
    """Let time pass until a condition holds; AssertionError when it does not within so many seconds of it."""
    passed = 0.0
    await at_rest(place)
    while not condition():
        assert passed < within, f"in vain for {within:g} s"
        clock(place).advance(step)
        passed += step
        await at_rest(place)


def clock(place: Workplace) -> LocalClock:
    """The clock that they share."""
    shared = place.slack.clock
    assert isinstance(shared, LocalClock)
    return shared
