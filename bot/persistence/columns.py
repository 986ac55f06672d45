"""The kinds of columns that the tables are made of, each the same on every database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Integer, Text, text


def seq(name: str, *, primary_key: bool = False, **more: Any) -> Column[int]:  # noqa: ANN401 - Column's own
    """Make a column for a place in the log; SQLite's fast row id needs the exact type INTEGER."""
    kind = BigInteger().with_variant(Integer(), "sqlite")
    return Column(name, kind, primary_key=primary_key, autoincrement=False, nullable=False, **more)


def ident(name: str) -> Column[str]:
    """Make a column that is, or is part of, the primary key."""
    return Column(name, Text, primary_key=True, nullable=False)


def words(name: str) -> Column[str]:
    """Make a column for words, empty where there are none."""
    return Column(name, Text, nullable=False, server_default="")


def json_data(name: str) -> Column[str]:
    """Make a column for a JSON object, `{}` where there is none."""
    return Column(name, Text, nullable=False, server_default="{}")


def instant(name: str) -> Column[str | None]:
    """Make a column for an instant that may not have come yet."""
    return Column(name, Text, nullable=True)


def count(name: str) -> Column[int]:
    """Make a column for a number that starts at 0."""
    return Column(
        name, BigInteger().with_variant(Integer(), "sqlite"), nullable=False, server_default=text("0")
    )


def flag(name: str) -> Column[bool]:
    """Make a column for yes or no, no where nothing is said."""
    return Column(name, Boolean, nullable=False, server_default=text("false"))
