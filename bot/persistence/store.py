"""The store, opened from a URL: the journal to write with and the records to read from."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from bot.domain.clock import Clock
from bot.errors import ConfigurationError, JournalError
from bot.persistence.committer import Committer
from bot.persistence.database import Database, open_database
from bot.persistence.journal import BatchingJournal, JournalObserver
from bot.persistence.lead import Lead, SessionLead
from bot.persistence.lease import Lease
from bot.persistence.migrate import revision_of, revisions
from bot.persistence.outcomes import reason
from bot.persistence.reader import Records
from bot.persistence.workspace_reader import WorkspaceRecords

_LOOK = 0.05


@dataclass(frozen=True, slots=True)
class Store:
    """An open store, and the right to write it; `lease` keeps that right where it can be lost: on Postgres."""

    journal: BatchingJournal
    records: Records
    database: Database
    lead: Lead
    lease: Lease | None

    def records_of(self, workspace: str, *, home: bool) -> Records:
        """Return the reader of those who serve one chat workspace; of all there is where it has no name, because it is the only one."""
        return WorkspaceRecords(self.database, workspace, home=home) if workspace else self.records

    async def surely_leading(self) -> None:
        """Return once no other process can lead: at once, but for one that slept or has not reached its database for a while."""
        while self.lease is not None and not self.lease.sure:  # noqa: ASYNC110 - a thread keeps it, and sets nothing on this loop
            await asyncio.sleep(_LOOK)

    async def close(self) -> None:
        """Finish what waits, give the lead up, and let go of the database."""
        if self.lease is not None:
            await asyncio.to_thread(self.lease.stop)
        await self.journal.close()
        self.database.close()


async def open_store(  # noqa: PLR0913 - each is a setting of its own
    url: str,
    clock: Clock,
    *,
    max_batch: int = 512,
    max_waiting: int = 10_000,
    observer: JournalObserver | None = None,
    on_lost: Callable[[str], None] = lambda _why: None,
    room: bool = False,
    many: int | None = None,
) -> Store:
    """Open the store at a URL, tables up to date, as the one that writes.

    `on_lost` is called once, from any thread, when another process has taken the lead (Postgres alone). `room` and `many` are for a process that will
    write for long, on SQLite: its write-ahead log gets its usual size at once, and so many appends in a row are written by a process of their own.
    ConfigurationError when the URL can't be used or newer code has changed the tables; DatabaseInUse when another process writes there.
    """
    database = open_database(url)
    committer = Committer(database, clock, room=room, many=many)
    journal = BatchingJournal(committer, max_batch=max_batch, max_waiting=max_waiting, observer=observer)
    try:
        await journal.start()
    except BaseException:  # the database is let go of, whatever it was; raised again
        database.close()
        raise
    lease = None
    if isinstance(committer.lead, SessionLead):
        committer.lead.on_lost = on_lost
        lease = Lease(database, committer.lead, unlocked=_nudger(journal))
        lease.start()
    return Store(journal, Records(database), database, committer.lead, lease)


def _nudger(journal: BatchingJournal) -> Callable[[], None]:
    """Return what makes an idle journal take its lock again after the server was away, for any thread to call."""
    loop = asyncio.get_running_loop()

    async def nudge() -> None:
        with contextlib.suppress(JournalError):
            await journal.submit(lambda tx: tx.head())

    def call() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone, and the journal with it
            asyncio.run_coroutine_threadsafe(nudge(), loop)

    return call


def open_records(url: str) -> tuple[Records, Database]:
    """Open a store to read alone, beside the process that writes; the caller closes the database.

    ConfigurationError when there is no store, or its tables are not the ones that this code knows.
    """
    database = open_database(url)
    if database.path is not None and not database.path.exists():
        raise ConfigurationError(f"there is no database at {database.path}", hint="`fireline serve` makes it")
    try:
        with database.reading.connect() as connection:
            found = revision_of(connection)
    except DBAPIError as error:
        database.close()
        raise ConfigurationError(
            f"the database {database.place} can't be read: {reason(error)}",
            hint="check its URL, and that it can be reached and read",
        ) from error
    if found is None:
        database.close()
        raise ConfigurationError(
            f"the database {database.place} is empty", hint="`fireline serve` makes its tables"
        )
    if found != revisions()[-1]:
        database.close()
        raise ConfigurationError(
            f"the database is at revision {found}, and this Fireline reads {revisions()[-1]}",
            hint="start the Fireline of this version once, so that it brings the tables up to date",
        )
    return Records(database), database


def rebuild_store(
    url: str, clock: Clock, progress: Callable[[int, int], None] = lambda _of, _all: None
) -> int:
    """Make every projection anew from the log and return how many events there were.

    ConfigurationError while a Fireline writes there, or when there is no store of this version.
    All of it or nothing: who reads meanwhile sees the projections as they were. `progress` is told how many events are done, and of how many.
    """
    _, found = open_records(url)  # what is not there, or is of another version, is told and left alone
    found.close()
    database = open_database(url)
    committer = Committer(database, clock)
    lease = None
    try:
        committer.open()
        if isinstance(committer.lead, SessionLead):
            lease = Lease(database, committer.lead)
            lease.start()
        count, _ = committer.head
        return committer.rebuild(lambda done: progress(done, count))
    finally:
        if lease is not None:
            lease.stop()
        committer.close()
        database.close()
