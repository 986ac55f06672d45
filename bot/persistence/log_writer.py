"""The journal's end of its log writer: a second process that writes large batches of appends (docs/decisions/0050).

A burst keeps one interpreter busy twice over: with deciding, and with giving what was decided its place, its hash and its rows. Both at once on one
interpreter take as long as one after the other. So a burst is written elsewhere, on SQLite; all else, and everything while there is no such process,
the journal's thread writes itself. One of the two writes at a time, and the lock on the database is held by both, so that it is free when both have
ended.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from bot.crashpoints import CrashPoint, reached
from bot.domain.ids import Digest
from bot.persistence import parcels
from bot.persistence.parcels import NotWritten, Request

_LOG = structlog.get_logger(__name__)

MANY = 64
"""How many appends in a row are worth being sent: below that the way there and back takes longer than it saves."""
_PATIENCE = 30.0
"""Seconds for a batch; a disk that takes longer is no different for us from a process that hangs."""
_GRACE = 5.0
"""Seconds in which it ends when it is told to."""
_PAUSE = 60.0
"""Seconds until another is started where one has failed; and for which one that has nothing to do is kept."""
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); "
    "from bot.persistence.log_writer_process import main; main(sys.argv[1:])"
)
_ENVIRONMENT = ("LD_LIBRARY_PATH", "TMPDIR", "SQLITE_TMPDIR", "TZ")
"""What it is let to know of our environment, which has secrets in it."""


class LogWriterLost(Exception):
    """The log writer has ended, or gives no answer and was ended, while it wrote: nobody knows whether what it was sent is durable."""


class LogWriter:
    """Starts the process when there is work for it, gives it work, and ends it; used by the journal's thread alone.

    `lock` gives the number of the open file that holds the lock on the database. `many` is how many appends it takes to be worth it.
    """

    def __init__(self, database: Path, lock: Callable[[], int], *, many: int = MANY) -> None:
        self._database = database
        self._lock = lock
        self._patience = _PATIENCE
        self._seconds = time.monotonic
        self._code = parcels.code_on_disk()
        self._way: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._greeted = False
        self._used = 0.0
        self._not_before = 0.0
        self.many = many

    @property
    def pid(self) -> int | None:
        """The process's number, None while there is none."""
        return None if self._process is None else self._process.pid

    def ready(self) -> bool:
        """Tell whether it can be given work at once; where there is none, one is started, and is ready some time later."""
        if self._way is None:
            if self._seconds() >= self._not_before:
                self._start()
            return False
        if not self._greeted:
            self._greeted = self._hear_greeting(self._way)
        return self._greeted

    @property
    def idle(self) -> float | None:
        """Seconds without work after which `rest` has something to do; None while there is no process."""
        return None if self._process is None else _PAUSE

    def rest(self) -> None:
        """End one that has had nothing to do for a while, or has not come so far as to say that it is ready; called now and then."""
        if self._process is None or self._seconds() - self._used < _PAUSE:
            return
        if self._greeted:
            _LOG.info("the log writer has nothing to do and ends", pid=self.pid)
            self.close()
        elif not self.ready():
            self._lose("it never said that it is ready")

    def send(self, request: Request) -> None:
        """Send appends that are to be written, all or none; NotWritten when they can't be, and then nobody has them."""
        assert self._way is not None  # noqa: S101 - it was asked whether it is ready
        try:
            parcel = parcels.parcel_of(request)
        except Exception as error:  # pickle raises what it likes
            raise NotWritten(f"{type(error).__name__}: {error}") from error
        self._used = self._seconds()
        try:
            self._way.settimeout(self._patience)
            parcels.send(self._way, parcel)
        except Exception as error:  # whatever it was, it does not have all of it
            raise NotWritten(self._lose(f"it takes nothing: {error}")) from error

    def answer(self, count: int) -> list[Digest]:
        """Wait for the answer to what was sent, and return the hashes of so many events: they are durable.

        NotWritten when they are not, LogWriterLost when nobody knows.
        """
        assert self._way is not None  # noqa: S101 - something was sent
        try:
            reached(CrashPoint.JOURNAL_HANDED_OVER)
            answer = parcels.receive(self._way)
            hashes = None if answer is None else parcels.hashes_in(answer, count)
        except NotWritten:
            raise
        except Exception as error:  # what it said can't be relied on: the log can
            raise LogWriterLost(self._lose(f"it gives no answer: {error}")) from error
        if hashes is None:
            raise LogWriterLost(self._lose("it has ended"))
        return hashes

    def close(self) -> None:
        """Tell it to end, which it does once it has written what it was sent, and wait; one that takes too long is killed."""
        self._greeted = False
        if self._way is not None:
            self._way.close()
            self._way = None
        process, self._process = self._process, None
        if process is not None:
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self) -> None:
        command = [sys.executable, "-I", "-c", _PROGRAM, json.dumps(sys.path)]
        self._used = self._seconds()
        try:
            ours, theirs = socket.socketpair()
            with theirs:
                self._way = ours
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    [*command, str(theirs.fileno()), str(self._database)],
                    pass_fds=(theirs.fileno(), self._lock()),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self._lose(f"it can't be started: {error}")
        else:
            _LOG.info("a log writer is started, for this is a burst", pid=self.pid)

    def _hear_greeting(self, way: socket.socket) -> bool:
        """Tell whether it says that it is ready, without waiting for that."""
        try:
            way.settimeout(0)
            way.recv(1, socket.MSG_PEEK)
            way.settimeout(self._patience)
            greeting = parcels.receive(way)
        except BlockingIOError:
            return False
        except OSError:
            greeting = None
        if greeting != self._code:
            self._lose("it ended before it was ready" if greeting is None else "it is of another version")
            return False
        self._used = self._seconds()
        return True

    def _lose(self, why: str) -> str:
        """End what is left of it, so that it writes nothing any more, and start none for a while; return what happened."""
        pid = self.pid
        if self._process is not None:
            self._process.kill()
        self.close()
        self._not_before = self._seconds() + _PAUSE
        _LOG.warning("the log writer is lost, and the journal writes alone", pid=pid, problem=why)
        return f"the log writer is lost: {why}"
