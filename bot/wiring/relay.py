"""The leader's takers of what processes that stand by kept for it: each kind of thing goes where it would have gone at the leader's own door."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.inbound.relayed import PAYLOAD
from bot.domain.records import RelayEntry
from bot.incidents.relay import DELIVERY, REFUSAL, Collector, Taker, delivery_from_data, take_refusal
from bot.wiring.fireline import Fireline


def build_collector(fireline: Fireline) -> Collector:
    """Make the collector of a Fireline that leads."""
    taken = fireline.metrics.relay_taken
    alerts = fireline.metrics.alerts

    async def delivery(entry: RelayEntry) -> None:
        receipt = await fireline.intake.receive(delivery_from_data(entry.data, relayed=entry.key))
        taken.labels(DELIVERY).inc()
        alerts.labels("new").inc(receipt.new)
        alerts.labels("repeated").inc(receipt.repeated)
        alerts.labels("resolved").inc(receipt.resolved)

    async def refusal(entry: RelayEntry) -> None:
        await take_refusal(fireline.store.journal, entry)
        taken.labels(REFUSAL).inc()

    async def payload(entry: RelayEntry) -> None:
        await fireline.chat.take_relayed(entry)
        taken.labels(PAYLOAD).inc()

    takers: Mapping[str, Taker] = {DELIVERY: delivery, REFUSAL: refusal}
    if fireline.chat.on:
        takers = {**takers, PAYLOAD: payload}
    collector = Collector(
        lambda limit: fireline.store.records.relay_waiting(limit=limit), takers, fireline.store.journal
    )
    fireline.store.journal.listen(collector.watch)
    return collector
