"""Actions that misbehave: one that will not stop, and outputs that nobody can keep. The run goes on, and says what happened."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.actions.outcome import Outcome, Succeeded
from bot.domain.facts import CallFailed, CallStarted
from bot.domain.nouns import RunStatus
from tests.fakes.stage import book, step
from tests.fakes.workshop import Workshop, open_workshop


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """A workshop of the test's own."""
    opened = await open_workshop(tmp_path)
    yield opened
    await opened.close()


async def test_an_action_that_ignores_its_end_is_left_behind(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets a moment to clean up, then the run goes on without it."""
    monkeypatch.setattr("bot.engine.performer.CLEAN_UP", 0.05)
    never = asyncio.Event()

    async def deaf(_inputs: object, _call: object) -> Outcome:
        while not never.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await never.wait()
        return Succeeded()

    monkeypatch.setattr(shop.push, "run", deaf)
    run = await shop.begin(book(step("a", "push", timeout=timedelta(seconds=0.05))))
    assert await shop.ended(run) is RunStatus.FAILED
    (failed,) = shop.facts(CallFailed)
    assert failed.reason == "timeout"
    assert failed.may_have_applied
    assert shop.guards.running == 0
    never.set()


def nested(depth: int) -> Any:
    """Make lists in lists."""
    made: Any = []
    for _ in range(depth):
        made = [made]
    return made


HARD: dict[str, Callable[[], Any]] = {
    "deep": lambda: {"it": nested(400)},
    "deeper": lambda: {"it": nested(5000)},
    "half a character": lambda: {"it": "\ud800"},
    "a set": lambda: {"it": {1}},
    "no number": lambda: {"it": float("nan")},
}


@pytest.mark.parametrize("kind", HARD)
async def test_an_output_that_the_log_can_not_hold_costs_its_step_alone(shop: Workshop, kind: str) -> None:
    """What a target answers is not ours to choose: the outcome is written, and the run's own clean-up runs."""
    shop.push._script[:] = [lambda _inputs, _call: Succeeded(output=HARD[kind]())]
    run = await shop.begin(book(step("a", "push"), always=[step("z")]))
    await shop.ended(run)
    assert [fact.step for fact in shop.facts(CallStarted)] == ["a", "z"]
    assert len(shop.look.calls) == 1
