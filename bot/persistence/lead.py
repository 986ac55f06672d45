"""Who may write: one process at a time. On SQLite a lock on a file beside the database, on Postgres an advisory lock of the journal's own session.

Both locks are the operating system's or the server's: they go with the process that held them, however it ended, and nothing has to be cleaned up.
Standing by for the lead is not done here: a second process is told who leads, and ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError

from bot.errors import ConfigurationError
from bot.persistence.tables import LEADER

_LOCK = (
    0x46495245_4C494E45  # "FIRELINE": Postgres' advisory locks are 64-bit numbers, one name space a database
)


class Lead(Protocol):
    """The right to write."""

    def connect(self, engine: Engine) -> Connection:
        """Take the lead, or keep it, and return a connection to write with; ConfigurationError when another process has it."""
        ...

    def release(self) -> None:
        """Give it back; nothing happens when it is not held."""
        ...


class FileLead:
    """A lock on `<database>.lock`; the file tells who holds it and stays when it is released."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(database.name + ".lock")
        self._file: int | None = None

    def connect(self, engine: Engine) -> Connection:
        """Take the lock before the database is touched; a process that holds it already keeps it over lost connections."""
        if self._file is None:
            self._file = self._lock()
            self._make_private()
        return engine.connect()

    def release(self) -> None:
        """Give it back. The file stays: removing it would let two processes hold locks on two files of one name."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _make_private(self) -> None:
        """Make the database's file before SQLite does, for its owner alone: SQLite takes the mode over for the log and the index beside it.

        One that is there keeps its mode, which may be somebody's decision.
        """
        with contextlib.suppress(OSError):  # what is wrong with it, SQLite says better
            os.close(os.open(self._database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def _lock(self) -> int:
        try:
            self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigurationError(f"the lock beside the database can't be opened: {error}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 200, 0).decode(errors="replace").strip() or "a process that left no name"
            os.close(file)
            raise ConfigurationError(
                f"the database is in use by another Fireline: {holder}",
                hint="stop that process, or give this one a database of its own; the lock goes by itself when the process ends",
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"pid {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        return file


class SessionLead:
    """An advisory lock of the connection's session: it is lost with the connection, and so is the right to write."""

    def connect(self, engine: Engine) -> Connection:
        """Connect, and take the lock for that session."""
        connection = engine.connect()
        try:
            (got,) = connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_LOCK})").one()
            holder = "" if got else _named_leader(connection)
            connection.commit()
        except BaseException:  # the connection is let go of, whatever it was; raised again
            connection.close()
            raise
        if not got:
            connection.close()
            raise ConfigurationError(
                f"the database is in use by another Fireline{holder}",
                hint="stop that process first, or give this one a database of its own",
            )
        return connection

    def release(self) -> None:
        """Do nothing: the lock goes with the connection."""


def _named_leader(connection: Connection) -> str:
    """Say who took the lead last, as far as the database knows."""
    with contextlib.suppress(DBAPIError):  # no tables yet: nobody left a name
        row = connection.execute(select(LEADER.c.pid, LEADER.c.host)).first()
        return f": pid {row.pid} on {row.host}" if row else ""
    return ""
