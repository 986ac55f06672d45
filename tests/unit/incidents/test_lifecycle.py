"""What people do to an incident through the desk, over a real store: what is on record afterwards, and where later alerts go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.facts import AlertsAttached, IncidentAbsorbed, IncidentMerged, IncidentOpened
from bot.domain.ids import SYSTEM, IncidentId, RunId
from bot.domain.nouns import COMMANDER, IncidentStatus, Severity, person
from bot.domain.records import IncidentRecord
from bot.errors import Conflict, NotFound, Refused
from bot.incidents.desk import Desk
from tests.fakes.alerts import NOON, delivery, over, seen
from tests.fakes.books import book
from tests.fakes.office import VARIABLES, Office

ADA, BOB = person("U0ADA"), person("U0BOB")
ONE, TWO, THREE = IncidentId(1), IncidentId(2), IncidentId(3)
SERVICE = {"service": {"type": "string", "default": "{{ alert.labels.service }}"}}
BY_SERVICE = {
    "inputs": SERVICE,
    "concurrency": {"group": "service/{{ inputs.service }}"},
    "autonomy": "propose",
}
CART, SHOP = seen(service="cart"), seen(service="shop")


def found(office: Office, incident: IncidentId) -> IncidentRecord:
    """What is on record of an incident."""
    record = office.store.records.incident(incident)
    assert record is not None
    return record


async def two(office: Office) -> None:
    """Open an incident for the cart, and one for the shop; no run in either."""
    office.books.append(book(**BY_SERVICE))
    for alert in (CART, SHOP):
        await office.intake.receive(delivery(alert))
        await office.dispatcher.drain()


async def test_declaring_with_a_service_in_private(office: Office) -> None:
    """With a runbook and without one."""
    await office.desk.declare("Leak", Severity.SEV1, ADA, service=" Check  out ", private=True)
    assert office.facts(1) == [
        IncidentOpened(incident=ONE, title="Leak", severity=Severity.SEV1, service="Check out", private=True)
    ]
    office.books.append(book(inputs={}))
    await office.desk.declare("Leak 2", Severity.SEV1, ADA, runbook="checkout-errors", private=True)
    assert [found(office, each).private for each in (ONE, TWO)] == [True, True]
    assert office.store.records.incidents(private=False) == []
    assert len(office.store.records.incidents()) == 2


async def test_leading_a_response(office: Office) -> None:
    """Roles, severity, updates: each on record as it stands now."""
    desk = Desk(
        office.store.journal,
        office.store.records,
        office.runs,
        runbook=lambda _name: None,
        tokens=lambda: "t",
        variables=VARIABLES,
        roles=["customer_liaison", "scribe"],
    )
    assert desk.roles == (COMMANDER, "communications", "scribe", "customer_liaison")
    await desk.declare("One", Severity.SEV3, ADA)
    await desk.assign(ONE, ADA, COMMANDER, "U0BOB")
    await desk.assign(ONE, ADA, "customer_liaison", "U0ADA")
    await desk.set_severity(ONE, BOB, Severity.SEV1, "all regions")
    await desk.update(
        ONE, BOB, status=IncidentStatus.IDENTIFIED, message="A bad deploy.", next_in=timedelta(minutes=30)
    )
    record = found(office, ONE)
    assert (record.commander, record.severity, record.status) == (
        "U0BOB",
        Severity.SEV1,
        IncidentStatus.IDENTIFIED,
    )
    assert record.roles == {COMMANDER: "U0BOB", "customer_liaison": "U0ADA"}
    assert (record.last_update, record.last_update_at) == ("A bad deploy.", NOON)
    assert record.next_update_due == NOON + timedelta(minutes=30)
    assert record.acknowledged_at is None
    await desk.acknowledge(ONE, BOB)
    await desk.assign(ONE, ADA, COMMANDER, None)
    assert (found(office, ONE).commander, found(office, ONE).acknowledged_at) == ("", NOON)
    await desk.acknowledge(ONE, ADA)
    assert found(office, ONE).roles[COMMANDER] == "U0ADA"
    await desk.resolve(ONE, ADA)
    assert found(office, ONE).next_update_due is None


async def test_reopening(office: Office) -> None:
    """Its alerts come to it again; what was said of its end does not hold any more."""
    await two(office)
    felt = NOON - timedelta(hours=1)
    await office.desk.resolve(ONE, ADA, "rolled back", impact_from=felt, impact_to=NOON, impact="no cart")
    ended = found(office, ONE)
    assert (ended.impact_from, ended.impact_to, ended.impact) == (felt, NOON, "no cart")
    await office.desk.reopen(ONE, BOB, "it fails again")
    record = found(office, ONE)
    assert (record.open, record.status, record.resolved_at) == (True, IncidentStatus.INVESTIGATING, None)
    assert (record.resolution, record.impact_from, record.impact_to, record.impact) == ("", None, None, "")
    another = seen("CartSlow", service="cart")
    office.books.append(book("cart-slow", match='alertname="CartSlow"', **BY_SERVICE))
    await office.intake.receive(delivery(another))
    await office.dispatcher.drain()
    assert office.alert(another).incident == 1


async def test_reopening_what_goes_on_elsewhere(office: Office) -> None:
    """By now another incident is open for its group: the same trouble has one."""
    await two(office)
    await office.desk.resolve(ONE, ADA)
    await office.intake.receive(delivery(over(CART)))
    again = seen(service="cart", starts_at=NOON + timedelta(hours=1))
    await office.intake.receive(delivery(again))
    await office.dispatcher.drain()
    assert office.alert(again).incident == 3
    with pytest.raises(Conflict, match="Incident 3 is open for service/cart"):
        await office.desk.reopen(ONE, ADA, "it fails again")


async def test_merging_takes_alerts_and_group_along(office: Office) -> None:
    """One ends with a pointer to the other, which has its alerts; both timelines say so."""
    await two(office)
    await office.desk.merge(TWO, ADA, ONE)
    merged, target = found(office, TWO), found(office, ONE)
    assert (merged.open, merged.merged_into, merged.alerts, merged.firing) == (False, 1, 0, 0)
    assert merged.resolution == "merged into incident 1"
    assert (target.alerts, target.firing) == (2, 2)
    assert office.alert(SHOP).incident == 1
    assert office.facts(2)[-1] == IncidentMerged(incident=TWO, into=ONE)
    attached, absorbed = office.facts(1)[-2:]
    assert isinstance(attached, AlertsAttached)
    assert (attached.keys, attached.total) == ((SHOP.key,), 2)
    assert absorbed == IncidentAbsorbed(incident=ONE, other=TWO, title=merged.title, alerts=1)


async def test_what_fires_later_goes_to_the_target(office: Office) -> None:
    """The same alert again, and another of the group that was merged; also after a second merge, and not once that is over."""
    await two(office)
    await office.desk.merge(TWO, ADA, ONE)
    await office.intake.receive(delivery(over(SHOP)))
    assert found(office, ONE).firing == 1
    office.clock.move(hours=1)
    again = seen(service="shop", starts_at=NOON + timedelta(hours=1))
    await office.intake.receive(delivery(again))
    await office.dispatcher.drain()
    assert office.alert(again).incident == 1

    await office.desk.declare("The whole platform", Severity.SEV1, ADA)
    await office.desk.merge(ONE, ADA, THREE)
    assert office.facts(1)[-1] == IncidentMerged(incident=ONE, into=THREE, absorbed=(TWO,))
    assert found(office, TWO).merged_into == 3
    another = seen("ShopSlow", service="shop")
    office.books.append(book("shop-slow", match='alertname="ShopSlow"', **BY_SERVICE))
    await office.intake.receive(delivery(another))
    await office.dispatcher.drain()
    assert office.alert(another).incident == 3

    await office.desk.resolve(THREE, ADA)
    fresh = seen("ShopSlow", service="shop", starts_at=NOON + timedelta(hours=2))
    await office.intake.receive(delivery(fresh))
    await office.dispatcher.drain()
    assert office.alert(fresh).incident == 4


async def test_a_group_that_queues_goes_to_the_target_too(office: Office) -> None:
    """Although the target was opened by another runbook, and had no such run."""
    queue = {"inputs": SERVICE, "concurrency": {"group": "s/{{ inputs.service }}", "when_busy": "queue"}}
    office.books.append(book(**queue))
    await office.intake.receive(delivery(CART))
    await office.dispatcher.drain()
    await office.finish("1-1")
    await office.desk.declare("The whole platform", Severity.SEV1, ADA)
    await office.desk.merge(ONE, ADA, TWO)
    again = seen(service="cart", starts_at=NOON + timedelta(hours=1))
    await office.intake.receive(delivery(again))
    await office.dispatcher.drain()
    assert office.alert(again).incident == 2
    assert office.runs.taken_up == [RunId("1-1")]


async def test_merging_what_is_not_there(office: Office) -> None:
    """Neither of the two changes."""
    await office.desk.declare("One", Severity.SEV3, ADA)
    with pytest.raises(NotFound, match="no incident 9"):
        await office.desk.merge(ONE, ADA, IncidentId(9))
    assert found(office, ONE).open


async def test_messages_of_the_timeline(office: Office) -> None:
    """Marked by a person; edited and deleted as chat tells, on record each, and asked for by their names."""
    await office.desk.declare("One", Severity.SEV3, ADA)
    await office.desk.mark(ONE, ADA, channel="C1", ts="1.2", author="U0BOB", text="the cache")
    with pytest.raises(Conflict):
        await office.desk.mark(ONE, BOB, channel="C1", ts="1.2", author="U0BOB", text="the cache")
    await office.desk.mark_edited(ONE, "C1", "1.2", "DNS", NOON)
    await office.desk.mark_edited(ONE, "C1", "1.2", "DNS", NOON)
    await office.desk.mark_deleted(ONE, "C1", "1.2")
    mark = office.store.records.marked("C1", "1.2")
    assert mark is not None
    assert (mark.text, mark.author, mark.marked_by, mark.edited_at, mark.deleted_at) == (
        "DNS",
        "U0BOB",
        ADA,
        NOON,
        NOON,
    )
    assert office.kinds(1)[1:] == [
        "incident.message_marked",
        "incident.message_edited",
        "incident.message_deleted",
    ]
    assert office.store.records.marked("C1", "9.9") is None


async def test_freezing(office: Office) -> None:
    """The engine holds changes back before the word is written; the log has who and why."""
    await office.desk.freeze(ADA, " deploy\nweekend ", until=NOON + timedelta(hours=1))
    assert office.runs.asked == [("freezing", ADA, "deploy weekend", NOON + timedelta(hours=1))]
    record = office.store.records.freeze()
    assert record is not None
    assert (record.by, record.why, record.since, record.until) == (
        ADA,
        "deploy weekend",
        NOON,
        NOON + timedelta(hours=1),
    )
    with pytest.raises(Conflict, match="frozen already"):
        await office.desk.freeze(BOB, "again")
    await office.desk.unfreeze(BOB, "it is Monday")
    assert office.store.records.freeze() is None
    assert [each.kind for each in office.store.records.events(stream=SYSTEM)] == [
        "changes.frozen",
        "changes.unfrozen",
    ]


async def test_silencing_without_an_alertmanager(office: Office) -> None:
    """The hint says what to set."""
    desk = Desk(
        office.store.journal,
        office.store.records,
        office.runs,
        runbook=lambda _name: None,
        tokens=lambda: "t",
        variables=VARIABLES,
    )
    await desk.declare("One", Severity.SEV3, ADA)
    with pytest.raises(Refused, match="no Alertmanager") as refused:
        await desk.silence(ONE, ADA, timedelta(hours=1))
    assert "alertmanager.url" in refused.value.hint
