"""A whole Fireline whose log holds as much as a benchmark asks for: filled here through its own journal, then measured by whoever starts it again.

    python -m tests.benchmarks.house CONFIG waiting RUNS        so many runs, each at an approval
    python -m tests.benchmarks.house CONFIG under-way RUNS      so many runs, each with a call under way
    python -m tests.benchmarks.house CONFIG over EVENTS         runs that have ended, until the log holds so many events
    python -m tests.benchmarks.house CONFIG decide TIMES        takes up what is there, and decides so many approvals, one after the other

What the log holds was decided by the conductor, from the runbooks in `books`. `decide` prints the seconds from each decision to the intent of the
step that it lets go, and of a bare commit beside each, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

from bot.actions.outcome import Succeeded
from bot.domain.events import Event
from bot.domain.facts import CallStarted, Fact, IncidentOpened, IncidentResolved
from bot.domain.ids import IncidentId, RunId, incident_stream, run_id
from bot.domain.nouns import FIRELINE, Severity, Vote, person
from bot.domain.records import ApprovalRecord
from bot.engine.conductor import Arrival, Began, CallEnded, Plan, decide
from bot.engine.conductor.evolve import begin, evolve
from bot.engine.starting import scope_of, start_run
from bot.settings import load_settings
from bot.wiring.assembly import open_fireline, running
from bot.wiring.fireline import Fireline
from bot.wiring.grounds import prepare
from bot.wiring.interpreter import settle_in
from tests.benchmarks.figures import synced
from tests.fakes.served import ServedHome

AT_ONCE = 200
"""How many incidents are written side by side."""
RUNS_AN_INCIDENT = 10
WAIT = {"uses": "wait", "with": {"for": "2h"}, "timeout": "3h"}


def write_books(home: ServedHome) -> None:
    """Write the runbooks that the runs follow."""
    look = {"uses": "http.request", "effect": "read", "with": {"url": "{{ vars.target }}/health"}}
    home.write_book(
        "asks",
        path="/",
        steps=[
            {"id": "shift", **WAIT, "approval": {"from": ["user:U0ADA"], "expires": "7d"}},
            {"id": "after", **look},
        ],
    )
    home.write_book("waits", path="/", steps=[{"id": "settle_down", **WAIT}, {"id": "after", **look}])
    home.write_book("looks", path="/", steps=[{"id": f"look_{number}", **look} for number in range(1, 6)])


def _facts(plan: Plan, run: RunId, *, whole: bool) -> list[Fact]:
    """Decide a run's beginning, or the whole of it when every call succeeds."""
    now = datetime.now(UTC)
    started = start_run(
        runbook=plan.runbook,
        run=run,
        inputs={},
        scope=scope_of(incident=_INCIDENT, variables={"target": "http://127.0.0.1:9"}),
        requested_by=None,
        seed=f"seed-{run}",
        now=now,
    )
    state, facts = begin(started, now), [started]
    arrival: Arrival = Began()
    while True:
        decided = [fact for _, fact in decide(plan, state, arrival, now)]
        for fact in decided:
            state = evolve(state, fact, now)
        facts += decided
        calls = [step.call for step in state.steps.values() if step.call is not None]
        if not whole or not calls:
            return facts
        arrival = _ended(calls[0])


def _ended(call: CallStarted) -> CallEnded:
    outcome = Succeeded(output={"status": 200, "json": {"healthy": True}})
    return CallEnded(
        step=call.step, part=call.part, attempt=call.attempt, outcome=outcome, took=0.012, chance=0.5
    )


_INCIDENT = {"number": 1, "title": "Checkout fails", "severity": "SEV3", "status": "investigating"}


async def _write(fireline: Fireline, incident: IncidentId, facts: Sequence[Fact]) -> None:
    await fireline.store.journal.append(incident_stream(incident), FIRELINE, facts)


def _opened(incident: IncidentId) -> IncidentOpened:
    return IncidentOpened(
        incident=incident, title="Checkout fails", severity=Severity.SEV3, group=f"g{incident}"
    )


async def begin_runs(fireline: Fireline, book: str, runs: int) -> None:
    """Write the beginnings of so many runs, each in an incident of its own."""
    plan = _plan(fireline, book)
    for start in range(1, runs + 1, AT_ONCE):
        numbers = [IncidentId(each) for each in range(start, min(start + AT_ONCE, runs + 1))]
        await asyncio.gather(
            *(
                _write(fireline, each, [_opened(each), *_facts(plan, run_id(each, 1), whole=False)])
                for each in numbers
            )
        )


async def end_runs(fireline: Fireline, events: int) -> None:
    """Write whole runs, ten in each incident, which is then resolved, until there are so many events."""
    plan = _plan(fireline, "looks")
    pattern = _facts(plan, RunId("1-1"), whole=True)
    number, written = 0, 0
    while written < events:
        together = []
        for _ in range(AT_ONCE):
            number += 1
            incident = IncidentId(number)
            facts: list[Any] = [_opened(incident)]
            for ordinal in range(1, RUNS_AN_INCIDENT + 1):
                facts += [replace(fact, run=run_id(incident, ordinal)) for fact in pattern]  # type: ignore[call-arg]
            facts.append(IncidentResolved(incident=incident, summary="It went by itself."))
            written += len(facts)
            together.append(_write(fireline, incident, facts))
        await asyncio.gather(*together)


def _plan(fireline: Fireline, book: str) -> Plan:
    found = fireline.shelf.get(book)
    assert found is not None, book
    return fireline.shelf.plan_of(found.digest)


async def fill(config: Path, what: str, count: int) -> None:
    """Fill the log of a Fireline that runs nothing."""
    fireline = await open_fireline(prepare(load_settings(file=config, environ={})))
    await fireline.reload()
    settle_in()
    if what == "over":
        await end_runs(fireline, count)
    else:
        await begin_runs(fireline, {"waiting": "asks", "under-way": "waits"}[what], count)
    await fireline.stop()


async def decide_many(config: Path, times: int) -> dict[str, list[float]]:
    """Decide approvals here and there among all that wait; return the seconds until each step's intent was on disk."""
    async with running(load_settings(file=config, environ={})) as fireline:
        settle_in()
        begun: dict[RunId, float] = {}
        news = asyncio.Event()

        def heard(events: Sequence[Event]) -> None:
            for event in events:
                if isinstance(event.fact, CallStarted):
                    begun[event.fact.run] = time.perf_counter()
                    news.set()

        fireline.store.journal.listen(heard)
        chosen = random.Random(1).sample(range(1, fireline.driver.under_way + 1), times)  # noqa: S311 - no secret
        took, commits = [], []
        with closing(synced(config.parent)) as disk:
            for number in chosen:
                (approval,) = fireline.store.records.approvals_of(IncidentId(number))
                began = time.perf_counter()
                await _vote(fireline, approval)
                while approval.run not in begun:
                    news.clear()
                    await news.wait()
                took.append(begun[approval.run] - began)
                commits.append(await asyncio.to_thread(_commit, disk))
    return {"took": took, "commits": commits}


async def _vote(fireline: Fireline, approval: ApprovalRecord) -> None:
    await fireline.driver.vote(
        approval.id, by=person("U0ADA"), groups=frozenset(), vote=Vote.APPROVE, digest=approval.digest
    )


def _commit(disk: sqlite3.Connection) -> float:
    began = time.perf_counter()
    disk.execute("INSERT INTO t VALUES (?)", ("x" * 300,))
    return time.perf_counter() - began


if __name__ == "__main__":
    config, what, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    if what == "decide":
        print(json.dumps(uvloop.run(decide_many(config, count))))  # noqa: T201 - its output
    else:
        uvloop.run(fill(config, what, count))
