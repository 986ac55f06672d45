"""A Local Slack for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.localslack import LocalClock, LocalSlackConfig
from tests.integration.localslack.bench import Bench, bench


@pytest.fixture
async def local() -> AsyncIterator[Bench]:
    """A Local Slack that never says 429, on a clock that runs and can be moved."""
    async with bench() as running:
        yield running


@pytest.fixture
async def strict() -> AsyncIterator[Bench]:
    """A Local Slack with its rate limits, on a clock that stands still until moved."""
    async with bench(LocalSlackConfig(), LocalClock(stopped=True)) as running:
        yield running
