"""Makes every projection anew from the log. They come out as they were: that is what makes them projections.

How far chat is, and what came from chat, is no projection, and stays.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from bot.persistence import questions, rows
from bot.persistence.changes import Buffer, Change
from bot.persistence.projections.table import changes_of
from bot.persistence.statements import Writer
from bot.persistence.tables import OUTBOX, OUTBOX_PROGRESS, PROJECTIONS

_EVENTS_AT_ONCE = 2000


def rebuild(connection: Connection) -> int:
    """Empty the projections and fill them from the log, in the transaction that the caller began; return how many events there were."""
    writer = Writer(connection.dialect)
    progress = _outbox_progress(connection)
    for table in PROJECTIONS:
        connection.execute(delete(table))
    last, count = 0, 0
    while found := questions.EVENTS_AFTER.rows(connection, {"after": last, "limit": _EVENTS_AT_ONCE}):
        buffer = Buffer()
        for row in found:
            for change in changes_of([rows.event_of(row)], row.at):
                buffer.add(change)
        for table in buffer.tables():
            writer.drain(connection, buffer, table)
        last = found[-1].seq
        count += len(found)
    restored = Buffer()
    for change in progress:
        restored.add(change)
    writer.drain(connection, restored, OUTBOX)
    return count


def _outbox_progress(connection: Connection) -> Sequence[Change]:
    """Read how far chat is, as changes that say it again; an entry that no event wants is kept whole."""
    return [
        Change(
            OUTBOX,
            (row.key,),
            values={name: getattr(row, name) for name in OUTBOX_PROGRESS},
            initial={"incident": row.incident, "wanted": row.wanted},
        )
        for row in connection.execute(select(OUTBOX))
    ]
