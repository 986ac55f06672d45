"""Stopping in good order: what runs may end and is written, what has not begun waits for the next process, and nothing is asked twice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.actions.outcome import Reason, Succeeded
from bot.domain.facts import CallInterrupted, CallStarted, CallSucceeded, RunFinished, StepOutcomeUnknown
from bot.domain.nouns import RunStatus, Vote, person
from bot.engine import driver as driver_module
from bot.errors import Conflict, JournalClosed, JournalError
from tests.fakes.actions import failing
from tests.fakes.stage import approval, book, probe, step, verify
from tests.fakes.workshop import Workshop, open_workshop

GRACE = 5.0


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """A workshop of the test's own."""
    opened = await open_workshop(tmp_path)
    yield opened
    await opened.close()


async def stop_while_it_runs(shop: Workshop) -> None:
    """Stop with a grace, and let the held actions end within it."""
    stopping = asyncio.create_task(shop.driver.stop(GRACE))
    await asyncio.sleep(0)
    shop.push.release()
    shop.look.release()
    await stopping


async def test_a_call_that_ends_within_the_grace_is_written(shop: Workshop) -> None:
    """Its outcome is in the log, the next step was not begun, and the next process begins it without asking anybody."""
    shop.push.hold()
    run = await shop.begin(book(step("a", "push"), step("b", "push", needs=["a"])))
    await shop.until(lambda: shop.push.calls)
    await stop_while_it_runs(shop)
    assert [fact.step for fact in shop.facts(CallStarted)] == ["a"]
    assert [fact.step for fact in shop.facts(CallSucceeded)] == ["a"]
    await shop.restart()
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert not shop.facts(CallInterrupted)
    assert len(shop.push.calls) == 2


async def test_a_step_that_is_half_done_is_verified_within_the_grace(shop: Workshop) -> None:
    """A verification belongs to the step that has just acted: it is begun, for nothing would begin it later."""
    shop.push.hold()
    shop.look._script[:] = [Succeeded(output={"ok": True})]
    run = await shop.begin(book(step("a", "push", verify=verify()), step("b", "push", needs=["a"])))
    await shop.until(lambda: shop.push.calls)
    await stop_while_it_runs(shop)
    assert [(fact.step, fact.part.value) for fact in shop.facts(CallSucceeded)] == [
        ("a", "main"),
        ("a", "verify"),
    ]
    await shop.restart()
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.look.calls) == 1


async def test_a_doubtful_call_is_settled_within_the_grace(shop: Workshop) -> None:
    """Whether it happened is asked by its probe at once, as it would be on any other day."""
    shop.push.hold()
    shop.push._script[:] = [failing(Reason.TIMEOUT)]
    shop.look._script[:] = [Succeeded(output={"ok": True})]
    run = await shop.begin(book(step("a", "push", settle=probe())))
    await shop.until(lambda: shop.push.calls)
    await stop_while_it_runs(shop)
    await shop.restart()
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert not shop.facts(StepOutcomeUnknown)
    assert len(shop.push.calls) == 1


async def test_what_outlasts_the_grace_is_interrupted(shop: Workshop) -> None:
    """A stop takes no longer than its grace; the next process decides on what was cut."""
    shop.push.hold()
    await shop.begin(book(step("a", "push")))
    await shop.until(lambda: shop.push.calls)
    await shop.driver.stop(0.01)
    assert shop.push.cancelled == 1
    shop.push.release()
    await shop.restart()
    assert len(shop.facts(StepOutcomeUnknown)) == 1


async def test_people_are_told_that_it_stops(shop: Workshop) -> None:
    """A vote that comes too late for this process is refused, so that its surface keeps it for the next."""
    await shop.begin(book(step("a", "push", approval=approval())))
    (asked,) = shop.store.records.approvals_of(1)
    await shop.driver.stop(GRACE)
    with pytest.raises(JournalClosed):
        await shop.driver.vote(
            asked.id, by=person("U1"), groups=frozenset({"sre"}), vote=Vote.APPROVE, digest=asked.digest
        )
    assert not shop.push.calls


async def test_a_log_that_closed_first_keeps_nobody(shop: Workshop) -> None:
    """When the log takes no more, an outcome is not tried again for ever: the next process finds the call interrupted."""
    shop.push.hold()
    await shop.begin(book(step("a", "push")))
    await shop.until(lambda: shop.push.calls)
    await shop.store.journal.close()
    shop.push.release()
    await shop.driver.stop(GRACE)
    assert not shop.facts(CallSucceeded)


async def test_an_end_that_can_not_be_written_yet(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that a bug of ours ends while the log is away: its running call is stopped, and its end is written when the log is back."""
    shop.look.hold()
    run = await shop.begin(book(step("a"), step("b", "push")))
    await shop.until(lambda: shop.look.calls and shop.facts(CallSucceeded))
    submit = shop.store.journal.submit
    refusals = iter([JournalError("disk full"), JournalError("disk full")])

    async def away(*arguments: object) -> object:
        for refusal in refusals:
            raise refusal
        return await submit(*arguments)  # type: ignore[arg-type]

    def broken(*_arguments: object) -> object:
        raise LookupError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(shop.store.journal, "submit", away)
        patched.setattr(driver_module, "conclude", broken)
        shop.driver._due.put(run, shop.clock.now())
        await shop.driver.tick()
        assert await shop.ended(run) is RunStatus.FAILED
    assert shop.look.cancelled == 1
    (end,) = shop.facts(RunFinished)
    assert "LookupError: a bug" in end.detail


async def test_an_end_that_is_never_written_waits_for_the_next_start(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the log closes first, nothing is tried for ever; the run is unfinished, and recovery takes it up."""
    shop.look.hold()
    run = await shop.begin(book(step("a")))
    await shop.until(lambda: shop.look.calls)

    def broken(*_arguments: object) -> object:
        raise LookupError("a bug")

    async def closed(*_arguments: object) -> object:
        raise JournalClosed("the process is stopping")

    with monkeypatch.context() as patched:
        patched.setattr(shop.store.journal, "submit", closed)
        patched.setattr(driver_module, "conclude", broken)
        shop.driver._due.put(run, shop.clock.now())
        await shop.driver.tick()
        await shop.driver.stop(GRACE)
    assert shop.status(run) is RunStatus.RUNNING
    shop.look.release()
    assert await shop.restart() == 1
    assert await shop.ended(run) is RunStatus.SUCCEEDED


async def test_a_late_word_for_a_run_that_is_over_is_ignored(shop: Workshop) -> None:
    """Time that comes for a run which has ended meanwhile decides nothing, nor does taking it up; a person is told."""
    run = await shop.begin(book(step("a")))
    await shop.until(lambda: shop.driver.under_way == 0)
    before = list(shop.kinds())
    shop.driver._due.put(run, shop.clock.now())
    await shop.driver.tick()
    await shop.driver.take_up(run)
    with pytest.raises(Conflict, match="is over"):
        await shop.driver.cancel(run, by=person("U1"))
    await shop.driver.stop(GRACE)
    assert list(shop.kinds()) == before


async def test_a_call_is_cancelled_once(shop: Workshop) -> None:
    """Asked to end twice in a row, by a person and by its time, a call that is slow to go is not hurried again."""
    shop.look.hold()
    run = await shop.begin(book(step("a"), step("b")))
    await shop.until(lambda: len(shop.look.calls) == 2)
    await shop.driver.cancel(run, by=person("U1"))
    await shop.driver.tick()
    assert await shop.ended(run) is RunStatus.CANCELLED
    assert shop.look.cancelled == 2
