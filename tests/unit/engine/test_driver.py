"""The driver: intents are durable before actions begin, outcomes before anything follows, and a new process goes on where the old one died."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.actions.outcome import Failed, Outcome, Reason, Succeeded
from bot.domain.facts import (
    CallStarted,
    CallSucceeded,
    EvidenceStored,
    NoteAdded,
    RunFinished,
    StepOutcomeUnknown,
)
from bot.domain.ids import ApprovalId, Digest, RunId, StepId
from bot.domain.nouns import Part, RunStatus, Settlement, Vote, person
from bot.engine import driver as driver_module
from bot.errors import Conflict, JournalError, NotAllowed, NotFound
from bot.persistence.evidence_files import EvidenceFiles, FileCapture
from tests.fakes.actions import failing
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


async def test_a_run_goes_from_its_start_to_its_end(shop: Workshop) -> None:
    """Each step's intent, outcome and end are in the log, in that order."""
    run = await shop.begin(book(step("a"), step("b", "push", needs=["a"])))
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert list(shop.kinds())[2:] == [
        "call.started",
        "call.succeeded",
        "step.succeeded",
        "call.started",
        "call.succeeded",
        "step.succeeded",
        "run.phase_entered",
        "run.finished",
    ]
    await shop.until(lambda: shop.driver.under_way == 0)


async def test_the_intent_is_durable_before_the_action_begins(shop: Workshop) -> None:
    """When an action runs, another process could already read that it was going to."""
    seen: list[int] = []

    def look(_inputs: object, _call: object) -> Succeeded:
        seen.append(len(shop.facts(CallStarted)))
        return Succeeded()

    shop.push.then(look)
    shop.push._script.pop(0)
    await shop.ended(await shop.begin(book(step("a", "push"))))
    assert seen == [1]


async def test_steps_run_side_by_side(shop: Workshop) -> None:
    """Two steps without needs are under way at once."""
    shop.look.hold()
    run = await shop.begin(book(step("a"), step("b")))
    await shop.until(lambda: len(shop.look.calls) == 2)
    shop.look.release()
    assert await shop.ended(run) is RunStatus.SUCCEEDED


async def test_a_retry_waits_for_its_time(shop: Workshop) -> None:
    """The alarm is set to the due time, and the attempt is made when it comes."""
    shop.look._script[:] = [failing(Reason.UNAVAILABLE), Succeeded()]
    run = await shop.begin(book(step("a")))
    await shop.until(lambda: shop.alarm.at is not None)
    await shop.driver.tick()
    assert len(shop.look.calls) == 1
    await shop.wait(seconds=2)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    keys = {made.call.idempotency_key for made in shop.look.calls}
    assert len(keys) == 1


async def test_a_vote_starts_what_was_approved(shop: Workshop) -> None:
    """The right person's word is durable, and then the action runs."""
    run = await shop.begin(book(step("a", "push", approval=approval())))
    (asked,) = shop.store.records.approvals_of(1)
    with pytest.raises(NotAllowed):
        await shop.driver.vote(asked.id, by=ADA, groups=frozenset(), vote=Vote.APPROVE, digest=asked.digest)
    assert shop.push.calls == []
    await shop.driver.vote(asked.id, by=ADA, groups=SRE, vote=Vote.APPROVE, digest=asked.digest)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    with pytest.raises(Conflict, match="over"):
        await shop.driver.vote(asked.id, by=ADA, groups=SRE, vote=Vote.DENY, digest=asked.digest)


async def test_ten_clicks_at_once_are_one_decision(shop: Workshop) -> None:
    """Every click but the first is told that it came too late, and the action ran once."""
    run = await shop.begin(book(step("a", "push", approval=approval())))
    (asked,) = shop.store.records.approvals_of(1)

    async def click(number: int) -> bool:
        try:
            await shop.driver.vote(
                asked.id, by=person(f"U{number}"), groups=SRE, vote=Vote.APPROVE, digest=asked.digest
            )
        except Conflict:
            return False
        return True

    counted = await asyncio.gather(*(click(number) for number in range(10)))
    assert sum(counted) == 1
    await shop.ended(run)
    assert len(shop.push.calls) == 1


async def test_what_there_is_not_can_not_be_decided(shop: Workshop) -> None:
    """A run that never was is not found."""
    with pytest.raises(NotFound):
        await shop.driver.vote(ApprovalId("9-1/a/1"), by=ADA, groups=SRE, vote=Vote.DENY, digest=Digest(""))
    with pytest.raises(NotFound):
        await shop.driver.take_up(RunId("9-1"))
    with pytest.raises(NotFound):
        await shop.driver.cancel(RunId("9-1"), by=ADA)


async def test_cancel_stops_a_running_call(shop: Workshop) -> None:
    """The coroutine is cancelled at once, and the run ends as cancelled."""
    shop.look.hold()
    run = await shop.begin(book(step("a")))
    await shop.until(lambda: shop.look.calls)
    await shop.driver.cancel(run, by=ADA, why="wrong one")
    assert await shop.ended(run) is RunStatus.CANCELLED
    assert shop.look.cancelled == 1


async def test_a_call_that_takes_too_long_is_ended(shop: Workshop) -> None:
    """The step's timeout holds even for an action that would wait for ever."""
    shop.push.hold()
    run = await shop.begin(book(step("a", "push", timeout=timedelta(milliseconds=20))))
    assert await shop.ended(run) is RunStatus.FAILED
    assert shop.facts(RunFinished)[0].reason == Reason.TIMEOUT


async def test_an_action_that_raises_is_a_recorded_failure(shop: Workshop) -> None:
    """A bug in an action fails its step with `bug`, and names no more than its type."""
    shop.push._script[:] = [ValueError("secret detail")]
    run = await shop.begin(book(step("a", "push")))
    assert await shop.ended(run) is RunStatus.FAILED
    end = shop.facts(RunFinished)[0]
    assert (end.reason, end.detail) == (Reason.BUG, "step a: push raised ValueError")


async def test_an_output_that_is_no_json_is_a_bug(shop: Workshop) -> None:
    """The log holds JSON; an action that returns something else has failed."""
    shop.push._script[:] = [Succeeded(output={"x": object()})]
    run = await shop.begin(book(step("a", "push")))
    assert await shop.ended(run) is RunStatus.FAILED
    assert "not JSON" in shop.facts(RunFinished)[0].detail


@pytest.mark.parametrize(
    ("outcome", "end"),
    [
        (Succeeded(output={"x\udfff": ["a\ud800b", "é"]}), RunStatus.SUCCEEDED),
        (Failed(reason=Reason.REJECTED, detail="it said \ud800", output={"x": "\ud800"}), RunStatus.FAILED),
        (Failed(reason=Reason.THROTTLED, detail="later", retry_after=float("1e300")), RunStatus.RUNNING),
    ],
)
async def test_what_a_target_sends_does_not_end_the_run(
    shop: Workshop, outcome: Outcome, end: RunStatus
) -> None:
    """Half a character or an instant beyond the calendar must not stop a run before its undo and its rescue, as an unforeseen bug would."""
    shop.look._script[:] = [outcome, Succeeded()]
    run = await shop.begin(book(step("a"), always=[step("z", "push")]))
    if end is RunStatus.RUNNING:
        await shop.until(lambda: shop.alarm.at is not None)
        await shop.wait(hours=1)
        end = RunStatus.SUCCEEDED
    assert await shop.ended(run) is end
    assert shop.push.calls, "the always step ran"
    assert "could not go on" not in shop.facts(RunFinished)[0].detail


async def test_a_known_secret_does_not_reach_the_log(shop: Workshop) -> None:
    """One service's log may show what another was sent: whoever puts it out, the log of events never has it."""
    said = f"Authorization: {shop.known}"
    shop.look._script[:] = [
        Failed(reason=Reason.UNAVAILABLE, detail=said, output={shop.known: said}),
        Succeeded(output={"lines": [said, {"deep": [said]}]}),
    ]
    run = await shop.begin(book(step("a")))
    await shop.until(lambda: shop.alarm.at is not None)
    await shop.wait(seconds=2)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert shop.facts(CallSucceeded)[0].output["lines"][0] == "Authorization: ***"
    assert shop.known not in str(shop.store.records.raw_events(after=0, limit=1000))


async def test_an_output_that_is_too_large_is_cut_and_says_so(shop: Workshop) -> None:
    """Large answers belong into evidence; the log keeps that there was one."""
    shop.look._script[:] = [Succeeded(output={"x": "y" * 300_000})]
    run = await shop.begin(book(step("a")))
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert shop.facts(CallSucceeded)[0].output == {"truncated": True, "size": 300_009}


async def test_evidence_is_kept_under_its_rendered_name(shop: Workshop) -> None:
    """What the action saw is stored before its outcome is told, with where it came from."""

    def capture(_inputs: object, call: object) -> Succeeded:
        call.capture.write(b"three")  # type: ignore[attr-defined]
        call.capture.describe(media_type="text/plain", source="test")  # type: ignore[attr-defined]
        return Succeeded()

    shop.look._script[:] = [capture]
    run = await shop.begin(book(step("a", evidence="{{ run.id }}.log")))
    await shop.ended(run)
    (stored,) = shop.facts(EvidenceStored)
    assert (stored.name, stored.size, stored.source) == ("1-1.log", 5, "test")
    kinds = list(shop.kinds())
    assert kinds.index("evidence.stored") < kinds.index("call.succeeded")


async def test_evidence_whose_name_can_not_be_rendered_is_kept_all_the_same(shop: Workshop) -> None:
    """A broken name costs the name, not the evidence."""
    run = await shop.begin(book(step("a", evidence="{{ steps.a.output.nothing }}.log")))
    await shop.ended(run)
    assert [stored.name for stored in shop.facts(EvidenceStored)] == ["a.bin"]


# ---- a new process over the same log


async def test_an_interrupted_read_is_made_again(shop: Workshop) -> None:
    """Killed in the middle of a look, it looks again, and the run ends as it would have."""
    shop.look.hold()
    run = await shop.begin(book(step("a")))
    await shop.until(lambda: shop.look.calls)
    await shop.crash()
    shop.look.release()
    assert await shop.restart() == 1
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len({made.call.idempotency_key for made in shop.look.calls}) == 1


async def test_an_interrupted_effect_is_never_made_again_in_silence(shop: Workshop) -> None:
    """Killed in the middle of an effect, the next process asks a person, and only their word makes it run again."""
    shop.push.hold()
    run = await shop.begin(book(step("a", "push")))
    await shop.until(lambda: shop.push.calls)
    await shop.crash()
    shop.push.release()
    await shop.restart()
    assert len(shop.facts(StepOutcomeUnknown)) == 1
    assert len(shop.push.calls) == 1
    await shop.driver.settle(
        run, StepId("a"), part=Part.MAIN, attempt=1, by=ADA, settlement=Settlement.HAPPENED
    )
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.push.calls) == 1


async def test_an_approval_outlives_the_process(shop: Workshop) -> None:
    """Asked before the kill, given after it: it runs once."""
    run = await shop.begin(book(step("a", "push", approval=approval(expires=600))))
    await shop.crash()
    await shop.restart()
    (asked,) = shop.store.records.approvals_of(1)
    assert shop.alarm.at == asked.expires_at
    await shop.driver.vote(asked.id, by=ADA, groups=SRE, vote=Vote.APPROVE, digest=asked.digest)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.push.calls) == 1


async def test_a_due_time_outlives_the_process(shop: Workshop) -> None:
    """A verification between two looks is taken up at its time, also when that passed while nobody was there."""
    shop.look._script[:] = [Succeeded(output={"ok": False}), Succeeded(output={"ok": True})]
    run = await shop.begin(book(step("a", "push", verify=verify(every=1, within=60))))
    await shop.until(lambda: shop.alarm.at is not None)
    await shop.crash()
    shop.clock.move(seconds=30)
    await shop.restart()
    assert await shop.ended(run) is RunStatus.SUCCEEDED


async def test_a_run_whose_runbook_is_gone_ends_visibly(shop: Workshop) -> None:
    """A run that can't be conducted any more does not hang: it fails, with the reason."""
    run = await shop.begin(book(step("a", "push", approval=approval())))
    await shop.crash()
    shop.books.clear()
    await shop.restart()
    assert shop.status(run) is RunStatus.FAILED
    assert "can't be read any more" in shop.facts(RunFinished)[0].detail


async def test_taking_up_twice_is_harmless(shop: Workshop) -> None:
    """A dispatcher that was restarted may hand a run over again."""
    shop.look.hold()
    run = await shop.begin(book(step("a")))
    await shop.until(lambda: shop.look.calls)
    await shop.driver.take_up(run)
    shop.look.release()
    await shop.ended(run)
    await shop.driver.take_up(run)
    assert len(shop.look.calls) == 1


async def test_an_outcome_is_not_lost_while_the_log_can_not_be_written(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome waits and is written when the database is back; the action is not run again."""
    append = shop.store.journal.append
    refusals = iter([JournalError("disk full"), JournalError("disk full")])

    async def flaky(*arguments: object) -> object:
        if any(isinstance(fact, CallSucceeded) for fact in arguments[2]):  # type: ignore[attr-defined]
            for refusal in refusals:
                raise refusal
        return await append(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(shop.store.journal, "append", flaky)
    run = await shop.begin(book(step("a", "push")))
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.push.calls) == 1


async def test_a_conductor_that_fails_ends_the_run_visibly(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug of ours ends the run on the record, and the other runs go on."""

    def broken(*_arguments: object) -> object:
        raise LookupError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(driver_module, "conclude", broken)
        run = await shop.begin(book(step("a")))
        assert await shop.ended(run) is RunStatus.FAILED
    assert "LookupError" in shop.facts(RunFinished)[0].detail
    assert await shop.ended(await shop.begin(book(step("a")))) is RunStatus.SUCCEEDED


async def test_a_full_disk_costs_the_evidence_alone(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call's outcome is recorded, and the timeline says that its evidence is lost."""

    def full(_self: object) -> object:
        raise OSError(28, "No space left on device")

    for method in ("capture", "finish"):
        owner = EvidenceFiles if method == "capture" else FileCapture
        with monkeypatch.context() as patched:
            patched.setattr(owner, method, full)
            incident = int((run := await fresh(shop)).partition("-")[0])
            assert await shop.ended(run) is RunStatus.SUCCEEDED
        (note,) = shop.facts(NoteAdded, incident)
        assert note.text == "The evidence of step a could not be kept: No space left on device."


async def fresh(shop: Workshop) -> RunId:
    """Begin a run whose one step keeps evidence, over a driver that looks up its captures anew."""
    shop.driver = shop._new_driver()
    return await shop.begin(book(step("a", evidence="a.log")))


async def test_an_answer_that_was_lost_is_asked_of_the_log(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit took place and its answer did not come: the outcome stands in the log once, not twice."""
    append = shop.store.journal.append
    lost = iter([True])

    async def loses_its_answer(*arguments: object) -> object:
        events = await append(*arguments)  # type: ignore[arg-type]
        if any(isinstance(fact, CallSucceeded) for fact in arguments[2]) and next(lost, False):  # type: ignore[attr-defined]
            raise JournalError("the connection broke")
        return events

    monkeypatch.setattr(shop.store.journal, "append", loses_its_answer)
    run = await shop.begin(book(step("a", "push"), step("b", needs=["a"])))
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert [fact.step for fact in shop.facts(CallSucceeded)] == ["a", "b"]
    assert len(shop.push.calls) == 1


async def test_a_call_that_has_ended_is_not_begun_again_while_its_outcome_waits(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call ends while another outcome is being written: until its own is in the log, it must not look as if it had never begun."""
    append = shop.store.journal.append
    go, writing = asyncio.Event(), asyncio.Event()

    async def slow(*arguments: object) -> object:
        if any(isinstance(fact, CallSucceeded) and fact.step == "b" for fact in arguments[2]):  # type: ignore[attr-defined]
            writing.set()
            await go.wait()
        return await append(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(shop.store.journal, "append", slow)
    shop.push.hold()
    run = await shop.begin(book(step("a", "push"), step("b")))
    await writing.wait()
    shop.push.release()
    await shop.until(lambda: shop.push.effects)
    go.set()
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.push.calls) == 1
