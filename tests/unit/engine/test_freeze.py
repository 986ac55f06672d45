"""A freeze in the driver: nothing begins that changes something, whoever allowed it before, also after a restart; what undoes goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain.facts import ApprovalRequested, CallHeld, CallStarted, ChangesFrozen, ChangesUnfrozen
from bot.domain.ids import SYSTEM, RunId
from bot.domain.nouns import FIRELINE, HoldCause, Part, RunStatus, StepStatus, Vote, person
from bot.errors import JournalError
from tests.fakes.stage import approval, book, step, undo
from tests.fakes.workshop import Workshop, open_workshop

ADA, GRACE = person("U0ADA"), person("U0GRACE")


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """A workshop without limits."""
    opened = await open_workshop(tmp_path)
    yield opened
    await opened.close()


async def freeze(shop: Workshop, minutes: float | None = None) -> None:
    """Freeze changes as the desk does."""
    until = None if minutes is None else shop.clock.now() + timedelta(minutes=minutes)
    async with shop.driver.freezing(by=ADA, why="deploy weekend", until=until):
        await shop.store.journal.append(SYSTEM, ADA, [ChangesFrozen(why="deploy weekend", until=until)])


async def unfreeze(shop: Workshop) -> None:
    """End the freeze as the desk does."""
    await shop.store.journal.append(SYSTEM, ADA, [ChangesUnfrozen()])


def held(shop: Workshop) -> tuple[str, ...]:
    """Return why calls of the first incident wait, or waited."""
    return tuple(each.detail for each in shop.facts(CallHeld) if each.cause is HoldCause.FROZEN)


async def test_what_changes_waits_and_what_looks_goes_on(shop: Workshop) -> None:
    """The step says who froze and why; the end of the freeze lets it go on."""
    await freeze(shop)
    run = await shop.begin(book(step("look", "look"), step("push", "push")))
    await shop.until(lambda: held(shop))
    await shop.until(lambda: shop.look.calls)
    assert shop.push.calls == []
    assert held(shop) == ("frozen by U0ADA: deploy weekend",)
    waiting = next(each for each in shop.store.records.steps_of(run) if each.step == "push")
    assert (waiting.status, waiting.waits_for) == (StepStatus.HELD, "frozen by U0ADA: deploy weekend")
    await unfreeze(shop)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.push.calls) == 1


async def test_an_approval_does_not_pass_it(shop: Workshop) -> None:
    """What was allowed is allowed still when the freeze ends, and is not asked for again."""
    run = await shop.begin(book(step("push", "push", approval=approval())))
    (asked,) = shop.facts(ApprovalRequested)
    await freeze(shop)
    await shop.driver.vote(
        asked.approval, by=GRACE, groups=frozenset({"sre"}), vote=Vote.APPROVE, digest=asked.digest
    )
    await shop.until(lambda: held(shop))
    assert shop.push.calls == []
    await unfreeze(shop)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.facts(ApprovalRequested)) == 1


async def test_what_was_done_is_taken_back_all_the_same(shop: Workshop) -> None:
    """A run that is cancelled while changes are frozen undoes what it did, by an action that changes things as well."""
    run = await shop.begin(
        book(
            step("first", "push", undo=undo(action="push")),
            step("second", "push", needs=["first"]),
        )
    )
    shop.push.hold()
    await shop.until(shop.push.started.is_set)
    await freeze(shop)
    shop.push.release()
    await shop.until(lambda: held(shop))
    await shop.driver.cancel(run, by=ADA, undo=True)
    assert await shop.ended(run) is RunStatus.CANCELLED
    assert [each.part for each in shop.facts(CallStarted)] == [Part.MAIN, Part.UNDO]


async def test_it_outlives_the_process(shop: Workshop) -> None:
    """Whoever starts next holds back what was held back."""
    await freeze(shop)
    run = await shop.begin(book(step("push", "push")))
    await shop.until(lambda: held(shop))
    await shop.crash()
    await shop.restart()
    assert shop.status(run) is RunStatus.RUNNING
    assert shop.push.calls == []
    await unfreeze(shop)
    assert await shop.ended(run) is RunStatus.SUCCEEDED


async def test_its_time_ends_it_on_record(shop: Workshop) -> None:
    """The alarm is set for its end although nothing waits yet, and the log tells that it ended by itself, once."""
    await freeze(shop, minutes=30)
    assert shop.alarm.at == shop.clock.now() + timedelta(minutes=30)
    run = await shop.begin(book(step("push", "push")))
    await shop.wait(minutes=31)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    await shop.until(lambda: shop.store.records.freeze() is None)
    ends = [each for each in shop.store.records.events(stream=SYSTEM) if each.fact.KIND == "changes.unfrozen"]
    assert [(each.actor, each.fact) for each in ends] == [
        (FIRELINE, ChangesUnfrozen(why="its time was over"))
    ]


async def test_an_end_that_can_not_be_written_holds_nothing_back(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next start finds that its time is over, and says so."""
    await freeze(shop, minutes=30)
    submit = shop.store.journal.submit

    async def broken(_unit: object) -> object:
        raise JournalError("the disk is full")

    run = await shop.begin(book(step("push", "push")))
    monkeypatch.setattr(shop.store.journal, "submit", broken)
    await shop.wait(minutes=31)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert shop.store.records.freeze() is not None
    monkeypatch.setattr(shop.store.journal, "submit", submit)
    await shop.crash()
    await shop.restart()
    await shop.wait(seconds=1)
    await shop.until(lambda: shop.store.records.freeze() is None)


async def test_a_freeze_that_is_not_on_record_holds_nothing(shop: Workshop) -> None:
    """It holds from before it is written, so that no intent comes after it in the log; where it can't be written, it is as if nobody asked."""
    begun: list[RunId] = []

    async def fail_to_write() -> None:
        async with shop.driver.freezing(by=ADA, why="w", until=None):
            begun.append(await shop.begin(book(step("push", "push"))))
            assert shop.push.calls == []
            raise JournalError("the disk is full")

    with pytest.raises(JournalError):
        await fail_to_write()
    assert await shop.ended(begun[0]) is RunStatus.SUCCEEDED
