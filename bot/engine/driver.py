"""The embedded driver: conducts every run of this process.

A run is conducted by one actor at a time, under its lock: an arrival is decided, what was decided is made durable, then the state moves and the
effects follow. An intent is in the log before its action begins, and an outcome before anything else is decided. The driver decides nothing itself,
and keeps nothing that the log could not give back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import structlog

from bot.crashpoints import CrashPoint, reached
from bot.domain.clock import Clock
from bot.domain.facts import CallStarted
from bot.domain.ids import Digest, RunId, incident_of_run
from bot.domain.nouns import Actor, DeadReason
from bot.domain.ports import Journal, Reader
from bot.engine import runlog
from bot.engine.background import Background
from bot.engine.conductor import (
    Arrival,
    Began,
    CallEnded,
    Plan,
    Recovered,
    RequeueAsked,
    RetryAsked,
    TimeCame,
    UndoAsked,
    conclude,
    next_due,
    replay,
)
from bot.engine.conductor.arrivals import Wish
from bot.engine.dead_letters import reason_for
from bot.engine.due import DueTimes
from bot.engine.gatekeeper import Gatekeeper
from bot.engine.guards import Guards, Rules
from bot.engine.nested import Conducting, Nested
from bot.engine.performer import Performer
from bot.engine.starts import Starts
from bot.engine.underway import Acting, UnderWay, ending_of, without_new_steps
from bot.engine.wishes import Wishes, not_under_way
from bot.errors import Conflict, JournalClosed, JournalError, NotFound, Refused, RunbookError

_LOG = structlog.get_logger(__name__)
_TAKES_UP_AGAIN = (RetryAsked, RequeueAsked)


class Alarm(Protocol):
    """Wakes the driver once at the next due time."""

    def wake_at(self, instant: datetime | None) -> None:
        """Move the one wake-up to an instant, or take it away."""
        ...


class Driver(Wishes):
    """Conducts runs; implements `bot.engine.control.RunControl`.

    `plan_of` gives the plan of a runbook by its digest, and raises RunbookError when it can't be read any more. `retry_pause` waits between tries
    to write an outcome that must not be lost while the database is away.
    """

    def __init__(  # noqa: PLR0913 - the parts that it joins
        self,
        *,
        journal: Journal,
        reader: Reader,
        clock: Clock,
        performer: Performer,
        plan_of: Callable[[Digest], Plan],
        alarm: Alarm,
        retry_pause: Callable[[int], float],
        guards: Guards | None = None,
    ) -> None:
        self._journal = journal
        self._reader = reader
        self._clock = clock
        self._performer = performer
        self._plan_of = plan_of
        self._alarm = alarm
        self._retry_pause = retry_pause
        self._background = Background()
        self._gatekeeper = Gatekeeper(
            Guards(Rules()) if guards is None else guards,
            clock=clock,
            journal=journal,
            spawn=self._background.spawn,
            ask_again=lambda run: self._arrive_surely(run, TimeCame()),
            frozen=reader.freeze,
            due_changed=self._set_alarm,
        )
        self._runs: dict[RunId, UnderWay] = {}
        self._due = DueTimes()
        conducting = Conducting(
            take_up=self.take_up,
            take_back=self._take_up,
            bring=self._arrive_surely,
            events_of=lambda run: runlog.read(reader, run),
            spawn=self._background.spawn,
        )
        self._nested = Nested(
            journal=journal,
            plan_of=plan_of,
            conducting=conducting,
            chance=performer.chance,
            pause=retry_pause,
        )
        self._starts = Starts()
        self._closing = False
        journal.listen(self._starts.heard)

    # ---- life

    async def recover(self) -> int:
        """Take up every run that the log leaves unfinished; return how many. What was interrupted is decided on, never just repeated."""
        away = await asyncio.to_thread(self._reader.targets_away)
        self._gatekeeper.restore(away, await asyncio.to_thread(self._reader.freeze))
        self._set_alarm()
        unfinished = await asyncio.to_thread(self._reader.unfinished_runs)
        runs = [record.id for record in unfinished]
        reached(CrashPoint.RECOVERY_BEGUN)
        async for some in self._starts.read_ahead(self._reader, runs):
            # Side by side, so that what they decide shares its commits.
            ends = await asyncio.gather(*(self.take_up(run) for run in some), return_exceptions=True)
            for end in ends:
                if isinstance(end, BaseException):
                    raise end
        await self._nested.end_orphans(unfinished)
        return len(runs)

    async def stop(self, grace: float) -> None:
        """Let running calls end for up to `grace` seconds and write how they did; begin no step meanwhile.

        What still runs then is dropped: the next start finds it interrupted and decides.
        """
        self._closing = True
        self._gatekeeper.close()
        self._alarm.wake_at(None)
        reached(CrashPoint.STOP_BEGUN)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await asyncio.sleep(0)
                while working := self._working():
                    await asyncio.wait(working)
                    # A call that has ended a moment ago is brought by now, and that is work again.
                    await asyncio.sleep(0)
        remaining = self._working()
        for task in remaining:
            task.cancel()
        await asyncio.gather(*remaining, return_exceptions=True)

    def _working(self) -> list[asyncio.Task[Any]]:
        calls: list[asyncio.Task[Any]] = [task for run in self._runs.values() for task in run.calls.values()]
        return [task for task in [*calls, *self._background.working()] if not task.done()]

    async def tick(self) -> None:
        """Bring time to every run whose due time has come."""
        for run in self._due.take(self._clock.now()):
            reached(CrashPoint.TIMER_RANG)
            self._background.spawn(self._arrive_surely(run, TimeCame()))
        self._gatekeeper.tick()
        self._set_alarm()

    def _set_alarm(self) -> None:
        if not self._closing:
            due, freed = self._due.next(), self._gatekeeper.next_due()
            self._alarm.wake_at(min(due, freed) if due and freed else due or freed)

    @property
    def under_way(self) -> int:
        """How many runs this process conducts now."""
        return len(self._runs)

    # ---- what people and surfaces ask (RunControl)

    async def take_up(self, run: RunId) -> None:
        """See `RunControl.take_up`."""
        try:
            await self._take_up(run)
        except (JournalError, NotFound):
            raise
        except Exception as bug:  # noqa: BLE001 - one run that can't be read ends visibly and keeps no other from going on
            _LOG.exception("a run can't be taken up", run=run)
            detail = f"it can't be taken up: {type(bug).__name__}: {bug}"
            await self._give_up(run, reason_for(bug), detail)

    async def _take_up(self, run: RunId, undo: UndoAsked | None = None) -> None:
        """Conduct a run; one that is over only when what it did is to be undone."""
        if run in self._runs:
            return
        events = self._starts.take(run) or await runlog.read(self._reader, run)
        state = replay(events)
        if state is None:
            msg = f"There is no run {run}."
            raise NotFound(msg)
        if run in self._runs or (state.over and (undo is None or state.taking_back)):
            return
        try:
            with runlog.reading():
                plan = self._plan_of(state.digest)
        except RunbookError as problem:
            detail = f"its runbook can't be read any more: {problem}"
            await self._give_up(run, DeadReason.UNREADABLE, detail)
            return
        first: Arrival = Began() if len(events) == 1 else Recovered()
        if state.over and undo is not None:
            first = undo
        self._runs[run] = UnderWay(plan=plan, state=state, first=first)
        reached(CrashPoint.RUN_TAKEN_UP)
        await self._arrive_surely(run, first)

    def freezing(
        self, *, by: Actor, why: str, until: datetime | None
    ) -> contextlib.AbstractAsyncContextManager[None]:
        """See `RunControl.freezing`."""
        return self._gatekeeper.freezing(by=by, why=why, until=until)

    async def wish(self, run: RunId, arrival: Wish) -> None:
        """See `Wishes.wish`."""
        anew = isinstance(arrival, _TAKES_UP_AGAIN)
        if anew and not self._closing:
            await self._wake(run)
        try:
            await self._ask(self._known(run), arrival)
        finally:
            conducted = self._runs.get(run)
            if anew and conducted is not None and conducted.idle:
                del self._runs[run]  # it was refused: the run is over still

    async def _wake(self, run: RunId) -> None:
        """Take a run in hand that is over, so that it can be decided whether it goes on."""
        if run in self._runs:
            return
        state = replay(await runlog.read(self._reader, run))
        if state is None or not state.over or run in self._runs:
            return
        with runlog.reading():
            plan = self._plan_of(state.digest)
        self._runs[run] = UnderWay(plan=plan, state=state, first=None)

    def _known(self, run: RunId) -> RunId:
        if self._closing:
            raise JournalClosed("Fireline is stopping.", hint="Ask again when it is back.")
        if run in self._runs:
            return run
        raise not_under_way(run, self._reader.run(run))

    async def _ask(self, run: RunId, arrival: Arrival) -> None:
        """Bring what a person asks for; it is carried through although they may be gone before it is done."""
        try:
            await asyncio.shield(self._background.spawn(self._arrive(run, arrival)))
        except Refused:
            raise
        except Exception:  # raised again, so they are told that it failed
            # If it did take place after all, what follows from it is brought about all the same.
            self._background.spawn(self._arrive_surely(run, TimeCame()))
            raise

    # ---- conducting

    async def _arrive_surely(self, run: RunId, arrival: Arrival) -> None:
        """Bring an arrival that must not be lost: while the log can't be written, it waits and tries again."""
        tries = 0
        while True:
            try:
                await self._arrive(run, arrival)
            except (JournalClosed, Conflict):
                return  # nothing more is written by this process, or of this run
            except JournalError as problem:
                tries += 1
                _LOG.warning(
                    "the log can't be written, trying again", run=run, tries=tries, problem=str(problem)
                )
                await asyncio.sleep(self._retry_pause(tries))
            except Exception as bug:  # noqa: BLE001 - what nobody foresaw ends this run visibly, not the process
                _LOG.exception("a run can't go on", run=run)
                detail = f"Fireline could not go on: {type(bug).__name__}: {bug}"
                await self._give_up(run, DeadReason.BUG, detail)
                return
            else:
                return

    async def _arrive(self, run: RunId, arrival: Arrival) -> None:
        conducted = self._runs.get(run)
        if conducted is not None:
            async with conducted.lock:
                if self._runs.get(run) is conducted:
                    await self._decide(run, conducted, arrival)
                    return
        # Before this had its turn the run was let go of, for it is over: a person is told so, or has it taken in hand anew.
        if isinstance(arrival, Wish):
            await self.wish(run, arrival)
        elif conducted is not None:
            await self._arrive(run, arrival)

    async def _decide(self, run: RunId, conducted: UnderWay, arrival: Arrival) -> None:
        """Decide an arrival, make what was decided durable, and bring it about; under the run's lock."""
        if conducted.broken:
            raise Conflict(f"Run {run} can't go on.", hint="The incident's message shows why.")
        # What takes a run up again begins several steps at once, which nobody would come back to if the rest of it were left out.
        if self._closing and (conducted.first is not None or isinstance(arrival, _TAKES_UP_AGAIN)):
            raise JournalClosed("Fireline is stopping.", hint="Ask again when it is back.")
        if conducted.first not in (None, arrival):
            raise JournalError("this run is not taken up yet", hint="Ask again in a moment.")
        if conducted.stale:
            arrival = await self._ask_the_log(run, conducted, arrival)
        with self._gatekeeper.turnstile() as gate:
            decided = conclude(conducted.plan, conducted.state, arrival, self._clock.now(), gate)
            if self._closing:
                decided = without_new_steps(decided, arrival)
            if decided.decisions:
                conducted.stale = True
                reached(CrashPoint.RUN_DECIDED)
                events = await runlog.write(self._journal, run, decided.decisions)
                conducted.follow(events, foreseen=decided.after)
                conducted.stale = False
                gate.keep(decided.decisions)
                reached(CrashPoint.RUN_WRITTEN)
        conducted.first = None
        self._bring_about(run, conducted)

    async def _ask_the_log(self, run: RunId, conducted: UnderWay, arrival: Arrival) -> Arrival:
        """Make the state what the log says, and return what is still to be decided."""
        state = replay(await runlog.read(self._reader, run))
        assert state is not None  # noqa: S101 - a run is conducted only once its start is in the log
        recovered = arrival is conducted.first and state != conducted.state
        conducted.state, conducted.stale = state, False
        # A run that is over stays in hand while it is decided whether it goes on: let go of, it would go on with nobody to conduct it.
        if conducted.first is None and not (state.over and isinstance(arrival, _TAKES_UP_AGAIN)):
            self._bring_about(run, conducted)
        # A recovery that is in the log has begun calls of its own: they are not interrupted, they were never made.
        return TimeCame() if recovered else arrival

    def _bring_about(self, run: RunId, conducted: UnderWay) -> None:
        """Start what should run, stop what should not, and set the alarm."""
        inside = conducted.match_calls(lambda call: self._begin(run, conducted, call))
        if inside and not self._closing:
            self._nested.match(conducted.state, inside)
        self._due.put(run, next_due(conducted.state))
        self._set_alarm()
        if conducted.state.over:
            self._runs.pop(run, None)
            self._nested.over(run)

    def _begin(self, run: RunId, conducted: UnderWay, call: CallStarted) -> Acting:
        self._gatekeeper.begin(call, conducted.plan)
        acting = self._background.begin(self._perform(conducted, call))
        acting.add_done_callback(lambda ended: self._call_over(run, call, ended))
        return acting

    async def _perform(self, conducted: UnderWay, call: CallStarted) -> CallEnded:
        # For the lines that are logged in this task, which ends with the call.
        structlog.contextvars.bind_contextvars(
            incident=incident_of_run(call.run), run=call.run, step=call.step
        )
        return await self._performer.perform(conducted.plan, conducted.state, call)

    def _call_over(self, run: RunId, call: CallStarted, acting: Acting) -> None:
        """Bring how a call ended. In a task of its own, which no cancel of the call can reach: an outcome that is known must be written."""
        ending = ending_of(call, acting)
        self._gatekeeper.end(call, ending.outcome)
        if not (self._closing and acting.cancelled()):
            self._background.spawn(self._arrive_surely(run, ending))

    async def _give_up(self, run: RunId, reason: DeadReason, detail: str) -> None:
        """End a run that can't be conducted, on the record, and once: it lies in the dead-letter list."""
        conducted = self._runs.get(run)
        if conducted is not None:
            if conducted.broken:
                return
            conducted.broken = True
            conducted.stop_calls()
        if not await runlog.give_up(self._journal, run, reason, detail, self._retry_pause):
            return
        self._runs.pop(run, None)
        self._due.put(run, None)
        self._nested.over(run)
