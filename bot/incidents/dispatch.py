"""Routes what intake took in: to the incident that is open for it, to a new one with its run, or to the unmatched.

At the start, and whenever there is doubt, what is pending is asked of the log: whatever was taken in before a crash is routed at the next start.
In between, intake hands over what it took in, which spares a storm's alerts from being read back. Alerts are routed in chunks, a unit of work for
each group, with the event loop let go in between; an alert that can't be routed because of a bug of ours is set aside, lies in the dead-letter list
until somebody puts it back or other runbooks are in force, and holds up no other. One dispatcher runs over a log at a time, as one journal does.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from bot.crashpoints import CrashPoint, reached
from bot.domain.clock import Clock
from bot.domain.dead_letters import Landing, land
from bot.domain.events import Event
from bot.domain.facts import AlertsUnmatched, DeadLetterDiscarded, DeadLetterRequeued, RunStarted
from bot.domain.ids import INTAKE, AlertKey
from bot.domain.nouns import FIRELINE, DeadKind, DeadReason
from bot.domain.ports import Journal, Transaction
from bot.domain.records import AlertRecord
from bot.engine.control import RunControl
from bot.errors import JournalError
from bot.incidents.opening import Opening, prepare
from bot.incidents.placing import place
from bot.incidents.routing import Sorted, Wanted, sort_out
from bot.incidents.worker import StartedRuns, work_when_woken
from bot.runbook.model import Runbook

CHUNK = 250
"""How many alerts are routed between two breaths of the event loop."""
_AT_ONCE = 32
"""How many groups' units wait for their commit together: they share it."""
_BREATH = timedelta(milliseconds=20)
"""How long the dispatcher rests between two rounds: an alert alone is routed at once, a storm's alerts together."""
_MOST_FRESH = 20_000
"""How many alerts are remembered between two rounds; beyond that the log is asked."""

_NAMED = 5
"""Alerts that a letter names."""

_log = structlog.get_logger(__name__)


class Dispatcher:
    """Routes pending alerts whenever it is woken.

    `runbooks` returns those in force, in name order; `tokens` returns a new random text at each call, `variables` are the settings' `vars`.
    `workspace_of` says which chat workspace an incident belongs to, by the labels of the alert that opens it.
    """

    def __init__(
        self,
        journal: Journal,
        runs: RunControl,
        *,
        runbooks: Callable[[], Sequence[Runbook]],
        clock: Clock,
        tokens: Callable[[], str],
        variables: Mapping[str, Any],
        workspace_of: Callable[[Mapping[str, str]], str] = lambda _labels: "",
    ) -> None:
        self._journal = journal
        self._runbooks = runbooks
        self._clock = clock
        self._tokens = tokens
        self._variables = variables
        self._workspace_of = workspace_of
        self._woken = asyncio.Event()
        self._woken.set()
        self._set_aside: set[AlertKey] = set()
        self._started = StartedRuns(runs, refused="dispatch.run_not_taken_up")
        self._fresh: deque[AlertRecord] = deque()
        self._in_doubt = True
        self._draining = asyncio.Lock()

    def wake(self, fresh: Sequence[AlertRecord] = ()) -> None:
        """Say that these alerts were taken in and are on disk, or that there is work; on the event loop, returns at once."""
        if len(self._fresh) + len(fresh) > _MOST_FRESH:
            self._in_doubt = True
        if not self._in_doubt:
            self._fresh.extend(fresh)
        self._woken.set()

    def runbooks_changed(self) -> None:
        """Say that other runbooks are in force: what was set aside is tried again."""
        self._set_aside.clear()
        self._in_doubt = True
        self.wake()

    def catch_up(self, events: Sequence[Event]) -> None:
        """Bring about what nobody did, since those who wrote these events were told that they could not: alerts are pending, and runs stand still."""
        self._started.add(event.fact.run for event in events if isinstance(event.fact, RunStarted))
        self._in_doubt = True
        self.wake()

    def watch(self, events: Sequence[Event]) -> None:
        """Hear what was put back, or let go; on the event loop, returns at once."""
        for event in events:
            fact = event.fact
            if isinstance(fact, DeadLetterRequeued | DeadLetterDiscarded) and fact.alerts:
                self._set_aside.difference_update(fact.alerts)
                self._in_doubt = True
                self.wake()

    async def run(self) -> None:
        """Route until cancelled, or until the journal closes; what is pending already comes first."""
        await work_when_woken(self._woken, self._drain_and_breathe, waits="dispatch.waits")

    async def _drain_and_breathe(self) -> None:
        await self.drain()
        await asyncio.sleep(_BREATH.total_seconds())

    async def drain(self) -> None:
        """Route everything that is pending now, one caller at a time. Raises JournalError when the journal takes no work."""
        async with self._draining:
            await self._started.take_up_left()
            try:
                routed = await self._drain_log()
                await self._drain_fresh(routed)
            except BaseException:  # even a cancel leaves what was handed over unrouted; it goes on as it came
                self._in_doubt = True
                raise

    async def _drain_log(self) -> AbstractSet[AlertKey]:
        """Ask the log until nothing is pending, where memory may lack something; returns what was routed so."""
        routed: set[AlertKey] = set()
        while self._in_doubt:
            # Before the question: what is taken in after it is handed over again.
            self._in_doubt = False
            self._fresh.clear()
            pending = await self._journal.submit(partial(_pending, CHUNK + len(self._set_aside)))
            todo = [each for each in pending if each.key not in self._set_aside][:CHUNK]
            if todo:
                self._in_doubt = True
                await self._route(todo)
                routed.update(each.key for each in todo)
        return routed

    async def _drain_fresh(self, routed: AbstractSet[AlertKey]) -> None:
        while self._fresh:
            chunk = [self._fresh.popleft() for _ in range(min(CHUNK, len(self._fresh)))]
            await self._route([each for each in chunk if each.key not in routed])

    async def _route(self, alerts: Sequence[AlertRecord]) -> None:
        found = await self._sort_out(alerts)
        if found.unmatched:
            # Nobody else routes, so they are pending still.
            await self._journal.append(INTAKE, FIRELINE, [AlertsUnmatched(keys=found.unmatched)])
        for start_at in range(0, len(found.wanted), _AT_ONCE):
            batch = found.wanted[start_at : start_at + _AT_ONCE]
            # Every unit is awaited before an error goes on: none is left behind, running unseen.
            results = await asyncio.gather(*(self._place(each) for each in batch), return_exceptions=True)
            for result in results:
                if isinstance(result, BaseException):
                    raise result

    async def _sort_out(self, alerts: Sequence[AlertRecord]) -> Sorted:
        runbooks = self._runbooks()
        try:
            return sort_out(alerts, runbooks, self._variables)
        except Exception:  # noqa: BLE001 - below, the one alert that is at fault is found and set aside
            sorted_out, broken = self._one_by_one(alerts, runbooks)
        for same in broken.values():
            # One cause is one letter, however many alerts have it.
            await self._put_aside([alert for alert, _ in same], same[0][1])
        return sorted_out

    def _one_by_one(
        self, alerts: Sequence[AlertRecord], runbooks: Sequence[Runbook]
    ) -> tuple[Sorted, Mapping[str, list[tuple[AlertRecord, Exception]]]]:
        """Sort out what can be; the rest comes with what is wrong with it, by its words."""
        found: list[Sorted] = []
        broken: dict[str, list[tuple[AlertRecord, Exception]]] = {}
        for alert in alerts:
            try:
                found.append(sort_out([alert], runbooks, self._variables))
            except Exception as problem:  # noqa: BLE001 - the boundary: the alert stays pending on disk, its letter says why
                broken.setdefault(repr(problem), []).append((alert, problem))
        wanted = tuple(wanted for each in found for wanted in each.wanted)
        return Sorted(wanted=wanted, unmatched=tuple(key for each in found for key in each.unmatched)), broken

    async def _place(self, wanted: Wanted) -> None:
        """Give a group's alerts to its incident, and take up the run that this starts."""
        try:
            trigger = wanted.trigger
            opening = self._opening(wanted, trigger) if trigger is not None else None
            seed = self._tokens()
            reached(CrashPoint.DISPATCH_BEFORE_PLACE)
            run = await self._journal.submit(lambda tx: place(tx, wanted, opening, seed=seed))
        except JournalError:
            raise
        except Exception as problem:  # noqa: BLE001 - the boundary: the alerts stay pending on disk, their letter says why
            await self._put_aside(wanted.alerts, problem)
            return
        if run is not None:
            reached(CrashPoint.DISPATCH_PLACED)
            await self._started.take_up(run)

    def _opening(self, wanted: Wanted, trigger: AlertRecord) -> Opening:
        opening = prepare(wanted, trigger, self._variables, self._clock.now())
        return replace(opening, workspace=self._workspace_of(trigger.labels))

    async def _put_aside(self, alerts: Sequence[AlertRecord], problem: Exception) -> None:
        """Leave alerts alone that can't be routed: they are in the dead-letter list. Raises JournalError when that can't be written."""
        _log.error("dispatch.set_aside", first=alerts[0].key, count=len(alerts), exc_info=problem)
        reached(CrashPoint.DISPATCH_BEFORE_SETTING_ASIDE)
        await self._journal.submit(partial(_land, alerts, f"{type(problem).__name__}: {problem}"))
        reached(CrashPoint.DISPATCH_SET_ASIDE)
        self._set_aside.update(each.key for each in alerts)


def _land(alerts: Sequence[AlertRecord], detail: str, tx: Transaction) -> None:
    named = ", ".join(dict.fromkeys(each.name or "without a name" for each in alerts[:_NAMED]))
    more = f" and {len(alerts) - _NAMED} more" if len(alerts) > _NAMED else ""
    landing = Landing(
        what=DeadKind.ALERT,
        about=alerts[0].key,
        reason=DeadReason.BUG,
        title=f"alert {named}" if len(alerts) == 1 else f"{len(alerts)} alerts: {named}{more}",
        detail=detail,
        alerts=tuple(each.key for each in alerts),
    )
    land(tx, landing)


def _pending(limit: int, tx: Transaction) -> Sequence[AlertRecord]:
    # Asked inside a unit: a reader may be behind the commit that woke us.
    return tx.pending_alerts(limit=limit)
