"""How a run begins: everything that its expressions will ever see, pinned in one fact."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.domain.clock import to_text
from bot.domain.facts import AlertSeen, RunStarted
from bot.domain.ids import RunId
from bot.domain.nouns import Actor
from bot.domain.records import AlertRecord, IncidentRecord
from bot.runbook.model import Runbook

_MOST_GROUP = 200
"""Characters of a group's name: it is looked up by an index, and databases limit what an index holds."""


def start_run(
    *,
    runbook: Runbook,
    run: RunId,
    inputs: Mapping[str, Any],
    scope: Mapping[str, Any],
    requested_by: Actor | None,
    seed: str,
    now: datetime,
) -> RunStarted:
    """Make the fact that starts a run.

    `inputs` are resolved (`bot.runbook.inputs`); `scope` comes from `scope_of`; `seed` is a random token that makes the run's idempotency
    keys its own.
    """
    return RunStarted(
        run=run,
        runbook=runbook.name,
        digest=runbook.digest,
        seed=seed,
        autonomy=runbook.autonomy.value,
        inputs=inputs,
        scope=scope,
        requested_by=requested_by,
        deadline=now + runbook.timeout if runbook.timeout else None,
    )


def scope_of(
    *,
    incident: Mapping[str, Any],
    alerts: tuple[Mapping[str, Any], ...] = (),
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the part of an expression's scope that is the same for a whole run: `alert`, `alerts`, `incident`, `vars`.

    `alerts` come from `alert_scope`, the one that triggered first; a run that a person started has none, and its `alert` is empty.
    """
    return {
        "alert": alerts[0] if alerts else NO_ALERT,
        "alerts": list(alerts),
        "incident": incident,
        "vars": variables,
    }


NO_ALERT: Mapping[str, Any] = {
    "name": "",
    "labels": {},
    "annotations": {},
    "starts_at": "",
    "fingerprint": "",
    "generator_url": "",
    "status": "",
}


def alert_scope(alert: AlertRecord | AlertSeen) -> dict[str, Any]:
    """Return an alert as expressions see it."""
    return {
        "name": alert.name,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "starts_at": to_text(alert.starts_at),
        "fingerprint": alert.fingerprint,
        "generator_url": alert.generator_url,
        "status": alert.status.value,
    }


def incident_scope(incident: IncidentRecord) -> dict[str, Any]:
    """Return an incident as expressions see it."""
    return {
        "number": incident.id,
        "title": incident.title,
        "severity": incident.severity.value,
        "status": incident.status.value,
    }


def bounded(group: str) -> str:
    """Return a group's name, shortened to its beginning and its SHA-256 where it is too long to look up."""
    if len(group.encode()) <= _MOST_GROUP:
        return group
    return f"{group[:40]}…{hashlib.sha256(group.encode()).hexdigest()}"
