"""Engines from a URL: SQLite beside the process, or Postgres. What durability needs is set here and checked here, not hoped for.

SQLite runs WAL with synchronous=FULL: a commit that returned is on disk. Readers have connections of their own, never wait for the writer and can't
write. This module makes connections and nothing else: it knows no table.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from bot.errors import ConfigurationError

_PRAGMAS = {
    "busy_timeout": 5000,
    "foreign_keys": 1,
    "synchronous": 2,  # FULL: the WAL is synced before a commit returns
    "temp_store": 2,  # in memory
    "cache_size": -16000,  # 16 MB
    "mmap_size": 0,  # mapped, a disk's error would end the process, and each connection would count the file as memory of ours
    "wal_autocheckpoint": 4000,  # pages of 4 KB: a group commit writes many, and a checkpoint costs two more syncs
    "journal_size_limit": 67108864,
}
_CACHE_OF_A_READER = -4000
_MEGABYTE = 1024 * 1024
_ROOM = 16 * _MEGABYTE  # what the log has when it is checkpointed
_PLENTY = 64 * _ROOM
_PROMISED = ("foreign_keys", "synchronous")
_ALIVE = {
    "connect_timeout": 5,
    # A server whose machine is gone is noticed within 11 s, not after the two hours that TCP takes by itself.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 11_000,
}
_SEEN = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
"""The same the other way round: the server lets go of the session, and of the lead, of a machine that is gone."""
_READERS = 8
_STATEMENTS = 512


@dataclass(frozen=True, slots=True)
class Database:
    """A database that can be written by one connection and read by many.

    `writing` gives connections that last as long as their holder wants; `reading` is a pool that any thread may use. `path` is
    SQLite's file, None for Postgres. `place` is what a person calls it, without a password.
    """

    writing: Engine
    reading: Engine
    path: Path | None
    place: str

    def close(self) -> None:
        """Close every connection that is not in use."""
        self.writing.dispose()
        self.reading.dispose()


def open_database(url: str) -> Database:
    """Make the engines for a URL, `sqlite:///path/to/file.db` or `postgresql://user@host/name`; nothing is connected yet.

    ConfigurationError when the URL can't be used here, or its driver is not installed.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(
            "the database URL can't be read",
            hint="write sqlite:///fireline-data/fireline.db or postgresql://user@host/name",
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(parsed)
    if backend in {"postgresql", "postgres"}:
        return _postgres(parsed)
    raise ConfigurationError(f"Fireline can't use a {backend} database", hint="use SQLite or Postgres")


def run_directly(connection: Connection, sql: str, parameters: Sequence[Any] = ()) -> None:
    """Run a statement that answers nothing on the driver itself; DBAPIError as from SQLAlchemy's own execution.

    That takes a commit of one unit from 0.50 to 0.43 ms: its events, results and contexts cost three times what SQLite does for a short statement.
    Parameters stand in `sql` as `?` for SQLite and as `$1` for Postgres, whose driver would look for `%s` in many rows' statement at each execution.
    """
    driver = connection.connection.dbapi_connection
    assert driver is not None  # noqa: S101 - the connection is in use
    dialect = connection.dialect
    try:
        cursor = driver.cursor() if dialect.name == "sqlite" else _raw_cursor(driver)
        cursor.execute(sql, parameters)
        cursor.close()
    except dialect.loaded_dbapi.Error as error:
        lost = dialect.is_disconnect(error, driver, None)
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            sql,
            parameters,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=dialect,
        ) from error


def _raw_cursor(driver: Any) -> Any:  # noqa: ANN401 - psycopg's connection and cursor
    from psycopg import RawCursor  # noqa: PLC0415 - an extra, which is there when it is connected

    return RawCursor(driver)


def make_room(connection: Connection, path: Path) -> None:
    """Give SQLite's write-ahead log its usual size at once, where the disk has plenty.

    A commit that makes the file longer takes a third more, and a quiet process would go on so for weeks: the file is gone after each clean end.
    What is written here is taken back, and stays as room that the next commits fill. That takes 25 ms.
    """
    log = path.with_name(path.name + "-wal")
    missing = _ROOM - (log.stat().st_size if log.exists() else 0)
    if missing <= 0 or shutil.disk_usage(path.parent).free < _PLENTY:
        return
    driver: Any = connection.connection.dbapi_connection
    try:
        # With next to no cache, pages go into the file before any commit.
        driver.execute("PRAGMA cache_size=-256")
        driver.execute("BEGIN IMMEDIATE")
        driver.execute("CREATE TABLE room (filling)")
        for _ in range(-(-missing // _MEGABYTE)):
            driver.execute("INSERT INTO room VALUES (zeroblob(?))", (_MEGABYTE,))
    except connection.dialect.loaded_dbapi.Error:
        return  # there is none: whoever commits next is told so
    finally:
        if driver.in_transaction:
            driver.rollback()
        driver.execute(f"PRAGMA cache_size={_PRAGMAS['cache_size']}")


def serves_many(url: str) -> bool:
    """Tell whether several processes may use the database at a URL, one of them leading; SQLite's file has one."""
    return make_url(url).get_backend_name() != "sqlite"


def password_in(url: str) -> str:
    """Return the password that a URL carries, for the redaction of texts; empty when there is none, or the URL can't be read."""
    try:
        return str(make_url(url).password or "")
    except ArgumentError:
        return ""


def _sqlite(url: URL) -> Database:
    if not url.database or url.database == ":memory:":
        raise ConfigurationError(
            "a SQLite database in memory loses everything with the process",
            hint="name a file: sqlite:///fireline-data/fireline.db",
        )
    return open_file(Path(url.database).absolute())


def open_file(path: Path) -> Database:
    """Make the engines for a file of SQLite's; nothing is connected yet."""
    plain = URL.create("sqlite+pysqlite", database=str(path))
    arguments = {"check_same_thread": False, "cached_statements": _STATEMENTS, "isolation_level": None}
    writing = create_engine(plain, poolclass=NullPool, connect_args=arguments)
    reading = create_engine(
        plain,
        poolclass=QueuePool,
        pool_size=_READERS,
        max_overflow=_READERS,
        pool_reset_on_return=None,
        connect_args=arguments,
        isolation_level="AUTOCOMMIT",
    )
    event.listen(writing, "connect", _prepare_sqlite_writer)
    # The driver is told not to begin by itself (isolation_level None), because it would begin too late; SQLAlchemy's own word is this event.
    event.listen(writing, "begin", lambda connection: run_directly(connection, "BEGIN IMMEDIATE"))
    event.listen(reading, "connect", _prepare_sqlite_reader)
    return Database(writing, reading, path, str(path))


def _prepare_sqlite_writer(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection
    cursor = connection.cursor()
    (mode,) = cursor.execute("PRAGMA journal_mode=WAL").fetchone()
    if mode != "wal":
        raise ConfigurationError(
            f"SQLite keeps its journal as {mode!r} here, not as a write-ahead log",
            hint="put the database on a local disk, not a network share",
        )
    _set_pragmas(cursor)


def _prepare_sqlite_reader(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection
    cursor = connection.cursor()
    _set_pragmas(cursor)
    cursor.execute(f"PRAGMA cache_size={_CACHE_OF_A_READER}")
    cursor.execute("PRAGMA query_only=1")
    cursor.close()


def _set_pragmas(cursor: Any) -> None:  # noqa: ANN401 - a DB-API cursor
    for name, value in _PRAGMAS.items():
        cursor.execute(f"PRAGMA {name}={value}").fetchall()
    for name in _PROMISED:
        (found,) = cursor.execute(f"PRAGMA {name}").fetchone()
        if found != _PRAGMAS[name]:
            raise ConfigurationError(f"SQLite does not take {name}={_PRAGMAS[name]} (it says {found})")


def _postgres(url: URL) -> Database:
    if importlib.util.find_spec("psycopg") is None:
        raise ConfigurationError("the Postgres driver is not installed", hint="install fireline[postgres]")
    full = url.set(drivername="postgresql+psycopg")
    # Positional parameters, as SQLite has them, so that one way of compiling serves both.
    writing = create_engine(
        full,
        poolclass=NullPool,
        paramstyle="format",
        connect_args={
            **_ALIVE,
            "application_name": "fireline-journal",
            "options": f"-c synchronous_commit=on {_SEEN}",
        },
    )
    reading = create_engine(
        full,
        paramstyle="format",
        pool_size=_READERS,
        max_overflow=_READERS,
        pool_pre_ping=True,
        isolation_level="AUTOCOMMIT",
        connect_args={
            **_ALIVE,
            "application_name": "fireline-reader",
            "options": "-c default_transaction_read_only=on",
        },
    )
    return Database(writing, reading, None, full.render_as_string(hide_password=True))
