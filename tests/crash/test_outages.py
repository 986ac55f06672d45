"""The database goes away under a Fireline that is at work: it says so, takes nothing in that it can't keep, and goes on by itself when it is back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from bot.demo.process import hold_port
from tests.fakes.lives.ends import check
from tests.fakes.lives.nest import Life, Nest
from tests.fakes.lives.scene import PATIENCE, Scene, scene
from tests.fakes.postgres import Postgres
from tests.fakes.served import AUTHORIZATION, TOKEN, delivery

STORIES = ("parallel", "approval", "undo", "timers", "rescue", "queued-1", "queued-2", "loop")
CUTS = int(os.environ.get("CRASH_CUTS", "3"))
"""How often a connection is cut while a story is told."""

pytestmark = pytest.mark.timeout(120)


@contextlib.asynccontextmanager
async def at_work(hatchery: Nest, folder: Path, database: str = "") -> AsyncIterator[tuple[Scene, Life, str]]:
    """Begin a life that answers over HTTP, and wait until its first effect is done: the rest of its stories is still to be told."""
    port = hold_port()
    settings = {
        "http": {"host": "127.0.0.1", "port": port.number},
        "alertmanager": {"bearer_token": TOKEN},
    }
    try:
        async with scene(
            hatchery, folder, STORIES, people=["asked"], database=database, settings=settings
        ) as stage:
            begun = asyncio.Event()
            stage.ledger.strike = lambda _path, _moment: begun.set()
            life = stage.begin(http=True)
            async with asyncio.timeout(PATIENCE):
                await begun.wait()
            try:
                yield stage, life, f"http://127.0.0.1:{port.number}"
            except BaseException:
                print(stage.log())  # noqa: T201 - what the life wrote, beside the failure
                raise
    finally:
        port.release()


async def refuses(url: str) -> None:
    """Wait until a delivery is answered 503; the process is well all the same, and not ready."""
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        async with asyncio.timeout(PATIENCE):
            while (await deliver(client, url)).status_code != 503:
                await asyncio.sleep(0.01)
        assert (await client.get(f"{url}/readyz")).status_code == 503
        assert (await client.get(f"{url}/healthz")).status_code == 200


async def deliver(client: httpx.AsyncClient, url: str) -> httpx.Response:
    """Send an alert that no runbook wants."""
    return await client.post(
        f"{url}/webhooks/alertmanager", content=delivery("nobody", "unwanted"), headers=dict([AUTHORIZATION])
    )


async def ends_well(stage: Scene, life: Life) -> None:
    """Wait for the life's own end, and check everything."""
    assert await life.ended(within=PATIENCE) == 0
    check(stage)


@pytest.fixture
def server(postgres: Postgres) -> Iterator[Postgres]:
    """The server; it is up again after the test, however that ends."""
    yield postgres
    postgres.start()


@pytest.mark.needs("postgres")
async def test_a_server_that_stops_and_comes_back(hatchery: Nest, tmp_path: Path, server: Postgres) -> None:
    """Stopped at once, as by a power cut; away for as long as it takes to see 503; started again: the stories go on, to the right ends."""
    async with at_work(hatchery, tmp_path / "scene", server.new_database()) as (stage, life, url):
        await asyncio.to_thread(server.stop)
        await refuses(url)
        done = list(stage.ledger.done)
        await asyncio.to_thread(server.start)
        await ends_well(stage, life)
        assert stage.ledger.done[: len(done)] == done


@pytest.mark.needs("postgres")
async def test_connections_cut_while_it_works(hatchery: Nest, tmp_path: Path, postgres: Postgres) -> None:
    """Every session of the database is ended again and again, in the middle of whatever it does: nothing is lost and nothing is done twice."""
    database = postgres.new_database()
    async with at_work(hatchery, tmp_path / "scene", database) as (stage, life, _):
        ending = asyncio.create_task(life.ended(within=PATIENCE))
        for _ in range(CUTS):
            await asyncio.to_thread(postgres.break_connections, database)
            await asyncio.wait({ending}, timeout=0.15)
        assert await ending == 0
        check(stage)


@pytest.mark.needs("postgres")
async def test_a_server_that_takes_no_writes(hatchery: Nest, tmp_path: Path, postgres: Postgres) -> None:
    """Read-only, as after a failover to a copy or by a careful administrator: 503 until it may write again."""
    database = postgres.new_database()
    async with at_work(hatchery, tmp_path / "scene", database) as (stage, life, url):
        postgres.allow_writes(database, allowed=False)
        postgres.break_connections(database)
        await refuses(url)
        postgres.allow_writes(database, allowed=True)
        postgres.break_connections(database)
        await ends_well(stage, life)


async def test_a_disk_without_room(hatchery: Nest, tmp_path: Path) -> None:
    """Files may not grow any more, not even by the outcome of a call that is under way: it is written once there is room, and the file is sound."""
    async with at_work(hatchery, tmp_path / "scene") as (stage, life, url):
        with no_room(life.pid):
            await refuses(url)
            assert stage.integrity() == "ok"
        await ends_well(stage, life)
        assert stage.integrity() == "ok"


@contextlib.contextmanager
def no_room(pid: int) -> Iterator[None]:
    """Let no file of a process grow: the kernel refuses what goes beyond, as it does for a quota."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
