"""Made-up alerts, records and deliveries, each field as a test needs it and the others plausible."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from bot.domain.facts import AlertSeen
from bot.domain.ids import Digest, IncidentId, RunId
from bot.domain.nouns import (
    FIRELINE,
    Actor,
    AlertStatus,
    IncidentStatus,
    Phase,
    Routing,
    RunStatus,
    Severity,
)
from bot.domain.records import AlertRecord, IncidentRecord, RunRecord
from bot.incidents.deliveries import Delivery, alert_key

RECORDED = Path(__file__).parents[1] / "data" / "alertmanager"
"""Bodies of real deliveries by Alertmanager 0.25 and 0.33, each with the headers it came with."""
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
RECEIVER = "fireline"
GROUP_KEY = '{}:{alertname="CheckoutErrors"}'


def recorded(name: str) -> tuple[bytes, Mapping[str, str]]:
    """Return the body of a recorded delivery, as it went over the wire, and its headers."""
    made = json.loads((RECORDED / name).read_text())
    return json.dumps(made["body"], ensure_ascii=False, separators=(",", ":")).encode(), made["headers"]


def seen(
    name: str = "CheckoutErrors",
    *,
    resolved: timedelta | None = None,
    starts_at: datetime = NOON,
    group_key: str = GROUP_KEY,
    receiver: str = RECEIVER,
    annotations: Mapping[str, str] | None = None,
    **labels: str,
) -> AlertSeen:
    """Make an alert; `resolved` is how long after its start it ended, None while it fires."""
    named = {"alertname": name, **labels}
    fingerprint = sha256(repr(sorted(named.items())).encode()).hexdigest()[:16]
    return AlertSeen(
        key=alert_key(receiver, group_key, fingerprint, starts_at),
        status=AlertStatus.FIRING if resolved is None else AlertStatus.RESOLVED,
        labels=named,
        annotations=annotations if annotations is not None else {"summary": f"{name} is up"},
        starts_at=starts_at,
        ends_at=None if resolved is None else starts_at + resolved,
        fingerprint=fingerprint,
        generator_url="http://prometheus.test/graph",
    )


def over(alert: AlertSeen, after: timedelta = timedelta(minutes=10)) -> AlertSeen:
    """Return the alert as its sender describes it once it is over."""
    return replace(alert, status=AlertStatus.RESOLVED, ends_at=alert.starts_at + after)


def delivery(*alerts: AlertSeen, group_key: str = GROUP_KEY, truncated: int = 0) -> Delivery:
    """Put alerts into a delivery."""
    return Delivery(
        receiver=RECEIVER,
        group_key=group_key,
        external_url="http://alertmanager.test",
        alerts=tuple(alerts),
        truncated=truncated,
    )


def record_of(
    alert: AlertSeen,
    *,
    incident: int | None = None,
    routing: Routing = Routing.PENDING,
    last_seen: datetime = NOON,
    group_key: str = GROUP_KEY,
) -> AlertRecord:
    """Return what the log says of an alert that was seen so."""
    return AlertRecord(
        key=alert.key,
        receiver=RECEIVER,
        group_key=group_key,
        fingerprint=alert.fingerprint,
        status=alert.status,
        routing=Routing.ATTACHED if incident is not None else routing,
        labels=alert.labels,
        annotations=alert.annotations,
        generator_url=alert.generator_url,
        starts_at=alert.starts_at,
        ends_at=alert.ends_at,
        first_seen=NOON,
        last_seen=last_seen,
        deliveries=1,
        incident=IncidentId(incident) if incident is not None else None,
    )


def incident(
    number: int = 42,
    *,
    status: IncidentStatus = IncidentStatus.INVESTIGATING,
    commander: str = "",
    firing: int = 1,
    alerts: int = 1,
    runbook: str = "",
    resolved_at: datetime | None = None,
) -> IncidentRecord:
    """Make an incident."""
    return IncidentRecord(
        id=IncidentId(number),
        title="Checkout is failing",
        severity=Severity.SEV2,
        status=IncidentStatus.RESOLVED if resolved_at is not None else status,
        group="service/checkout",
        runbook=runbook,
        opened_by=FIRELINE,
        opened_at=NOON,
        acknowledged_at=NOON if commander else None,
        resolved_at=resolved_at,
        commander=commander,
        channel="",
        channel_name="",
        alerts=alerts,
        firing=firing,
        resolution="",
        last_seq=1,
    )


def run(
    ident: str = "42-1",
    *,
    runbook: str = "checkout-errors",
    status: RunStatus = RunStatus.RUNNING,
    by: Actor | None = None,
) -> RunRecord:
    """Make a run."""
    return RunRecord(
        id=RunId(ident),
        incident=IncidentId(int(ident.partition("-")[0])),
        runbook=runbook,
        digest=Digest("d" * 64),
        status=status,
        phase=Phase.STEPS,
        requested_by=by,
        inputs={},
        started_at=NOON,
        finished_at=None,
        reason="",
        detail="",
    )


def body(alerts: Sequence[AlertSeen] = (), **more: Any) -> bytes:
    """Write alerts as Alertmanager would; `more` replaces fields of the body, or adds some."""
    written: dict[str, Any] = {
        "receiver": RECEIVER,
        "status": "firing",
        "alerts": [_as_written(each) for each in alerts],
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.test",
        "version": "4",
        "groupKey": GROUP_KEY,
        "truncatedAlerts": 0,
    }
    written.update(more)
    return json.dumps(written, ensure_ascii=False).encode()


def _as_written(alert: AlertSeen) -> dict[str, Any]:
    return {
        "status": alert.status.value,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": alert.starts_at.isoformat().replace("+00:00", "Z"),
        "endsAt": alert.ends_at.isoformat().replace("+00:00", "Z")
        if alert.ends_at
        else "0001-01-01T00:00:00Z",
        "generatorURL": alert.generator_url,
        "fingerprint": alert.fingerprint,
    }
