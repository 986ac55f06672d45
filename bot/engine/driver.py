"""The embedded driver: conducts every run of this process.

A run is conducted by one actor at a time, under its lock: an arrival is decided, what was decided is made durable, then the state moves and the
effects follow. An intent is in the log before its action begins, and an outcome before anything else is decided. The driver decides nothing itself,
and keeps nothing that the log could not give back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from bot.actions.outcome import Failed, Reason
from bot.domain.clock import Clock
from bot.domain.events import Event
from bot.domain.facts import CallStarted, RunFinished
from bot.domain.ids import (
    ApprovalId,
    Digest,
    RunId,
    StepId,
    incident_of_run,
    incident_stream,
    run_of_approval,
)
from bot.domain.nouns import FIRELINE, Actor, Part, RunStatus, Settlement, Vote
from bot.domain.ports import Journal, Reader, Transaction
from bot.engine.conductor import (
    Arrival,
    Began,
    CallEnded,
    CancelAsked,
    CancelCall,
    Perform,
    Plan,
    Recovered,
    RunState,
    SettlementGiven,
    TimeCame,
    VoteCast,
    decide,
    effects,
    evolve,
    next_due,
    replay,
)
from bot.engine.conductor.turn import Decision
from bot.engine.due import DueTimes
from bot.engine.performer import Performer
from bot.errors import Conflict, JournalClosed, JournalError, NotFound, RunbookError

_LOG = structlog.get_logger(__name__)

CallId = tuple[StepId, Part, int]


class Alarm(Protocol):
    """Wakes the driver once at the next due time."""

    def wake_at(self, instant: datetime | None) -> None:
        """Move the one wake-up to an instant, or take it away."""
        ...


@dataclass(slots=True, kw_only=True)
class _Conducted:
    """A run under way in this process."""

    plan: Plan
    state: RunState
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    calls: dict[CallId, asyncio.Task[None]] = field(default_factory=dict)
    """Calls that were begun, until the log has their outcome: one that has ended and is not written yet must not be begun again."""
    stale: bool = False
    """A write failed in a way that leaves open whether it took place: the log knows, and is asked before anything else is decided."""


class Driver:
    """Conducts runs; implements `bot.engine.control.RunControl`.

    `plan_of` gives the plan of a runbook by its digest, and raises RunbookError when it can't be read any more. `retry_pause` waits between tries
    to write an outcome that must not be lost while the database is away.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        reader: Reader,
        clock: Clock,
        performer: Performer,
        plan_of: Callable[[Digest], Plan],
        alarm: Alarm,
        retry_pause: Callable[[int], float],
    ) -> None:
        self._journal = journal
        self._reader = reader
        self._clock = clock
        self._performer = performer
        self._plan_of = plan_of
        self._alarm = alarm
        self._retry_pause = retry_pause
        self._runs: dict[RunId, _Conducted] = {}
        self._due = DueTimes()
        self._taking_up = asyncio.Lock()
        self._background: set[asyncio.Task[None]] = set()
        self._closing = False

    # ---- life

    async def recover(self) -> int:
        """Take up every run that the log leaves unfinished; return how many. What was interrupted is decided on, never just repeated."""
        runs = await asyncio.to_thread(self._reader.unfinished_runs)
        for record in runs:
            await self.take_up(record.id)
        return len(runs)

    async def stop(self, grace: float) -> None:
        """Let running calls end for up to `grace` seconds and write how they did; begin no step meanwhile.

        What still runs then is dropped: the next start finds it interrupted and decides.
        """
        self._closing = True
        self._alarm.wake_at(None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while working := self._working():
                    await asyncio.wait(working)
        remaining = self._working()
        for task in remaining:
            task.cancel()
        await asyncio.gather(*remaining, return_exceptions=True)

    def _working(self) -> list[asyncio.Task[None]]:
        calls = [task for run in self._runs.values() for task in run.calls.values()]
        return [task for task in [*calls, *self._background] if not task.done()]

    async def tick(self) -> None:
        """Bring time to every run whose due time has come."""
        for run in self._due.take(self._clock.now()):
            self._spawn(self._arrive_surely(run, TimeCame()))
        self._alarm.wake_at(self._due.next())

    @property
    def under_way(self) -> int:
        """How many runs this process conducts now."""
        return len(self._runs)

    # ---- what people and surfaces ask (RunControl)

    async def take_up(self, run: RunId) -> None:
        """See `RunControl.take_up`."""
        async with self._taking_up:
            if run in self._runs:
                return
            events = await asyncio.to_thread(self._reader.events_of_run, run)
            state = replay(events)
            if state is None:
                msg = f"There is no run {run}."
                raise NotFound(msg)
            if state.over:
                return
            try:
                plan = self._plan_of(state.digest)
            except RunbookError as problem:
                await self._give_up(run, f"its runbook can't be read any more: {problem}")
                return
            self._runs[run] = _Conducted(plan=plan, state=state)
        began = len(events) == 1
        await self._arrive_surely(run, Began() if began else Recovered())

    async def vote(
        self,
        approval: ApprovalId,
        *,
        by: Actor,
        groups: frozenset[str],
        vote: Vote,
        digest: Digest,
        why: str = "",
    ) -> None:
        """See `RunControl.vote`."""
        arrival = VoteCast(approval=approval, by=by, groups=groups, vote=vote, digest=digest, why=why)
        await self._arrive(self._known(run_of_approval(approval)), arrival)

    async def settle(
        self, run: RunId, step: StepId, *, by: Actor, settlement: Settlement, why: str = ""
    ) -> None:
        """See `RunControl.settle`."""
        await self._arrive(
            self._known(run), SettlementGiven(step=step, by=by, settlement=settlement, why=why)
        )

    async def cancel(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """See `RunControl.cancel`."""
        await self._arrive(self._known(run), CancelAsked(by=by, why=why))

    def _known(self, run: RunId) -> RunId:
        if self._closing:
            msg = "Fireline is stopping."
            raise JournalClosed(msg, hint="Ask again when it is back.")
        if run in self._runs:
            return run
        if self._reader.run(run) is None:
            msg = f"There is no run {run}."
            raise NotFound(msg)
        msg = f"Run {run} is over."
        raise Conflict(msg, hint="The incident's message shows how it ended.")

    # ---- conducting

    async def _arrive_surely(self, run: RunId, arrival: Arrival) -> None:
        """Bring an arrival that must not be lost: while the log can't be written, it waits and tries again."""
        tries = 0
        while True:
            try:
                await self._arrive(run, arrival)
            except JournalClosed:
                return
            except JournalError as problem:
                tries += 1
                _LOG.warning(
                    "the log can't be written, trying again", run=run, tries=tries, problem=str(problem)
                )
                await asyncio.sleep(self._retry_pause(tries))
            except Exception as bug:  # noqa: BLE001 - what nobody foresaw ends this run visibly, not the process
                _LOG.exception("a run can't go on", run=run)
                await self._give_up(run, f"Fireline could not go on: {type(bug).__name__}: {bug}")
                return
            else:
                return

    async def _arrive(self, run: RunId, arrival: Arrival) -> None:
        conducted = self._runs.get(run)
        if conducted is None:
            return
        async with conducted.lock:
            if conducted.stale:
                await self._ask_the_log(run, conducted)
                self._bring_about(run, conducted)
            decisions = decide(conducted.plan, conducted.state, arrival, self._clock.now())
            if self._closing:
                decisions = _without_new_steps(decisions, arrival)
            if decisions:
                try:
                    events = await self._write(run, decisions)
                except JournalError:
                    conducted.stale = True
                    raise
                conducted.state = _after(conducted.state, events)
            self._bring_about(run, conducted)

    async def _ask_the_log(self, run: RunId, conducted: _Conducted) -> None:
        state = replay(await asyncio.to_thread(self._reader.events_of_run, run))
        assert state is not None  # noqa: S101 - a run is conducted only once its start is in the log
        conducted.state, conducted.stale = state, False

    async def _write(self, run: RunId, decisions: Sequence[Decision]) -> Sequence[Event]:
        """Make decisions durable, all or none; neighbours with the same actor go in together."""
        stream = incident_stream(incident_of_run(run))
        if all(actor == FIRELINE for actor, _ in decisions):
            return await self._journal.append(stream, FIRELINE, [fact for _, fact in decisions])

        def unit(tx: Transaction) -> list[Event]:
            return [event for actor, fact in decisions for event in tx.append(stream, actor, [fact])]

        return await self._journal.submit(unit)

    def _bring_about(self, run: RunId, conducted: _Conducted) -> None:
        """Start what should run, stop what should not, and set the alarm."""
        state = conducted.state
        wanted = effects(state)
        under_way = {_name(effect) for effect in wanted}
        for name in [name for name in conducted.calls if name not in under_way]:
            del conducted.calls[name]
        for effect in wanted:
            if isinstance(effect, Perform):
                name = _name(effect)
                if name not in conducted.calls:
                    conducted.calls[name] = asyncio.create_task(self._call(run, conducted, effect))
            else:
                self._cancel_call(conducted, effect)
        self._due.put(run, next_due(state))
        if not self._closing:
            self._alarm.wake_at(self._due.next())
        if state.over:
            self._runs.pop(run, None)

    @staticmethod
    def _cancel_call(conducted: _Conducted, effect: CancelCall) -> None:
        task = conducted.calls.get(_name(effect))
        if task is not None and not task.cancelling():
            task.cancel()

    async def _call(self, run: RunId, conducted: _Conducted, effect: Perform) -> None:
        call = effect.call
        with structlog.contextvars.bound_contextvars(incident=incident_of_run(run), run=run, step=call.step):
            try:
                ended = await self._performer.perform(conducted.plan, conducted.state, call)
            except asyncio.CancelledError:
                if self._closing:
                    raise
                ended = _cancelled(effect)
            # From here on the outcome is known and must be written: it lives in a task of its own, which no cancel of the call can reach.
            self._spawn(self._arrive_surely(run, ended))

    def _spawn(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)  # type: ignore[arg-type]
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _give_up(self, run: RunId, detail: str) -> None:
        """End a run that can't be conducted, on the record."""
        conducted = self._runs.pop(run, None)
        for task in conducted.calls.values() if conducted else ():
            task.cancel()
        fact = RunFinished(run=run, status=RunStatus.FAILED, reason=Reason.BUG, detail=detail)
        try:
            await self._journal.append(incident_stream(incident_of_run(run)), FIRELINE, [fact])
        except JournalError:
            _LOG.exception("a run's end could not be written; the next start takes it up again", run=run)


def _without_new_steps(decisions: tuple[Decision, ...], arrival: Arrival) -> tuple[Decision, ...]:
    """Leave out what would begin another step, and all that follows: none of it is lost, since the next start decides it from the same state.

    What continues the step whose call has just ended (its verification, its probe) is begun: nothing else would.
    """
    step = arrival.step if isinstance(arrival, CallEnded) else None
    for place, (_, fact) in enumerate(decisions):
        if isinstance(fact, CallStarted) and fact.step != step:
            return decisions[:place]
    return decisions


def _name(effect: Perform | CancelCall) -> CallId:
    call = effect.call if isinstance(effect, Perform) else effect
    return (call.step, call.part, call.attempt)


def _after(state: RunState, events: Sequence[Event]) -> RunState:
    for event in events:
        state = evolve(state, event.fact, event.at, event.actor)
    return state


def _cancelled(effect: Perform) -> CallEnded:
    call = effect.call
    outcome = Failed(reason=Reason.CANCELLED, detail="stopped because the run is ending")
    return CallEnded(
        step=call.step, part=call.part, attempt=call.attempt, outcome=outcome, took=0.0, chance=0.0
    )
