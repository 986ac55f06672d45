"""The log writer: a process that writes the journal's large batches, so that the process that conducts runs has its interpreter to itself.

`log_writer` starts it and hands it the file that is the journal's lock on the database: nobody can lead before both have ended. It lives as long as
the socket on which it is told what to write: when the journal's process ends, however it does, it finishes what it has begun and ends too.
"""

from __future__ import annotations

import contextlib
import gc
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, RootTransaction
from sqlalchemy.exc import SQLAlchemyError

from bot.domain.events import GENESIS
from bot.persistence import parcels, questions
from bot.persistence.batch import Batch, Head
from bot.persistence.database import Database, open_file
from bot.persistence.statements import Writer

_YOUNG = 20_000
"""Allocations between two looks at the youngest objects: a batch makes many, and none in a circle."""


class Program:
    """Writes requests into a database, one transaction each."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writer = Writer(database.writing.dialect)
        self._connection: Connection | None = None

    def serve(self, way: socket.socket) -> None:
        """Write what comes until the other end is gone; say first which code this is, and with it that something may come."""
        with contextlib.suppress(ConnectionError):
            parcels.send(way, parcels.code_on_disk())
            while (parcel := parcels.receive(way)) is not None:
                parcels.send(way, self._answer(parcel))

    def close(self) -> None:
        """Let go of the database."""
        self._let_go()
        self._database.close()

    def _answer(self, parcel: bytes) -> bytes:
        """Write a request, or nothing of it, and say so; what broke a commit off is raised where it may stand after all."""
        try:
            request = parcels.request_in(parcel)
            batch, transaction = self._begin(request)
        except Exception as error:  # noqa: BLE001 - whatever it was, the journal meets it too when it writes by itself, and answers whom it concerns
            self._let_go()
            return parcels.not_written(f"{type(error).__name__}: {error}")
        try:
            transaction.commit()
        except Exception as error:  # whatever broke it off: where the log ends tells whether it stands
            self._let_go()
            if self._end_of_log() != request.head:
                raise
            return parcels.not_written(f"{type(error).__name__}: {error}")
        return parcels.written([event.hash for event in batch.events])

    def _begin(self, request: parcels.Request) -> tuple[Batch, RootTransaction]:
        """Write a request, and leave it to be committed."""
        if self._connection is None:
            self._connection = self._database.writing.connect()
        transaction = self._connection.begin()
        batch = Batch(self._connection, self._writer, request.head)
        for stream, actor, facts in request.appends:
            batch.append(request.now, stream, actor, facts)
        batch.flush()
        return batch, transaction

    def _end_of_log(self) -> Head:
        """Return where the log ends, read over a connection of its own."""
        with self._database.reading.connect() as connection:
            last = questions.HEAD.rows(connection, {"limit": 1})
        return (last[0].seq, last[0].hash) if last else (0, GENESIS)

    def _let_go(self) -> None:
        """Close the connection, and with it take back what was not committed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                connection.invalidate()
                connection.close()


def main(arguments: Sequence[str]) -> None:
    """Serve over the socket of this number, for the SQLite database at this path."""
    number, path = arguments
    # It ends when its journal does. A signal to the whole group, from a terminal or a service manager, must not end it in the middle of a batch.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    program = Program(open_file(Path(path)))
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
    with socket.socket(fileno=int(number)) as way:
        program.serve(way)
    program.close()
