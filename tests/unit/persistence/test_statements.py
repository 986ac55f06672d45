"""Statements of many rows: what a database takes bounds them."""

import pytest
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from bot.persistence.changes import Shape
from bot.persistence.chat_tables import OUTBOX
from bot.persistence.statements import LENGTHS, Writer, _numbered
from bot.persistence.tables import EVENTS, STEPS

MOST_PARAMETERS = 32_766
"""SQLite's default since 3.32 (https://www.sqlite.org/limits.html); Postgres takes 65,535."""


def test_the_longest_statement_fits_the_widest_table() -> None:
    """A column that is added must not break the first burst that comes."""
    widest = max(len(table.columns) for table in EVENTS.metadata.tables.values())
    assert LENGTHS[0] * widest <= MOST_PARAMETERS
    assert list(LENGTHS) == sorted(LENGTHS, reverse=True)
    assert LENGTHS[-1] == 1


@pytest.mark.parametrize(
    "dialect", [SQLiteDialect_pysqlite(paramstyle="qmark"), PGDialect_psycopg(paramstyle="format")]
)
@pytest.mark.parametrize(
    ("table", "what"),
    [
        (EVENTS, ("seq", "at", "data")),
        (
            STEPS,
            Shape(
                create=True,
                values=("status", "in_doubt"),
                initial=("reason",),
                counters=("attempt",),
                once=("started_at",),
            ),
        ),
        (
            STEPS,
            Shape(
                create=False,
                values=("status", "in_doubt"),
                initial=(),
                counters=("attempt",),
                once=("started_at",),
            ),
        ),
        (OUTBOX, Shape(create=True, values=("wanted",), initial=("incident",), counters=(), once=())),
        (OUTBOX, Shape(create=False, values=("wanted",), initial=(), counters=(), once=())),
    ],
)
def test_many_rows_read_as_core_would_write_them(
    dialect: Dialect, table: object, what: Shape | tuple[str, ...]
) -> None:
    """Only the statement for one row is Core's own work; the others repeat its parameters."""
    writer = Writer(dialect)
    whole, _ = writer._core(table, what, 24)
    expected = _numbered(whole.sql) if dialect.name == "postgresql" else whole.sql
    assert writer._compile(table, what).sql(24) == expected
