"""Records: the little that they derive."""

import dataclasses
from datetime import UTC, datetime

from bot.domain import ports
from bot.domain.ids import AlertKey, IncidentId
from bot.domain.nouns import FIRELINE, AlertStatus, IncidentStatus, Routing, Severity
from bot.domain.records import AlertRecord, IncidentRecord

AT = datetime(2026, 11, 23, tzinfo=UTC)

INCIDENT = IncidentRecord(
    id=IncidentId(1),
    title="Checkout is failing",
    severity=Severity.SEV2,
    status=IncidentStatus.INVESTIGATING,
    group="service/checkout",
    runbook="checkout-errors",
    opened_by=FIRELINE,
    opened_at=AT,
    acknowledged_at=None,
    resolved_at=None,
    commander="",
    channel="",
    channel_name="",
    alerts=1,
    firing=1,
    resolution="",
    last_seq=1,
)


def test_an_incident_is_open_until_it_is_resolved() -> None:
    """Every status but the last means that the response is under way."""
    statuses = {status: dataclasses.replace(INCIDENT, status=status).open for status in IncidentStatus}
    assert [status for status, is_open in statuses.items() if not is_open] == [IncidentStatus.RESOLVED]


def test_an_alert_is_named_by_its_label() -> None:
    """An alert without the label has no name, and that is no error."""
    alert = AlertRecord(
        key=AlertKey("k"),
        receiver="r",
        group_key="{}",
        fingerprint="f",
        status=AlertStatus.FIRING,
        routing=Routing.PENDING,
        labels={"alertname": "Down"},
        annotations={},
        generator_url="",
        starts_at=AT,
        ends_at=None,
        first_seen=AT,
        last_seen=AT,
        deliveries=1,
        incident=None,
    )
    assert alert.name == "Down"
    assert dataclasses.replace(alert, labels={}).name == ""


def test_a_transaction_answers_all_that_a_reader_does() -> None:
    """Use cases may ask inside a unit of work whatever they may ask outside."""
    assert ports.Reader in ports.Transaction.__mro__
