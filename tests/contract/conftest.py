"""The stores that the contract suites run over: SQLite in a folder of the test's own, and a real Postgres."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain.clock import Clock
from bot.persistence.store import Store, open_store
from tests.fakes.postgres import postgres  # noqa: F401 - a fixture
from tests.fakes.store import MovedClock


@pytest.fixture
def clock() -> MovedClock:
    """Give a clock that the test moves."""
    return MovedClock()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty database, on each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/fireline.db"
    made: str = request.getfixturevalue("postgres").new_database()
    return made


@pytest_asyncio.fixture
async def store(url: str, clock: Clock) -> AsyncIterator[Store]:
    """Give an open, empty store."""
    opened = await open_store(url, clock, max_batch=64)
    yield opened
    await opened.close()
