"""The use cases over a real store: intake, dispatcher and desk, with runs that are only remembered and a clock that is moved."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.domain.events import Event
from bot.domain.facts import AlertSeen, Fact, RunFinished
from bot.domain.ids import INTAKE, AlertKey, IncidentId, RunId, incident_of_run, incident_stream
from bot.domain.nouns import FIRELINE, RunStatus
from bot.domain.records import AlertRecord, RunRecord
from bot.incidents.desk import Desk
from bot.incidents.dispatch import Dispatcher
from bot.incidents.foreseen import Foresight
from bot.incidents.intake import Intake
from bot.incidents.silencer import Silencer
from bot.incidents.timekeeper import Timekeeper
from bot.incidents.usher import Usher
from bot.persistence.store import Store
from bot.runbook.model import Runbook
from tests.fakes.alertmanager import FakeAlertmanager
from tests.fakes.alerts import NOON
from tests.fakes.catalogue import CATALOGUE
from tests.fakes.idle_runs import IdleRuns
from tests.fakes.store import MovedClock, open_test_store

VARIABLES: dict[str, Any] = {"region": "eu"}


@dataclass(slots=True)
class Bell:
    """An alarm that only remembers what it is set to."""

    set_to: datetime | None = None

    def wake_at(self, instant: datetime | None) -> None:
        """Remember it."""
        self.set_to = instant


@dataclass(slots=True)
class Office:
    """Everything that the use cases need, in one place."""

    store: Store
    clock: MovedClock
    runs: IdleRuns = field(default_factory=IdleRuns)
    books: list[Runbook] = field(default_factory=list)
    dispatcher: Dispatcher = field(init=False)
    usher: Usher = field(init=False)
    timekeeper: Timekeeper = field(init=False)
    bell: Bell = field(default_factory=Bell)
    intake: Intake = field(init=False)
    alertmanager: FakeAlertmanager = field(default_factory=FakeAlertmanager)
    silencer: Silencer = field(init=False)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        counter = itertools.count(1)
        tokens: Callable[[], str] = lambda: f"token-{next(counter)}"  # noqa: E731 - typed
        self.dispatcher = Dispatcher(
            self.store.journal,
            self.runs,
            runbooks=lambda: self.books,
            clock=self.clock,
            tokens=tokens,
            variables=VARIABLES,
        )
        self.store.journal.listen(self.dispatcher.watch)
        self.usher = Usher(self.store.journal, self.runs)
        self.store.journal.listen(self.usher.watch)
        self.timekeeper = Timekeeper(
            self.store.journal,
            self.runs,
            runbooks=lambda: self.books,
            clock=self.clock,
            alarm=self.bell,
            tokens=tokens,
            variables=VARIABLES,
        )
        self.store.journal.listen(self.timekeeper.watch)
        self.intake = Intake(self.store.journal, wake=self.dispatcher.wake)
        self.silencer = self.new_silencer()
        self.desk = Desk(
            self.store.journal,
            self.store.records,
            self.runs,
            runbook=lambda name: next((each for each in self.books if each.name == name), None),
            tokens=tokens,
            variables=VARIABLES,
            silencer=self.silencer,
        )

    def new_silencer(self) -> Silencer:
        """Make a silencer as the process that starts next would: it knows nothing but the log."""
        counter = itertools.count(1)
        return Silencer(
            self.store.journal,
            self.store.records,
            self.alertmanager,
            clock=self.clock,
            tokens=lambda: f"silence-{next(counter)}",
            pause=lambda _tries: 0.001,
        )

    def foresight(self) -> Foresight:
        """Make what tells which runbooks people may start, and what a run would do."""
        return Foresight(
            self.store.records, runbooks=lambda: self.books, catalogue=CATALOGUE, variables=VARIABLES
        )

    async def finish(self, run: str, status: RunStatus = RunStatus.SUCCEEDED) -> None:
        """End a run, and let who is next begin."""
        stream = incident_stream(incident_of_run(RunId(run)))
        await self.store.journal.append(stream, FIRELINE, [RunFinished(run=RunId(run), status=status)])
        await self.usher.drain()

    def run_of(self, run: str) -> RunRecord:
        """What the store says of a run."""
        record = self.store.records.run(RunId(run))
        assert record is not None
        return record

    def facts(self, incident: int | None = None) -> list[Fact]:
        """What stands in an incident's stream, or in the intake's."""
        stream = INTAKE if incident is None else incident_stream(IncidentId(incident))
        return [each.fact for each in self.store.records.events(stream=stream)]

    def events(self, incident: int) -> list[Event]:
        """An incident's events."""
        return list(self.store.records.events(stream=incident_stream(IncidentId(incident))))

    def kinds(self, incident: int | None = None) -> list[str]:
        """The kinds of those facts."""
        return [each.KIND for each in self.facts(incident)]

    def alert(self, seen: AlertSeen) -> AlertRecord:
        """What the store says of an alert."""
        key: AlertKey = seen.key
        return self.store.records.alerts([key])[key]


async def open_office(folder: Path, *books: Runbook) -> Office:
    """Open one in a folder; close its store in the end."""
    clock = MovedClock(NOON)
    return Office(store=await open_test_store(folder, clock), clock=clock, books=list(books))
