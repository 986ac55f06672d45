"""The gatekeeper: joins the guards, which decide, to the driver, which conducts.

It tells the guards the time, wakes whom they free, and puts on record what they find out about targets. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from typing import Any

import structlog

from bot.actions.outcome import Outcome
from bot.domain.clock import Clock
from bot.domain.facts import CallStarted
from bot.domain.ids import SYSTEM, RunId
from bot.domain.nouns import FIRELINE
from bot.domain.ports import Journal
from bot.domain.records import AwayRecord
from bot.engine.conductor import Plan
from bot.engine.conductor.gate import CallId
from bot.engine.guards import Guards, Notice, Turnstile
from bot.errors import JournalError

_LOG = structlog.get_logger(__name__)
Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Gatekeeper:
    """The guards as the driver uses them. `ask_again` brings a run to decide anew; `spawn` runs a coroutine beside the caller."""

    def __init__(
        self,
        guards: Guards,
        *,
        clock: Clock,
        journal: Journal,
        spawn: Spawn,
        ask_again: Callable[[RunId], Coroutine[Any, Any, None]],
    ) -> None:
        self._guards = guards
        self._clock = clock
        self._journal = journal
        self._spawn = spawn
        self._ask_again = ask_again
        self._closed = False
        guards.attach(wake=self._wake, notice=self._note)

    def restore(self, away: Iterable[AwayRecord]) -> None:
        """Take up what the log knows of targets that do not answer; before anything is asked."""
        self._guards.restore(away, self._clock.now())

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
        """Wake those whom time has freed."""
        self._guards.tick(self._clock.now())

    def next_due(self) -> datetime | None:
        """Return when time frees somebody next."""
        return self._guards.next_due()

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
