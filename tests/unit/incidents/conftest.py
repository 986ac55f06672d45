"""What the tests of the use cases share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.fakes.office import Office, open_office


@pytest_asyncio.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give an office without runbooks; a test adds its own."""
    opened = await open_office(tmp_path)
    yield opened
    await opened.store.close()
