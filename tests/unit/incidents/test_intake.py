"""Taking deliveries in: what is on disk afterwards."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.facts import (
    AlertsAttached,
    AlertsReceived,
    AlertsResolved,
    DeliveryRefused,
    NoteAdded,
    RunFinished,
)
from bot.domain.ids import Digest, IncidentId, RunId, incident_stream
from bot.domain.nouns import FIRELINE, AlertStatus, IncidentStatus, Routing, RunStatus, person
from bot.errors import JournalClosed
from bot.incidents import intake as intake_module
from bot.incidents.deliveries import ALERTMANAGER, Receipt
from tests.fakes.alerts import delivery, over, seen
from tests.fakes.books import book
from tests.fakes.office import Office


async def test_a_new_alert_is_on_disk(office: Office) -> None:
    """One event, and the alert waits to be routed."""
    assert await office.intake.receive(delivery(seen())) == Receipt(new=1)
    assert office.kinds() == ["alerts.received"]
    assert office.alert(seen()).routing is Routing.PENDING
    assert office.store.records.events()[0].actor == ALERTMANAGER


async def test_the_same_again_is_counted_not_told_again(office: Office) -> None:
    """Each delivery is an event, an alert is told whole once."""
    for _ in range(3):
        await office.intake.receive(delivery(seen()))
    changed = [len(fact.changed) for fact in office.facts() if isinstance(fact, AlertsReceived)]
    assert changed == [1, 0, 0]
    assert office.alert(seen()).deliveries == 3


async def test_three_alertmanagers_at_once(office: Office) -> None:
    """Two hundred identical deliveries at the same moment are one new alert."""
    receipts = await asyncio.gather(*(office.intake.receive(delivery(seen())) for _ in range(200)))
    assert sum(each.new for each in receipts) == 1
    assert sum(each.repeated for each in receipts) == 199


async def test_an_incident_hears_of_its_alerts(office: Office) -> None:
    """Resolved is told in the incident's stream, in the same unit; fired again, too."""
    office.books.append(book())
    await office.intake.receive(delivery(seen()))
    await office.dispatcher.drain()
    office.clock.move(minutes=10)
    await office.intake.receive(delivery(over(seen())))
    assert office.facts(1)[-1] == AlertsResolved(incident=IncidentId(1), keys=(seen().key,), firing=0)
    assert office.alert(seen()).status is AlertStatus.RESOLVED
    office.clock.move(minutes=1)
    assert (await office.intake.receive(delivery(seen()))).late == 1
    assert office.alert(seen()).status is AlertStatus.RESOLVED
    office.clock.move(hours=1)
    assert await office.intake.receive(delivery(seen())) == Receipt(new=1)
    assert isinstance(office.facts(1)[-1], AlertsAttached)
    found = office.store.records.incident(IncidentId(1))
    assert found is not None
    assert (found.alerts, found.firing) == (1, 1)
    assert len(office.store.records.incidents()) == 1


async def test_an_alert_outlives_its_incident(office: Office) -> None:
    """After a person resolved it the same alert opens nothing; the timeline says once that it still fires."""
    office.books.append(book())
    await office.intake.receive(delivery(seen()))
    await office.dispatcher.drain()
    ada = person("U0ADA")
    ended = RunFinished(run=RunId("1-1"), status=RunStatus.SUCCEEDED)
    await office.store.journal.append(incident_stream(IncidentId(1)), FIRELINE, [ended])
    office.clock.move(minutes=1)
    (warning,) = await office.desk.resolve(IncidentId(1), ada, "looks fine")
    assert "still fires" in warning
    for _ in range(3):
        office.clock.move(hours=4)
        await office.intake.receive(delivery(seen()))
        await office.dispatcher.drain()
    notes = [each for each in office.events(1) if isinstance(each.fact, NoteAdded)]
    assert len(notes) == 1
    assert notes[0].actor == FIRELINE
    (only,) = office.store.records.incidents()
    assert only.status is IncidentStatus.RESOLVED


async def test_a_large_delivery_is_taken_in_parts(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """No unit of work is longer than a part, the receipt counts them all, what was left out is counted once."""
    monkeypatch.setattr(intake_module, "PART", 10)
    alerts = [seen(pod=str(number)) for number in range(25)]
    assert await office.intake.receive(delivery(*alerts, truncated=3)) == Receipt(new=25)
    facts = [fact for fact in office.facts() if isinstance(fact, AlertsReceived)]
    assert [(len(fact.changed), fact.truncated) for fact in facts] == [(10, 3), (10, 0), (5, 0)]
    assert await office.intake.receive(delivery(*alerts)) == Receipt(repeated=25)


async def test_an_empty_delivery_is_recorded(office: Office) -> None:
    """Somebody sent it; that is a fact."""
    assert await office.intake.receive(delivery()) == Receipt()
    assert office.kinds() == ["alerts.received"]


async def test_a_refused_body_is_recorded(office: Office) -> None:
    """With its digest, so that the bytes are found."""
    digest = Digest("a" * 64)
    await office.intake.refuse(reason="/alerts: no", body=digest, size=7, source="127.0.0.1")
    assert office.facts() == [
        DeliveryRefused(reason="/alerts: no", body_sha256=digest, size=7, source="127.0.0.1")
    ]
    (refused,) = office.store.records.refused_deliveries()
    assert refused.body_sha256 == digest


async def test_a_closed_journal_takes_nothing(office: Office) -> None:
    """The caller hears of it."""
    await office.store.close()
    with pytest.raises(JournalClosed):
        await office.intake.receive(delivery(seen()))
