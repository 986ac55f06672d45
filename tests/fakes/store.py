"""A real store in a folder of the test's own: SQLite, migrated, journal started. Ready in a few milliseconds, so no room needs a fake of it.

    from tests.fakes.store import open_test_store

    async def test_something(tmp_path: Path) -> None:
        store = await open_test_store(tmp_path)          # or: open_test_store(tmp_path, clock)
        await store.journal.append(INTAKE, FIRELINE, [fact])
        assert store.records.events()
        await store.close()

Or take the fixture: `from tests.fakes.store import store  # noqa: F401`, then `async def test_something(store: Store)`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest_asyncio

from bot.domain.clock import Clock, SystemClock
from bot.persistence.database import open_database
from bot.persistence.migrate import migrate
from bot.persistence.store import Store, open_store

START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


class MovedClock:
    """A clock that stands until it is moved."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the instant that the clock stands at."""
        return self._now

    def move(self, **by: float) -> None:
        """Go on by a `timedelta`'s arguments: `clock.move(minutes=5)`."""
        self._now += timedelta(**by)


@cache
def _migrated() -> Path:
    """Make one empty database with its tables; every test store begins as a copy of it."""
    made = Path(tempfile.mkdtemp(prefix="fireline-test-")) / "empty.db"
    database = open_database(f"sqlite:///{made}")
    with database.writing.connect() as connection:
        migrate(connection)
    database.close()
    return made


async def open_test_store(folder: Path, clock: Clock | None = None) -> Store:
    """Open a store in a folder; opening it again, after `close`, finds what was written."""
    path = folder / "fireline.db"
    if not path.exists():
        shutil.copyfile(_migrated(), path)
    return await open_store(f"sqlite:///{path}", clock or SystemClock())


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Give a store of the test's own."""
    opened = await open_test_store(tmp_path)
    yield opened
    await opened.close()
