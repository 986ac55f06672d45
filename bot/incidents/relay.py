"""Deliveries on their way through a process that stands by: it keeps them on disk and answers, the one that leads takes them into the log.

On the way they are data outside the log, in the form that the log itself will have; what they mean is decided by the leader alone, as if they had
come to its own door. One that can't be taken, because of a bug or another version's form, stays on disk, lies in the dead-letter list until somebody
puts it back, and holds up no other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import structlog

from bot.domain.dead_letters import Landing, land
from bot.domain.events import Event
from bot.domain.facts import (
    AlertsReceived,
    DeadLetterRequeued,
    DeliveryRefused,
    fact_from_data,
    fact_to_data,
)
from bot.domain.ids import INTAKE, Digest
from bot.domain.nouns import Actor, DeadKind, DeadReason
from bot.domain.ports import Journal, Transaction
from bot.domain.records import RelayEntry
from bot.errors import JournalBehind, JournalClosed, JournalError
from bot.incidents.deliveries import ALERTMANAGER, Delivery, Receipt

DELIVERY, REFUSAL = "delivery", "refusal"
TOGETHER = 200
"""How many things are written, or taken, at once."""
MOST_WAITING = 10_000
"""How many things may wait to be written; then the sender is asked to come again."""
POLL = 0.25
"""Seconds between two looks of the leader at what was kept for it."""
AGAIN = 1.0
"""Seconds until the leader looks again after the database failed it."""

_log = structlog.get_logger(__name__)

Thing = tuple[str, Mapping[str, Any]]
"""A kind, and JSON data."""


def delivery_to_data(delivery: Delivery) -> dict[str, Any]:
    """Write a delivery as JSON data: the fact that it would be if all of it were new, and who sent it."""
    fact = AlertsReceived(
        receiver=delivery.receiver,
        group_key=delivery.group_key,
        external_url=delivery.external_url,
        changed=delivery.alerts,
        truncated=delivery.truncated,
    )
    return {"sender": str(delivery.sender), "fact": fact_to_data(fact)}


def delivery_from_data(data: Mapping[str, Any], *, relayed: str) -> Delivery:
    """Read what `delivery_to_data` wrote; KeyError, TypeError or ValueError for anything else."""
    fact = fact_from_data(AlertsReceived.KIND, data["fact"])
    assert isinstance(fact, AlertsReceived)  # noqa: S101 - its kind says so
    return Delivery(
        receiver=fact.receiver,
        group_key=fact.group_key,
        external_url=fact.external_url,
        alerts=fact.changed,
        truncated=fact.truncated,
        sender=Actor.parse(data["sender"]),
        relayed=relayed,
    )


class _Waiting(NamedTuple):
    thing: Thing
    kept: asyncio.Future[None]


class Relay:
    """The way in of a process that stands by. `keep` writes things, all or none, blocks, and raises JournalError when it can't.

    Things that come while others are being written wait, at most `most_waiting` of them, and are written together.
    """

    def __init__(self, keep: Callable[[Sequence[Thing]], None], *, most_waiting: int = MOST_WAITING) -> None:
        self._keep = keep
        self._most_waiting = most_waiting
        self._waiting: deque[_Waiting] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def put(self, kind: str, data: Mapping[str, Any]) -> None:
        """Keep a thing for the leader; on disk when this returns. JournalError when it could not be kept."""
        if len(self._waiting) >= self._most_waiting:
            raise JournalBehind(f"{len(self._waiting)} things wait already", hint="try again in a moment")
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting((kind, data), kept))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await kept

    async def receive(self, delivery: Delivery) -> Receipt:
        """Keep a delivery; what is new in it, the leader will know."""
        await self.put(DELIVERY, delivery_to_data(delivery))
        return Receipt(kept=len(delivery.alerts))

    async def refuse(self, *, reason: str, body: Digest, size: int, source: str) -> None:
        """Keep the news of a body that could not be read."""
        fact = DeliveryRefused(reason=reason, body_sha256=body, size=size, source=source)
        await self.put(REFUSAL, fact_to_data(fact))

    async def _write(self) -> None:
        try:
            while self._waiting:
                taken = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
                await self._write_some(taken)
        finally:
            self._writing = None
            for each in self._waiting:
                each.kept.cancel()  # the loop is closing: whoever still waits is let go

    async def _write_some(self, taken: Sequence[_Waiting]) -> None:
        error: Exception | None = None
        try:
            await asyncio.to_thread(self._keep, [each.thing for each in taken])
        except Exception as problem:  # noqa: BLE001 - the boundary: whoever waits is told, whatever it was
            error = problem
        for each in taken:
            if each.kept.done():
                continue
            if error is None:
                each.kept.set_result(None)
            else:
                each.kept.set_exception(error)


Taker = Callable[[RelayEntry], Awaitable[None]]
"""Takes one kept thing into the log, and removes it in the same unit of work (`Transaction.close_relay`)."""


class Collector:
    """The leader's side: looks what was kept for it, and hands each thing to the taker of its kind; `watch` listens to the journal."""

    def __init__(
        self,
        waiting: Callable[[int], Sequence[RelayEntry]],
        takers: Mapping[str, Taker],
        journal: Journal,
        *,
        poll: float = POLL,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._waiting_now = waiting
        self._takers = takers
        self._journal = journal
        self._poll = poll
        self._sleep = sleep
        self._set_aside: set[str] | None = None

    def watch(self, events: Sequence[Event]) -> None:
        """Hear what was put back; on the event loop, returns at once."""
        for event in events:
            fact = event.fact
            if isinstance(fact, DeadLetterRequeued) and fact.what is DeadKind.RELAYED and self._set_aside:
                self._set_aside.discard(fact.key.partition("/")[2])

    async def run(self) -> None:
        """Take until cancelled, or until the journal closes."""
        while True:
            try:
                taken = await self.collect()
            except JournalClosed:
                return
            except Exception as problem:  # noqa: BLE001 - the boundary: the database's own errors, whichever it is; what is kept stays kept
                _log.warning("relay.waits", error=str(problem), again_in=AGAIN)
                await self._sleep(AGAIN)
            else:
                if not taken:
                    await self._sleep(self._poll)

    async def collect(self) -> int:
        """Take what is there now, oldest first; return how many it was. Raises JournalError when the journal takes no work."""
        if self._set_aside is None:
            self._set_aside = await self._journal.submit(_lying)
        aside = self._set_aside
        found = await asyncio.to_thread(self._waiting_now, TOGETHER + len(aside))
        entries = [each for each in found if each.key not in aside]
        # Side by side, so that they share commits; each was begun in its turn, and the journal keeps that order.
        results = await asyncio.gather(*(self._take(each) for each in entries), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return len(entries)

    async def _take(self, entry: RelayEntry) -> None:
        try:
            await self._takers[entry.kind](entry)
        except JournalError:
            raise
        except Exception as problem:  # noqa: BLE001 - the boundary: it stays on disk, its letter says why, and no other waits for it
            _log.exception("relay.set_aside", key=entry.key, kind=entry.kind)
            await self._journal.submit(partial(_land, entry, problem))
            assert self._set_aside is not None  # noqa: S101 - `collect` has asked for it
            self._set_aside.add(entry.key)


def _lying(tx: Transaction) -> set[str]:
    """Return what an earlier leader could not take."""
    return {each.about for each in tx.dead_letters(limit=MOST_WAITING) if each.what is DeadKind.RELAYED}


def _land(entry: RelayEntry, problem: Exception, tx: Transaction) -> None:
    landing = Landing(
        what=DeadKind.RELAYED,
        about=entry.key,
        reason=DeadReason.UNREADABLE if isinstance(problem, _UNREADABLE) else DeadReason.BUG,
        title=f"{_WORDS.get(entry.kind, entry.kind)}, kept {entry.key}",
        detail=f"{type(problem).__name__}: {problem}",
    )
    land(tx, landing)


_UNREADABLE = (ValueError, LookupError, TypeError)
_WORDS = {DELIVERY: "a delivery of alerts", REFUSAL: "word of a body that could not be read"}


async def take_refusal(journal: Journal, entry: RelayEntry) -> None:
    """Record that a body could not be read."""
    await journal.submit(partial(_record_refusal, entry))


def _record_refusal(entry: RelayEntry, tx: Transaction) -> None:
    tx.append(INTAKE, ALERTMANAGER, [fact_from_data(DeliveryRefused.KIND, entry.data)])
    tx.close_relay(entry.key)
