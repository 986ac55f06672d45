"""The store, opened from a URL: the journal to write with and the records to read from."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from bot.domain.clock import Clock
from bot.errors import ConfigurationError
from bot.persistence.committer import Committer
from bot.persistence.database import Database, open_database
from bot.persistence.journal import BatchingJournal, JournalObserver
from bot.persistence.migrate import revision_of, revisions
from bot.persistence.reader import Records


@dataclass(frozen=True, slots=True)
class Store:
    """An open store."""

    journal: BatchingJournal
    records: Records
    database: Database

    async def close(self) -> None:
        """Finish what waits, and let go of the database."""
        await self.journal.close()
        self.database.close()


async def open_store(
    url: str,
    clock: Clock,
    *,
    max_batch: int = 512,
    max_waiting: int = 10_000,
    observer: JournalObserver | None = None,
) -> Store:
    """Open the store at a URL, tables up to date, as the one that writes.

    ConfigurationError when the URL can't be used, another process writes there, or newer code has changed the tables.
    """
    database = open_database(url)
    journal = BatchingJournal(
        Committer(database, clock), max_batch=max_batch, max_waiting=max_waiting, observer=observer
    )
    try:
        await journal.start()
    except BaseException:  # the database is let go of, whatever it was; raised again
        database.close()
        raise
    return Store(journal, Records(database), database)


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
        reason = str(error.orig).strip().splitlines()[0]
        raise ConfigurationError(f"the database {database.place} can't be read: {reason}") from error
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


def rebuild_store(url: str, clock: Clock) -> int:
    """Make every projection anew from the log and return how many events there were; ConfigurationError while a Fireline writes there."""
    database = open_database(url)
    committer = Committer(database, clock)
    try:
        committer.open()
        return committer.rebuild()
    finally:
        committer.close()
        database.close()
