"""Loops in the driver: real tasks side by side over a real log, evidence by item, stops, crashes and a cancel in the middle of a list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bot.actions.outcome import Reason, Succeeded
from bot.domain.facts import CallStarted, EvidenceStored, LoopExpanded, StepOutcomeUnknown, StepSucceeded
from bot.domain.grouping import grouped
from bot.domain.ids import RunId
from bot.domain.nouns import RunStatus, Settlement, StepStatus, person
from bot.runbook.model import OnFailure
from tests.fakes.actions import failing
from tests.fakes.stage import book, loop, step
from tests.fakes.workshop import Workshop, open_workshop

HOSTS = [f"web-{number}" for number in range(30)]


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """A workshop of the test's own."""
    opened = await open_workshop(tmp_path)
    yield opened
    await opened.close()


async def test_thirty_hosts_four_at_a_time(shop: Workshop) -> None:
    """Never more than four calls at once, each host once, each with a key of its own; the evidence has each host's name."""
    most = 0

    def busy(inputs: object, call: object) -> Succeeded:
        nonlocal most
        most = max(most, len(shop.driver._runs[RunId("1-1")].calls))
        call.capture.write(b"x")  # type: ignore[attr-defined]
        return Succeeded(output={"host": inputs.value})  # type: ignore[attr-defined]

    shop.push._script[:] = [busy]
    restart = step(
        "restart", "push", value="{{ item }}", loop=loop(HOSTS, max_parallel=4), evidence="{{ item }}.log"
    )
    run = await shop.begin(book(restart))
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert most == 4
    assert sorted(call.inputs.value for call in shop.push.calls) == sorted(HOSTS)
    assert len({fact.key for fact in shop.facts(CallStarted)}) == len(HOSTS)
    kept = shop.facts(EvidenceStored)
    assert sorted(fact.name for fact in kept) == sorted(f"{host}.log" for host in HOSTS)
    assert len({fact.evidence for fact in kept}) == len(HOSTS)
    (whole,) = grouped(shop.store.records.steps_of(run))
    assert whole.how_far == "30 of 30 done"
    assert whole.record.items == tuple(HOSTS)


async def test_a_stop_in_the_middle_of_a_list_goes_on_where_it_was(shop: Workshop) -> None:
    """What runs ends within the grace and is written, no other item is begun; the next process begins the next one, and none twice."""
    shop.push.hold()
    run = await shop.begin(
        book(step("restart", "push", value="{{ item }}", loop=loop(HOSTS[:6], max_parallel=2)))
    )
    await shop.until(lambda: len(shop.push.calls) == 2)
    stopping = asyncio.create_task(shop.driver.stop(5.0))
    await asyncio.sleep(0)
    shop.push.release()
    await stopping
    assert [fact.step for fact in shop.facts(StepSucceeded)] == ["restart[0]", "restart[1]"]
    assert len(shop.facts(CallStarted)) == 2
    await shop.restart()
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert sorted(call.inputs.value for call in shop.push.calls) == HOSTS[:6]
    assert len(shop.facts(LoopExpanded)) == 1


async def test_a_crash_asks_about_the_items_that_ran(shop: Workshop) -> None:
    """Each of them by itself; once a person has said what became of it, the list goes on."""
    shop.push.hold()
    run = await shop.begin(
        book(step("restart", "push", value="{{ item }}", loop=loop(HOSTS[:4], max_parallel=2)))
    )
    await shop.until(lambda: len(shop.push.calls) == 2)
    await shop.crash()
    shop.push.release()
    await shop.restart()
    asked = shop.facts(StepOutcomeUnknown)
    assert [fact.step for fact in asked] == ["restart[0]", "restart[1]"]
    for fact in asked:
        await shop.driver.settle(
            run,
            fact.step,
            part=fact.part,
            attempt=fact.attempt,
            by=person("U0ADA"),
            settlement=Settlement.HAPPENED,
        )
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    assert [call.inputs.value for call in shop.push.calls] == HOSTS[:4]


async def test_a_cancel_stops_every_item_that_runs(shop: Workshop) -> None:
    """All of them at once, and no other is begun."""
    shop.push.hold()
    run = await shop.begin(
        book(step("restart", "push", value="{{ item }}", loop=loop(HOSTS, max_parallel=3)))
    )
    await shop.until(lambda: len(shop.push.calls) == 3)
    await shop.driver.cancel(run, by=person("U0ADA"))
    assert await shop.ended(run) is RunStatus.CANCELLED
    assert len(shop.push.calls) == 3
    statuses = {each.step: each.status for each in shop.store.records.steps_of(run)}
    assert statuses["restart"] is StepStatus.CANCELLED


async def test_what_failed_is_counted_and_named(shop: Workshop) -> None:
    """With `continue` every host is tried, and the record says which failed."""
    shop.push._script[:] = [Succeeded(), failing(Reason.REJECTED), Succeeded()]
    more = {"loop": loop(HOSTS[:3]), "on_failure": OnFailure.CONTINUE}
    run = await shop.begin(book(step("restart", "push", value="{{ item }}", **more)))
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    (whole,) = grouped(shop.store.records.steps_of(run))
    assert whole.how_far == "2 of 3 done, 1 failed"
    assert [each.label for each in whole.items if each.record.status is StepStatus.FAILED] == ["web-1"]
