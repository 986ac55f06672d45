"""`rebuild_store` over every database: whatever became of the projections, the log makes them as they were, in pages, and all of it or nothing."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update

from bot.domain.ids import SYSTEM
from bot.domain.nouns import FIRELINE
from bot.errors import ConfigurationError
from bot.persistence.chat_tables import OUTBOX
from bot.persistence.database import open_database
from bot.persistence.projections import rebuild as room
from bot.persistence.store import open_store, rebuild_store
from bot.persistence.tables import PROJECTIONS
from tests.fakes.any_facts import Append, appends, beginnings
from tests.fakes.store import MovedClock


def contents(url: str) -> Mapping[str, Any]:
    """Return every projection's rows."""
    database = open_database(url)
    with database.reading.connect() as connection:
        found = {
            table.name: sorted(map(tuple, connection.execute(select(table)).all())) for table in PROJECTIONS
        }
    database.close()
    return found


def spoil(url: str) -> None:
    """Do to the projections what nobody should: drop rows, and say of others what never was. How far chat is stays, for no log has it."""
    database = open_database(url)
    with database.writing.connect() as connection, connection.begin():
        for table in PROJECTIONS:
            if table is not OUTBOX:
                connection.execute(delete(table))
        connection.execute(update(OUTBOX).values(wanted=0, incident=99))
    database.close()


@given(log=st.lists(appends(), max_size=20), page=st.integers(1, 30))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_any_history_is_told_again(
    url: str, clock: MovedClock, monkeypatch: pytest.MonkeyPatch, log: list[Append], page: int
) -> None:
    """A page may end anywhere, and who asks is told how far it is."""
    monkeypatch.setattr(room, "PAGE", page)
    store = await open_store(url, clock)
    for stream, actor, told in [*beginnings(), *log]:
        await store.journal.append(stream, actor, told)
    count = store.records.head()[0]
    await store.close()
    before = await asyncio.to_thread(contents, url)
    await asyncio.to_thread(spoil, url)

    heard: list[tuple[int, int]] = []
    rebuilt = await asyncio.to_thread(rebuild_store, url, clock, lambda done, of: heard.append((done, of)))

    after = await asyncio.to_thread(contents, url)
    assert {name for name in before if before[name] != after[name]} == set()
    assert rebuilt == count
    assert heard[-1] == (count, count)
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)


async def test_a_log_that_can_not_be_read_changes_nothing(url: str, clock: MovedClock) -> None:
    """The tables stay as they were: no half of a rebuild is ever seen."""
    store = await open_store(url, clock)
    for stream, actor, told in beginnings():
        await store.journal.append(stream, actor, told)
    count = store.records.head()[0]
    await store.journal.append(SYSTEM, FIRELINE, [])
    await store.close()
    before = await asyncio.to_thread(contents, url)
    database = open_database(url)
    with database.writing.connect() as connection, connection.begin():
        connection.execute(
            text(
                "INSERT INTO events (seq, at, stream, actor, kind, data, prev, hash) "
                "VALUES (:seq, '2026-11-23T07:00:00.000000Z', 'system', 'system:fireline', 'no.such.kind', '{}', '', '')"
            ),
            {"seq": count + 1},
        )
    database.close()
    with pytest.raises(ValueError, match=r"no\.such\.kind"):
        await asyncio.to_thread(rebuild_store, url, clock)
    assert await asyncio.to_thread(contents, url) == before


async def test_an_empty_database_is_left_alone(url: str, clock: MovedClock) -> None:
    """There is nothing to make anew, and nothing is made."""
    with pytest.raises(ConfigurationError):
        await asyncio.to_thread(rebuild_store, url, clock)
