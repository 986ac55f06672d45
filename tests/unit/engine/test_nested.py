"""Runs inside runs, over a real log: one begins for each call however often the process dies, and both ends are told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.actions.outcome import Reason, Succeeded
from bot.domain.facts import (
    ApprovalRequested,
    CallFailed,
    CallStarted,
    CallSucceeded,
    IncidentOpened,
    RunCancelRequested,
    RunFinished,
    RunStarted,
    RunUndoRequested,
    StepUndone,
)
from bot.domain.ids import Digest, RunId, incident_stream
from bot.domain.nouns import FIRELINE, DeadReason, RunStatus, Severity, Vote, person
from bot.domain.ports import Transaction
from bot.errors import JournalError, NotAllowed
from bot.runbook.model import Autonomy, Concurrency, InputDecl, OnFailure, Runbook
from bot.runbook.templates import Template
from tests.fakes.actions import failing
from tests.fakes.stage import approval, book, inside, named, step, undo
from tests.fakes.workshop import Workshop, open_workshop

ADA, BEN = person("U0ADA"), person("U0BEN")
SRE = frozenset({"sre"})
AROUND, INSIDE = RunId("1-1"), RunId("1-2")
ZONE = InputDecl(name="zone")


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """A workshop of the test's own."""
    opened = await open_workshop(tmp_path)
    yield opened
    await opened.close()


def outer(*more: Any, around: dict[str, Any] | None = None, **rest: Any) -> Runbook:
    """Make a runbook whose first step `sub` runs the runbook `inner`."""
    return named("outer", book(inside("sub", "inner", **rest), *more, **(around or {})))


async def test_a_run_inside_goes_from_start_to_end(shop: Workshop) -> None:
    """It is a run of the same incident, sees the same alert, is asked for by the same person, and its outputs are the step's."""
    shop.put_in_force(named("inner", book(step("a", "push", value="{{ inputs.zone }}")), inputs=(ZONE,)))
    shop.push._script[:] = [Succeeded(output={"to": "b"})]
    runbook = outer(
        step("after", needs=["sub"], value="{{ steps.sub.output.steps.a.output.to }}"), given={"zone": "z"}
    )
    run = await shop.begin(runbook, by=ADA)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    first, second = shop.facts(RunStarted)
    assert (second.run, second.runbook, second.inputs) == (INSIDE, "inner", {"zone": "z"})
    assert (second.parent, second.parent_step, second.parent_attempt) == (run, "sub", 1)
    assert (second.ancestors, second.requested_by, second.scope) == (("outer",), ADA, first.scope)
    assert second.seed not in ("", first.seed)
    assert [made.inputs.value for made in shop.look.calls] == ["b"]
    assert [made.inputs.value for made in shop.push.calls] == ["z"]
    assert shop.store.records.runbook_source(second.digest) is not None
    await shop.until(lambda: shop.driver.under_way == 0)


async def test_a_failure_inside_fails_the_step(shop: Workshop) -> None:
    """With the same reason, and with the run that it was."""
    shop.put_in_force(named("inner", book(step("a", "push"))))
    shop.push._script[:] = [failing(Reason.FORBIDDEN, applied=False)]
    run = await shop.begin(outer())
    assert await shop.ended(run) is RunStatus.FAILED
    failed = shop.facts(CallFailed)[-1]
    assert (failed.run, failed.reason, failed.may_have_applied) == (run, Reason.FORBIDDEN, False)
    assert failed.output["run"] == INSIDE


async def test_three_deep(shop: Workshop) -> None:
    """A runbook inside a runbook inside a runbook: each knows those around it."""
    shop.put_in_force(
        named("inner", book(inside("deeper", "innermost"))), named("innermost", book(step("a")))
    )
    run = await shop.begin(outer())
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert shop.facts(RunStarted)[-1].ancestors == ("outer", "inner")


async def test_waiting_takes_no_slot_and_holds_up_no_stop(shop: Workshop) -> None:
    """A run that waits for another is no call under way: a stop need not wait for it."""
    shop.put_in_force(named("inner", book(step("a", "push", approval=approval()))))
    await shop.begin(outer())
    await shop.until(lambda: shop.facts(ApprovalRequested))
    async with asyncio.timeout(1):
        await shop.driver.stop(30)


# ---- the process dies in between


async def test_a_kill_between_the_intent_and_the_start(shop: Workshop) -> None:
    """The call's intent is in the log and its run is not: the next process starts it, once."""
    shop.put_in_force(named("inner", book(step("a", "push"))))
    broken = shop.driver._nested

    async def never(_inside: object) -> None:
        await asyncio.Event().wait()

    broken._see_to = never  # type: ignore[method-assign]  # the kill falls here
    run = await shop.begin(outer())
    assert len(shop.facts(CallStarted)) == 1
    assert len(shop.facts(RunStarted)) == 1
    await shop.crash()
    await shop.restart()
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert [fact.run for fact in shop.facts(RunStarted)] == [AROUND, INSIDE]
    assert len(shop.push.calls) == 1


async def test_a_kill_while_the_run_inside_goes_on(shop: Workshop) -> None:
    """Both are taken up: the run inside decides on its own calls, and the step goes on waiting for the same run."""
    shop.put_in_force(named("inner", book(step("a"), step("b", "push", needs=["a"]))))
    shop.look.hold()
    run = await shop.begin(outer())
    await shop.until(lambda: shop.look.calls)
    await shop.crash()
    shop.look.release()
    assert await shop.restart() == 2
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.facts(RunStarted)) == 2
    assert "call.interrupted" in shop.kinds()
    assert [call.step for call in shop.facts(CallStarted) if call.run == run] == ["sub"]


async def test_a_kill_after_the_run_inside_ended(shop: Workshop) -> None:
    """The run around was not told: the next process reads in the log how the run inside ended."""
    shop.put_in_force(named("inner", book(step("a", "push"))))
    nested = shop.driver._nested

    async def never(_inside: object) -> None:
        await asyncio.Event().wait()

    nested._tell = never  # type: ignore[method-assign]  # the kill falls here
    run = await shop.begin(outer())
    await shop.until(lambda: shop.facts(RunFinished))
    await shop.crash()
    assert await shop.restart() == 1
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert len(shop.push.calls) == 1


async def test_the_log_is_away_as_it_begins(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be written now is tried again until it can, and is done once."""
    shop.put_in_force(named("inner", book(step("a", "push"))))
    submit, failures = shop.store.journal.submit, [JournalError("away"), JournalError("away")]

    async def away(unit: Any) -> Any:
        if failures and shop.facts(CallStarted):
            raise failures.pop()
        return await submit(unit)

    monkeypatch.setattr(shop.store.journal, "submit", away)
    run = await shop.begin(outer())
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert failures == []
    assert len(shop.facts(RunStarted)) == 2


async def test_a_bug_fails_the_step(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong as it begins, the run around does not wait for ever."""
    shop.put_in_force(named("inner", book(step("a", "push"))))

    async def broken(_inside: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(shop.driver._nested, "_find_or_start", broken)
    run = await shop.begin(outer())
    assert await shop.ended(run) is RunStatus.FAILED
    assert shop.facts(CallFailed)[-1].reason == Reason.BUG


# ---- ended with the run around it


async def test_cancelled_with_the_run_around(shop: Workshop) -> None:
    """What runs inside is stopped by the same person's word, cleans up, and then the run around ends."""
    shop.put_in_force(named("inner", book(step("a", "push"), rescue=[step("clean")], always=[step("last")])))
    shop.push.hold()
    run = await shop.begin(outer())
    await shop.until(lambda: shop.push.calls)
    await shop.driver.cancel(run, by=ADA, why="wrong one")
    assert await shop.ended(run) is RunStatus.CANCELLED
    assert shop.status(INSIDE) is RunStatus.CANCELLED
    assert shop.push.cancelled == 1
    assert len(shop.look.calls) == 2
    assert [fact.why for fact in shop.facts(RunCancelRequested)] == [
        "wrong one",
        "run 1-1, which runs it, is ending: wrong one",
    ]
    ends = [fact.run for fact in shop.facts(RunFinished)]
    assert ends == [INSIDE, run]


async def test_cancelled_while_it_is_down(shop: Workshop) -> None:
    """A cancel that the process did not live to pass on is passed on by the next."""
    shop.put_in_force(named("inner", book(step("a"))))
    shop.look.hold()
    run = await shop.begin(outer())
    await shop.until(lambda: shop.look.calls)
    nested = shop.driver._nested

    async def never(_inside: object) -> None:
        await asyncio.Event().wait()

    nested._end = never  # type: ignore[method-assign]  # the kill falls here
    await shop.driver.cancel(run, by=ADA)
    await shop.crash()
    await shop.restart()
    assert await shop.ended(run) is RunStatus.CANCELLED
    assert shop.status(INSIDE) is RunStatus.CANCELLED


async def test_cancelled_before_it_began(shop: Workshop) -> None:
    """A run that was not begun yet is not begun any more."""
    shop.put_in_force(named("inner", book(step("a", "push"))))
    nested = shop.driver._nested

    async def never(_inside: object) -> None:
        await asyncio.Event().wait()

    nested._see_to = never  # type: ignore[method-assign]  # the kill falls here
    run = await shop.begin(outer())
    await shop.driver.cancel(run, by=ADA)
    await shop.crash()
    await shop.restart()
    assert await shop.ended(run) is RunStatus.CANCELLED
    assert len(shop.facts(RunStarted)) == 1
    assert shop.push.calls == []


async def test_out_of_time_with_the_run_around(shop: Workshop) -> None:
    """The time of the run around ends what runs inside it, and both have failed."""
    shop.put_in_force(named("inner", book(step("a", "push", approval=approval()), always=[step("last")])))
    run = await shop.begin(outer(around={"timeout": timedelta(minutes=5)}))
    await shop.until(lambda: shop.facts(ApprovalRequested))
    await shop.wait(minutes=6)
    assert await shop.ended(run) is RunStatus.FAILED
    assert shop.status(INSIDE) is RunStatus.FAILED
    assert len(shop.look.calls) == 1
    assert {fact.reason for fact in shop.facts(RunFinished)} == {Reason.TIMEOUT}


async def test_the_steps_own_time(shop: Workshop) -> None:
    """A `timeout` on the step bounds the run inside, which runs its always and fails the step."""
    shop.put_in_force(
        named(
            "inner",
            book(step("a", "push", approval=approval()), always=[step("last")]),
            timeout=timedelta(hours=1),
        )
    )
    run = await shop.begin(outer(timeout=timedelta(minutes=1)))
    await shop.until(lambda: shop.facts(ApprovalRequested))
    # Its fact is in the log a moment before its time is with the alarm.
    await shop.until(lambda: not shop.driver._background.working())
    await shop.wait(minutes=2)
    assert await shop.ended(run) is RunStatus.FAILED
    assert len(shop.look.calls) == 1
    assert shop.facts(CallFailed)[-1].reason == Reason.TIMEOUT


async def test_the_run_inside_alone_is_cancelled(shop: Workshop) -> None:
    """A person may end the run inside: its step fails, and the run around goes on as its runbook says."""
    shop.put_in_force(named("inner", book(step("a", "push", approval=approval()))))
    run = await shop.begin(outer(step("next"), on_failure=OnFailure.CONTINUE))
    await shop.until(lambda: shop.facts(ApprovalRequested))
    await shop.driver.cancel(INSIDE, by=BEN)
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert shop.facts(CallFailed)[-1].reason == Reason.CANCELLED


async def test_a_run_that_is_given_up_leaves_none_behind(shop: Workshop) -> None:
    """What runs inside a run that can't go on is asked to end, by this process or the next."""
    shop.put_in_force(named("inner", book(step("a", "push", approval=approval()))))
    run = await shop.begin(outer())
    await shop.until(lambda: shop.facts(ApprovalRequested))
    await shop.driver._give_up(run, DeadReason.BUG, "a bug")
    assert await shop.ended(INSIDE) is RunStatus.FAILED
    assert "which ran it, is over" in shop.facts(RunCancelRequested)[0].why


async def test_an_orphan_is_ended_by_the_next_process(shop: Workshop) -> None:
    """A process died between giving a run up and ending what ran inside it."""
    shop.put_in_force(named("inner", book(step("a", "push", approval=approval()))))
    runbook = outer()
    run = await shop.begin(runbook)
    await shop.until(lambda: shop.facts(ApprovalRequested))
    await shop.crash()
    del shop.books[runbook.digest]
    shop.driver._nested.over = lambda _run: None  # type: ignore[method-assign]
    assert await shop.restart() == 2
    assert shop.status(run) is RunStatus.FAILED
    await shop.crash()
    assert await shop.restart() == 1
    assert await shop.ended(INSIDE) is RunStatus.FAILED


# ---- policy


async def test_it_may_do_no_more_than_the_run_around(shop: Workshop) -> None:
    """The lesser autonomy of the two holds; past its date it asks before every change."""
    auto, yesterday = named("inner", book(step("a", "push"))), shop.clock.now().date() - timedelta(days=1)
    shop.put_in_force(auto)
    run = await shop.begin(outer(around={"autonomy": Autonomy.OBSERVE}))
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert shop.push.calls == []
    shop.put_in_force(replace(auto, valid_until=date(yesterday.year, yesterday.month, yesterday.day)))
    await shop.begin(outer())
    await shop.until(lambda: shop.facts(ApprovalRequested, incident=2))
    assert [fact.autonomy for fact in shop.facts(RunStarted, incident=2)] == ["auto", "propose"]


async def test_who_asked_for_the_run_around_decides_nothing_inside(shop: Workshop) -> None:
    """Four eyes hold inside too."""
    shop.put_in_force(named("inner", book(step("a", "push", approval=approval()))))
    run = await shop.begin(outer(), by=ADA)
    await shop.until(lambda: shop.facts(ApprovalRequested))
    (asked,) = shop.facts(ApprovalRequested)
    with pytest.raises(NotAllowed):
        await shop.driver.vote(asked.approval, by=ADA, groups=SRE, vote=Vote.APPROVE, digest=asked.digest)
    await shop.driver.vote(asked.approval, by=BEN, groups=SRE, vote=Vote.APPROVE, digest=asked.digest)
    assert await shop.ended(run) is RunStatus.SUCCEEDED


async def test_a_busy_group_of_a_private_incident_is_told_without_its_run(shop: Workshop) -> None:
    """Why the step failed is read by everybody in its incident's channel."""
    group = Concurrency(group=Template.compile("database"))
    shop.put_in_force(named("inner", book(step("a")), concurrency=group))
    await shop.store.journal.submit(_have_it_in_private)
    run = await shop.begin(outer())
    assert await shop.ended(run) is RunStatus.FAILED
    (failed,) = shop.facts(CallFailed, incident=2)
    assert failed.detail == "a private incident's run is under way for database"


def _have_it_in_private(tx: Transaction) -> None:
    first = tx.next_incident()
    opened = IncidentOpened(incident=first, title="A leak", severity=Severity.SEV1, private=True)
    started = RunStarted(
        run=RunId("1-1"),
        runbook="plug",
        digest=Digest("d"),
        seed="s",
        autonomy="auto",
        inputs={},
        scope={},
        group="database",
    )
    tx.append(incident_stream(first), FIRELINE, [opened, started])


async def test_a_busy_group_is_a_conflict(shop: Workshop) -> None:
    """Where another run of its group is under way it does not begin; one that stands around it holds the group for it."""
    group = Concurrency(group=Template.compile("service/{{ inputs.zone }}"))
    shop.put_in_force(
        named(
            "inner",
            book(inside("sub", "innermost", given={"zone": "{{ inputs.zone }}"})),
            inputs=(ZONE,),
            concurrency=group,
        )
    )
    shop.put_in_force(named("innermost", book(step("a")), inputs=(ZONE,), concurrency=group))
    shop.look.hold()
    first = await shop.begin(outer(given={"zone": "z"}))
    await shop.until(lambda: shop.look.calls)
    second = await shop.begin(outer(given={"zone": "z"}))
    assert await shop.ended(second) is RunStatus.FAILED
    (failed,) = shop.facts(CallFailed, incident=2)
    assert (failed.reason, failed.may_have_applied) == (Reason.CONFLICT, False)
    assert failed.detail == "run 1-2 of inner is under way for service/z"
    third = await shop.begin(outer(given={"zone": "other"}))
    shop.look.release()
    assert await shop.ended(first) is RunStatus.SUCCEEDED
    assert await shop.ended(third) is RunStatus.SUCCEEDED


async def test_a_group_that_can_not_be_told(shop: Workshop) -> None:
    """The step fails before anything began."""
    group = Concurrency(group=Template.compile("service/{{ alert.labels.gone }}"))
    shop.put_in_force(named("inner", book(step("a")), concurrency=group))
    assert await shop.ended(await shop.begin(outer())) is RunStatus.FAILED
    assert "its concurrency group can't be told" in shop.facts(CallFailed)[0].detail


async def test_a_version_that_is_gone_is_told(shop: Workshop) -> None:
    """What was pinned and can't be read any more does not begin."""
    inner = named("inner", book(step("a")))
    shop.put_in_force(inner)
    del shop.books[inner.digest]
    assert await shop.ended(await shop.begin(outer())) is RunStatus.FAILED
    assert shop.facts(CallFailed)[0].reason == Reason.INVALID


# ---- undo


async def test_undo_reaches_into_the_run_inside(shop: Workshop) -> None:
    """When the run around undoes, the steps of the run inside are undone in reverse, and the log tells of each."""
    inner = named(
        "inner",
        book(
            step("a", "push", undo=undo("a", "push")), step("b", "push", needs=["a"], undo=undo("b", "push"))
        ),
    )
    shop.put_in_force(inner)
    run = await shop.begin(outer(step("bad", "gone", needs=["sub"], on_failure=OnFailure.UNDO)))
    assert await shop.ended(run) is RunStatus.FAILED
    assert shop.status(INSIDE) is RunStatus.UNDONE
    assert [(fact.run, fact.step) for fact in shop.facts(StepUndone)] == [
        (INSIDE, "b"),
        (INSIDE, "a"),
        (run, "sub"),
    ]
    assert [made.inputs.value for made in shop.push.calls[2:]] == ["b", "a"]
    assert len(shop.facts(RunUndoRequested)) == 1


async def test_a_kill_while_the_run_inside_is_undone(shop: Workshop) -> None:
    """The undo goes on where it stood, each step's once."""
    inner = named(
        "inner",
        book(
            step("a", "push", undo=undo("a", "look")), step("b", "push", needs=["a"], undo=undo("b", "look"))
        ),
    )
    shop.put_in_force(inner)
    shop.look.hold()
    run = await shop.begin(outer(step("bad", "gone", needs=["sub"], on_failure=OnFailure.UNDO)))
    await shop.until(lambda: shop.look.calls)
    await shop.crash()
    shop.look.release()
    assert await shop.restart() == 2
    assert await shop.ended(run) is RunStatus.FAILED
    assert [fact.step for fact in shop.facts(StepUndone)] == ["b", "a", "sub"]
    assert len(shop.facts(RunUndoRequested)) == 1


async def test_an_undo_may_itself_be_a_runbook(shop: Workshop) -> None:
    """A step's own undo runs another runbook, and is done when that run is."""
    shop.put_in_force(named("inner", book(step("a", "push"))), named("back", book(step("look"))))
    own = replace(undo(), action="runbook.run", inputs=Template.compile({"name": "back"}))
    run = await shop.begin(outer(step("bad", "gone", needs=["sub"], on_failure=OnFailure.UNDO), undo=own))
    assert await shop.ended(run) is RunStatus.FAILED
    assert [fact.runbook for fact in shop.facts(RunStarted)] == ["outer", "inner", "back"]
    assert [fact.step for fact in shop.facts(StepUndone)] == ["sub"]
    assert shop.facts(RunStarted)[-1].parent_part == "undo"


async def test_it_works_in_rescue_and_always(shop: Workshop) -> None:
    """A runbook may run in every list of steps."""
    shop.put_in_force(named("inner", book(step("a"))))
    runbook = named(
        "outer", book(step("bad", "gone"), rescue=[inside("r", "inner")], always=[inside("z", "inner")])
    )
    run = await shop.begin(runbook)
    assert await shop.ended(run) is RunStatus.FAILED
    assert [fact.parent_step for fact in shop.facts(RunStarted)] == [None, "r", "z"]
    assert len([fact for fact in shop.facts(CallSucceeded) if fact.run == run]) == 2
