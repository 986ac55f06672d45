"""Row changes as values, and the buffer that joins changes of one row before they are written.

A projection says what an event changes; it never reads. What it can't know (is the row new, was there a commander already) is said by the role of
a column, and the database settles it when the change is written. A column of a table should keep one role, so that joining is plain.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Table

Key = tuple[Any, ...]
NOTHING: Mapping[str, Any] = {}


class Change(NamedTuple):
    """What happens to one row; a named tuple, because a busy journal makes tens of thousands of them a second.

    `key` is the primary key. `values` are set; `initial` only where the row is new; `counters` are added; `once` only where nothing stands yet
    (null). Without `create` a row that is not there stays away.
    """

    table: Table
    key: Key
    values: Mapping[str, Any] = NOTHING
    initial: Mapping[str, Any] = NOTHING
    counters: Mapping[str, int] = NOTHING
    once: Mapping[str, Any] = NOTHING
    create: bool = True


class Shape(NamedTuple):
    """What changes that can share a statement have in common: the columns, each in its role."""

    create: bool
    values: tuple[str, ...]
    initial: tuple[str, ...]
    counters: tuple[str, ...]
    once: tuple[str, ...]


def shape_of(change: Change) -> Shape:
    """Return the shape of a change."""
    return Shape(
        change.create, tuple(change.values), tuple(change.initial), tuple(change.counters), tuple(change.once)
    )


def row_of(change: Change) -> Key:
    """Return a change's parameters in the order that its shape's statement takes them: key, values, initial, counters, once."""
    if change.initial or change.counters or change.once:
        return (
            *change.key,
            *change.values.values(),
            *change.initial.values(),
            *change.counters.values(),
            *change.once.values(),
        )
    return (*change.key, *change.values.values())


def joined(first: Change, then: Change) -> Change:
    """Return the one change that does what `first` and `then` do one after the other to the same row."""
    values = {**first.values, **then.values}
    if not (first.counters or first.once or then.counters or then.once):
        # Nearly always: plain values, and what a new row begins with. Few names, so that looking at each is quicker than sets are.
        initial = first.initial
        for name in then.initial:
            if name not in initial:
                initial = {**then.initial, **initial}
                break
        for name in initial:
            if name in values:
                initial = {name: value for name, value in initial.items() if name not in values}
                break
        return Change(first.table, first.key, values, initial, NOTHING, NOTHING, first.create or then.create)
    counters = {name: add for name, add in first.counters.items() if name not in then.values}
    for name, add in then.counters.items():
        if name in first.values:
            values[name] = first.values[name] + add
        else:
            counters[name] = counters.get(name, 0) + add
    # What is set for certain needs no word on what it would be in a new row, or in an empty field.
    initial = {name: value for name, value in {**then.initial, **first.initial}.items() if name not in values}
    once = {name: value for name, value in {**then.once, **first.once}.items() if values.get(name) is None}
    for name in once:
        values.pop(name, None)
    return Change(first.table, first.key, values, initial, counters, once, create=first.create or then.create)


class Buffer:
    """Changes that are decided and not yet written, one a row."""

    def __init__(self) -> None:
        self._tables: dict[Table, dict[Key, Change]] = {}

    def __bool__(self) -> bool:
        return bool(self._tables)

    def add(self, change: Change) -> None:
        """Take a change in, joined with what waits for the same row."""
        rows = self._tables.get(change.table)
        if rows is None:
            self._tables[change.table] = {change.key: change}
            return
        before = rows.get(change.key)
        rows[change.key] = change if before is None else joined(before, change)

    def tables(self) -> Collection[Table]:
        """Return the tables that have changes waiting."""
        return tuple(self._tables)

    def holds(self, table: Table, keys: Collection[Key] | None) -> bool:
        """Tell whether a change waits for one of these rows; for any row of the table when `keys` is None."""
        rows = self._tables.get(table)
        if rows is None:
            return False
        return keys is None or any(key in rows for key in keys)

    def take(self, table: Table) -> Mapping[Shape, list[Key]]:
        """Return the rows to write into a table, by shape, and forget them."""
        shapes: dict[Key, tuple[Shape, list[Key]]] = {}
        for change in self._tables.pop(table, NOTHING).values():
            # One flat name for a shape is half the work of the shape itself, and there are few shapes.
            name = (change.create, *change.values, 0, *change.initial, 0, *change.counters, 0, *change.once)
            found = shapes.get(name)
            if found is None:
                found = shapes[name] = shape_of(change), []
            found[1].append(row_of(change))
        return dict(shapes.values())
