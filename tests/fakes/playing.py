"""Plays a tale into a real store: each event at its own instant, the alerts heard of first, so that every projection stands as it would."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from bot.domain.facts import AlertsAttached, AlertSeen, AlertsReceived, AlertsResolved
from bot.domain.ids import INTAKE, AlertKey
from bot.domain.nouns import AlertStatus, sender
from bot.persistence.store import Store
from tests.fakes.store import MovedClock, open_test_store
from tests.fakes.timeline import Timeline


async def play(folder: Path, *tales: Timeline) -> tuple[Store, MovedClock]:
    """Open a store in a folder and let tales happen in it, one after the other; the clock stands where the last one ended."""
    clock = MovedClock(tales[0].events[0].at if tales[0].events else tales[0].now)
    store = await open_test_store(folder, clock)
    for tale in tales:
        await tell(store, clock, tale)
    return store, clock


async def tell(store: Store, clock: MovedClock, tale: Timeline) -> None:
    """Let a tale happen."""
    alerts: dict[AlertKey, AlertSeen] = {}
    for event in tale.events:
        clock.move(seconds=(event.at - clock.now()).total_seconds())
        fact = event.fact
        if isinstance(fact, AlertsAttached):
            alerts |= {key: replace(fact.first, key=key, fingerprint=key[:16]) for key in fact.keys}
            await _hear(store, [alerts[key] for key in fact.keys])
        elif isinstance(fact, AlertsResolved):
            over = [alerts[key] for key in fact.keys if key in alerts]
            await _hear(
                store, [replace(each, status=AlertStatus.RESOLVED, ends_at=event.at) for each in over]
            )
        await store.journal.append(event.stream, event.actor, [fact])


async def _hear(store: Store, alerts: Iterable[AlertSeen]) -> None:
    received = AlertsReceived(
        receiver="fireline", group_key="{}", external_url="http://am", changed=tuple(alerts)
    )
    await store.journal.append(INTAKE, sender("alertmanager"), [received])
