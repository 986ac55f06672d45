"""The engine on a bed: driver, conductor, performer, journal and projections over a real store, and an action that does nothing.

    python -m tests.benchmarks.engine_bed saturated URL FOLDER AT_ONCE SECONDS      so many runs at once, begun anew as they end
    python -m tests.benchmarks.engine_bed single URL FOLDER RUNS                    one run after the other

Prints one JSON object. A process of its own, as each rival's is: `tests/benchmarks/rivals`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from pydantic import Field

from bot.actions.contract import ActionSpec, Call, Catalogue, Effect, Inputs
from bot.actions.outcome import Outcome, Succeeded
from bot.domain.clock import SystemClock
from bot.domain.events import Event
from bot.domain.facts import CallSucceeded, IncidentOpened, RunFinished
from bot.domain.ids import IncidentId, RunId, incident_of_run, incident_stream, run_id
from bot.domain.nouns import FIRELINE, Severity
from bot.domain.ports import Transaction
from bot.engine.conductor import Plan
from bot.engine.driver import Driver
from bot.engine.guards import Guards, Rules
from bot.engine.performer import Performer
from bot.engine.starting import scope_of, start_run
from bot.persistence.evidence_files import EvidenceFiles
from bot.persistence.log_writer import MANY
from bot.persistence.store import Store, open_store
from bot.runbook.load import load_good
from bot.runbook.model import Runbook
from bot.telemetry import Metrics
from bot.wiring.interpreter import settle_in
from bot.wiring.watching import CountEvents
from tests.benchmarks.processes import worked
from tests.fakes.actions import FakeSecrets
from tests.fakes.workshop import HandAlarm

STEPS = 5
AT_ONCE = 1000
"""How many calls the gate lets run at a time: more than any bed has runs."""
OUTPUT = {"value": 1}


class NothingInputs(Inputs):
    """What the action takes."""

    value: int = Field(default=0, description="A number.")


class Nothing:
    """An action that does nothing, and remembers when it was first called for a run."""

    spec = ActionSpec(
        name="bench.nothing", summary="Do nothing.", effect=Effect.READ, repeatable=True, inputs=NothingInputs
    )

    def __init__(self) -> None:
        self.first: dict[RunId, float] = {}

    async def run(self, _inputs: NothingInputs, call: Call) -> Outcome:
        """Do it."""
        self.first.setdefault(call.run, time.perf_counter())
        return Succeeded(output=OUTPUT)


@dataclass
class Bed:
    """A store with a driver over it; `ended` has who waits for a run's end."""

    store: Store
    driver: Driver
    runbook: Runbook
    action: Nothing
    steps: int = 0
    ended: dict[RunId, asyncio.Future[None]] = field(default_factory=dict)

    def heard(self, events: Sequence[Event]) -> None:
        """Count what became durable."""
        for event in events:
            fact = event.fact
            if type(fact) is CallSucceeded:
                self.steps += 1
            elif type(fact) is RunFinished:
                waiting = self.ended.pop(fact.run, None)
                if waiting is not None:
                    waiting.set_result(None)

    async def open_incidents(self, count: int) -> list[IncidentId]:
        """Open so many incidents."""
        return [await self.store.journal.submit(_open_incident) for _ in range(count)]

    async def one(self, run: RunId) -> None:
        """Start a run and see it end."""
        fact = start_run(
            runbook=self.runbook,
            run=run,
            inputs={},
            scope=scope_of(incident={"number": 1, "title": "Nothing"}, variables={}),
            requested_by=None,
            seed=f"seed-{run}",
            now=datetime.now(UTC),
        )
        ended = self.ended[run] = asyncio.get_running_loop().create_future()
        await self.store.journal.append(incident_stream(incident_of_run(run)), FIRELINE, [fact])
        await self.driver.take_up(run)
        await ended


def _open_incident(tx: Transaction) -> IncidentId:
    incident = tx.next_incident()
    opened = IncidentOpened(incident=incident, title="Nothing", severity=Severity.SEV4)
    tx.append(incident_stream(incident), FIRELINE, [opened])
    return incident


def nothing_runbook(catalogue: Catalogue, **more: Any) -> Runbook:
    """Load the runbook: five steps, one after the other."""
    written = {
        "apiVersion": "fireline/v1",
        "name": "five-steps",
        "title": "Nothing",
        "owner": "bench",
        "severity": "SEV4",
        "autonomy": "auto",
        "on": {"command": True},
        "steps": [
            {"id": f"step_{n}", "uses": "bench.nothing", "with": {"value": n}} for n in range(1, STEPS + 1)
        ],
        **more,
    }
    return load_good(json.dumps(written, indent=1), "runbooks/five-steps.yaml", catalogue)


async def open_bed(url: str, folder: Path, **more: Any) -> Bed:
    """Open a store and a driver over it, joined as `bot.wiring` joins them."""
    metrics = Metrics(version="bench")
    counting = CountEvents(metrics)
    store = await open_store(url, SystemClock(), observer=counting, room=True, many=MANY)
    counting.begin(runs=0, waiting=lambda: store.journal.waiting)
    store.journal.listen(counting)
    action = Nothing()
    catalogue = Catalogue((action.spec,))
    runbook = nothing_runbook(catalogue, **more)
    plan = Plan(runbook=runbook, catalogue=catalogue)
    driver = Driver(
        journal=store.journal,
        reader=store.records,
        clock=SystemClock(),
        performer=Performer(
            actions={action.spec.name: action},
            secrets=FakeSecrets(),
            captures=EvidenceFiles(folder / "evidence").capture,
            version="bench",
            chance=random.random,
        ),
        plan_of=lambda _digest: plan,
        alarm=HandAlarm(),
        retry_pause=lambda _tries: 0.1,
        guards=Guards(Rules(max_running=AT_ONCE)),
    )
    bed = Bed(store=store, driver=driver, runbook=runbook, action=action)
    store.journal.listen(bed.heard)
    settle_in()
    return bed


async def saturated(url: str, folder: Path, at_once: int, seconds: float) -> dict[str, float]:
    """Keep so many runs under way; return the steps a second, and the seconds of processor time that one took."""
    bed = await open_bed(url, folder)
    incidents = await bed.open_incidents(at_once)
    stop = False

    async def keep_one(incident: IncidentId) -> None:
        for ordinal in itertools.count(1):
            if stop:
                return
            await bed.one(run_id(incident, ordinal))

    working = [asyncio.create_task(keep_one(each)) for each in incidents]
    await asyncio.sleep(min(1.0, seconds / 4))
    began, before, then = time.perf_counter(), worked(os.getpid()), bed.steps
    await asyncio.sleep(seconds)
    steps = bed.steps - then
    rates = {
        "steps": steps / (time.perf_counter() - began),
        "cpu": (worked(os.getpid()) - before) / steps,
    }
    stop = True
    await asyncio.gather(*working)
    await bed.driver.stop(1)
    await bed.store.close()
    return rates


async def single(url: str, folder: Path, runs: int) -> dict[str, list[float]]:
    """Run one after the other; return the seconds from the ask to the first step, and to the end."""
    bed = await open_bed(url, folder)
    (incident,) = await bed.open_incidents(1)
    first, whole = [], []
    for ordinal in range(1, runs + 1):
        run = run_id(incident, ordinal)
        began = time.perf_counter()
        await bed.one(run)
        whole.append(time.perf_counter() - began)
        first.append(bed.action.first[run] - began)
    await bed.driver.stop(1)
    await bed.store.close()
    return {"first": first, "whole": whole}


def main(arguments: Sequence[str]) -> object:
    """Measure what was asked for."""
    what, url, folder, *numbers = arguments
    if what == "saturated":
        return uvloop.run(saturated(url, Path(folder), int(numbers[0]), float(numbers[1])))
    return uvloop.run(single(url, Path(folder), int(numbers[0])))


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))  # noqa: T201 - its output
