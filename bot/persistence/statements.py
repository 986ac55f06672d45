"""Statements, compiled from SQLAlchemy Core once a dialect and then run as plain SQL with positional parameters.

Core's own execution costs more than the database does on the journal's path. Writes go out as `VALUES` lists of fixed lengths, never one row at a
time: SQLite's driver gives up the interpreter lock at each statement and gets it back only when the event loop lets go, so a statement a
row would make a busy process crawl (docs/decisions/0018). This module knows no table by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    Row,
    Table,
    Update,
    and_,
    bindparam,
    column,
    func,
    update,
    values,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError
from sqlalchemy.sql import visitors

from bot.persistence.changes import Buffer, Key, Shape
from bot.persistence.database import run_directly
from bot.persistence.metadata import ON_CONFLICT

LENGTHS = (512, 256, 128, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1)
"""How many rows one statement may carry. Any number takes few statements, and there are few to prepare. The longest has to keep within the
parameters that a database takes, with the widest table: 32,766 of SQLite's, 65,535 of Postgres'."""


_ROW = re.compile(r"(?<=VALUES )(\([^()]*\))")
"""One row's parameters, as both databases write them."""


class Prepared:
    """One statement in one dialect's SQL, with the order of its parameters."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.sql = str(compiled)
        self.names: Sequence[str] = compiled.positiontup or ()
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}

    def bind(self, parameters: Mapping[str, Any]) -> Key:
        """Put named parameters into the order that the SQL wants them in."""
        return tuple(parameters[name] if name in parameters else self._fixed.get(name) for name in self.names)


class Query:
    """A question, written in Core; `tables` are those that it reads."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._prepared: dict[str, Prepared] = {}
        self.tables = frozenset(each for each in visitors.iterate(statement) if isinstance(each, Table))  # type: ignore[arg-type]

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """Ask it."""
        dialect = connection.dialect
        prepared = self._prepared.get(dialect.name)
        if prepared is None:
            prepared = self._prepared[dialect.name] = Prepared(self._statement, dialect)
        return connection.exec_driver_sql(prepared.sql, prepared.bind(parameters)).fetchall()


Insert = sqlite.Insert | postgresql.Insert


class _Write:
    """A write of any number of rows: `before`, so many times `row`, `after`.

    `order` puts a row's values into the order of the SQL, None where they stand in it already.
    """

    def __init__(self, before: str, row: str, after: str, order: Callable[[Key], Key] | None) -> None:
        self._before, self._row, self._after = before, row, after
        self.order = order
        self._statements: dict[int, str] = {}

    def sql(self, length: int) -> str:
        """Return the statement for so many rows."""
        made = self._statements.get(length)
        if made is None:
            sql = f"{self._before}{', '.join([self._row] * length)}{self._after}"
            made = self._statements[length] = _numbered(sql)
        return made


class Writer:
    """Writes rows into any table, in the fewest statements; one for each journal connection."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._no_nul = dialect.name == "postgresql"
        self._writes: dict[tuple[Table, Shape | tuple[str, ...]], _Write] = {}

    def insert(
        self, connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Key]
    ) -> None:
        """Write new rows, given as their values in the order of `columns`."""
        self._write(connection, table, columns, rows)

    def drain(self, connection: Connection, buffer: Buffer, table: Table) -> None:
        """Write the changes that wait for a table."""
        for shape, rows in buffer.take(table).items():
            self._write(connection, table, shape, rows)

    def _write(
        self, connection: Connection, table: Table, what: Shape | tuple[str, ...], rows: Sequence[Key]
    ) -> None:
        write = self._writes.get((table, what))
        if write is None:
            write = self._writes[table, what] = self._compile(table, what)
        start = 0
        for length in LENGTHS:
            while len(rows) - start >= length:
                part = rows[start : start + length]
                if write.order is not None:
                    part = [write.order(row) for row in part]
                sql = write.sql(length)
                parameters = part[0] if length == 1 else tuple(chain.from_iterable(part))
                try:
                    run_directly(connection, sql, parameters)
                except DataError:
                    # A NUL is told by the driver before it sends anything, and too rare to be looked for in every row.
                    plain = _without_nul(parameters)
                    if not (self._no_nul and what.__class__ is Shape) or plain == parameters:
                        raise
                    run_directly(connection, sql, plain)
                start += length

    def _compile(self, table: Table, what: Shape | tuple[str, ...]) -> _Write:
        """Have Core write the statement for one row, and for two: that shows what repeats. For 512 rows it would take it a tenth of a second."""
        (one, names), (two, _) = (self._core(table, what, length) for length in (1, 2))
        width = len(names)
        order = [names.index(each.removesuffix("_0")) for each in one.names]
        before, row, after = _ROW.split(one.sql, maxsplit=1)
        write = _Write(before, row, after, None if order == list(range(width)) else itemgetter(*order))
        expected = [f"{names[place]}_{number}" for number in (0, 1) for place in order]
        row_by_row = write.sql(2) == _numbered(two.sql) and list(two.names) == expected
        if not row_by_row:  # pragma: no cover - a guard against another SQLAlchemy
            msg = f"the parameters of a write to {table.name} do not stand row by row"
            raise AssertionError(msg)
        return write

    def _core(
        self, table: Table, what: Shape | tuple[str, ...], length: int
    ) -> tuple[Prepared, tuple[str, ...]]:
        statement: Insert | Update
        if not isinstance(what, Shape):
            statement, names = _insert(self._dialect, table, what, length), what
        elif what.create:
            statement, names = _upsert(self._dialect, table, what, length)
        else:
            statement, names = _amend(table, what, length)
        return Prepared(statement, self._dialect), names


def _numbered(sql: str) -> str:
    """Return a statement with Postgres' parameters as `$1`, `$2`: Core can write them so too, but then not in the order of the rows."""
    first, *others = sql.split("%s")
    return first + "".join(f"${number}{rest}" for number, rest in enumerate(others, 1))


def _without_nul(values: Key) -> Key:
    """Return values as Postgres can hold them: its text knows no NUL. The log keeps every character, since JSON escapes it there."""
    return tuple(
        value.replace("\0", "\ufffd") if value.__class__ is str and "\0" in value else value
        for value in values
    )


def _insert(dialect: Dialect, table: Table, columns: tuple[str, ...], length: int) -> Insert:
    """Write `INSERT INTO table (columns) VALUES (…), (…)`."""
    insert = sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table)
    return insert.values([{name: _parameter(table, name, row) for name in columns} for row in range(length)])


def _upsert(dialect: Dialect, table: Table, shape: Shape, length: int) -> tuple[Insert, tuple[str, ...]]:
    """Write an insert that falls back to an update where the row is there already."""
    keys = tuple(each.name for each in table.primary_key)
    columns = (*keys, *shape.values, *shape.initial, *shape.counters, *shape.once)
    insert = _insert(dialect, table, columns, length)
    new = insert.excluded
    changes: dict[str, ColumnElement[Any]] = {name: new[name] for name in shape.values}
    changes |= {name: table.c[name] + new[name] for name in shape.counters}
    changes |= {name: func.coalesce(table.c[name], new[name]) for name in shape.once}
    if rule := table.info.get(ON_CONFLICT):
        changes |= rule(new, changes)
    if not changes:
        return insert.on_conflict_do_nothing(index_elements=list(keys)), columns
    return insert.on_conflict_do_update(index_elements=list(keys), set_=changes), columns


def _amend(table: Table, shape: Shape, length: int) -> tuple[Update, tuple[str, ...]]:
    """Write an update of rows that are there; those that are not stay away."""
    keys = tuple(each.name for each in table.primary_key)
    columns = (*keys, *shape.values, *shape.initial, *shape.counters, *shape.once)
    rows = [tuple(_parameter(table, name, row) for name in columns) for row in range(length)]
    new = values(*(column(name, table.c[name].type) for name in columns), name="new").data(rows).cte("new")
    changes: dict[str, ColumnElement[Any]] = {name: new.c[name] for name in shape.values}
    changes |= {name: table.c[name] + new.c[name] for name in shape.counters}
    changes |= {name: func.coalesce(table.c[name], new.c[name]) for name in shape.once}
    if rule := table.info.get(ON_CONFLICT):
        changes |= rule(new.c, changes)
    return update(table).values(changes).where(
        and_(*(table.c[name] == new.c[name] for name in keys))
    ), columns


def _parameter(table: Table, name: str, row: int) -> BindParameter[Any]:
    return bindparam(f"{name}_{row}", type_=table.c[name].type)
