"""An API in which an incident waits for an approval."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.fakes import tales
from tests.fakes.api_desk import Desk
from tests.fakes.office import open_office
from tests.fakes.playing import tell


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Give an API over an office in which incident 42 waits for an approval."""
    office = await open_office(tmp_path)
    await tell(office.store, office.clock, tales.waiting())
    yield Desk(office)
    await office.store.close()
