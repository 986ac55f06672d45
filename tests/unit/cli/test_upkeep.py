"""`fireline rebuild`: the tables come out as the log says, a running Fireline is not disturbed, and what went wrong is told."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing

import pytest

from bot.cli import upkeep
from bot.domain.clock import SystemClock
from bot.persistence.store import open_store
from tests.unit.cli.conftest import Home, Ran

Fireline = Callable[..., Ran]


def change(home: Home, statement: str) -> None:
    """Change the database behind Fireline's back."""
    with closing(sqlite3.connect(home.database)) as connection, connection:
        assert connection.execute(statement).rowcount, statement


def test_what_was_changed_beside_the_log_is_as_the_log_says(told: Home, fireline: Fireline) -> None:
    """A title that nobody gave is gone, and a run that was lost is back."""
    before = json.loads(fireline("show", "42", "--json", "-c", told.config).out)
    change(told, "UPDATE incidents SET title = 'Nothing happened' WHERE id = 42")
    change(told, "DELETE FROM runs")
    assert "Nothing happened" in fireline("show", "42", "-c", told.config).out
    ran = fireline("rebuild", "-c", told.config)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("Rebuilt from ")
    assert json.loads(fireline("show", "42", "--json", "-c", told.config).out) == before


def test_a_fireline_that_writes_is_not_disturbed(told: Home, fireline: Fireline) -> None:
    """It is named, and nothing happens."""

    async def refused() -> Ran:
        store = await open_store(f"sqlite:///{told.database}", SystemClock())
        try:
            return await asyncio.to_thread(fireline, "rebuild", "-c", told.config)
        finally:
            await store.close()

    ran = asyncio.run(refused())
    assert ran.status == 2
    assert "in use by another Fireline: pid" in ran.err


def test_a_log_that_was_tampered_with_is_told(told: Home, fireline: Fireline) -> None:
    """The sentence says that nothing was changed, and the hint how to find the place."""
    with closing(sqlite3.connect(told.database)) as connection, connection:
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute("UPDATE events SET data = 'no json at all' WHERE seq = 2")
    ran = fireline("rebuild", "-c", told.config)
    assert ran.status == 1
    assert "Nothing was changed." in ran.err
    assert "fireline verify" in ran.err


def test_no_database_is_told_and_none_is_made(told: Home, fireline: Fireline) -> None:
    """`rebuild` is not how a store begins."""
    told.database.unlink()
    ran = fireline("rebuild", "-c", told.config)
    assert ran.status == 2
    assert "there is no database" in ran.err
    assert not told.database.exists()


def test_somebody_at_a_terminal_is_told_how_far_it_is(
    told: Home, fireline: Fireline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line now and then; a pipe gets none."""
    monkeypatch.setattr(upkeep, "_SPOKEN_EVERY", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    ran = fireline("rebuild", "-c", told.config)
    assert ran.status == 0
    assert " events\n" in ran.err
