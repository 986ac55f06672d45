"""The rooms of a process that stands by, on Postgres: it watches who leads, takes in what comes for the leader, and shows what is on record.

It conducts nothing, posts nothing, runs no schedule and opens no line to Slack: those rooms are made when it leads, and not before.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.domain.ids import StreamId
from bot.domain.nouns import Actor
from bot.domain.ports import Transaction
from bot.errors import JournalError
from bot.incidents.relay import Relay, Thing
from bot.persistence.database import open_database
from bot.persistence.evidence_files import EvidenceFiles
from bot.persistence.reader import Records
from bot.persistence.standby import Keeper, Sight, Watch
from bot.wiring.grounds import Grounds

_LOG = structlog.get_logger(__name__)
LOOK = 0.5
"""Seconds between two looks at who leads."""
T = TypeVar("T")


class Standby:
    """Stands by from its making until `close`."""

    def __init__(self, grounds: Grounds) -> None:
        self.grounds = grounds
        self._database = open_database(grounds.settings.database)
        self._watch = Watch(self._database)
        self._keeper = Keeper(self._database, grounds.clock)
        self.records = Records(self._database)
        self.evidence = EvidenceFiles(grounds.settings.evidence_dir)
        self.relay = Relay(self._keep)
        self.sight = Sight(trouble="nothing was seen of the database yet")
        self._looked = time.monotonic()

    async def until_free(self) -> None:
        """Watch until the lead is free to be tried for."""
        while True:
            seen = await asyncio.to_thread(self._watch.look)
            self._tell(self.sight, seen)
            self.sight, self._looked = seen, time.monotonic()
            if seen.free:
                return
            await asyncio.sleep(LOOK)

    @property
    def blind_for(self) -> float:
        """For how many seconds nobody has looked who leads; 0 while this process takes the lead itself."""
        return 0.0 if self.sight.free else time.monotonic() - self._looked

    async def rest(self) -> None:
        """Watch no more: this process leads. What is still at its door is kept all the same."""
        await asyncio.to_thread(self._watch.close)

    async def close(self) -> None:
        """Let go of the database; nothing waits to be written any more, because nobody asks any more."""
        await asyncio.to_thread(self._watch.close)
        await asyncio.to_thread(self._keeper.close)
        self._database.close()

    def _keep(self, things: Sequence[Thing]) -> None:
        self._keeper.keep(things)
        for kind, _ in things:
            self.grounds.metrics.relay_kept.labels(kind).inc()

    def _tell(self, before: Sight, now: Sight) -> None:
        """Say in the log what is another than it was."""
        if now.trouble and now.trouble != before.trouble:
            _LOG.warning("standing by, and in trouble", trouble=now.trouble)
        elif before.trouble and not now.trouble:
            _LOG.info("standing by", leader=str(now.leader or "nobody yet"))
        elif now.leader is not None and (before.leader is None or before.leader.term != now.leader.term):
            _LOG.info("standing by for another leader", leader=str(now.leader))
        if now.free:
            _LOG.warning("the lead is free: trying to take it", before=str(now.leader or "nobody"))


class NoJournal:
    """The journal of a process that stands by: it refuses, and says who to ask."""

    def __init__(self, standby: Standby) -> None:
        self._standby = standby

    async def submit(self, unit: Callable[[Transaction], T]) -> T:  # noqa: ARG002 - the port's signature
        """Refuse."""
        raise JournalError(self._why())

    async def append(self, stream: StreamId, actor: Actor, facts: Sequence[Fact]) -> Sequence[Event]:  # noqa: ARG002 - the port's signature
        """Refuse."""
        raise JournalError(self._why())

    @property
    def waiting(self) -> int:
        """Nothing ever waits."""
        return 0

    def listen(self, listener: Callable[[Sequence[Event]], None]) -> None:
        """Do nothing: no event comes from here."""

    def _why(self) -> str:
        return f"this process stands by; the one that leads is {self._standby.sight.leader or 'not known'}"
