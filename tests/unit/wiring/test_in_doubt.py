"""A commit that broke off and stands all the same: what it should lead to is brought about once the log is back, without a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain.facts import AlertsReceived, RunStarted
from bot.domain.ids import IncidentId
from bot.domain.nouns import RunStatus, person
from bot.errors import JournalError
from bot.wiring.assembly import running
from bot.wiring.fireline import Fireline
from bot.wiring.routes import application
from tests.fakes.asgi import Answered, request
from tests.fakes.doubt import Away
from tests.fakes.served import AUTHORIZATION, ServedHome, delivery
from tests.fakes.target import Answer, Target


@pytest_asyncio.fixture
async def fireline(tmp_path: Path) -> AsyncIterator[Fireline]:
    """A Fireline whose one runbook calls a target; Slack is off."""
    async with Target({"/seen": Answer(body=b"ok")}) as target:
        home = ServedHome(tmp_path / "home", target.url)
        step = {"id": "call", "uses": "http.request", "effect": "read", "with": {"url": f"{target.url}/seen"}}
        home.write_book("by-hand", steps=[step], concurrency={"group": "by-hand", "when_busy": "attach"})
        async with running(home.settings()) as made:
            # Its first look into the log is over: what it finds from here on, it was told of.
            await until(lambda: not (made.dispatcher._in_doubt or made.dispatcher._draining.locked()))
            yield made


async def until(look: Callable[[], object]) -> None:
    """Let the loop go on until something is so."""
    async with asyncio.timeout(15):
        while not look():
            await asyncio.sleep(0.005)


async def send(fireline: Fireline) -> Answered:
    """Deliver an alert."""
    headers = [AUTHORIZATION, ("Content-Type", "application/json")]
    return await request(
        application(fireline), "/webhooks/alertmanager", headers=headers, parts=[delivery("checkout")]
    )


def ended_well(fireline: Fireline) -> bool:
    """Tell whether the incident's one run has come to its end, once."""
    runs = fireline.store.records.runs_of(IncidentId(1))
    return [run.status for run in runs] == [RunStatus.SUCCEEDED]


async def test_alerts_whose_delivery_was_refused_are_routed(fireline: Fireline) -> None:
    """The sender hears 503, though they are on disk; when it sends again they are known, and must not be forgotten for that."""
    away = Away(fireline.store, of=AlertsReceived)
    assert (await send(fireline)).status == 503
    away.back()
    await until(lambda: ended_well(fireline))
    assert (await send(fireline)).status == 200
    assert len(fireline.store.records.incidents()) == 1


async def test_a_run_that_the_dispatcher_was_refused_is_taken_up(fireline: Fireline) -> None:
    """The incident is open, its run is in the log, and the dispatcher was told that neither could be written."""
    away = Away(fireline.store, of=RunStarted)
    assert (await send(fireline)).status == 200
    await until(lambda: fireline.store.journal.trouble)
    assert not ended_well(fireline)
    away.back()
    await until(lambda: ended_well(fireline))
    assert len(fireline.store.records.incidents()) == 1


async def test_a_run_that_a_person_was_refused_is_taken_up(fireline: Fireline) -> None:
    """They were told that it could not be written. It stands in the log for everybody to see, so it does not stand still."""
    away = Away(fireline.store, of=RunStarted)
    with pytest.raises(JournalError):
        await fireline.desk(fireline.store.journal).start_run("by-hand", {}, person("UADA"))
    away.back()
    await until(lambda: ended_well(fireline))
    facts = [event.fact for event in fireline.store.records.events()]
    assert len([fact for fact in facts if isinstance(fact, RunStarted)]) == 1
