"""A person's hand on a run that is conducted: held over a restart, let go on, ended with its undo."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.actions.outcome import Failed, Reason, Succeeded
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


async def test_a_failed_run_goes_on_from_where_it_failed(tmp_path: Path) -> None:
    """Over a restart too: what was done is not done again, and the record says that the run is under way, and then how it ended."""
    shop = await open_workshop(tmp_path)
    try:
        shop.push._script[:] = [Failed(reason=Reason.REJECTED, detail="no", applied=False), Succeeded()]
        run = await shop.begin(book(step("a"), step("b", "push", needs=["a"])))
        assert await shop.ended(run) is RunStatus.FAILED
        await shop.crash()
        assert await shop.restart() == 0
        shop.push.hold()
        await shop.driver.retry(run, by=ADA, why="mended")
        await shop.until(lambda: len(shop.push.calls) == 2)
        record = shop.store.records.run(run)
        assert record is not None
        assert (record.status, record.finished_at, record.reason) == (RunStatus.RUNNING, None, "")
        with pytest.raises(Conflict, match="under way"):
            await shop.driver.retry(run, by=BEN)
        shop.push.release()
        assert await shop.ended(run) is RunStatus.SUCCEEDED
        assert len(shop.look.calls) == 1
        await shop.until(lambda: shop.driver.under_way == 0)
    finally:
        await shop.close()


async def test_a_retry_that_is_refused_leaves_the_run_as_it_was(tmp_path: Path) -> None:
    """Refused in words, and nobody conducts it afterwards; so is one of a run that never was."""
    shop = await open_workshop(tmp_path)
    try:
        with pytest.raises(NotFound):
            await shop.driver.retry(RunId("9-1"), by=ADA)
        run = await shop.begin(book(step("a")))
        await shop.ended(run)
        before = list(shop.kinds())
        for _ in range(2):
            with pytest.raises(Conflict, match="succeeded"):
                await shop.driver.retry(run, by=ADA)
        assert shop.driver.under_way == 0
        assert list(shop.kinds()) == before
    finally:
        await shop.close()


async def test_a_retry_survives_a_kill(tmp_path: Path) -> None:
    """Once it is on record it goes on, whoever conducts it."""
    shop = await open_workshop(tmp_path)
    try:
        shop.push._script[:] = [Failed(reason=Reason.REJECTED, detail="no", applied=False)]
        run = await shop.begin(book(step("a", "push"), step("b", needs=["a"])))
        assert await shop.ended(run) is RunStatus.FAILED
        shop.push.hold()
        await shop.driver.retry(run, by=ADA)
        await shop.until(lambda: len(shop.push.calls) == 2)
        await shop.crash()
        shop.push.release()
        assert await shop.restart() == 1
        await shop.until(lambda: step_of(shop, run, "a") is StepStatus.UNKNOWN)
    finally:
        await shop.close()
