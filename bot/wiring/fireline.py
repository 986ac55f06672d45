"""A running Fireline: its parts, and the order in which they start and stop. `assembly` makes it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from bot import __version__
from bot.chat.identity import Identity
from bot.chat.surface import ChatSurface
from bot.crashpoints import CrashPoint, reached
from bot.domain.clock import Clock
from bot.domain.facts import LeadTaken, ProcessStarted
from bot.domain.ids import SYSTEM, IncidentId, incident_stream
from bot.domain.nouns import FIRELINE, Actor, ActorKind, DeadKind
from bot.domain.ports import Journal, Reader, Transaction
from bot.engine.driver import Driver
from bot.evidence.redaction import Redactor
from bot.incidents.dead_letters import bring_back, put_all_back
from bot.incidents.desk import Desk
from bot.incidents.dispatch import Dispatcher
from bot.incidents.foreseen import Foresight
from bot.incidents.intake import Intake
from bot.incidents.relay import Collector
from bot.incidents.reminders import Reminders
from bot.incidents.silencer import Silencer
from bot.incidents.timekeeper import Timekeeper
from bot.incidents.usher import Usher
from bot.persistence.evidence_files import EvidenceFiles
from bot.persistence.lead import Lead
from bot.persistence.store import Store
from bot.postmortem.write import Written, draft_postmortem
from bot.schedule.bells import Bells
from bot.settings import Settings
from bot.telemetry import Metrics
from bot.wiring.library import Shelf
from bot.wiring.upkeep import Upkeep
from integrations.transport import Transport

_LOG = structlog.get_logger(__name__)
_OF_RUNBOOKS = frozenset({DeadKind.ALERT, DeadKind.SCHEDULE})
"""What is tried again whenever the runbooks are read: that is what mends it, if anything does."""


class Desks(Protocol):
    """Makes desks: cheap to call, one a command."""

    def __call__(self, journal: Journal, workspace: str = "") -> Desk:
        """Return a desk over a journal for the people of a chat workspace; without one, for those who see everything."""
        ...


@dataclass(slots=True, kw_only=True)
class Fireline:
    """Everything that runs, for those who start it and for tests that look inside."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    store: Store
    shelf: Shelf
    driver: Driver
    alarm: Bells
    dispatcher: Dispatcher
    usher: Usher
    timekeeper: Timekeeper
    reminders: Reminders
    intake: Intake
    desk: Desks
    evidence: EvidenceFiles
    redactor: Redactor
    transport: Transport
    silencer: Silencer | None = None
    chat: ChatSurface = field(init=False)
    collector: Collector = field(init=False)
    recovered: bool = False
    upkeep: Upkeep = field(default_factory=Upkeep)

    async def draft(self, incident: IncidentId, by: Actor) -> Written:
        """Draft an incident's postmortem, with people's names as chat knows them."""
        # Without chat there is nobody to ask, and nobody outside to be told who our people are.
        for user in await asyncio.to_thread(self._people_of, incident) if self.chat.on else ():
            await self._identity_of(incident).learn(user)
        return await draft_postmortem(
            self.store.journal,
            self.store.records,
            incident,
            self.settings.data_dir / "postmortems",
            by=by,
            names=self._identity_of(incident).names(),
            redact=self.redactor.redact,
        )

    def _identity_of(self, incident: IncidentId) -> Identity:
        record = self.store.records.incident(incident)
        return self.chat.identity_of(record.workspace if record is not None else "")

    def _people_of(self, incident: IncidentId) -> set[str]:
        events = self.store.records.events(stream=incident_stream(incident))
        return {event.actor.id for event in events if event.actor.kind is ActorKind.PERSON}

    def foresight(self, reader: Reader | None = None) -> Foresight:
        """Make what tells people which runbooks they may start, and what a run would do; `reader` has what is there for them."""
        return Foresight(
            reader or self.store.records,
            runbooks=self.shelf.runbooks,
            catalogue=self.shelf.catalogue,
            variables=self.settings.vars,
        )

    def names(self) -> Mapping[str, str]:
        """Return people's names by id, as far as chat has told them."""
        return self.chat.names()

    async def reload(self) -> None:
        """Read the runbooks anew, and route again what had waited for them."""
        fact = self.shelf.load(self.clock.now().date())

        def unit(tx: Transaction) -> None:
            tx.append(SYSTEM, FIRELINE, [fact])
            put_all_back(tx, _OF_RUNBOOKS, "the runbooks were read anew")
            for book in self.shelf.runbooks():
                # A run inside another may name this version before it begins: by then the file may say something else.
                tx.keep_runbook(book.digest, book.name, book.source)

        await self.store.journal.submit(unit)
        await self.timekeeper.runbooks_changed(whole=not fact.refused)
        self.dispatcher.runbooks_changed()
        _LOG.info("runbooks loaded", runbooks=len(fact.digests), refused=fact.refused)

    async def start(self) -> None:
        """Take up what the log leaves unfinished, then let new work in."""
        host, pid = socket.gethostname(), os.getpid()
        started = ProcessStarted(version=__version__, host=host, pid=pid)
        await self.store.journal.append(SYSTEM, FIRELINE, [started, _taken(self.store.lead, host, pid)])
        await self.reload()
        await asyncio.to_thread(self.evidence.sweep)
        self.alarm.start()
        taken_up = await self.driver.recover()
        await bring_back(self.store.journal, self.store.records, self.driver)
        reached(CrashPoint.RECOVERY_ENDED)
        self.upkeep.keep("the dispatcher", self.dispatcher.run)
        self.upkeep.keep("the usher", self.usher.run)
        self.upkeep.keep("the timekeeper", self.timekeeper.run)
        self.upkeep.keep("the reminders", self.reminders.run)
        if self.silencer is not None:
            self.upkeep.keep("the silencer", self.silencer.run)
        await self.chat.start()
        if self.store.lease is not None:  # on SQLite nobody stands by
            self.upkeep.keep("the collector", self.collector.run)
        self.recovered = True
        _LOG.info("fireline is up", version=__version__, runs_taken_up=taken_up)

    async def stop(self) -> None:
        """Let running steps end for a while, then put everything down; the log has all that the next start needs."""
        self.alarm.stop()
        await self.chat.stop()
        await self.upkeep.stop()
        await self.driver.stop(self.settings.engine.shutdown_grace.total_seconds())
        await self.transport.close()
        await self.store.close()


def _taken(lead: Lead, host: str, pid: int) -> LeadTaken:
    """Say who leads from now on, and after whom."""
    before = lead.before
    if before is None:
        return LeadTaken(term=lead.term, host=host, pid=pid, how="first")
    how = "handed over" if before.released else "took over"
    return LeadTaken(term=lead.term, host=host, pid=pid, how=how, before=f"pid {before.pid} on {before.host}")
