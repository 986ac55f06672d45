"""What the journal does when its database fails it: nothing half-written, a clear answer, and back to work by itself."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from bot.domain.ids import SYSTEM, IncidentId
from bot.domain.nouns import FIRELINE
from bot.domain.ports import Transaction
from bot.domain.records import OutboxEntry
from bot.errors import ConfigurationError, JournalError
from bot.persistence.database import open_database, run_directly
from bot.persistence.store import Store, open_records, open_store, rebuild_store
from tests.contract.test_journal_contract import assert_chain_holds, note, texts
from tests.fakes.doubt import Away, BrokenCommit
from tests.fakes.postgres import Postgres
from tests.fakes.store import MovedClock


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    """Wait for a condition that a thread brings about."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_commit_whose_answer_was_lost_is_found_in_the_log(store: Store) -> None:
    """The log's end tells that it took place: everybody gets the answer that they would have got."""
    await store.journal.append(SYSTEM, FIRELINE, [note("before")])
    broken = BrokenCommit(store, done=True)
    answers = await asyncio.gather(
        *(store.journal.append(SYSTEM, FIRELINE, [note(f"{n}")]) for n in range(5))
    )
    assert not broken.armed
    assert [len(each) for each in answers] == [1] * 5
    assert texts(store.records.events()) == ["before", "0", "1", "2", "3", "4"]
    await store.journal.append(SYSTEM, FIRELINE, [note("after")])
    assert_chain_holds(store.records)


async def test_a_commit_that_did_not_take_place_leaves_nothing(store: Store) -> None:
    """Everybody is told, nothing stands, and the next commit goes on from what is there."""
    await store.journal.append(SYSTEM, FIRELINE, [note("before")])
    BrokenCommit(store, done=False)
    answers = await asyncio.gather(
        *(store.journal.append(SYSTEM, FIRELINE, [note("lost")]) for _ in range(3)), return_exceptions=True
    )
    assert [type(each) for each in answers] == [JournalError] * 3
    assert "connection reset by peer" in str(answers[0])
    await store.journal.append(SYSTEM, FIRELINE, [note("after")])
    assert store.journal.healthy()
    assert texts(store.records.events()) == ["before", "after"]
    assert_chain_holds(store.records)


async def test_what_the_database_will_not_take_costs_one_unit(store: Store) -> None:
    """A value that no column can hold fails its own unit, though it shows only when the batch is written."""
    huge = OutboxEntry(key="k", incident=IncidentId(1), wanted=0, sent=2**70)
    good, bad, also = await asyncio.gather(
        store.journal.append(SYSTEM, FIRELINE, [note("good")]),
        store.journal.submit(lambda tx: tx.put_outbox(huge)),
        store.journal.append(SYSTEM, FIRELINE, [note("also")]),
        return_exceptions=True,
    )
    assert isinstance(bad, Exception)
    assert not isinstance(good, BaseException)
    assert not isinstance(also, BaseException)
    assert texts(store.records.events()) == ["good", "also"]
    assert store.records.outbox_entry("k") is None
    assert_chain_holds(store.records)


def test_a_write_on_the_driver_fails_as_one_through_sqlalchemy_does(url: str) -> None:
    """The same kind of error, the connection kept, and no values in its words."""
    database = open_database(url)
    insert = "INSERT INTO once VALUES (?)" if database.path is not None else "INSERT INTO once VALUES ($1)"
    with database.writing.connect() as connection, connection.begin():
        run_directly(connection, "CREATE TABLE once (number INTEGER PRIMARY KEY)")
        run_directly(connection, insert, (471142,))
        with pytest.raises(IntegrityError) as failed:
            run_directly(connection, insert, (471142,))
    assert "INSERT INTO once" in str(failed.value)
    assert "471142" not in str(failed.value).partition("[SQL")[2]
    assert not failed.value.connection_invalidated
    database.close()


async def test_a_thread_that_ends_says_so(url: str, clock: MovedClock) -> None:
    """Whoever waits is told, and so is whoever comes later; nothing hangs."""
    store = await open_store(url, clock)

    def end_it_all(_tx: Transaction) -> None:
        raise SystemExit(3)

    answers = asyncio.gather(
        store.journal.submit(end_it_all),
        store.journal.append(SYSTEM, FIRELINE, [note()]),
        return_exceptions=True,
    )
    assert [type(each) for each in await answers] == [JournalError] * 2
    assert "SystemExit" in store.journal.trouble
    assert not store.journal.healthy()
    with pytest.raises(JournalError, match="thread ended"):
        await store.journal.append(SYSTEM, FIRELINE, [note()])
    assert store.records.head()[0] == 0
    await store.close()


@pytest.mark.needs("postgres")
async def test_a_connection_that_was_cut_is_made_anew(postgres: Postgres, clock: MovedClock) -> None:
    """A restart of the server between two commits is not even noticed."""
    url = postgres.new_database()
    store = await open_store(url, clock)
    await store.journal.append(SYSTEM, FIRELINE, [note("before")])
    postgres.break_connections(url)
    await store.journal.append(SYSTEM, FIRELINE, [note("after")])
    assert texts(store.records.events()) == ["before", "after"]
    await store.close()


@pytest.mark.needs("postgres")
async def test_a_connection_cut_under_load_loses_nothing_that_was_answered(
    postgres: Postgres, clock: MovedClock
) -> None:
    """Cut at any moment: what was answered is there, what was refused is not, and the chain holds."""
    url = postgres.new_database()
    store = await open_store(url, clock)
    answered: list[str] = []
    refused: list[str] = []
    stop = asyncio.Event()

    async def write(name: int) -> None:
        count = 0
        while not stop.is_set():
            text = f"{name}.{count}"
            count += 1
            try:
                await store.journal.append(SYSTEM, FIRELINE, [note(text)])
            except JournalError:
                refused.append(text)
            else:
                answered.append(text)

    writers = [asyncio.create_task(write(n)) for n in range(16)]
    for _ in range(5):
        before = len(answered)
        await until(lambda before=before: len(answered) > before + 50)
        await asyncio.to_thread(postgres.break_connections, url)
    stop.set()
    await asyncio.gather(*writers)
    stored = texts(store.records.events())
    assert sorted(stored) == sorted(answered)
    assert not set(stored) & set(refused)
    assert_chain_holds(store.records)
    await store.close()


@pytest.mark.needs("postgres")
async def test_a_server_that_is_away_is_waited_for(postgres: Postgres, clock: MovedClock) -> None:
    """While it is away every unit gets a clear error and readiness says why; then the journal finds it by itself."""
    url = postgres.new_database()
    store = await open_store(url, clock)
    await store.journal.append(SYSTEM, FIRELINE, [note("before")])
    postgres.allow_connections(url, allowed=False)
    postgres.break_connections(url)
    with pytest.raises(JournalError, match="the log can't be written"):
        await store.journal.append(SYSTEM, FIRELINE, [note("lost")])
    assert not store.journal.healthy()
    assert store.journal.trouble
    postgres.allow_connections(url, allowed=True)
    await until(store.journal.healthy)
    await store.journal.append(SYSTEM, FIRELINE, [note("after")])
    assert texts(store.records.events()) == ["before", "after"]
    await store.close()


async def test_a_full_disk_is_survived(tmp_path: Path, clock: MovedClock) -> None:
    """Writing fails cleanly while there is no room, and goes on when there is."""
    store = await open_store(f"sqlite:///{tmp_path}/small.db", clock)
    full = True

    def limit(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {200 if full else 1_000_000}")

    event.listen(store.database.writing, "connect", limit)
    await store.journal.submit(lambda tx: limit(tx._batch._connection.connection.dbapi_connection, None))  # type: ignore[attr-defined]
    kept = 0
    try:
        while kept < 1000:
            await store.journal.append(SYSTEM, FIRELINE, [note("x" * 20_000)])
            kept += 1
    except JournalError as error:
        reason = str(error)
    else:
        pytest.fail("there was always room")
    assert "full" in reason
    assert not store.journal.healthy()
    with pytest.raises(JournalError):
        await store.journal.append(SYSTEM, FIRELINE, [note("y" * 200_000)])
    full = False
    await until(store.journal.healthy)
    await store.journal.append(SYSTEM, FIRELINE, [note("after")])
    assert len(texts(store.records.events())) == kept + 1
    assert_chain_holds(store.records)
    await store.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://", "in memory"),
        ("mysql://root@localhost/x", "can't use a mysql"),
        ("what is this", "can't be read"),
        ("postgresql://nobody@127.0.0.1:1/x", "can't be used"),
        ("sqlite:////proc/nowhere/fireline.db", "can't be opened"),
    ],
)
async def test_a_url_that_is_no_use_is_told(url: str, says: str, clock: MovedClock) -> None:
    """Start-up stops with a sentence, whatever is wrong with the URL."""
    with pytest.raises(ConfigurationError, match=says):
        await open_store(url, clock)


def test_a_password_is_not_shown() -> None:
    """What names the database to people holds no secret."""
    database = open_database("postgresql://fireline:hunter2@db.internal/fireline")
    assert "hunter2" not in database.place
    database.close()


async def test_rebuilding_needs_the_lead(store: Store, url: str, clock: MovedClock) -> None:
    """Projections are made anew only while nobody writes; readers see the result."""
    await store.journal.append(SYSTEM, FIRELINE, [note()])
    with pytest.raises(ConfigurationError, match="in use"):
        rebuild_store(url, clock)
    await store.close()
    assert rebuild_store(url, clock) == 1
    records, database = open_records(url)
    assert records.head()[0] == 1
    database.close()


async def test_what_stands_though_its_unit_was_refused_is_told_late(store: Store) -> None:
    """Nobody could tell in time; once somebody can, listeners hear of it first of all, and those who can mend it are told that it is late."""
    heard: list[str] = []
    late: list[str] = []
    store.journal.listen(lambda events: heard.extend(texts(events)))
    store.journal.listen_late(lambda events: late.extend(texts(events)))
    await store.journal.append(SYSTEM, FIRELINE, [note("before")])
    away = Away(store)
    with pytest.raises(JournalError, match="connection"):
        await store.journal.append(SYSTEM, FIRELINE, [note("in doubt"), note("too")])
    with pytest.raises(JournalError, match="refused"):
        await store.journal.append(SYSTEM, FIRELINE, [note("refused")])
    assert heard == ["before"]
    away.back()
    await store.journal.append(SYSTEM, FIRELINE, [note("after")])
    await until(lambda: heard[-1] == "after")
    assert heard == ["before", "in doubt", "too", "after"]
    assert late == ["in doubt", "too"]
    assert texts(store.records.events()) == heard
    assert_chain_holds(store.records)


async def test_what_is_late_is_told_though_nobody_writes(store: Store) -> None:
    """The probe that finds the database back finds what stands there as well."""
    late: list[str] = []
    store.journal.listen_late(lambda events: late.extend(texts(events)))
    away = Away(store)
    with pytest.raises(JournalError):
        await store.journal.append(SYSTEM, FIRELINE, [note("in doubt")])
    away.back()
    await until(lambda: late == ["in doubt"])
    assert store.journal.healthy()
