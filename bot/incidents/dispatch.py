"""Routes what intake took in: to the incident that is open for it, to a new one with its run, or to the unmatched.

At the start, and whenever there is doubt, what is pending is asked of the log: whatever was taken in before a crash is routed at the next start.
In between, intake hands over what it took in, which spares a storm's alerts from being read back. Alerts are routed in chunks, a unit of work for
each group, with the event loop let go in between; an alert that can't be routed because of a bug of ours is set aside until the next start or the
next change of runbooks, and holds up no other. One dispatcher runs over a log at a time, as one journal does.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.crashpoints import CrashPoint, reached
from bot.domain.clock import Clock
from bot.domain.facts import AlertsUnmatched
from bot.domain.ids import INTAKE, AlertKey, RunId, incident_stream
from bot.domain.nouns import FIRELINE, AlertStatus, Routing
from bot.domain.ports import Journal, Transaction
from bot.domain.records import AlertRecord
from bot.engine.control import RunControl
from bot.errors import JournalClosed, JournalError
from bot.incidents.opening import Opening, attach, open_incident, prepare, start
from bot.incidents.routing import Sorted, Wanted, sort_out
from bot.runbook.model import Runbook

CHUNK = 250
"""How many alerts are routed between two breaths of the event loop."""
_AT_ONCE = 32
"""How many groups' units wait for their commit together: they share it."""
_BREATH = timedelta(milliseconds=20)
"""How long the dispatcher rests between two rounds: an alert alone is routed at once, a storm's alerts together."""
_MOST_FRESH = 20_000
"""How many alerts are remembered between two rounds; beyond that the log is asked."""
_AGAIN = timedelta(seconds=1)
"""How long the dispatcher waits after the journal could not take its work."""

_log = structlog.get_logger(__name__)


class Dispatcher:
    """Routes pending alerts whenever it is woken.

    `runbooks` returns those in force, in name order; `tokens` returns a new random text at each call, `variables` are the settings' `vars`.
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
    ) -> None:
        self._journal = journal
        self._runs = runs
        self._runbooks = runbooks
        self._clock = clock
        self._tokens = tokens
        self._variables = variables
        self._woken = asyncio.Event()
        self._woken.set()
        self._set_aside: set[AlertKey] = set()
        self._started: set[RunId] = set()
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

    async def run(self) -> None:
        """Route until cancelled, or until the journal closes; what was pending before the start comes first."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self.drain()
                await asyncio.sleep(_BREATH.total_seconds())
            except JournalClosed:
                return
            except JournalError as error:
                _log.warning("dispatch.waits", error=str(error), again_in=_AGAIN.total_seconds())
                await asyncio.sleep(_AGAIN.total_seconds())
                self.wake()

    async def drain(self) -> None:
        """Route everything that is pending now, one caller at a time. Raises JournalError when the journal takes no work."""
        async with self._draining:
            for run in tuple(self._started):
                await self._take_up(run)
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
        found = self._sort_out(alerts)
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

    def _sort_out(self, alerts: Sequence[AlertRecord]) -> Sorted:
        runbooks = self._runbooks()
        try:
            return sort_out(alerts, runbooks, self._variables)
        except Exception:  # noqa: BLE001 - below, the one alert that is at fault is found and set aside
            found = [self._sort_out_one(each, runbooks) for each in alerts]
        return Sorted(
            wanted=tuple(wanted for each in found for wanted in each.wanted),
            unmatched=tuple(key for each in found for key in each.unmatched),
        )

    def _sort_out_one(self, alert: AlertRecord, runbooks: Sequence[Runbook]) -> Sorted:
        try:
            return sort_out([alert], runbooks, self._variables)
        except Exception:  # noqa: BLE001 - the boundary: the alert stays pending on disk, the log says why
            self._put_aside([alert])
            return Sorted(wanted=(), unmatched=())

    async def _place(self, wanted: Wanted) -> None:
        """Give a group's alerts to its incident, and take up the run that this starts."""
        try:
            trigger = wanted.trigger
            now = self._clock.now()
            opening = prepare(wanted, trigger, self._variables, now) if trigger is not None else None
            seed = self._tokens()
            reached(CrashPoint.DISPATCH_BEFORE_PLACE)
            run = await self._journal.submit(lambda tx: _place(tx, wanted, opening, seed))
        except JournalError:
            raise
        except Exception:  # noqa: BLE001 - the boundary: the alerts stay pending on disk, the log says why
            self._put_aside(wanted.alerts)
            return
        if run is not None:
            reached(CrashPoint.DISPATCH_PLACED)
            self._started.add(run)
            await self._take_up(run)

    async def _take_up(self, run: RunId) -> None:
        try:
            await self._runs.take_up(run)
        except JournalError:
            raise  # the run stays among the started, for the next try
        except Exception:  # noqa: BLE001 - the boundary: the run is in the log, recovery at the next start takes it up
            _log.exception("dispatch.run_not_taken_up", run=run)
        self._started.discard(run)

    def _put_aside(self, alerts: Sequence[AlertRecord]) -> None:
        self._set_aside.update(each.key for each in alerts)
        _log.exception("dispatch.set_aside", alerts=[each.key for each in alerts[:10]], count=len(alerts))


def _pending(limit: int, tx: Transaction) -> Sequence[AlertRecord]:
    # Asked inside a unit: a reader may be behind the commit that woke us.
    return tx.pending_alerts(limit=limit)


def _place(tx: Transaction, wanted: Wanted, opening: Opening | None, seed: str) -> RunId | None:
    """Attach the group's alerts to its open incident, or open one; returns the run that was started."""
    known = tx.alerts(each.key for each in wanted.alerts)
    alerts = [
        record
        for each in wanted.alerts
        if (record := known.get(each.key)) is not None and record.routing is Routing.PENDING
    ]
    if not alerts:
        return None
    incident = tx.open_incident_of_group(wanted.group)
    if incident is not None:
        tx.append(incident_stream(incident.id), FIRELINE, [attach(incident, alerts)])
        return None
    if opening is None or not any(each.status is AlertStatus.FIRING for each in alerts):
        # It was over before anybody could respond: kept, and nothing to open.
        tx.append(INTAKE, FIRELINE, [AlertsUnmatched(keys=tuple(each.key for each in alerts))])
        return None
    return begin(tx, opening, alerts, seed=seed, now=tx.now)


def begin(
    tx: Transaction, opening: Opening, alerts: Sequence[AlertRecord], *, seed: str, now: datetime
) -> RunId | None:
    """Open an incident for alerts and start its run, if it has one; returns the run."""
    incident = tx.next_incident()
    stream = incident_stream(incident)
    tx.append(stream, FIRELINE, open_incident(opening, incident, alerts))
    if opening.inputs is None:
        return None
    record = tx.incident(incident)
    assert record is not None  # noqa: S101 - it was opened just above
    run = tx.next_run(incident)
    tx.keep_runbook(opening.runbook.digest, opening.runbook.name, opening.runbook.source)
    tx.append(stream, FIRELINE, [start(opening, record, run, seed=seed, now=now)])
    return run
