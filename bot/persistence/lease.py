"""The leader's signs of life, on Postgres: a heartbeat from a thread and a connection of its own.

A journal that is busy, or waits for a slow disk, is alive; only a process that sleeps, or can't reach the server, gives no sign. Whoever stands by
takes over after `LEASE` seconds without one; so for a shorter time than that after each, nobody else can lead, and `sure` says so. What this
thread finds out last (that another process leads) it tells through the lead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import LeadLost
from bot.persistence.database import Database
from bot.persistence.lead import SessionLead

BEAT = 1.0
"""Seconds between two signs of life."""
LEASE = 6.0
"""Seconds without a sign of life after which whoever stands by takes over."""
SURE = LEASE - 1.0
"""Seconds after a sign of life for which its giver may rely on leading."""


def since_boot() -> float:
    """Return seconds on a clock that goes on while the process, or the whole machine, sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


class Lease:
    """Keeps a lead alive from `start` to `stop`.

    `unlocked` is called, from the thread, when the journal has lost its session and does not know yet, because it has nothing to write.
    """

    def __init__(
        self,
        database: Database,
        lead: SessionLead,
        *,
        unlocked: Callable[[], None] = lambda: None,
        seconds: Callable[[], float] = since_boot,
    ) -> None:
        # Each sign is a statement that commits by itself: a process that falls asleep in the middle of a transaction would keep the row locked,
        # and with it the way of whoever takes over.
        self._engine = database.writing.execution_options(isolation_level="AUTOCOMMIT")
        self._lead = lead
        self._unlocked = unlocked
        self._seconds = seconds
        self._given = seconds()
        self._connection: Connection | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="fireline-lease", daemon=True)

    def start(self) -> None:
        """Begin to give signs of life."""
        self._thread.start()

    def stop(self) -> None:
        """Give none any more."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(timeout=BEAT)

    @property
    def sure(self) -> bool:
        """Whether no other process can lead at this instant."""
        return not self._lead.lost and self._seconds() - self._given < SURE

    def _keep(self) -> None:
        while not self._ending.wait(BEAT):
            try:
                self._give_sign()
            except LeadLost:
                break
            except SQLAlchemyError:
                self._let_go()  # the server is away, or has ended the session: the next sign has a connection of its own
        self._let_go()

    def _give_sign(self) -> None:
        began = self._seconds()
        if self._connection is None:
            self._connection = self._engine.connect()
        self._lead.beat(self._connection)
        self._given = began
        if not self._lead.is_locked(self._connection):
            self._unlocked()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()
