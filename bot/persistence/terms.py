"""The row that says who leads: its term, its process, the database session that writes, and its heartbeat.

A term is the time for which one process leads; its number goes up with each process that takes the lead, and is what writers are fenced by. These
are the statements; who may run them when is said in `lead` and `standby`.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Connection, Row, bindparam, func, insert, literal, select, update

from bot.domain.clock import to_text
from bot.persistence.process_tables import LEADER
from bot.persistence.statements import Query

_OURS = 1
_FENCE = Query(
    select(literal(1)).where(
        LEADER.c.term == bindparam("term", type_=BigInteger), LEADER.c.session == func.pg_backend_pid()
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """Who took the lead last, as the row says it; `session` is the server's number for its connection, `beats` counts its signs of life."""

    term: int
    host: str
    pid: int
    session: int
    since: str
    beats: int
    released: bool

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host}, since {self.since}"


def leader_of(connection: Connection) -> Leader | None:
    """Return who took the lead last; None when nobody ever did."""
    row: Row[tuple[object, ...]] | None = connection.execute(select(*LEADER.c)).first()
    if row is None:
        return None
    return Leader(
        term=row.term,
        host=row.host,
        pid=row.pid,
        session=row.session,
        since=row.since or "",
        beats=row.beats,
        released=row.released,
    )


def begin_term(connection: Connection, now: datetime, session: int) -> int:
    """Write that this process leads from now on, and return the number of its term; the caller holds the lock."""
    at = to_text(now)
    process = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "session": session,
        "since": at,
        "beat_at": at,
        "released": False,
    }
    with connection.begin():
        found = leader_of(connection)
        if found is None:
            connection.execute(insert(LEADER).values(id=_OURS, term=1, beats=0, **process))
            return 1
        connection.execute(update(LEADER).values(term=found.term + 1, beats=found.beats + 1, **process))
        return found.term + 1


def resume_term(connection: Connection, term: int, session: int) -> bool:
    """Write that the same process goes on over another session; False when another has begun a term meanwhile."""
    with connection.begin():
        written = connection.execute(update(LEADER).where(LEADER.c.term == term).values(session=session))
        return bool(written.rowcount)


def beat(connection: Connection, term: int, now: datetime) -> bool:
    """Give a sign of life; False when another has begun a term meanwhile."""
    with connection.begin():
        written = connection.execute(
            update(LEADER).where(LEADER.c.term == term).values(beats=LEADER.c.beats + 1, beat_at=to_text(now))
        )
        return bool(written.rowcount)


def end_term(connection: Connection, term: int) -> None:
    """Write that the lead is given up in good order."""
    with connection.begin():
        connection.execute(update(LEADER).where(LEADER.c.term == term).values(released=True))


def is_within(connection: Connection, term: int) -> bool:
    """Tell, inside a transaction on Postgres, whether the term goes on and is led over this very session."""
    return bool(_FENCE.rows(connection, {"term": term}))
