"""Statements of many rows: what a database takes bounds them."""

from bot.persistence.statements import LENGTHS
from bot.persistence.tables import EVENTS

MOST_PARAMETERS = 32_766
"""SQLite's default since 3.32 (https://www.sqlite.org/limits.html); Postgres takes 65,535."""


def test_the_longest_statement_fits_the_widest_table() -> None:
    """A column that is added must not break the first burst that comes."""
    widest = max(len(table.columns) for table in EVENTS.metadata.tables.values())
    assert LENGTHS[0] * widest <= MOST_PARAMETERS
    assert list(LENGTHS) == sorted(LENGTHS, reverse=True)
    assert LENGTHS[-1] == 1
