"""Two hundred runs against a service that dies: few requests reach it while it is down, and all runs end well once it is back, by themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest_asyncio

from bot.actions.contract import Effect
from bot.domain.facts import BreakerClosed, BreakerOpened, CallRefused
from bot.domain.ids import SYSTEM, RunId
from bot.domain.nouns import RunStatus
from bot.engine.guards import Rules
from bot.runbook.model import OnFailure, Retry, Runbook, Step, Undo
from bot.runbook.templates import Template
from integrations import http
from integrations.transport import Transport
from tests.fakes.stage import book, step
from tests.fakes.target import Answer, Target, json_answer
from tests.fakes.workshop import Workshop, open_workshop

RUNS = 200
DOWN = Answer(status=503)
THROTTLED = Answer(status=429, headers={"Retry-After": "2"})
UP = json_answer({"ok": True})


@pytest_asyncio.fixture
async def target() -> AsyncIterator[Target]:
    """A service that answers."""
    async with Target({"": UP}) as serving:
        yield serving


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """A workshop with the real `http.request`."""
    async with Transport() as transport:
        opened = await open_workshop(tmp_path, *http.actions(http.HttpConfig(), transport))
        yield opened
        await opened.close()


def a_call(name: str, method: str, url: str, **rest: Any) -> Step:
    """Make a step that calls the service."""
    return replace(
        step(name, "http.request", **rest), inputs=Template.compile({"method": method, "url": url})
    )


def reading(target: Target) -> Runbook:
    """Read something of the service; that may be repeated, and so waits while the service is away."""
    return book(a_call("a", "GET", f"{target.url}/state", effect=Effect.READ))


def running(shop: Workshop, runs: list[RunId]) -> list[RunId]:
    """Return the runs that have not ended."""
    return [run for run in runs if shop.status(run) is RunStatus.RUNNING]


async def quiet(shop: Workshop) -> None:
    """Wait until nothing is under way."""
    await shop.until(
        lambda: shop.guards.running == 0 and not shop.driver._background.working(), "calls to end"
    )


async def test_a_dying_service_is_left_alone_and_taken_up_again(shop: Workshop, target: Target) -> None:
    """Seventy seconds down: a handful of requests each time it is tried, none of the runs fails, and each is answered in the end."""
    target.routes[""] = DOWN
    runs = [await shop.begin(reading(target)) for _ in range(RUNS)]
    await quiet(shop)
    at_first = len(target.requests)
    assert 5 <= at_first <= Rules().default.max_parallel
    for _ in range(60):
        await shop.wait(seconds=1)
        await quiet(shop)
    while_down = len(target.requests) - at_first
    assert 1 <= while_down <= 3, "it is tried by one call at a time, ever less often"
    assert len(running(shop, runs)) == RUNS
    target.routes[""] = UP
    for _ in range(30):
        await shop.wait(seconds=1)
        await quiet(shop)
        if not running(shop, runs):
            break
    assert [shop.status(run) for run in runs] == [RunStatus.SUCCEEDED] * RUNS
    assert len(target.requests) <= RUNS + at_first + while_down + 1
    told = [event.fact for event in shop.store.records.events(stream=SYSTEM)]
    assert isinstance(told[-1], BreakerClosed)
    assert sum(isinstance(each, BreakerOpened) for each in told) == while_down + 1


async def test_an_undo_waits_for_the_service(shop: Workshop, target: Target) -> None:
    """What a run did is taken back when the service is there again; calls that leave no doubt try it before the undo does."""
    url = f"{target.url}/weight"
    takes_back = Undo(
        action="http.request", inputs=Template.compile({"method": "DELETE", "url": url}), timeout=None
    )
    shop.push.hold()
    shop.push._script[:] = [RuntimeError("no")]
    run = await shop.begin(
        book(
            a_call("shift", "PUT", url, undo=takes_back),
            step("fails", "push", needs=["shift"], on_failure=OnFailure.UNDO),
        )
    )
    await shop.until(shop.push.started.is_set)
    target.routes[""] = DOWN
    others = [await shop.begin(reading(target)) for _ in range(20)]
    await shop.until(lambda: shop.guards.running == 1, "calls to end")
    shop.push.release()
    await quiet(shop)
    assert shop.facts(CallRefused)
    for _ in range(60):
        await shop.wait(seconds=1)
        await quiet(shop)
    assert [each.method for each in target.requests if each.method != "GET"] == ["PUT"]
    target.routes[""] = UP
    for _ in range(30):
        await shop.wait(seconds=1)
        await quiet(shop)
    assert [each.method for each in target.requests if each.method != "GET"] == ["PUT", "DELETE"]
    steps = {each.step: each.status.value for each in shop.store.records.steps_of(run)}
    assert steps["shift"] == "undone"
    assert not running(shop, others)


async def test_every_attempt_carries_one_key(shop: Workshop, target: Target) -> None:
    """`Idempotency-Key` is the same for each attempt of one intent, and another one in another run."""
    answers = [THROTTLED, THROTTLED, UP, UP]
    target.routes[""] = lambda _request: answers.pop(0)
    writing = book(a_call("a", "PUT", target.url, retry=Retry(attempts=3)))
    for _ in range(2):
        run = await shop.begin(writing)
        for _ in range(4):
            await quiet(shop)
            await shop.wait(seconds=3)
        assert await shop.ended(run) is RunStatus.SUCCEEDED
    keys = [each.headers["idempotency-key"] for each in target.requests]
    assert len(keys) == 4
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]


async def test_the_key_can_be_sent_elsewhere_than_in_the_header(shop: Workshop, target: Target) -> None:
    """`call.key` is the same text, for services that want it in the body, and for a probe that asks what became of it."""
    body = {"method": "POST", "url": target.url, "json": {"request_id": "{{ call.key }}"}}
    run = await shop.begin(book(replace(step("a", "http.request"), inputs=Template.compile(body))))
    assert await shop.ended(run) is RunStatus.SUCCEEDED
    (sent,) = target.requests
    assert sent.json == {"request_id": sent.headers["idempotency-key"]}
