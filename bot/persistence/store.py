"""The store, opened from a URL: the journal to write with and the records to read from."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.clock import Clock
from bot.persistence.committer import Committer
from bot.persistence.database import Database, open_database
from bot.persistence.journal import BatchingJournal, JournalObserver
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
    except BaseException:
        database.close()
        raise
    return Store(journal, Records(database), database)
