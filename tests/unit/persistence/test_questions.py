"""Questions: an index serves each, so that a full store answers as fast as an empty one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.persistence import questions
from bot.persistence.changes import Shape
from bot.persistence.database import open_database
from bot.persistence.migrate import migrate
from bot.persistence.statements import Prepared, Query, Writer
from bot.persistence.tables import ALERTS

_QUESTIONS = {name: value for name, value in vars(questions).items() if isinstance(value, Query)} | {
    f"{name}_{which}": query
    for name, value in vars(questions).items()
    if isinstance(value, dict)
    for which, query in value.items()
    if isinstance(query, Query)
}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """Give a connection to an empty store."""
    database = open_database(f"sqlite:///{tmp_path}/plans.db")
    with database.writing.connect() as opened:
        migrate(opened)
        yield opened
    database.close()


@pytest.mark.parametrize("name", _QUESTIONS)
def test_no_question_reads_a_whole_table(connection: Connection, name: str) -> None:
    """SQLite's plan for each says SEARCH, or walks an index and stops at the limit; it never sorts what it could find sorted."""
    prepared = Prepared(_QUESTIONS[name]._statement, connection.dialect)
    rows = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + prepared.sql, prepared.bind({"limit": 1})).all()
    plan = [row.detail for row in rows]
    walks = [line for line in plan if line.startswith("SCAN") and "USING" not in line]
    # The newest by the primary key itself is a walk that the limit ends.
    assert all(line in {"SCAN events", "SCAN incidents", "SCAN refused_deliveries"} for line in walks), plan
    assert not walks or "LIMIT" in prepared.sql, plan
    assert not [line for line in plan if "AUTOMATIC" in line], plan
    assert not [line for line in plan if line == "USE TEMP B-TREE FOR ORDER BY"] or name in _SORTED, plan


_SORTED = {"STEPS_OF", "APPROVAL", "EVENTS_OF_RUN", "EVENTS_OF_RUNS"}
"""Short lists, sorted after they were found: the steps of one run, the votes of one approval, the events of some runs."""


def test_updates_of_many_rows_search_by_key(connection: Connection) -> None:
    """Amending rows finds each by its key."""
    write = Writer(connection.dialect)._compile(
        ALERTS, Shape(create=False, values=("routing",), initial=(), counters=(), once=())
    )
    plan = [
        row.detail
        for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + write.sql(8), ("x",) * 16).all()
    ]
    assert any(line.startswith("SEARCH alerts USING") for line in plan), plan
