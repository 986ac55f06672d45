"""Runs that can't go on: in the list with their reason, put back from where they stood, and there again when they fail again."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.actions.outcome import Succeeded
from bot.domain.dead_letters import key_of
from bot.domain.facts import (
    DeadLetterLanded,
    DeadLetterRequeued,
    RunFinished,
    RunRequeued,
    StepOutcomeUnknown,
)
from bot.domain.ids import RunId, StepId
from bot.domain.nouns import DeadKind, DeadReason, LetterStatus, Part, RunStatus, Settlement, person
from bot.domain.records import DeadLetter
from bot.engine import driver as driver_module
from bot.errors import Conflict, JournalError, NotFound
from tests.fakes.stage import approval, book, inside, named, step
from tests.fakes.workshop import Workshop, open_workshop

ADA = person("U0ADA")
INSIDE = RunId("1-2")


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """A workshop of the test's own."""
    opened = await open_workshop(tmp_path)
    yield opened
    await opened.close()


def letter_of(shop: Workshop, run: RunId) -> DeadLetter:
    """What the list says of a run."""
    found = shop.store.records.dead_letter_of(key_of(DeadKind.RUN, run))
    assert found is not None
    return found


def broken(*_arguments: object) -> object:
    """Be a bug of the conductor."""
    raise KeyError("a bug")


async def test_a_run_whose_runbook_can_not_be_read_waits_for_it(shop: Workshop) -> None:
    """It lands, lands again when it is put back too early, and goes on once its runbook is back: its approval is open still."""
    run = await shop.begin(book(step("a", "push", approval=approval())))
    await shop.crash()
    kept = dict(shop.books)
    shop.books.clear()
    await shop.restart()
    letter = letter_of(shop, run)
    assert (letter.id, letter.reason, letter.tries, letter.incident, letter.run) == (
        1,
        DeadReason.UNREADABLE,
        1,
        1,
        run,
    )
    assert letter.title == f"run {run} of test-book"
    assert "can't be read any more" in letter.detail
    with pytest.raises(Conflict, match="can't go on still"):
        await shop.driver.requeue(run, by=ADA, why="mended, I think")
    letter = letter_of(shop, run)
    assert (letter.status, letter.tries) == (LetterStatus.WAITING, 2)
    assert [fact.why for fact in shop.facts(DeadLetterRequeued)] == ["mended, I think"]
    assert shop.status(run) is RunStatus.FAILED
    shop.books.update(kept)
    await shop.driver.requeue(run, by=ADA, why="mended")
    assert shop.status(run) is RunStatus.RUNNING
    letter = letter_of(shop, run)
    assert (letter.status, letter.closed_by, letter.why) == (LetterStatus.REQUEUED, ADA, "mended")
    (asked,) = shop.store.records.approvals_of(1)
    await shop.driver.cancel(run, by=ADA)
    assert asked.closed_at is None
    assert await shop.ended(run) is RunStatus.CANCELLED


async def test_a_bug_of_the_conductor_costs_no_effect(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was under way is a question when the run is put back, and nothing is called twice."""
    shop.push.hold()
    run = await shop.begin(book(step("a", "push"), step("b", "look", needs=["a"])))
    await shop.until(lambda: shop.push.calls)
    with monkeypatch.context() as patched:
        patched.setattr(driver_module, "conclude", broken)
        shop.push.release()
        assert await shop.ended(run) is RunStatus.FAILED
        await shop.until(lambda: not shop.driver._working())
    letter = letter_of(shop, run)
    assert (letter.reason, letter.detail) == (DeadReason.BUG, "Fireline could not go on: KeyError: 'a bug'")
    await shop.driver.requeue(run, by=ADA)
    assert len(shop.facts(StepOutcomeUnknown)) == 1
    await shop.driver.settle(
        run, StepId("a"), part=Part.MAIN, attempt=1, by=ADA, settlement=Settlement.HAPPENED
    )
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.push.calls) == 1


async def test_one_that_breaks_again_lands_again(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, in the middle of being put back, or a moment later: under the same number, its tries counted on."""
    shop.look.hold()
    run = await shop.begin(book(step("a")))
    await shop.until(lambda: shop.look.calls)
    with monkeypatch.context() as patched:
        patched.setattr(driver_module, "conclude", broken)
        shop.look.release()
        await shop.ended(run)
        await shop.until(lambda: not shop.driver._working())
        with pytest.raises(Conflict, match="a bug"):
            await shop.driver.requeue(run, by=ADA)
        assert shop.driver.under_way == 0
    shop.look.hold()
    await shop.driver.requeue(run, by=ADA)
    with monkeypatch.context() as patched:
        patched.setattr(driver_module, "conclude", broken)
        shop.look.release()
        assert await shop.ended(run) is RunStatus.FAILED
    landed = shop.facts(DeadLetterLanded)
    assert [(fact.letter, fact.tries) for fact in landed] == [(1, 1), (1, 2), (1, 3)]
    assert letter_of(shop, run).waiting


async def test_an_action_that_raises_lands_its_run(shop: Workshop) -> None:
    """The run comes to its end as its runbook says, and can be tried again once the action is mended."""
    shop.push._script[:] = [ZeroDivisionError("oh"), Succeeded()]
    run = await shop.begin(book(step("a"), step("b", "push", needs=["a"])))
    assert await shop.ended(run) is RunStatus.FAILED
    letter = letter_of(shop, run)
    assert (letter.reason, letter.detail) == (DeadReason.BUG, "step b: push raised ZeroDivisionError")
    await shop.driver.requeue(run, by=ADA, why="the action is mended")
    assert letter_of(shop, run).status is LetterStatus.REQUEUED
    assert len(shop.facts(StepOutcomeUnknown)) == 1


async def test_a_run_that_is_tried_again_leaves_the_list(shop: Workshop) -> None:
    """However it was asked for."""
    shop.look._script[:] = [ZeroDivisionError("oh"), Succeeded()]
    run = await shop.begin(book(step("a")))
    assert await shop.ended(run) is RunStatus.FAILED
    await shop.driver.retry(run, by=ADA)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert letter_of(shop, run).status is LetterStatus.REQUEUED


async def test_a_run_inside_another_is_the_affair_of_that_one(shop: Workshop) -> None:
    """The one around it fails for the bug, and is the one in the list."""
    shop.look._script[:] = [ZeroDivisionError("oh")]
    shop.put_in_force(named("inner", book(step("x"))))
    run = await shop.begin(book(inside("sub", "inner")))
    assert await shop.ended(run) is RunStatus.FAILED
    assert [each.run for each in shop.store.records.dead_letters()] == [run]


async def test_a_run_that_can_not_be_handed_over_does_not_stand_still(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lands at once, not at the next start."""
    real = driver_module.replay

    def poisoned(_events: Any) -> Any:
        raise ValueError("an event of another world")

    monkeypatch.setattr(driver_module, "replay", poisoned)
    run = await shop.begin(book(step("a")))
    monkeypatch.setattr(driver_module, "replay", real)
    assert shop.status(run) is RunStatus.FAILED
    assert letter_of(shop, run).reason is DeadReason.UNREADABLE
    assert shop.facts(RunFinished)[0].given_up
    await shop.driver.requeue(run, by=ADA)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.facts(RunRequeued)) == 1


async def test_what_is_refused_is_not_landed(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that never was, one that is fine, and a log that can't be written: each is told, and the list stays as it is."""
    with pytest.raises(NotFound):
        await shop.driver.requeue(RunId("9-1"), by=ADA)
    run = await shop.begin(book(step("a")))
    await shop.ended(run)
    with pytest.raises(Conflict, match="no bug"):
        await shop.driver.requeue(run, by=ADA)

    def away(_run: object) -> object:
        raise OSError("the database is away")

    monkeypatch.setattr(shop.store.records, "events_of_run", away)
    with pytest.raises(JournalError):
        await shop.driver.requeue(run, by=ADA)
    assert not shop.store.records.dead_letters(waiting=False)


async def test_a_requeue_survives_a_kill(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next process finds the run under way, as after any crash."""
    with monkeypatch.context() as patched:
        patched.setattr(driver_module, "conclude", broken)
        run = await shop.begin(book(step("a", "push"), step("b", needs=["a"])))
        await shop.ended(run)
        await shop.until(lambda: not shop.driver._working())
    shop.push.hold()
    await shop.driver.requeue(run, by=ADA)
    await shop.until(lambda: shop.push.calls)
    await shop.crash()
    assert await shop.restart() == 1
    await shop.driver.settle(
        run, StepId("a"), part=Part.MAIN, attempt=1, by=ADA, settlement=Settlement.HAPPENED
    )
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.push.calls) == 1
