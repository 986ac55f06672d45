"""Takes deliveries in: every alert is on disk before the sender hears so.

What is appended is decided in `hearing`; matching runbooks is the dispatcher's work, after the commit, and no webhook waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

from bot.domain.facts import DeliveryRefused, NoteAdded
from bot.domain.ids import INTAKE, Digest, incident_stream
from bot.domain.nouns import FIRELINE
from bot.domain.ports import Journal, Transaction
from bot.incidents.deliveries import ALERTMANAGER, Delivery, Receipt
from bot.incidents.hearing import LATE_WITHIN, News, digest, incidents_concerned

PART = 1000
"""How many alerts one unit of work takes in: a delivery of 20,000 must not keep the others waiting for its commit."""


class Intake:
    """Takes deliveries in and wakes the dispatcher when there is something to route."""

    def __init__(
        self, journal: Journal, *, wake: Callable[[], None], late_within: timedelta = LATE_WITHIN
    ) -> None:
        self._journal = journal
        self._wake = wake
        self._late_within = late_within

    async def receive(self, delivery: Delivery) -> Receipt:
        """Return what became of the alerts once all are on disk.

        Raises as `Journal.submit` does; of a large delivery some parts may be kept then, and the sender's next try finds them known.
        """
        receipt = Receipt()
        for part in _parts(delivery):
            news = await self._journal.submit(partial(self._take_in, part))
            receipt += news.receipt
            if news.to_route:
                self._wake()
        return receipt

    async def refuse(self, *, reason: str, body: Digest, size: int, source: str) -> None:
        """Record that a body could not be read; its bytes are kept under `body`. Raises as `Journal.submit` does."""
        fact = DeliveryRefused(reason=reason, body_sha256=body, size=size, source=source)
        await self._journal.append(INTAKE, ALERTMANAGER, [fact])

    def _take_in(self, delivery: Delivery, tx: Transaction) -> News:
        known = tx.alerts(each.key for each in delivery.alerts)
        concerned = incidents_concerned(delivery.alerts, known)
        incidents = {found.id: found for ident in concerned if (found := tx.incident(ident)) is not None}
        news = digest(delivery, known, incidents, now=tx.now, late_within=self._late_within)
        tx.append(INTAKE, delivery.sender, [news.received])
        for ident, facts in news.told.items():
            for fact in facts:
                # A note is our own conclusion, the rest is what the sender said.
                actor = FIRELINE if isinstance(fact, NoteAdded) else delivery.sender
                tx.append(incident_stream(ident), actor, [fact])
        return news


def _parts(delivery: Delivery) -> Iterator[Delivery]:
    """Cut a large delivery into parts; what the sender left out is counted with the first."""
    if len(delivery.alerts) <= PART:
        yield delivery
        return
    for start in range(0, len(delivery.alerts), PART):
        truncated = delivery.truncated if start == 0 else 0
        yield replace(delivery, alerts=delivery.alerts[start : start + PART], truncated=truncated)
