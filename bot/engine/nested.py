"""Runs inside runs: starts the run that a call of `runbook.run` is, and tells the run around it how it ended.

The call's intent is in the log before anything begins here. The run inside is found by the call that it is (run, step, part, attempt), in the same
unit of work that would start it: however often a process dies in between, there is one. Nothing waits in memory that the log could not give back,
and a run that waits for another takes no slot and no task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import structlog

from bot.actions.nested import TAKE_BACK
from bot.actions.outcome import Failed, Outcome, Reason
from bot.domain.canonical import digest_of
from bot.domain.events import Event
from bot.domain.facts import CallStarted, RunStarted
from bot.domain.ids import Digest, IncidentId, RunId, StepId, incident_of_run, incident_stream
from bot.domain.nouns import FIRELINE, Actor, Part, RunStatus
from bot.domain.ports import Journal, Transaction
from bot.domain.records import RunRecord
from bot.engine.conductor import (
    Arrival,
    CallEnded,
    CancelAsked,
    CancelInside,
    Plan,
    RunInside,
    RunState,
    UndoAsked,
    replay,
)
from bot.engine.conductor.nested import outcome
from bot.engine.starting import bounded, start_run
from bot.errors import JournalClosed, JournalError, RunbookError
from bot.policy.autonomy import least
from bot.runbook.model import Runbook

_LOG = structlog.get_logger(__name__)
Name = tuple[RunId, StepId, Part, int]
"""A call: its run, step, part and attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conducting:
    """What is asked of the driver.

    `take_up` as in `bot.engine.control.RunControl`; `take_back` takes up a run that is over, to undo what it did, and is harmless when that is under
    way already. `bring` brings an arrival that must not be lost, and drops one that comes too late. `events_of` reads a run's events, or raises
    JournalError while the log can't be read. `spawn` does something in the background, which a stop waits for.
    """

    take_up: Callable[[RunId], Awaitable[None]]
    take_back: Callable[[RunId, UndoAsked], Awaitable[None]]
    bring: Callable[[RunId, Arrival], Awaitable[None]]
    events_of: Callable[[RunId], Awaitable[Sequence[Event]]]
    spawn: Callable[[Coroutine[Any, Any, None]], object]


@dataclass(slots=True, kw_only=True)
class _Inside:
    """A call whose run is under way; `run` is None until it is known, `ending` why it was asked to end, empty while it was not."""

    around: RunState
    call: CallStarted
    run: RunId | None = None
    ending: CancelAsked | None = None


class Nested:
    """Keeps the runs inside the runs of one driver. `chance` gives a number in [0, 1), `pause` waits between tries to write."""

    def __init__(
        self,
        *,
        journal: Journal,
        plan_of: Callable[[Digest], Plan],
        conducting: Conducting,
        chance: Callable[[], float],
        pause: Callable[[int], float],
    ) -> None:
        self._journal = journal
        self._plan_of = plan_of
        self._conducting = conducting
        self._chance = chance
        self._pause = pause
        self._calls: dict[RunId, dict[Name, _Inside]] = {}
        self._by_run: dict[RunId, _Inside] = {}

    def match(self, around: RunState, wanted: Sequence[RunInside | CancelInside]) -> None:
        """Begin, or find, the runs that a run wants inside it, and end those that it wants ended."""
        for effect in wanted:
            name = _name(effect.call)
            calls = self._calls.setdefault(around.run, {})
            inside = calls.get(name)
            if inside is None:
                inside = calls[name] = _Inside(around=around, call=effect.call)
                self._conducting.spawn(self._surely(inside, self._see_to))
            if isinstance(effect, CancelInside) and inside.ending is None:
                inside.ending = _ending(around)
                self._conducting.spawn(self._end(inside))

    def over(self, run: RunId) -> None:
        """Hear that a run is over: the run around it is told, and what runs inside it is asked to end."""
        told = self._by_run.get(run)
        if told is not None:
            self._conducting.spawn(self._surely(told, self._tell))
        for inside in self._calls.get(run, {}).values():
            # Only a run that was given up leaves one behind.
            if inside.ending is None:
                inside.ending = CancelAsked(by=FIRELINE, why=f"run {run}, which ran it, is over")
                self._conducting.spawn(self._end(inside))

    async def end_orphans(self, unfinished: Sequence[RunRecord]) -> None:
        """Ask those among all unfinished runs to end whose run around them is over: a process died before it could."""
        alive = {run.id for run in unfinished}
        for run in unfinished:
            if run.parent is not None and run.parent not in alive:
                why = f"run {run.parent}, which ran it, is over"
                await self._conducting.bring(run.id, CancelAsked(by=FIRELINE, why=why))

    # ---- a call's life

    async def _see_to(self, inside: _Inside) -> None:
        """Find the run that a call is, or start it, and have it go on."""
        if inside.call.action == TAKE_BACK:
            run = RunId(inside.call.inputs["run"])
            self._know(inside, run)
            await self._conducting.take_back(
                run, UndoAsked(why=f"run {inside.call.run} takes back step {inside.call.step}")
            )
        else:
            found = await self._find_or_start(inside)
            if isinstance(found, Failed):
                await self._report(inside, found, took=0.0)
                return
            self._know(inside, found)
            await self._conducting.take_up(found)
            await self._end(inside)
        await self._tell(inside)

    async def _find_or_start(self, inside: _Inside) -> RunId | Failed:
        call = inside.call
        try:
            runbook = self._plan_of(Digest(call.inputs["digest"])).runbook
        except RunbookError as problem:
            return _refused(Reason.INVALID, str(problem))
        return await self._journal.submit(lambda tx: _find_or_start(tx, inside, runbook))

    def _know(self, inside: _Inside, run: RunId) -> None:
        inside.run = run
        self._by_run[run] = inside

    async def _end(self, inside: _Inside) -> None:
        """Ask the run inside to end, once it is known and where that was asked for."""
        if inside.run is not None and inside.ending is not None and inside.call.action != TAKE_BACK:
            await self._conducting.bring(inside.run, inside.ending)

    async def _tell(self, inside: _Inside) -> None:
        """Tell the run around how the run inside ended, where it has."""
        assert inside.run is not None  # noqa: S101 - it is known by then
        events = await self._conducting.events_of(inside.run)
        state = replay(events)
        if state is None or not state.over or (inside.call.action == TAKE_BACK and not state.taking_back):
            return
        try:
            plan = self._plan_of(state.digest)
        except RunbookError:
            plan = None
        took = (events[-1].at - state.started_at).total_seconds()
        await self._report(inside, outcome(plan, state, inside.call.action), took=took)

    async def _report(self, inside: _Inside, ended: Outcome, *, took: float) -> None:
        call = inside.call
        calls = self._calls.get(call.run, {})
        if calls.pop(_name(call), None) is None:
            return  # told already
        if not calls:
            self._calls.pop(call.run, None)
        if inside.run is not None and self._by_run.get(inside.run) is inside:
            del self._by_run[inside.run]
        arrival = CallEnded(
            step=call.step,
            part=call.part,
            attempt=call.attempt,
            outcome=ended,
            took=took,
            chance=self._chance(),
        )
        await self._conducting.bring(call.run, arrival)

    async def _surely(self, inside: _Inside, work: Callable[[_Inside], Awaitable[None]]) -> None:
        """Do what must not be left undone while the log is away."""
        tries = 0
        while True:
            try:
                await work(inside)
            except JournalClosed:
                return  # the next start sees to it
            except JournalError as problem:
                tries += 1
                _LOG.warning("a run inside another can't be seen to, trying again", problem=str(problem))
                await asyncio.sleep(self._pause(tries))
            except Exception as bug:  # noqa: BLE001 - what nobody foresaw fails the step visibly; the run around it must not wait for ever
                _LOG.exception(
                    "a run inside another can't be seen to", run=inside.call.run, step=inside.call.step
                )
                broken = Failed(
                    reason=Reason.BUG, detail=f"Fireline could not see to it: {type(bug).__name__}: {bug}"
                )
                await self._report(inside, broken, took=0.0)
                return
            else:
                return


# ---- in the unit of work


def _find_or_start(tx: Transaction, inside: _Inside, runbook: Runbook) -> RunId | Failed:
    """Return the run that a call is: the one that is there, else a new one, else why there can be none."""
    call, around = inside.call, inside.around
    incident = incident_of_run(call.run)
    for run in tx.runs_of(incident):
        if (run.parent, run.parent_step, run.parent_part, run.parent_attempt) == _name(call):
            return run.id
    if inside.ending is not None:
        return _refused(Reason.CANCELLED, inside.ending.why)
    try:
        group = _group(around, runbook, call)
    except RunbookError as problem:
        return _refused(Reason.INVALID, f"its concurrency group can't be told: {problem}")
    line = _line(tx, call.run)
    busy = next((each for each in tx.runs_of_group(group) if _holds(each) and each.id not in line), None)
    if busy is not None:
        return _refused(Reason.CONFLICT, f"{_named(tx, busy, incident)} is under way for {group}")
    new = tx.next_run(incident)
    tx.keep_runbook(runbook.digest, runbook.name, runbook.source)
    started = replace(_started(tx, new, inside, runbook), group=group)
    tx.append(incident_stream(incident), FIRELINE, [started])
    return new


def _named(tx: Transaction, run: RunRecord, incident: IncidentId) -> str:
    """Name a run where an incident's people read it; of another, private incident, nothing but that it is there."""
    its = tx.incident(run.incident)
    if its is None or not its.told_in(incident):
        return "a private incident's run"
    return f"run {run.id} of {run.runbook}"


def _started(tx: Transaction, run: RunId, inside: _Inside, runbook: Runbook) -> RunStarted:
    """Make the start of a run inside another: it sees the alert and the incident that the one around it sees, and may do no more than that one."""
    call, around = inside.call, inside.around
    started = start_run(
        runbook=runbook,
        run=run,
        inputs=call.inputs["inputs"],
        scope=around.scope,
        requested_by=around.requested_by,
        seed=digest_of([around.seed, *_name(call)])[:32],
        now=tx.now,
    )
    allowed = "propose" if runbook.is_past(tx.now.date()) else started.autonomy
    limits = [started.deadline, tx.now + timedelta(seconds=call.timeout) if call.timeout else None]
    return replace(
        started,
        autonomy=least(allowed, around.autonomy),
        deadline=min((each for each in limits if each is not None), default=None),
        parent=call.run,
        parent_step=call.step,
        parent_part=call.part,
        parent_attempt=call.attempt,
        ancestors=(*around.ancestors, around.runbook),
    )


def _group(around: RunState, runbook: Runbook, call: CallStarted) -> str:
    if runbook.concurrency is None:
        return ""
    scope = {**around.scope, "inputs": call.inputs["inputs"]}
    return bounded(str(runbook.concurrency.group.render(scope)))


def _holds(run: RunRecord) -> bool:
    # What only waits in line holds nothing: it may well wait for a run around this one.
    return run.status is RunStatus.RUNNING


def _line(tx: Transaction, run: RunId | None) -> set[RunId]:
    """Return a run and those around it: they hold their groups for what runs inside them."""
    line: set[RunId] = set()
    while run is not None:
        line.add(run)
        record = tx.run(run)
        run = record.parent if record is not None else None
    return line


def _refused(reason: Reason, detail: str) -> Failed:
    return Failed(reason=reason, detail=detail, applied=False)


def _ending(around: RunState) -> CancelAsked:
    """Pass on that a run ends, and by whom: what a person ended is cancelled, what its time ended has failed."""
    by: Actor = around.cancelled_by or FIRELINE
    return CancelAsked(by=by, why=f"run {around.run}, which runs it, is ending: {around.cancelled}")


def _name(call: CallStarted) -> Name:
    return (call.run, call.step, call.part, call.attempt)
