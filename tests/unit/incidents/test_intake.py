"""Taking deliveries in: what is on disk afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

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
from bot.domain.records import AlertRecord
from bot.errors import JournalBehind, JournalClosed, JournalError
from bot.incidents import intake as intake_module
from bot.incidents.deliveries import ALERTMANAGER, Receipt
from bot.incidents.intake import Intake
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


# ------------------------------------------------------------------------------------------------- deliveries that share


async def _stuck(office: Office, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Hold the journal until the event is set, so that what comes meanwhile must share the next unit."""
    submit, go = office.store.journal.submit, asyncio.Event()

    async def held(unit: Any) -> Any:
        await go.wait()
        return await submit(unit)

    monkeypatch.setattr(office.store.journal, "submit", held)
    return go


async def test_deliveries_that_wait_share_a_unit(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """One unit for the first, one for all that came meanwhile, and each gets its own receipt."""
    go = await _stuck(office, monkeypatch)
    tasks = [asyncio.create_task(office.intake.receive(delivery(seen(pod=str(n % 3))))) for n in range(10)]
    await asyncio.sleep(0)
    go.set()
    receipts = await asyncio.gather(*tasks)
    assert [each.new for each in receipts] == [1, 1, 1, *[0] * 7]
    assert len({each.at for each in office.store.records.events()}) <= 2


async def test_a_delivery_that_cannot_be_written_fails_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its neighbours in the unit are taken in."""
    go = await _stuck(office, monkeypatch)
    poison = replace(delivery(seen(pod="poison")), truncated=cast("int", float("nan")))
    deliveries = [delivery(seen(pod="1")), poison, delivery(seen(pod="2"))]
    tasks = [asyncio.create_task(office.intake.receive(each)) for each in deliveries]
    await asyncio.sleep(0)
    go.set()
    one, bad, two = await asyncio.gather(*tasks, return_exceptions=True)
    assert one == two == Receipt(new=1)
    assert isinstance(bad, ValueError)
    assert {each.labels["pod"] for each in office.store.records.recent_alerts()} == {"1", "2"}


async def test_too_many_deliveries_wait(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender is asked to come again; those that wait are taken in."""
    monkeypatch.setattr(intake_module, "MOST_WAITING", 2)
    go = await _stuck(office, monkeypatch)
    tasks = [asyncio.create_task(office.intake.receive(delivery(seen(pod=str(n))))) for n in range(5)]
    await asyncio.sleep(0)
    go.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(each, JournalBehind) for each in results] == [False, False, True, True, True]


async def test_a_unit_takes_so_many_alerts(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large deliveries don't share."""
    monkeypatch.setattr(intake_module, "PART", 10)
    go = await _stuck(office, monkeypatch)
    tasks = [
        asyncio.create_task(office.intake.receive(delivery(*(seen(pod=f"{n}-{m}") for m in range(7)))))
        for n in range(3)
    ]
    await asyncio.sleep(0)
    go.set()
    assert sum(each.new for each in await asyncio.gather(*tasks)) == 21


async def test_a_sender_that_left_holds_up_nobody(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its delivery is taken in all the same, or not at all; the others hear of theirs."""
    go = await _stuck(office, monkeypatch)
    gone, stays = (asyncio.create_task(office.intake.receive(delivery(seen(pod=pod)))) for pod in "12")
    await asyncio.sleep(0)
    gone.cancel()
    go.set()
    assert await stays == Receipt(new=1)


async def test_a_journal_that_fails_fails_all_that_share(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told a lie, and what comes after is taken in."""
    submit = office.store.journal.submit

    async def failing(_unit: Any) -> Any:
        raise JournalError("disk I/O error")

    monkeypatch.setattr(office.store.journal, "submit", failing)
    tasks = (office.intake.receive(delivery(seen(pod=pod))) for pod in "123")
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, JournalError) for each in results)
    monkeypatch.setattr(office.store.journal, "submit", submit)
    assert await office.intake.receive(delivery(seen())) == Receipt(new=1)


async def test_what_no_runbook_wants_is_unmatched_at_once(office: Office) -> None:
    """In the same unit, told once for all; only the wanted ones are handed over."""
    handed: list[AlertRecord] = []
    picky = Intake(office.store.journal, wake=handed.extend, wanted=lambda labels: labels["pod"] == "1")
    await picky.receive(delivery(*(seen(pod=str(number)) for number in range(4))))
    assert [each.labels["pod"] for each in handed] == ["1"]
    assert handed == list(office.store.records.pending_alerts(limit=10))
    assert office.kinds() == ["alerts.received", "alerts.unmatched"]
    assert len(office.store.records.unmatched_alerts()) == 3
    await picky.receive(delivery(*(seen(pod=str(number)) for number in range(4))))
    assert len(handed) == 1
    assert office.kinds().count("alerts.unmatched") == 1
