"""The limit: a loop of bare commits, one row each, that nothing decides and nobody reads. Two of them are what a step needs: its intent, its outcome.

    python bare_commits.py saturated URL FOLDER AT_ONCE SECONDS

One connection, since SQLite has one writer; on Postgres the same, as Fireline's journal has one.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Callable

ROW = "x" * 300


def sqlite_commit(path: str) -> Callable[[], object]:
    """Return what commits one row, synced."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (data TEXT)")
    return lambda: connection.execute("INSERT INTO t VALUES (?)", (ROW,))


def postgres_commit(url: str) -> Callable[[], object]:
    """Return what commits one row, synced."""
    import psycopg  # noqa: PLC0415 - an extra

    connection = psycopg.connect(url, autocommit=True)
    connection.execute("CREATE TABLE t (data TEXT)")
    return lambda: connection.execute("INSERT INTO t VALUES (%s)", (ROW,))


if __name__ == "__main__":
    _, _what, url, _folder, _at_once, seconds = sys.argv
    sqlite = url.startswith("sqlite:///")
    commit = sqlite_commit(url.removeprefix("sqlite:///")) if sqlite else postgres_commit(url)
    count, began, worked = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < float(seconds):
        commit()
        count += 1
    steps = count / 2
    took, cpu = time.perf_counter() - began, time.process_time() - worked
    print(json.dumps({"steps": steps / took, "cpu": cpu / steps}))  # noqa: T201 - its output
