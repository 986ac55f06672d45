"""What a process that stands by does in the database, on Postgres: watch who leads, and keep what comes in for the one that does.

It writes the table `relay` alone. Whoever leads takes it from there into the log; so the chain of events has one writer, and what was answered is on
disk all the same.
"""

from __future__ import annotations

import itertools
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.domain.canonical import canonical
from bot.domain.clock import Clock, to_text
from bot.errors import JournalError
from bot.persistence.database import Database
from bot.persistence.lead import end_session, holder_of
from bot.persistence.lease import since_boot
from bot.persistence.migrate import revision_of, revisions
from bot.persistence.outcomes import reason
from bot.persistence.process_tables import RELAY
from bot.persistence.terms import Leader, leader_of
from bot.persistence.vigil import Verdict, Vigil


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was seen. `trouble` says why nothing was, or why nothing can be kept now; empty when all is well."""

    leader: Leader | None = None
    free: bool = False
    trouble: str = ""


class Watch:
    """Looks who leads, again and again; blocks, and any thread may call it. `seconds` is a clock that never goes back."""

    def __init__(self, database: Database, *, seconds: Callable[[], float] = since_boot) -> None:
        self._engine = database.writing
        self._seconds = seconds
        self._vigil = Vigil()
        self._connection: Connection | None = None
        self._one_at_a_time = threading.Lock()

    def look(self) -> Sight:
        """Return who leads, and whether the lead is free to be tried for; a leader that sleeps is put out of it first."""
        with self._one_at_a_time:
            try:
                if self._connection is None:
                    self._connection = self._engine.connect()
                with self._connection.begin():
                    return self._seen(self._connection)
            except SQLAlchemyError as error:
                self._let_go()
                self._vigil.blink()
                return Sight(trouble=f"the database can't be reached: {reason(error)}")

    def close(self) -> None:
        """Let go of the connection, once a look that is under way is over."""
        with self._one_at_a_time:
            self._let_go()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        _drop(connection)

    def _seen(self, connection: Connection) -> Sight:
        known = revision_of(connection)
        leader = leader_of(connection) if known is not None else None
        holder = holder_of(connection)
        verdict = self._vigil.see(leader, holder, self._seconds())
        if verdict is Verdict.EVICT and holder is not None:
            return Sight(leader=leader, free=end_session(connection, holder))
        trouble = "" if known == revisions()[-1] else "the tables are not those that this version knows"
        return Sight(leader=leader, free=verdict is Verdict.TAKE, trouble=trouble)


class Keeper:
    """Keeps what came in, for the leader; blocks, and any thread may call it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._engine: Engine = database.writing
        self._clock = clock
        self._numbers = itertools.count(1)
        self._by = f"pid {os.getpid()} on {socket.gethostname()}"
        self._connection: Connection | None = None
        self._one_at_a_time = threading.Lock()

    def keep(self, things: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Write things (a kind, and JSON data), all or none; on disk when this returns. JournalError when they can't be written."""
        rows = [
            {"key": self._key(), "kind": kind, "data": canonical(dict(data)), "by": self._by}
            for kind, data in things
        ]
        with self._one_at_a_time:
            try:
                self._write_twice(rows)
            except DBAPIError as error:
                self._let_go()
                raise JournalError(
                    f"nothing can be kept for the leader: {reason(error)}",
                    hint="try again; /readyz says when it works",
                ) from error

    def close(self) -> None:
        """Let go of the connection, once what is being written is."""
        with self._one_at_a_time:
            self._let_go()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        _drop(connection)

    def _write_twice(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Write, again over a new connection when the one that was there has broken, perhaps long ago.

        What was written after all is there under the same keys.
        """
        had_one = self._connection is not None
        try:
            self._write(rows)
        except DBAPIError:
            if not had_one:
                raise
            self._let_go()
            self._write(rows)

    def _write(self, rows: Sequence[Mapping[str, str]]) -> None:
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._connection.begin():
            self._connection.execute(insert(RELAY).values(rows).on_conflict_do_nothing())

    def _key(self) -> str:
        return f"{to_text(self._clock.now())} {self._by} {next(self._numbers):09d}"


def _drop(connection: Connection | None) -> None:
    if connection is not None:
        connection.invalidate()
        connection.close()
