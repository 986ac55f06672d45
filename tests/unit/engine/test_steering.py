"""A person's hand on a run that is conducted: held over a restart, let go on, ended with its undo."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.ids import RunId
from bot.domain.nouns import RunStatus, StepStatus, person
from bot.errors import Conflict, NotFound
from tests.fakes.stage import book, step, undo
from tests.fakes.workshop import Workshop, open_workshop

ADA, BEN = person("U0ADA"), person("U0BEN")


def step_of(shop: Workshop, run: RunId, name: str) -> StepStatus | None:
    """Say how a step stands on record."""
    return next((each.status for each in shop.store.records.steps_of(run) if each.step == name), None)


async def test_a_pause_survives_a_restart(tmp_path: Path) -> None:
    """It is a fact like any other: the next process holds the run, says who asked, and lets it go on when it is asked to."""
    shop = await open_workshop(tmp_path)
    try:
        shop.look.hold()
        run = await shop.begin(book(step("a"), step("b", needs=["a"])))
        await shop.until(lambda: shop.look.calls)
        await shop.driver.pause(run, by=ADA, why="wait for Ben")
        shop.look.release()
        await shop.until(lambda: step_of(shop, run, "a") is StepStatus.SUCCEEDED)
        await shop.crash()
        assert await shop.restart() == 1
        record = shop.store.records.run(run)
        assert record is not None
        assert (record.paused_by, record.paused_why) == (ADA, "wait for Ben")
        assert record.paused_at == shop.clock.now()
        assert len(shop.look.calls) == 1
        await shop.driver.resume(run, by=BEN)
        assert await shop.ended(run) is RunStatus.SUCCEEDED
        assert len(shop.look.calls) == 2
        after = shop.store.records.run(run)
        assert after is not None
        assert (after.paused_at, after.paused_by, after.paused_why) == (None, None, "")
    finally:
        await shop.close()


async def test_a_cancel_with_undo_takes_back_what_took_effect(tmp_path: Path) -> None:
    """What runs is stopped, then the undo of what was done is made."""
    shop = await open_workshop(tmp_path)
    try:
        shop.look.hold()
        run = await shop.begin(book(step("a", "push", undo=undo(action="push")), step("b", needs=["a"])))
        await shop.until(lambda: shop.look.calls)
        await shop.driver.cancel(run, by=ADA, undo=True)
        assert await shop.ended(run) is RunStatus.CANCELLED
        assert step_of(shop, run, "a") is StepStatus.UNDONE
        assert shop.look.cancelled == 1
    finally:
        await shop.close()


async def test_what_is_not_there_is_not_held(tmp_path: Path) -> None:
    """A run that never was, and one that is over."""
    shop = await open_workshop(tmp_path)
    try:
        for ask in (shop.driver.pause, shop.driver.resume):
            with pytest.raises(NotFound):
                await ask(RunId("9-1"), by=ADA)
        run = await shop.begin(book(step("a")))
        await shop.ended(run)
        with pytest.raises(Conflict, match="over"):
            await shop.driver.pause(run, by=ADA)
    finally:
        await shop.close()
