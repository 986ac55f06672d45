"""Who may write: one process at a time. On SQLite a lock on a file beside the database, on Postgres an advisory lock of the journal's own session.

Both locks are the operating system's or the server's: they go with the process that held them, however it ended, and nothing has to be cleaned up.
On Postgres a process that sleeps keeps its session, so the lock alone would let it block the others for ever. It also gives signs of life (`lease`);
where they stay away, the server is told to end its session (`standby`), and with it go the lock and whatever transaction was open. What such a
process tries when it wakes up fails: its session is gone, and the term that each transaction names is over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from bot.domain.clock import Clock
from bot.errors import ConfigurationError, DatabaseInUse, LeadLost
from bot.persistence.terms import Leader, beat, begin_term, end_term, is_within, leader_of, resume_term

LOCK = (
    0x46495245_4C494E45  # "FIRELINE": Postgres' advisory locks are 64-bit numbers, one name space a database
)
_HOLDER = f"""
SELECT pid FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = {LOCK >> 32} AND objid = {LOCK & 0xFFFFFFFF}
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""  # noqa: S608 - two numbers of our own

_HOLDER_OF_FILE = re.compile(r"pid (?P<pid>[1-9]\d{0,8}) on (?P<host>.+)")
_LAST_BATCH = 10.0
"""Seconds in which the log writer of a process that was killed has written what it was sent."""
_LOOK = 0.01


class Lead(Protocol):
    """The right to write. `term` is the number of the term, 0 before it began; `before` is who led before it."""

    term: int
    before: Leader | None

    def connect(self, engine: Engine) -> Connection:
        """Take the lock, or keep it, and return a connection to write with.

        DatabaseInUse when another process has it.
        """
        ...

    def register(self, connection: Connection) -> None:
        """Begin the term, or go on with it over a new connection; the tables stand. LeadLost when another has begun one meanwhile."""
        ...

    def fence(self, connection: Connection) -> None:
        """Make sure, inside a transaction, that the term goes on; LeadLost when it doesn't."""
        ...

    def beat(self, connection: Connection) -> None:
        """Give a sign of life: it also shows whether writing works. LeadLost when another leads."""
        ...

    def release(self, connection: Connection | None) -> None:
        """Give the lead up, and say so over the connection, if there is one; nothing happens when it is not held."""
        ...


class _Terms:
    """The term that both kinds of lead keep."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.term = 0
        self.before: Leader | None = None

    def _begin(self, connection: Connection, session: int) -> None:
        with connection.begin():
            self.before = leader_of(connection)
        self.term = begin_term(connection, self._clock.now(), session)

    def _end(self, connection: Connection | None) -> None:
        if connection is not None and self.term:
            with contextlib.suppress(DBAPIError):  # then whoever comes next waits a little longer
                end_term(connection, self.term)


class FileLead(_Terms):
    """A lock on `<database>.lock`; the file tells who holds it and stays when it is released."""

    def __init__(self, database: Path, clock: Clock) -> None:
        super().__init__(clock)
        self._database = database
        self._path = database.with_name(database.name + ".lock")
        self._file: int | None = None

    @property
    def file(self) -> int:
        """The number of the open file whose lock this is: a process that is given it holds the lock too."""
        assert self._file is not None  # noqa: S101 - asked only of who leads
        return self._file

    def connect(self, engine: Engine) -> Connection:
        """Take the lock before the database is touched; a process that holds it already keeps it over lost connections."""
        if self._file is None:
            self._file = self._lock()
            self._make_private()
        return engine.connect()

    def register(self, connection: Connection) -> None:
        """Begin the term, once: while the file is locked, nobody else can."""
        if self.term:
            self.beat(connection)
        else:
            self._begin(connection, session=0)

    def fence(self, connection: Connection) -> None:
        """Do nothing: a lock on a file can't be lost."""

    def beat(self, connection: Connection) -> None:
        """Give a sign of life."""
        beat(connection, self.term, self._clock.now())

    def release(self, connection: Connection | None) -> None:
        """Give it back. The file stays: removing it would let two processes hold locks on two files of one name."""
        self._end(connection)
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
            _take_lock(file)
        except BlockingIOError:
            holder = _name_in(file) or "a process that left no name"
            os.close(file)
            if _is_gone(holder):
                raise DatabaseInUse(
                    f"the database is in use by the log writer of {holder}, which has ended itself",
                    hint="it ends by itself when its last batch is on disk; if it doesn't, look at the disk, and for a process of "
                    "bot.persistence.log_writer_process",
                ) from None
            raise DatabaseInUse(
                f"the database is in use by another Fireline: {holder}",
                hint="stop that process, or give this one a database of its own; the lock goes by itself when the process ends. "
                "For a second process that stands by, use Postgres",
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"pid {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        return file


def _take_lock(file: int) -> None:
    """Take the lock on a file; BlockingIOError when another process has it.

    Where whoever took it was killed, its log writer may hold it still, and ends as soon as its batch is written: that is waited for.
    """
    deadline = time.monotonic() + _LAST_BATCH
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not _is_gone(_name_in(file)) or time.monotonic() > deadline:
                raise
            time.sleep(_LOOK)
        else:
            return


def _name_in(file: int) -> str:
    return os.pread(file, 200, 0).decode(errors="replace").strip()


def _is_gone(holder: str) -> bool:
    """Tell whether the process of that name has ended, as far as can be seen from here."""
    named = _HOLDER_OF_FILE.fullmatch(holder)
    if named is None or named["host"] != socket.gethostname():
        return False
    try:
        os.kill(int(named["pid"]), 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass  # it is somebody else's
    return False


class SessionLead(_Terms):
    """An advisory lock of the connection's session: it is lost with the connection, and taken again with the next as long as the term goes on.

    `on_lost` is called once, with a sentence, from whichever thread finds out first that another process leads.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.lost = ""
        self.on_lost: Callable[[str], None] = lambda _why: None

    def connect(self, engine: Engine) -> Connection:
        """Connect, and take the lock for that session."""
        self._stop_if_lost()
        connection = engine.connect()
        try:
            self._lock(connection)
        except BaseException:  # the connection is let go of, whatever it was; raised again
            connection.close()
            raise
        return connection

    def register(self, connection: Connection) -> None:
        """Begin the term, or go on with it over this session."""
        with connection.begin():
            (session,) = connection.exec_driver_sql("SELECT pg_backend_pid()").one()
        if not self.term:
            self._begin(connection, session)
        elif not resume_term(connection, self.term, session):
            self._compare(connection)

    def fence(self, connection: Connection) -> None:
        """See `Lead.fence`: the term and the session are compared with the row, by the database, before anything is written."""
        if not is_within(connection, self.term):
            self._lose(f"its session or its term {self.term} is over")
            self._stop_if_lost()

    def beat(self, connection: Connection) -> None:
        """Give a sign of life; over any connection, this process's own thread for it included."""
        if not beat(connection, self.term, self._clock.now()):
            self._compare(connection)

    def is_locked(self, connection: Connection) -> bool:
        """Tell whether the lock is held by the session that the term is led over."""
        with connection.begin():
            leader = leader_of(connection)
            return leader is not None and holder_of(connection) == leader.session

    def release(self, connection: Connection | None) -> None:
        """Say that it is given up; the lock itself goes with the connection."""
        if not self.lost:
            self._end(connection)

    def _lock(self, connection: Connection) -> None:
        if self._take(connection):
            return
        self._compare(connection)
        raise DatabaseInUse(
            f"the database is in use by another Fireline{_named(connection)}",
            hint="stop that process first, or give this one a database of its own",
        )

    def _take(self, connection: Connection) -> bool:
        """Try for the lock; a session that this process had before, and that the server still keeps, is ended first."""
        with connection.begin():
            if _try_lock(connection):
                return True
            if not self.term:
                return False
            leader, holder = leader_of(connection), holder_of(connection)
            if leader is None or leader.term != self.term or leader.session != holder:
                return False
            end_session(connection, leader.session)
            return _try_lock(connection)

    def _compare(self, connection: Connection) -> None:
        """Find out whether another process has begun a term since ours; LeadLost when one has."""
        if not self.term:
            return
        with connection.begin():
            leader = leader_of(connection)
        if leader is None or leader.term != self.term:
            self._lose(f"another Fireline leads: {leader or 'nobody knows which'}")
            self._stop_if_lost()

    def _lose(self, why: str) -> None:
        if not self.lost:
            self.lost = why
            self.on_lost(why)

    def _stop_if_lost(self) -> None:
        if self.lost:
            raise LeadLost(f"this process leads no more: {self.lost}")


def holder_of(connection: Connection) -> int | None:
    """Return the session that holds the lock, inside a transaction; None when none does."""
    found = connection.exec_driver_sql(_HOLDER).first()
    return None if found is None else int(found[0])


def end_session(connection: Connection, session: int) -> bool:
    """Tell the server to end a session and wait up to 5 s until it has; True when it is gone. Needs the role that opened it, or a superuser."""
    (gone,) = connection.exec_driver_sql(f"SELECT pg_terminate_backend({session:d}, 5000)").one()
    return bool(gone)


def _try_lock(connection: Connection) -> bool:
    (got,) = connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({LOCK})").one()
    return bool(got)


def _named(connection: Connection) -> str:
    """Say who took the lead last, as far as the database knows."""
    with contextlib.suppress(DBAPIError), connection.begin():  # no tables yet: nobody left a name
        leader = leader_of(connection)
        return f": {leader}" if leader is not None else ""
    return ""
