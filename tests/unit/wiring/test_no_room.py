"""A SQLite that refuses to write, by its own word: 503 while it does, nothing lost of what was answered, and back to work by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import event

from bot.domain.ids import IncidentId
from bot.domain.nouns import RunStatus
from bot.evidence.verify import verify_log
from bot.wiring.assembly import running
from bot.wiring.fireline import Fireline
from bot.wiring.routes import application
from tests.fakes.asgi import Answered, request
from tests.fakes.served import AUTHORIZATION, ServedHome, delivery
from tests.fakes.target import Answer, Received, Target
from tests.unit.wiring.test_in_doubt import until

REFUSALS = {
    "the disk is full": ("max_page_count=1", "max_page_count=1000000", "disk is full"),
    "the database is read-only": ("query_only=1", "query_only=0", "readonly"),
}


class Refusing:
    """Makes SQLite refuse writes with one of its pragmas, and take them again with another."""

    def __init__(self, fireline: Fireline, refuse: str, take: str) -> None:
        self._pragmas = {True: refuse, False: take}
        self.on = False
        event.listen(fireline.store.database.writing, "begin", self._begin)

    def _begin(self, connection: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA {self._pragmas[self.on]}")


class Held:
    """An effect whose answer is kept back until a test lets it go."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    def __call__(self, _request: Received) -> Answer:
        """Note that it was asked."""
        self.asked.set()
        return Answer(body=b"x" * 30_000)


@pytest_asyncio.fixture
async def fireline(tmp_path: Path) -> AsyncIterator[tuple[Fireline, Held]]:
    """A Fireline whose one runbook has an effect, and what it does to."""
    held = Held()
    async with (
        Target({"/seen": held}) as target,
        running(ServedHome(tmp_path / "home", target.url).settings()) as made,
    ):
        yield made, held


async def send(fireline: Fireline, service: str) -> Answered:
    """Deliver an alert that takes some room."""
    headers = [AUTHORIZATION, ("Content-Type", "application/json")]
    body = delivery(service).replace(
        b'"annotations": {', b'"annotations": {"long": "' + b"x" * 60_000 + b'", '
    )
    return await request(application(fireline), "/webhooks/alertmanager", headers=headers, parts=[body])


async def ready(fireline: Fireline, path: str = "/readyz") -> int:
    """Ask how it is."""
    return (
        await request(application(fireline), path, method="GET", headers=[("Host", "127.0.0.1:8080")])
    ).status


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_while_sqlite_refuses_nothing_is_taken_in(
    fireline: tuple[Fireline, Held], refusal: str
) -> None:
    """Deliveries are answered 503, the process lives; once there is room, what was under way ends and what is sent again is taken."""
    made, _ = fireline
    refuse, take, word = REFUSALS[refusal]
    refusing = Refusing(made, refuse, take)
    assert (await send(made, "before")).status == 200
    await until(lambda: made.store.records.runs_of(IncidentId(1)))
    refusing.on = True
    assert (await send(made, "during")).status == 503
    assert word in made.store.journal.trouble
    assert await ready(made, "/healthz") == 200
    refusing.on = False
    await until(made.store.journal.healthy)
    assert await ready(made) == 200
    assert (await send(made, "during")).status == 200
    for number in (1, 2):
        await until(lambda number=number: made.store.records.runs_of(IncidentId(number)))  # type: ignore[misc]
        await until(
            lambda number=number: (  # type: ignore[misc]
                made.store.records.runs_of(IncidentId(number))[0].status is RunStatus.SUCCEEDED
            )
        )
    assert verify_log(made.store.records.raw_events()).ok
    with made.store.database.reading.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_an_outcome_waits_for_room(fireline: tuple[Fireline, Held], refusal: str) -> None:
    """The effect is made, and its outcome can't be written: it is kept in memory and tried again, and the effect is not made twice."""
    made, held = fireline
    refuse, take, word = REFUSALS[refusal]
    refusing = Refusing(made, refuse, take)
    assert (await send(made, "checkout")).status == 200
    await held.asked.wait()
    refusing.on = True
    await until(lambda: word in made.store.journal.trouble)
    assert made.store.records.runs_of(IncidentId(1))[0].status is RunStatus.RUNNING
    refusing.on = False
    await until(lambda: made.store.records.runs_of(IncidentId(1))[0].status is RunStatus.SUCCEEDED)
    kinds = [event.kind for event in made.store.records.events()]
    assert (kinds.count("call.started"), kinds.count("call.succeeded")) == (1, 1)
