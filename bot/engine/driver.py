"""The embedded driver: conducts every run of this process.

A run is conducted by one actor at a time, under its lock: an arrival is decided, what was decided is made durable, then the state moves and the
effects follow. An intent is in the log before its action begins, and an outcome before anything else is decided. The driver decides nothing itself,
and keeps nothing that the log could not give back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog

from bot.actions.outcome import Reason
from bot.crashpoints import CrashPoint, reached
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
    Plan,
    Recovered,
    SettlementGiven,
    TimeCame,
    VoteCast,
    decide,
    next_due,
    replay,
)
from bot.engine.conductor.turn import Decision
from bot.engine.due import DueTimes
from bot.engine.performer import Performer
from bot.engine.starts import Starts
from bot.engine.underway import Acting, UnderWay, ending_of, without_new_steps
from bot.errors import Conflict, FirelineError, JournalClosed, JournalError, NotFound, RunbookError

_LOG = structlog.get_logger(__name__)
_AT_ONCE = 64
"""How many runs are taken up side by side at the start."""


class Alarm(Protocol):
    """Wakes the driver once at the next due time."""

    def wake_at(self, instant: datetime | None) -> None:
        """Move the one wake-up to an instant, or take it away."""
        ...


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
        self._runs: dict[RunId, UnderWay] = {}
        self._due = DueTimes()
        self._taking_up = asyncio.Lock()
        self._starts = Starts()
        self._background: set[asyncio.Task[None]] = set()
        self._closing = False
        journal.listen(self._starts.heard)

    # ---- life

    async def recover(self) -> int:
        """Take up every run that the log leaves unfinished; return how many. What was interrupted is decided on, never just repeated."""
        runs = [record.id for record in await asyncio.to_thread(self._reader.unfinished_runs)]
        reached(CrashPoint.RECOVERY_BEGUN)
        for start in range(0, len(runs), _AT_ONCE):
            # Side by side, so that what they decide shares its commits.
            ends = await asyncio.gather(
                *(self._recover(run) for run in runs[start : start + _AT_ONCE]), return_exceptions=True
            )
            for end in ends:
                if isinstance(end, BaseException):
                    raise end
        return len(runs)

    async def _recover(self, run: RunId) -> None:
        try:
            await self.take_up(run)
        except JournalError:
            raise
        except Exception as bug:  # noqa: BLE001 - one run that can't be read ends visibly and keeps no other from going on
            _LOG.exception("a run can't be taken up", run=run)
            await self._give_up(run, f"it can't be taken up: {type(bug).__name__}: {bug}")

    async def stop(self, grace: float) -> None:
        """Let running calls end for up to `grace` seconds and write how they did; begin no step meanwhile.

        What still runs then is dropped: the next start finds it interrupted and decides.
        """
        self._closing = True
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
        return [task for task in [*calls, *self._background] if not task.done()]

    async def tick(self) -> None:
        """Bring time to every run whose due time has come."""
        for run in self._due.take(self._clock.now()):
            reached(CrashPoint.TIMER_RANG)
            self._spawn(self._arrive_surely(run, TimeCame()))
        self._alarm.wake_at(self._due.next())

    @property
    def under_way(self) -> int:
        """How many runs this process conducts now."""
        return len(self._runs)

    # ---- what people and surfaces ask (RunControl)

    async def take_up(self, run: RunId) -> None:
        """See `RunControl.take_up`."""
        if run in self._runs:
            return
        begun = self._starts.take(run)
        events = await self._events(run) if begun is None else [begun]
        state = replay(events)
        if state is None:
            msg = f"There is no run {run}."
            raise NotFound(msg)
        if state.over or run in self._runs:
            return
        try:
            with _reading():
                plan = self._plan_of(state.digest)
        except RunbookError as problem:
            await self._give_up(run, f"its runbook can't be read any more: {problem}")
            return
        first = Began() if len(events) == 1 else Recovered()
        self._runs[run] = UnderWay(plan=plan, state=state, first=first)
        reached(CrashPoint.RUN_TAKEN_UP)
        await self._arrive_surely(run, first)

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
        await self._ask(self._known(run_of_approval(approval)), arrival)

    async def settle(
        self,
        run: RunId,
        step: StepId,
        *,
        part: Part,
        attempt: int,
        by: Actor,
        settlement: Settlement,
        why: str = "",
    ) -> None:
        """See `RunControl.settle`."""
        arrival = SettlementGiven(
            step=step, part=part, attempt=attempt, by=by, settlement=settlement, why=why
        )
        await self._ask(self._known(run), arrival)

    async def cancel(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """See `RunControl.cancel`."""
        await self._ask(self._known(run), CancelAsked(by=by, why=why))

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

    async def _ask(self, run: RunId, arrival: Arrival) -> None:
        """Bring what a person asks for; it is carried through although they may be gone before it is done."""
        try:
            await asyncio.shield(self._spawn(self._arrive(run, arrival)))
        except JournalError:
            # They are told that it failed. If it did take place after all, what follows from it is brought about all the same.
            self._spawn(self._arrive_surely(run, TimeCame()))
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
                await self._give_up(run, f"Fireline could not go on: {type(bug).__name__}: {bug}")
                return
            else:
                return

    async def _arrive(self, run: RunId, arrival: Arrival) -> None:
        conducted = self._runs.get(run)
        if conducted is None:
            return
        async with conducted.lock:
            if conducted.broken:
                raise Conflict(f"Run {run} can't go on.", hint="The incident's message shows why.")
            if conducted.first is not None and self._closing:
                raise JournalClosed("Fireline is stopping.", hint="Ask again when it is back.")
            if conducted.first not in (None, arrival):
                raise JournalError("this run is not taken up yet", hint="Ask again in a moment.")
            if conducted.stale:
                arrival = await self._ask_the_log(run, conducted, arrival)
            decisions = decide(conducted.plan, conducted.state, arrival, self._clock.now())
            if self._closing:
                decisions = without_new_steps(decisions, arrival)
            if decisions:
                conducted.stale = True
                reached(CrashPoint.RUN_DECIDED)
                events = await self._write(run, decisions)
                conducted.follow(events)
                conducted.stale = False
                reached(CrashPoint.RUN_WRITTEN)
            conducted.first = None
            self._bring_about(run, conducted)

    async def _ask_the_log(self, run: RunId, conducted: UnderWay, arrival: Arrival) -> Arrival:
        """Make the state what the log says, and return what is still to be decided."""
        state = replay(await self._events(run))
        assert state is not None  # noqa: S101 - a run is conducted only once its start is in the log
        recovered = arrival is conducted.first and state != conducted.state
        conducted.state, conducted.stale = state, False
        if conducted.first is None:
            self._bring_about(run, conducted)
        # A recovery that is in the log has begun calls of its own: they are not interrupted, they were never made.
        return TimeCame() if recovered else arrival

    async def _events(self, run: RunId) -> Sequence[Event]:
        """Read a run's events; JournalError when the log can't be read now."""
        with _reading():
            return await asyncio.to_thread(self._reader.events_of_run, run)

    async def _write(self, run: RunId, decisions: Sequence[Decision]) -> Sequence[Event]:
        """Make decisions durable, all or none; neighbours with the same actor go in together."""
        stream = incident_stream(incident_of_run(run))
        if all(actor == FIRELINE for actor, _ in decisions):
            return await self._journal.append(stream, FIRELINE, [fact for _, fact in decisions])

        def unit(tx: Transaction) -> list[Event]:
            return [event for actor, fact in decisions for event in tx.append(stream, actor, [fact])]

        return await self._journal.submit(unit)

    def _bring_about(self, run: RunId, conducted: UnderWay) -> None:
        """Start what should run, stop what should not, and set the alarm."""
        conducted.match_calls(lambda call: self._begin(run, conducted, call))
        self._due.put(run, next_due(conducted.state))
        if not self._closing:
            self._alarm.wake_at(self._due.next())
        if conducted.state.over:
            self._runs.pop(run, None)

    def _begin(self, run: RunId, conducted: UnderWay, call: CallStarted) -> Acting:
        acting = asyncio.create_task(self._perform(conducted, call))
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
        if not (self._closing and acting.cancelled()):
            self._spawn(self._arrive_surely(run, ending_of(call, acting)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._spawned_over)
        return task

    def _spawned_over(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        # What a person is refused is told to them; where they are gone, there is nobody to tell.
        if not task.cancelled():
            task.exception()

    async def _give_up(self, run: RunId, detail: str) -> None:
        """End a run that can't be conducted, on the record, and once."""
        conducted = self._runs.get(run)
        if conducted is not None:
            if conducted.broken:
                return
            conducted.broken = True
            conducted.stop_calls()
        fact = RunFinished(run=run, status=RunStatus.FAILED, reason=Reason.BUG, detail=detail)

        def unit(tx: Transaction) -> None:
            record = tx.run(run)
            if record is not None and record.status is RunStatus.RUNNING:
                tx.append(incident_stream(incident_of_run(run)), FIRELINE, [fact])

        tries = 0
        while True:
            try:
                await self._journal.submit(unit)
            except JournalClosed:
                return
            except JournalError as problem:
                tries += 1
                _LOG.warning("a run's end can't be written, trying again", run=run, problem=str(problem))
                await asyncio.sleep(self._retry_pause(tries))
            else:
                break
        self._runs.pop(run, None)
        self._due.put(run, None)


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """Tell a log that can't be read now from one that holds what can't be understood: the first is asked again."""
    try:
        yield
    except (FirelineError, ValueError, LookupError, TypeError):
        raise
    except Exception as problem:  # the database's own errors, whichever database it is
        raise JournalError(f"the log can't be read now: {problem}") from problem
