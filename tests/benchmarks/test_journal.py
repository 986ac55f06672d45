"""How many durable units a second the journal takes from 64 writers, beside a loop of bare commits on the same database in the same run.

`make bench` runs it alone on the machine. Only the ratios count: the machine's disk sets the rest.
"""

import asyncio
import sqlite3
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.domain.clock import SystemClock
from bot.domain.facts import CallStarted, CallSucceeded, Fact, IncidentOpened, NoteAdded, StepSucceeded
from bot.domain.ids import IncidentId, StepId, incident_stream, run_id
from bot.domain.nouns import FIRELINE, Part, Severity
from bot.domain.ports import Transaction
from bot.persistence.log_writer import MANY
from bot.persistence.store import Store, open_store
from tests.benchmarks.figures import busy, show_rates, table
from tests.fakes.any_facts import started
from tests.fakes.postgres import Postgres, postgres  # noqa: F401 - a fixture

WRITERS = 64
SECONDS = 3.0
Write = Callable[[int, int], Awaitable[object]]


def bare_sqlite(folder: Path) -> float:
    """Return how many one-row commits a second SQLite does here, WAL and synchronous=FULL."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (seq INTEGER PRIMARY KEY, data TEXT)")
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS / 2:
        connection.execute("INSERT INTO t (data) VALUES (?)", ("x" * 300,))
        count += 1
    connection.close()
    return count / (time.perf_counter() - start)


def bare_postgres(url: str) -> float:
    """Return how many one-row commits a second Postgres does from one connection."""
    import psycopg  # noqa: PLC0415 - an extra

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (seq BIGSERIAL PRIMARY KEY, data TEXT)")
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < SECONDS / 2:
            connection.execute("INSERT INTO t (data) VALUES (%s)", ("x" * 300,))
            count += 1
    return count / (time.perf_counter() - start)


async def rate(write: Write) -> float:
    """Return the units a second that so many writers get through, each waiting for its answer before it goes on."""
    done, stop = 0, False

    async def writer(number: int) -> None:
        nonlocal done
        turn = 0
        while not stop:
            await write(number, turn)
            turn += 1
            done += 1

    writers = [asyncio.create_task(writer(number)) for number in range(1, WRITERS + 1)]
    start = time.perf_counter()
    await asyncio.sleep(SECONDS)
    stop = True
    await asyncio.gather(*writers)
    return done / (time.perf_counter() - start)


def notes(store: Store) -> Write:
    """Units that append one small fact, blind."""

    async def write(number: int, _turn: int) -> object:
        incident = IncidentId(number)
        return await store.journal.append(
            incident_stream(incident), FIRELINE, [NoteAdded(incident=incident, text="a note")]
        )

    return write


def steps(store: Store) -> Write:
    """Units as the engine makes them: an intent, then an outcome with the step's end. Two units are one step."""

    async def write(number: int, turn: int) -> object:
        run, step = run_id(IncidentId(number), 1), StepId(f"s{turn // 2 % 5}")
        facts: list[Fact]
        if turn % 2 == 0:
            facts = [
                CallStarted(
                    run=run, step=step, part=Part.MAIN, attempt=1, action="http.request",
                    inputs={"method": "PUT", "url": "https://router.internal/weights"}, key="k" * 32, timeout=30.0,
                )
            ]  # fmt: skip
        else:
            done = CallSucceeded(
                run=run, step=step, part=Part.MAIN, attempt=1, took=0.1, output={"status": 200}
            )
            facts = [done, StepSucceeded(run=run, step=step)]
        return await store.journal.append(incident_stream(IncidentId(number)), FIRELINE, facts)

    return write


def reading(store: Store) -> Write:
    """Units that read before they append."""

    async def write(number: int, _turn: int) -> object:
        incident = IncidentId(number)

        def unit(tx: Transaction) -> None:
            assert tx.run(run_id(incident, 1)) is not None
            tx.append(incident_stream(incident), FIRELINE, [NoteAdded(incident=incident, text="a note")])

        return await store.journal.submit(unit)

    return write


async def measure(url: str, bare: float, kind: str) -> dict[str, float]:
    """Measure each sort of unit on one store, and print them beside the bare commits."""
    store = await open_store(url, SystemClock(), many=MANY)
    for number in range(1, WRITERS + 1):
        incident = IncidentId(number)
        opened = IncidentOpened(incident=incident, title="Checkout fails", severity=Severity.SEV2)
        await store.journal.append(
            incident_stream(incident), FIRELINE, [opened, started(run_id(incident, 1))]
        )
    rates = {make.__name__: await rate(make(store)) for make in (notes, steps, reading)}
    told = {"bare commits": bare, **{f"units: {name}": units for name, units in rates.items()}}
    show_rates(f"{kind}: durable, from {WRITERS} writers at once", told, beside="bare commits")
    await store.close()
    return rates


async def test_sqlite(tmp_path: Path) -> None:
    """The bar: 5,000 units a second on SQLite, every one synced, on an idle machine where bare commits reach 4,400."""
    bare = bare_sqlite(tmp_path)
    rates = await measure(f"sqlite:///{tmp_path}/fireline.db", bare, "sqlite")
    assert rates["notes"] > (min(5000, 1.2 * bare) if busy() else 5000)


@pytest.mark.needs("postgres")
async def test_postgres(postgres: Postgres) -> None:  # noqa: F811 - the fixture
    """The same over Postgres as shipped."""
    url = postgres.new_database()
    bare = bare_postgres(url)
    rates = await measure(postgres.new_database(), bare, "postgres")
    assert rates["notes"] > bare


async def test_beside_a_busy_process(tmp_path: Path) -> None:
    """While another thread computes without pause, the journal still commits: statements are few, so the lock is waited for seldom."""
    stop = threading.Event()

    def compute() -> None:
        while not stop.is_set():
            sum(range(1000))

    store = await open_store(f"sqlite:///{tmp_path}/fireline.db", SystemClock(), many=MANY)
    busy = threading.Thread(target=compute)
    busy.start()
    try:
        units = await rate(notes(store))
    finally:
        stop.set()
        busy.join()
    interval = f"{sys.getswitchinterval() * 1000:g} ms"
    head, row = ("", "a second", "switch interval"), ("units: notes", f"{units:,.0f}", interval)
    table("sqlite: beside a thread that computes", head, [row])
    await store.close()
    assert units > 200
