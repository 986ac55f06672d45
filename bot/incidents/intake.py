"""Takes deliveries in: every alert is on disk before the sender hears so.

What is appended is decided in `hearing`; matching runbooks is the dispatcher's work, after the commit, and no webhook waits for it.

Deliveries that come while a unit of work is under way wait for the next one, and share it: it asks once for all of their alerts. A delivery alone
waits for nobody. With 32 senders on SQLite that took a delivery from 320 to 210 µs of CPU, against a unit of work for each.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from bot.crashpoints import CrashPoint, reached
from bot.domain.facts import AlertsReceived, AlertsUnmatched, DeliveryRefused, NoteAdded
from bot.domain.ids import INTAKE, AlertKey, Digest, incident_stream
from bot.domain.nouns import FIRELINE
from bot.domain.ports import Journal, Transaction
from bot.domain.records import AlertRecord
from bot.errors import JournalBehind, JournalError
from bot.incidents.deliveries import ALERTMANAGER, Delivery, Receipt
from bot.incidents.hearing import LATE_WITHIN, News, digest, incidents_concerned
from bot.incidents.routing import record_of

PART = 1000
"""How many alerts one unit of work takes in: a delivery of 20,000 must not keep the others waiting for its commit."""
TOGETHER = 128
"""How many deliveries share a unit of work at the most."""
MANY = 8
"""From so many deliveries in a unit on the next one waits for company."""
LINGER = 0.008
"""Seconds that it waits at the most, until as many have come as the last one took in.

The senders just answered come again, and a unit of 64 costs each of them two thirds of what one of 16 does.
"""
MOST_WAITING = 10_000
"""How many deliveries may wait for their unit of work; then the sender is asked to come again."""


class _Waiting(NamedTuple):
    """A delivery, or a part of one, and who waits for it."""

    delivery: Delivery
    news: asyncio.Future[News]


class _Taken(NamedTuple):
    """What one unit of work took in: `news` in the order of its deliveries, and what is to be routed of it."""

    news: Sequence[News]
    fresh: Sequence[AlertRecord]


class Intake:
    """Takes deliveries in, and hands the dispatcher (`wake`) what it must route once that is on disk.

    `wanted` tells by an alert's labels whether any runbook in force wants it. What none wants is unmatched at once, and never waits to be routed.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        wake: Callable[[Sequence[AlertRecord]], None],
        wanted: Callable[[Mapping[str, str]], bool] = lambda _labels: True,
        late_within: timedelta = LATE_WITHIN,
    ) -> None:
        self._journal = journal
        self._wake = wake
        self._wanted = wanted
        self._late_within = late_within
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[_Waiting] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._company = asyncio.Event()
        self._expected = 0

    async def receive(self, delivery: Delivery) -> Receipt:
        """Return what became of the alerts once all are on disk.

        Raises as `Journal.submit` does; of a large delivery some parts may be kept then, and the sender's next try finds them known.
        """
        if len(delivery.alerts) <= PART:
            return (await self._enter(delivery)).receipt
        receipt = Receipt()
        for part in _parts(delivery):
            receipt += (await self._enter(part)).receipt
        return receipt

    async def refuse(self, *, reason: str, body: Digest, size: int, source: str) -> None:
        """Record that a body could not be read; its bytes are kept under `body`. Raises as `Journal.submit` does."""
        fact = DeliveryRefused(reason=reason, body_sha256=body, size=size, source=source)
        await self._journal.append(INTAKE, ALERTMANAGER, [fact])

    def _enter(self, delivery: Delivery) -> asyncio.Future[News]:
        if len(self._waiting) >= MOST_WAITING:
            raise JournalBehind(f"{len(self._waiting)} deliveries wait already", hint="try again in a moment")
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        news: asyncio.Future[News] = self._loop.create_future()
        self._waiting.append(_Waiting(delivery, news))
        if len(self._waiting) == self._expected:
            self._company.set()
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return news

    async def _write(self) -> None:
        """Take in what waits, together, until nothing does."""
        try:
            while self._waiting:
                taken = self._next()
                await self._write_some(taken)
                if len(taken) >= MANY:
                    await self._wait_for_company(len(taken))
        finally:
            self._writing = None
            for _, news in self._waiting:
                news.cancel()  # the loop is closing: whoever still waits is let go

    async def _wait_for_company(self, expected: int) -> None:
        """Wait until so many deliveries have come, for `LINGER` at the most."""
        if len(self._waiting) < expected:
            self._expected = expected
            self._company.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    await self._company.wait()

    def _next(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        alerts = 0
        while self._waiting and len(taken) < TOGETHER:
            alerts += len(self._waiting[0].delivery.alerts)
            if taken and alerts > PART:
                break
            taken.append(self._waiting.popleft())
        return taken

    async def _write_some(self, taken: Sequence[_Waiting]) -> None:
        reached(CrashPoint.INTAKE_BEFORE_WRITE)
        try:
            deliveries = [each.delivery for each in taken]
            told = await self._journal.submit(partial(self._take_in, deliveries))
        except JournalError as error:
            _fail(taken, error)
        except Exception as error:  # noqa: BLE001 - the boundary: each delivery is answered by itself, so that one can't spoil its neighbours
            if len(taken) == 1:
                _fail(taken, error)
            else:
                for each in taken:
                    await self._write_some([each])
        else:
            reached(CrashPoint.INTAKE_WRITTEN)
            for (_, news), said in zip(taken, told.news, strict=True):
                if not news.done():
                    news.set_result(said)
            if told.fresh:
                self._wake(told.fresh)

    def _take_in(self, deliveries: Sequence[Delivery], tx: Transaction) -> _Taken:
        keys = [[each.key for each in delivery.alerts] for delivery in deliveries]
        known = dict(tx.alerts(key for some in keys for key in some))
        told = []
        fresh = []
        unwanted = []
        changed: set[AlertKey] = set()
        received = _Received(tx)
        for delivery, some in zip(deliveries, keys, strict=True):
            if not changed.isdisjoint(some):
                received.write()
                known.update(tx.alerts(some))
            concerned = incidents_concerned(delivery.alerts, known)
            incidents = {found.id: found for each in concerned if (found := tx.incident(each)) is not None}
            news = digest(
                delivery,
                known,
                incidents,
                now=tx.now,
                late_within=self._late_within,
                wanted=self._wanted,
            )
            received.add(delivery, news)
            changed.update(some)
            told.append(news)
            for seen in news.fresh:
                if self._wanted(seen.labels):
                    fresh.append(record_of(seen, news.received, tx.now))
                else:
                    unwanted.append(seen.key)
        received.write()
        if unwanted:
            tx.append(INTAKE, FIRELINE, [AlertsUnmatched(keys=tuple(unwanted))])
        return _Taken(told, fresh)


class _Received:
    """Writes what deliveries brought, in their order: what one sender said in a row, and no incident is told of, goes in one stroke."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._sender = FIRELINE
        self._facts: list[AlertsReceived] = []

    def add(self, delivery: Delivery, news: News) -> None:
        """Write a delivery, or keep it until `write`."""
        if delivery.sender != self._sender:
            self.write()
            self._sender = delivery.sender
        self._facts.append(news.received)
        if news.told or delivery.relayed:
            self.write()
            self._tell(delivery, news)

    def write(self) -> None:
        """Write what was kept."""
        if self._facts:
            self._tx.append(INTAKE, self._sender, self._facts)
            self._facts = []

    def _tell(self, delivery: Delivery, news: News) -> None:
        for incident, facts in news.told.items():
            for fact in facts:
                # A note is our own conclusion, the rest is what the sender said.
                actor = FIRELINE if isinstance(fact, NoteAdded) else delivery.sender
                self._tx.append(incident_stream(incident), actor, [fact])
        if delivery.relayed:
            self._tx.close_relay(delivery.relayed)


def _fail(taken: Sequence[_Waiting], error: Exception) -> None:
    for _, news in taken:
        if not news.done():
            news.set_exception(error)


def _parts(delivery: Delivery) -> Iterator[Delivery]:
    """Cut a large delivery into parts; what the sender left out is counted with the first, and the last ends its way through a relay."""
    for start in range(0, len(delivery.alerts), PART):
        truncated = delivery.truncated if start == 0 else 0
        relayed = delivery.relayed if start + PART >= len(delivery.alerts) else ""
        yield replace(
            delivery, alerts=delivery.alerts[start : start + PART], truncated=truncated, relayed=relayed
        )
