"""One nest for each test process: lives are forked from it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.lives.nest import Nest, nest
from tests.fakes.postgres import postgres

__all__ = ["hatchery", "postgres"]


@pytest.fixture(scope="session")
def hatchery() -> Iterator[Nest]:
    """The nest of this test process."""
    with nest() as made:
        yield made
