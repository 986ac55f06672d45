"""Room for SQLite's write-ahead log: had from the start, and never at the cost of what is there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from bot.domain.clock import SystemClock
from bot.domain.facts import ProcessStarted
from bot.domain.ids import SYSTEM
from bot.domain.nouns import FIRELINE
from bot.persistence import database
from bot.persistence.store import Store, open_store

FACT = ProcessStarted(version="0", host="here", pid=1)


async def opened(folder: Path) -> Store:
    """Open a store that asks for room."""
    return await open_store(f"sqlite:///{folder}/fireline.db", SystemClock(), room=True)


def size(folder: Path, name: str) -> int:
    """Return the size of a file of the database."""
    return (folder / name).stat().st_size


async def test_the_log_has_its_size_and_the_database_has_not_grown(tmp_path: Path) -> None:
    """What is written afterwards fills it, and is there after the next start."""
    store = await opened(tmp_path)
    room = size(tmp_path, "fireline.db-wal")
    assert room >= database._ROOM
    assert size(tmp_path, "fireline.db") < database._MEGABYTE
    await store.journal.append(SYSTEM, FIRELINE, [FACT])
    assert size(tmp_path, "fireline.db-wal") == room
    await store.close()
    store = await opened(tmp_path)
    assert [event.fact for event in store.records.events()][-1] == FACT
    await store.close()


async def test_a_disk_with_little_left_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is for what happens."""
    real = shutil.disk_usage(tmp_path)

    def nearly_full(_path: object) -> Any:
        return real._replace(free=database._PLENTY - 1)

    monkeypatch.setattr(database.shutil, "disk_usage", nearly_full)
    store = await opened(tmp_path)
    assert size(tmp_path, "fireline.db-wal") < database._MEGABYTE
    await store.close()


async def test_room_that_can_t_be_had_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database refuses it half-way: the store opens, and takes work."""
    monkeypatch.setattr(database, "_MEGABYTE", 2**40)  # no value may be as large
    store = await opened(tmp_path)
    await store.journal.append(SYSTEM, FIRELINE, [FACT])
    assert not store.journal.trouble
    await store.close()
