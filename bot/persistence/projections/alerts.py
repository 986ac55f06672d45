"""What is heard of alerts, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.clock import to_text
from bot.domain.events import Event
from bot.domain.facts import AlertsAttached, AlertsReceived, AlertsUnmatched, words_to_text
from bot.domain.nouns import Routing
from bot.persistence.changes import Change
from bot.persistence.tables import ALERTS, INCIDENTS


def received(fact: AlertsReceived, event: Event, at: str) -> Iterable[Change]:
    """Take alerts in. One that is known keeps what became of it, so an alert that fires again stays with its incident, unless that is over."""
    for alert in fact.changed:
        yield Change(
            ALERTS,
            (alert.key,),
            values={
                "receiver": fact.receiver,
                "group_key": fact.group_key,
                "fingerprint": alert.fingerprint,
                "status": alert.status.value,
                "labels": words_to_text(alert.labels),
                "annotations": words_to_text(alert.annotations),
                "generator_url": alert.generator_url,
                "starts_at": to_text(alert.starts_at),
                "ends_at": None if alert.ends_at is None else to_text(alert.ends_at),
                "last_seen": at,
            },
            initial={"routing": Routing.PENDING.value, "first_seen": at, "seq": event.seq},
            counters={"deliveries": 1},
        )
    for key in fact.repeated:
        yield Change(ALERTS, (key,), values={"last_seen": at}, counters={"deliveries": 1}, create=False)
    for key in fact.again:
        yield Change(ALERTS, (key,), values={"routing": Routing.PENDING.value}, create=False)


def attached(fact: AlertsAttached, _event: Event, _at: str) -> Iterable[Change]:
    """Give alerts to an incident."""
    yield Change(INCIDENTS, (fact.incident,), values={"alerts": fact.total}, create=False)
    for key in fact.keys:
        yield Change(
            ALERTS,
            (key,),
            values={"incident": fact.incident, "routing": Routing.ATTACHED.value},
            create=False,
        )


def unmatched(fact: AlertsUnmatched, _event: Event, _at: str) -> Iterable[Change]:
    """Keep alerts that no runbook wants."""
    for key in fact.keys:
        yield Change(ALERTS, (key,), values={"routing": Routing.UNMATCHED.value}, create=False)
