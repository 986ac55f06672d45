"""The gatekeeper: joins the guards, which decide, to the driver, which conducts.

It tells the guards the time, wakes whom they free, and puts on record what they find out about targets. It decides nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Any

import structlog

from bot.actions.outcome import Outcome
from bot.domain.clock import Clock
from bot.domain.events import Event
from bot.domain.facts import CallStarted, ChangesFrozen, ChangesUnfrozen
from bot.domain.ids import SYSTEM, RunId
from bot.domain.nouns import FIRELINE, Actor
from bot.domain.ports import Journal, Transaction
from bot.domain.records import AwayRecord
from bot.domain.response_records import FreezeRecord
from bot.engine.conductor import Plan
from bot.engine.conductor.gate import CallId
from bot.engine.guards import Guards, Notice, Turnstile
from bot.errors import JournalError

_LOG = structlog.get_logger(__name__)
Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Gatekeeper:
    """The guards as the driver uses them.

    `ask_again` brings a run to decide anew; `spawn` runs a coroutine beside the caller; `frozen` reads from the log who froze changes,
    `due_changed` hears that `next_due` may be another.
    """

    def __init__(
        self,
        guards: Guards,
        *,
        clock: Clock,
        journal: Journal,
        spawn: Spawn,
        ask_again: Callable[[RunId], Coroutine[Any, Any, None]],
        frozen: Callable[[], FreezeRecord | None],
        due_changed: Callable[[], None],
    ) -> None:
        self._guards = guards
        self._clock = clock
        self._journal = journal
        self._spawn = spawn
        self._ask_again = ask_again
        self._frozen = frozen
        self._due_changed = due_changed
        self._closed = False
        guards.attach(wake=self._wake, notice=self._note)
        journal.listen(self._hear)

    def restore(self, away: Iterable[AwayRecord], freeze: FreezeRecord | None = None) -> None:
        """Take up what the log knows of targets that do not answer, and of a freeze; before anything is asked."""
        self._guards.restore(away, self._clock.now())
        self._guards.freeze(freeze)

    def close(self) -> None:
        """Wake nobody any more: what waits is decided at the next start."""
        self._closed = True

    def turnstile(self) -> Turnstile:
        """Return the gate for one decision."""
        return Turnstile(self._guards, self._clock.now())

    def begin(self, call: CallStarted, plan: Plan) -> None:
        """Say that a call whose intent is in the log begins."""
        self._guards.enter(_name_of(call), lambda: plan.target(call.action, call.inputs), self._clock.now())

    def end(self, call: CallStarted, outcome: Outcome) -> None:
        """Say how a call ended; those who waited for its room are woken."""
        self._guards.done(_name_of(call), outcome, self._clock.now())

    def tick(self) -> None:
        """Wake those whom time has freed; that a freeze ended by itself is put on record."""
        before = self._guards.frozen
        self._guards.tick(self._clock.now())
        if before is not None and self._guards.frozen is None:
            self._spawn(self._put_end_on_record(before))

    def next_due(self) -> datetime | None:
        """Return when time frees somebody next."""
        return self._guards.next_due()

    # ---- the freeze

    @contextlib.asynccontextmanager
    async def freezing(self, *, by: Actor, why: str, until: datetime | None) -> AsyncIterator[None]:
        """See `RunControl.freezing`."""
        known = self._guards.frozen
        if known is None or not known.holds(self._clock.now()):
            self._guards.freeze(FreezeRecord(since=self._clock.now(), by=by, why=why, until=until))
        try:
            yield
        except BaseException:  # whatever kept it from the record; raised again
            self._guards.freeze(await asyncio.to_thread(self._frozen))
            raise

    def _hear(self, events: Sequence[Event]) -> None:
        """Do what the log says of a freeze, whoever wrote it."""
        for event in events:
            fact = event.fact
            if isinstance(fact, ChangesFrozen):
                self._guards.freeze(
                    FreezeRecord(since=event.at, by=event.actor, why=fact.why, until=fact.until)
                )
                self._due_changed()
            elif isinstance(fact, ChangesUnfrozen):
                self._guards.freeze(None)

    async def _put_end_on_record(self, freeze: FreezeRecord) -> None:
        def unit(tx: Transaction) -> None:
            if tx.freeze() == freeze:
                tx.append(SYSTEM, FIRELINE, [ChangesUnfrozen(why="its time was over")])

        try:
            await self._journal.submit(unit)
        except JournalError as problem:
            # Nothing is held back any more; the next start finds that its time is over, and says so.
            _LOG.warning("the end of a freeze can't be written", problem=str(problem))

    # ---- who waits

    def _wake(self, run: RunId) -> None:
        if not self._closed:
            self._spawn(self._take_turn(run))

    async def _take_turn(self, run: RunId) -> None:
        given = self._guards.unclaimed(run)
        await self._ask_again(run)
        # What the run does not want any more (it was cancelled, say) goes to the next in line.
        left = set(given).intersection(self._guards.unclaimed(run))
        self._guards.give_back(left, self._clock.now())

    def _note(self, notice: Notice) -> None:
        self._spawn(self._put_on_record(notice))

    async def _put_on_record(self, notice: Notice) -> None:
        try:
            await self._journal.append(SYSTEM, FIRELINE, [notice])
        except JournalError as problem:
            # The breaker does not need the record, people do; the runs that it concerns tell of it too.
            _LOG.warning("a breaker's change can't be written", target=notice.target, problem=str(problem))


def _name_of(call: CallStarted) -> CallId:
    return (call.run, call.step, call.part, call.attempt)
