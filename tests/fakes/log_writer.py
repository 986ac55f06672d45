"""A store whose log writer is up: every append, or every few in a row, goes through a second process."""

from __future__ import annotations

import asyncio

from bot.domain.clock import Clock
from bot.domain.ids import SYSTEM
from bot.domain.nouns import FIRELINE
from bot.persistence.log_writer import LogWriter
from bot.persistence.store import Store, open_store


def log_writer_of(store: Store) -> LogWriter:
    """Return a store's end of its log writer."""
    bursts = store.journal._committer._bursts
    assert bursts is not None
    return bursts._log_writer


async def open_with_log_writer(url: str, clock: Clock, *, many: int = 1) -> Store:
    """Open a store, and return once its log writer can be given work; nothing is written."""
    store = await open_store(url, clock, many=many)
    async with asyncio.timeout(20):
        while not log_writer_of(store)._greeted:
            nothing = (store.journal.append(SYSTEM, FIRELINE, []) for _ in range(many))
            await asyncio.gather(*nothing)
            await asyncio.sleep(0.02)
    return store
