"""Bad timing, one promise a test: what ends at the wrong moment, a log that fails half-way, a process that stops in between."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.actions.outcome import Failed, Outcome, Reason, Succeeded
from bot.domain.facts import CallFailed, CallInterrupted, RunFinished, StepOutcomeUnknown
from bot.domain.ids import StepId
from bot.domain.nouns import Part, RunStatus, Settlement, Vote, person
from bot.engine import driver as driver_module
from bot.errors import Conflict, JournalError
from tests.fakes.stage import approval, book, step, verify
from tests.fakes.workshop import Workshop, open_workshop

ADA = person("U0ADA")
SRE = frozenset({"sre"})


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """A workshop of the test's own."""
    opened = await open_workshop(tmp_path)
    yield opened
    await opened.close()


class Flaky:
    """A journal's writing that fails as it is told; `lose` names what happens to the write: `before` it, or `after` it took place."""

    def __init__(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        self.append = shop.store.journal.append
        self.submit = shop.store.journal.submit
        self.faults: list[str] = []
        monkeypatch.setattr(shop.store.journal, "append", lambda *given: self._write(self.append, *given))
        monkeypatch.setattr(shop.store.journal, "submit", lambda *given: self._write(self.submit, *given))

    async def _write(self, write: Any, *given: Any) -> Any:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "before":
            raise JournalError("the disk is full")
        done = await write(*given)
        if fault == "after":
            raise JournalError("the connection broke")
        return done


@pytest.fixture
def flaky(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Flaky:
    """The workshop's journal, to be made to fail."""
    return Flaky(shop, monkeypatch)


# ---- two things at once


async def test_side_by_side_calls_that_end_together_run_once_each(shop: Workshop) -> None:
    """While the first outcome is being written, the second has ended and is not begun again."""
    shop.push.hold()
    run = await shop.begin(book(*(step(f"s{n}", "push") for n in range(6))))
    await shop.until(lambda: len(shop.push.calls) == 6)
    shop.push.release()
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert set(shop.push.effects.values()) == {1}
    assert len(shop.push.calls) == 6


async def test_a_call_that_is_stopped_before_it_began_is_told_all_the_same(shop: Workshop) -> None:
    """Begun and cancelled at one stroke: its end arrives, or the run would wait for it for ever."""
    shop.push.hold()
    run = await shop.begin(book(step("a", "push")))
    conducted = shop.driver._runs[run]
    for call in conducted.calls.values():
        call.cancel()  # before the loop let it begin
    await shop.until(lambda: shop.facts(CallFailed))
    assert shop.status(run) is RunStatus.FAILED
    assert not shop.push.calls


async def test_an_action_that_cuts_itself_off_fails_its_step(shop: Workshop) -> None:
    """A cancellation that nobody asked for is a failure: what needs the step does not begin."""

    def cut(_inputs: object, _call: object) -> Outcome:
        raise asyncio.CancelledError

    shop.push._script[:] = [cut]
    run = await shop.begin(book(step("a", "push"), step("b", needs=["a"])))
    assert await shop.ended(run) is RunStatus.FAILED
    assert not shop.look.calls


async def test_a_call_that_breaks_the_performer_ends_its_step(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong around an action, the run hears of its end."""

    async def breaks(*_given: object) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr("bot.engine.performer.Performer.perform", breaks)
    run = await shop.begin(book(step("a", "push")))
    assert await shop.ended(run) is RunStatus.FAILED
    (failed,) = shop.facts(CallFailed)
    assert failed.reason == "bug"
    assert "RuntimeError" in failed.detail


# ---- a person who goes away, and one who is answered twice


async def test_a_vote_whose_caller_went_away_is_carried_through(shop: Workshop) -> None:
    """The surface may drop its request at any instant: the vote counts, and what it started runs once."""
    run = await shop.begin(book(step("a", "push", approval=approval())))
    (asked,) = shop.store.records.approvals_of(1)
    given = {"by": ADA, "groups": SRE, "vote": Vote.APPROVE, "digest": asked.digest}
    voting = asyncio.create_task(shop.driver.vote(asked.id, **given))
    await asyncio.sleep(0)
    voting.cancel()
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.push.calls) == 1


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_a_vote_whose_write_failed_leaves_the_run_as_the_log_has_it(
    shop: Workshop, flaky: Flaky, fault: str
) -> None:
    """The person is told that it failed. If it did take place after all, what it started runs, and nothing waits for a restart."""
    run = await shop.begin(book(step("a", "push", approval=approval())))
    (asked,) = shop.store.records.approvals_of(1)
    given = {"by": ADA, "groups": SRE, "vote": Vote.APPROVE, "digest": asked.digest}
    flaky.faults = [fault]
    with pytest.raises(JournalError):
        await shop.driver.vote(asked.id, **given)
    if fault == "before":
        assert not shop.push.calls
        await shop.driver.vote(asked.id, **given)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.push.calls) == 1


async def test_the_same_settlement_said_twice_counts_once(shop: Workshop) -> None:
    """It was said of the attempt that was shown; a copy that comes after the next interruption settles nothing."""
    shop.push.hold()
    run = await shop.begin(book(step("a", "push")))
    said: dict[str, Any] = {"part": Part.MAIN, "attempt": 1, "by": ADA, "settlement": Settlement.DID_NOT}
    await shop.until(lambda: len(shop.push.calls) == 1)
    await shop.crash()
    await shop.restart()
    await shop.driver.settle(run, StepId("a"), **said)
    await shop.until(lambda: len(shop.push.calls) == 2)
    await shop.crash()
    await shop.restart()
    with pytest.raises(Conflict):
        await shop.driver.settle(run, StepId("a"), **said)
    assert len(shop.push.calls) == 2
    assert len(shop.facts(StepOutcomeUnknown)) == 2


# ---- asked again


@pytest.mark.parametrize("ask", ["retry", "requeue"])
async def test_a_run_that_is_asked_again_to_go_on_is_conducted(
    shop: Workshop, flaky: Flaky, ask: str
) -> None:
    """The first time the log could not be written; they ask at once when it can be, and the run does not go on with nobody to conduct it."""
    shop.look._script[:] = [ZeroDivisionError("oh"), Succeeded()]
    run = await shop.begin(book(step("a"), step("b", "push", needs=["a"])))
    assert await shop.ended(run) is RunStatus.FAILED
    flaky.faults += ["before"]
    with pytest.raises(JournalError):
        await getattr(shop.driver, ask)(run, by=ADA)
    await getattr(shop.driver, ask)(run, by=ADA)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    # The log says that it is over an instant before the driver, which waits for that commit, lets go of it.
    await shop.until(lambda: shop.driver.under_way == 0)


async def test_a_run_whose_second_asking_is_refused_is_let_go(shop: Workshop, flaky: Flaky) -> None:
    """What could not be written is asked for in another way, which is no way for this run: it is over still."""
    shop.look._script[:] = [Failed(reason=Reason.REJECTED, detail="no")]
    run = await shop.begin(book(step("a")))
    assert await shop.ended(run) is RunStatus.FAILED
    flaky.faults += ["before"]
    with pytest.raises(JournalError):
        await shop.driver.retry(run, by=ADA)
    with pytest.raises(Conflict, match="no bug"):
        await shop.driver.requeue(run, by=ADA)
    assert shop.driver.under_way == 0
    assert shop.status(run) is RunStatus.FAILED


async def test_what_is_asked_as_the_run_ends_is_refused_in_words(shop: Workshop) -> None:
    """The end is being written as they ask: nobody is left to believe that they were heard."""
    shop.look.hold()
    run = await shop.begin(book(step("a")))
    conducted = shop.driver._runs[run]
    async with conducted.lock:
        asking = asyncio.create_task(shop.driver.cancel(run, by=ADA))
        shop.look.release()
        await shop.until(lambda: all(call.done() for call in conducted.calls.values()))
        await shop.driver._decide(run, conducted, await next(iter(conducted.calls.values())))
    with pytest.raises(Conflict, match="is over"):
        await asking
    assert shop.status(run) is RunStatus.SUCCEEDED


async def test_a_bug_after_a_vote_is_written_ends_the_run_visibly(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who voted is told that something broke; the run does not stand still with its vote counted and its step not begun."""
    run = await shop.begin(book(step("a", "push", approval=approval())))
    (asked,) = shop.store.records.approvals_of(1)

    def breaks(*_given: object, **_more: object) -> None:
        raise RuntimeError("nobody foresaw this")

    with monkeypatch.context() as patched:
        patched.setattr("bot.engine.underway.UnderWay.follow", breaks)
        with pytest.raises(RuntimeError):
            await shop.driver.vote(asked.id, by=ADA, groups=SRE, vote=Vote.APPROVE, digest=asked.digest)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.push.calls) == 1


# ---- recovery


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_a_recovery_that_could_not_be_written_repeats_nothing(
    shop: Workshop, flaky: Flaky, fault: str
) -> None:
    """While the disk is full at the start, an interrupted effect waits; afterwards it is unknown, and was not made again."""
    shop.push.hold()
    await shop.begin(book(step("a", "push")))
    await shop.until(lambda: shop.push.calls)
    await shop.crash()
    shop.push.release()
    flaky.faults = [fault]
    await shop.restart()
    assert len(shop.facts(StepOutcomeUnknown)) == 1
    assert len(shop.push.calls) == 1


async def test_what_a_recovery_began_is_not_taken_for_interrupted(shop: Workshop, flaky: Flaky) -> None:
    """The recovery's commit took place and its answer was lost: the calls that it began are made, and made once."""
    shop.look.hold()
    shop.push.hold()
    run = await shop.begin(book(step("a"), step("b", "push", approval=approval())))
    await shop.until(lambda: shop.look.calls)
    await shop.crash()
    shop.look.release()
    shop.push.release()
    flaky.faults = ["after"]
    await shop.restart()
    await shop.until(lambda: len(shop.look.calls) == 2)
    (asked,) = shop.store.records.approvals_of(1)
    await shop.driver.vote(asked.id, by=ADA, groups=SRE, vote=Vote.APPROVE, digest=asked.digest)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.facts(CallInterrupted)) == 1
    assert len(shop.look.calls) == 2


async def test_one_run_that_can_not_be_taken_up_keeps_no_other_from_it(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends on the record; the process starts, and the others go on."""
    shop.look.hold()
    first = await shop.begin(book(step("a")))
    second = await shop.begin(book(step("a")))
    await shop.crash()
    shop.look.release()
    real = driver_module.replay

    def poisoned(events: Any) -> Any:
        if events[0].fact.run == first:
            raise ValueError("an event of another world")
        return real(events)

    monkeypatch.setattr(driver_module, "replay", poisoned)
    await shop.restart()
    assert await shop.ended(second) is RunStatus.SUCCEEDED
    assert shop.status(first) is RunStatus.FAILED
    (end,) = shop.facts(RunFinished, 1)
    assert "another world" in end.detail


async def test_a_call_interrupted_past_the_deadline_ends_the_run(shop: Workshop) -> None:
    """The process was down while the time ended: the next one is not left waiting for a call that nobody makes."""
    shop.look.hold()
    run = await shop.begin(book(step("a"), timeout=timedelta(minutes=1)))
    await shop.until(lambda: shop.look.calls)
    await shop.crash()
    shop.clock.move(minutes=2)
    await shop.restart()
    assert await shop.ended(run) is RunStatus.FAILED
    assert len(shop.look.calls) == 1


# ---- a run that is broken, and a process that stops


async def test_a_broken_run_ends_once(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two arrivals meet the same bug: the log says once that the run is over, and takes nothing of it afterwards."""
    shop.look.hold()
    run = await shop.begin(book(*(step(f"s{n}") for n in range(4))))
    await shop.until(lambda: len(shop.look.calls) == 4)

    def breaks(*_given: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(driver_module, "conclude", breaks)
    shop.look.release()
    assert await shop.ended(run) is RunStatus.FAILED
    await shop.until(lambda: not shop.driver._working())
    assert len(shop.facts(RunFinished)) == 1
    assert list(shop.kinds())[-2:] == ["run.finished", "dead_letter.landed"]
    assert shop.driver.under_way == 0


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_a_broken_run_ends_although_the_log_failed_once(
    shop: Workshop, flaky: Flaky, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its end is worth another try, and stands there once."""
    shop.look.hold()
    run = await shop.begin(book(step("a")))
    await shop.until(lambda: shop.look.calls)

    def breaks(*_given: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(driver_module, "conclude", breaks)
    flaky.faults = [fault]
    shop.look.release()
    assert await shop.ended(run) is RunStatus.FAILED
    await shop.until(lambda: not shop.driver._working())
    assert len(shop.facts(RunFinished)) == 1


async def test_nothing_half_begun_is_left_by_a_stop_during_recovery(shop: Workshop, flaky: Flaky) -> None:
    """The log can't be written at the start, and the process is told to stop: the next one finds the run as it was."""
    shop.look.hold()
    run = await shop.begin(book(step("a", verify=verify())))
    await shop.until(lambda: shop.look.calls)
    await shop.crash()
    shop.look._script[:] = [Succeeded(output={"ok": True})]
    shop.look.release()
    flaky.faults = ["before"] * 1000
    starting = asyncio.create_task(shop.restart())
    await shop.until(lambda: len(flaky.faults) < 998)
    stopping = asyncio.create_task(shop.driver.stop(5))
    await asyncio.sleep(0)
    flaky.faults = []
    await stopping
    await starting
    await shop.restart()
    assert await shop.ended(run) is RunStatus.SUCCEEDED


async def test_a_settlement_that_meets_a_stop_is_carried_out(shop: Workshop) -> None:
    """It was let in before the stop: the attempt that it allows is begun, or nothing would ever begin it."""
    shop.push.hold()
    run = await shop.begin(book(step("a", "push")))
    await shop.until(lambda: shop.push.calls)
    await shop.crash()
    await shop.restart()
    await shop.driver._runs[run].lock.acquire()
    said: dict[str, Any] = {"part": Part.MAIN, "attempt": 1, "by": ADA, "settlement": Settlement.DID_NOT}
    settling = asyncio.create_task(shop.driver.settle(run, StepId("a"), **said))
    await asyncio.sleep(0)
    stopping = asyncio.create_task(shop.driver.stop(5))
    await asyncio.sleep(0)
    shop.driver._runs[run].lock.release()
    shop.push.release()
    await settling
    await stopping
    if shop.status(run) is RunStatus.RUNNING:
        await shop.restart()
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.push.calls) == 2
