"""Makes every projection anew from the log. They come out as they were: that is what makes them projections.

How far chat is, and what came from chat, is no projection, and stays. The log is read in pages, and what is kept waits in the database: however much
there is, little of it is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Row, Table, delete, insert, select
from sqlalchemy.schema import CreateTable, DropTable

from bot.persistence import questions, rows
from bot.persistence.changes import Buffer, Change
from bot.persistence.chat_tables import OUTBOX, OUTBOX_PROGRESS
from bot.persistence.projections.table import changes_of
from bot.persistence.statements import Writer
from bot.persistence.tables import PROJECTIONS

PAGE = 2000
"""How many rows are in memory at a time."""
Progress = Callable[[int], None]


def rebuild(connection: Connection, progress: Progress = lambda _count: None) -> int:
    """Empty the projections and fill them from the log, in the transaction that the caller began; return how many events there were.

    `progress` is told after each page how many events were taken in so far.
    """
    writer = Writer(connection.dialect)
    kept = _put_by(connection)
    for table in PROJECTIONS:
        connection.execute(delete(table))
    last, count = 0, 0
    while found := questions.EVENTS_AFTER.rows(connection, {"after": last, "limit": PAGE}):
        buffer = Buffer()
        for row in found:
            for change in changes_of([rows.event_of(row)], row.at):
                buffer.add(change)
        for table in buffer.tables():
            writer.drain(connection, buffer, table)
        last = found[-1].seq
        count += len(found)
        progress(count)
    for page in _pages(connection, kept):
        buffer = Buffer()
        for row in page:
            buffer.add(_as_far_as_chat_was(row))
        writer.drain(connection, buffer, OUTBOX)
    connection.execute(DropTable(kept))
    return count


def _put_by(connection: Connection) -> Table:
    """Copy the outbox into a table that lasts as long as this connection at the most."""
    columns = [Column(each.name, each.type, primary_key=each.primary_key) for each in OUTBOX.columns]
    kept = Table("outbox_kept", MetaData(), *columns, prefixes=["TEMPORARY"])
    connection.execute(CreateTable(kept))
    connection.execute(insert(kept).from_select([each.name for each in OUTBOX.columns], select(OUTBOX)))
    return kept


def _pages(connection: Connection, kept: Table) -> Iterator[list[Row[Any]]]:
    page = select(kept).order_by(kept.c.key).limit(PAGE)
    while found := list(connection.execute(page)):
        yield found
        page = select(kept).where(kept.c.key > found[-1].key).order_by(kept.c.key).limit(PAGE)


def _as_far_as_chat_was(row: Row[Any]) -> Change:
    """Say again how far chat is with one thing; an entry that no event wants is kept whole."""
    return Change(
        OUTBOX,
        (row.key,),
        values={name: getattr(row, name) for name in OUTBOX_PROGRESS},
        initial={"incident": row.incident, "wanted": row.wanted},
    )
