"""A workshop for the driver: a real store, scripted actions, an alarm that is rung by hand, and a clock that is moved.

`Workshop.crash()` drops the driver as a kill would, without a goodbye, and `restart()` starts another over the same log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.actions.contract import Action, Catalogue, Effect
from bot.actions.nested import SPEC
from bot.domain.facts import Fact, IncidentOpened
from bot.domain.ids import Digest, IncidentId, RunId, incident_stream
from bot.domain.nouns import FIRELINE, Actor, RunStatus, Severity
from bot.domain.ports import Transaction
from bot.engine.conductor import Plan
from bot.engine.driver import Driver
from bot.engine.guards import Guards, Rules
from bot.engine.performer import Performer
from bot.engine.starting import incident_scope, scope_of, start_run
from bot.errors import RunbookError
from bot.persistence.evidence_files import EvidenceFiles
from bot.persistence.store import Store
from bot.runbook.model import Runbook
from tests.fakes.actions import FakeSecrets, ScriptedAction
from tests.fakes.store import MovedClock, open_test_store

PATIENCE = 10.0


@dataclass
class HandAlarm:
    """An alarm that only remembers when it should ring."""

    at: datetime | None = None

    def wake_at(self, instant: datetime | None) -> None:
        """Remember."""
        self.at = instant


@dataclass
class Workshop:
    """One store, one driver at a time. `actions` are `look` (a read) and `push` (an effect that can't be repeated), `more` others."""

    folder: Path
    store: Store
    clock: MovedClock
    look: ScriptedAction = field(
        default_factory=lambda: ScriptedAction("look", effect=Effect.READ, repeatable=True)
    )
    push: ScriptedAction = field(default_factory=lambda: ScriptedAction("push"))
    alarm: HandAlarm = field(default_factory=HandAlarm)
    books: dict[Digest, Runbook] = field(default_factory=dict)
    in_force: dict[str, Runbook] = field(default_factory=dict)
    more: dict[str, Action] = field(default_factory=dict)
    known: str = "a known secret"
    rules: Rules = field(default_factory=Rules)
    guards: Guards = field(init=False)
    driver: Driver = field(init=False)

    def __post_init__(self) -> None:
        self.driver = self._new_driver()

    def _new_driver(self) -> Driver:
        actions: dict[str, Action] = {"look": self.look, "push": self.push, **self.more}
        catalogue = Catalogue((SPEC, *(action.spec for action in actions.values())))

        def plan_of(digest: Digest) -> Plan:
            if digest not in self.books:
                raise RunbookError("it is gone")
            return Plan(runbook=self.books[digest], catalogue=catalogue, books=self.in_force.get)

        self.guards = Guards(self.rules)
        return Driver(
            journal=self.store.journal,
            reader=self.store.records,
            clock=self.clock,
            performer=Performer(
                actions=actions,
                secrets=FakeSecrets(),
                captures=EvidenceFiles(self.folder / "evidence").capture,
                version="0",
                chance=lambda: 1.0,
                hide=lambda text: text.replace(self.known, "***"),
            ),
            plan_of=plan_of,
            alarm=self.alarm,
            retry_pause=lambda _tries: 0.01,
            guards=self.guards,
        )

    def put_in_force(self, *runbooks: Runbook) -> None:
        """Let runs find runbooks by their names."""
        for runbook in runbooks:
            self.books[runbook.digest] = self.in_force[runbook.name] = runbook

    async def begin(
        self, runbook: Runbook, inputs: Mapping[str, Any] | None = None, *, by: Actor | None = None
    ) -> RunId:
        """Open an incident, start a run of a runbook in it, and take it up."""
        self.books[runbook.digest] = runbook

        def unit(tx: Transaction) -> RunId:
            incident = tx.next_incident()
            opened = IncidentOpened(incident=incident, title="Test", severity=Severity.SEV2)
            tx.append(incident_stream(incident), FIRELINE, [opened])
            record = tx.incident(incident)
            assert record is not None
            run = tx.next_run(incident)
            started = start_run(
                runbook=runbook,
                run=run,
                inputs=inputs or {},
                scope=scope_of(incident=incident_scope(record), variables={}),
                requested_by=by,
                seed=f"seed-{run}",
                now=tx.now,
            )
            tx.append(incident_stream(incident), FIRELINE, [started])
            return run

        run = await self.store.journal.submit(unit)
        await self.driver.take_up(run)
        return run

    async def crash(self) -> None:
        """Stop the driver as a kill would: what runs is dropped, and nobody writes how it ended."""
        await self.driver.stop(0)

    async def restart(self) -> int:
        """Start another driver over the same log; return how many runs it took up."""
        self.driver = self._new_driver()
        return await self.driver.recover()

    async def wait(self, **by: float) -> None:
        """Move the clock and ring the alarm, as it would."""
        self.clock.move(**by)
        await self.driver.tick()

    async def until(self, look: Callable[[], object], what: str = "it") -> None:
        """Let the loop go on until something is so."""
        async with asyncio.timeout(PATIENCE):
            while not look():
                await asyncio.sleep(0.002)
        assert look(), what

    async def ended(self, run: RunId) -> RunStatus:
        """Wait for a run's end and return how it ended."""
        await self.until(lambda: self.status(run) is not RunStatus.RUNNING, f"run {run} to end")
        return self.status(run)

    def status(self, run: RunId) -> RunStatus:
        """Return how a run stands."""
        record = self.store.records.run(run)
        assert record is not None
        return record.status

    def facts(self, kind: type[Fact], incident: int = 1) -> list[Any]:
        """Return every fact of a kind in an incident's stream."""
        events = self.store.records.events(stream=incident_stream(IncidentId(incident)))
        return [event.fact for event in events if isinstance(event.fact, kind)]

    def kinds(self, incident: int = 1) -> Iterable[str]:
        """Return the kinds of an incident's events, in order."""
        return [
            event.kind for event in self.store.records.events(stream=incident_stream(IncidentId(incident)))
        ]

    async def close(self) -> None:
        """Stop everything."""
        await self.driver.stop(0)
        await self.store.close()


async def open_workshop(folder: Path, *more: Action) -> Workshop:
    """Open a workshop in a folder, with more actions than its own."""
    clock = MovedClock()
    store = await open_test_store(folder, clock)
    return Workshop(folder=folder, store=store, clock=clock, more={each.spec.name: each for each in more})
