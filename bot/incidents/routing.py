"""Where alerts belong: which runbook wants them, and which of them are one incident. Pure.

The first runbook in name order that matches an alert's labels takes it. Its concurrency group, rendered with the alert in scope, says what the
alert shares an incident with; without one, what Alertmanager grouped together is one incident. Where runs of a group wait for each other or are
turned away, only alerts that ask for the same run, with the same inputs, are one incident.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.domain.canonical import canonical
from bot.domain.facts import AlertSeen, AlertsReceived
from bot.domain.ids import AlertKey
from bot.domain.nouns import AlertStatus, Routing
from bot.domain.records import AlertRecord
from bot.engine.starting import alert_scope, bounded
from bot.errors import RunbookError
from bot.runbook.inputs import resolve_inputs
from bot.runbook.model import Runbook, WhenBusy


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Alerts that one runbook wants for one group, in the order in which they arrived."""

    group: str
    runbook: Runbook
    alerts: tuple[AlertRecord, ...]

    @property
    def trigger(self) -> AlertRecord | None:
        """The alert that an incident would be opened for: of those that fire, the one that began first."""
        firing = [each for each in self.alerts if each.status is AlertStatus.FIRING]
        return min(firing, key=lambda each: each.starts_at, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Pending alerts, sorted: every one is in exactly one place."""

    wanted: tuple[Wanted, ...]
    unmatched: tuple[AlertKey, ...]


def choose(runbooks: Iterable[Runbook], labels: Mapping[str, str]) -> Runbook | None:
    """Return the first runbook that matches; `runbooks` come in name order."""
    return next((runbook for runbook in runbooks if runbook.matches(labels)), None)


def sort_out(
    alerts: Iterable[AlertRecord], runbooks: Sequence[Runbook], variables: Mapping[str, Any]
) -> Sorted:
    """Find out where each alert belongs."""
    groups: dict[tuple[str, ...], tuple[Runbook, str, list[AlertRecord]]] = {}
    unmatched = []
    for alert in alerts:
        runbook = choose(runbooks, alert.labels)
        if runbook is None:
            unmatched.append(alert.key)
            continue
        group, together = _seat(runbook, alert, variables)
        groups.setdefault(together, (runbook, group, []))[2].append(alert)
    wanted = tuple(
        Wanted(group=group, runbook=runbook, alerts=tuple(members))
        for runbook, group, members in groups.values()
    )
    return Sorted(wanted=wanted, unmatched=tuple(unmatched))


def _seat(runbook: Runbook, alert: AlertRecord, variables: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return an alert's concurrency group, and a name for what shares an incident with it.

    Where the runbook's own group can't be rendered, because an input has no value, the alerts that Alertmanager grouped together are one incident
    all the same: a responder must hear of them.
    """
    concurrency = runbook.concurrency
    if concurrency is not None:
        seen = alert_scope(alert)
        scope: dict[str, Any] = {"alert": seen, "alerts": [seen], "vars": variables}
        try:
            scope["inputs"] = resolve_inputs(runbook, {}, scope)
            group = bounded(str(concurrency.group.render(scope)))
        except RunbookError:
            pass
        else:
            attaches = concurrency.when_busy is WhenBusy.ATTACH
            return group, (group,) if attaches else (group, runbook.name, canonical(scope["inputs"]))
    group = bounded(f"{runbook.name}/{alert.group_key}")
    return group, (group,)


def record_of(seen: AlertSeen, received: AlertsReceived, at: datetime) -> AlertRecord:
    """Return what the log says of an alert that was first taken in at this instant, without asking it."""
    return AlertRecord(
        key=seen.key,
        receiver=received.receiver,
        group_key=received.group_key,
        fingerprint=seen.fingerprint,
        status=seen.status,
        routing=Routing.PENDING,
        labels=seen.labels,
        annotations=seen.annotations,
        generator_url=seen.generator_url,
        starts_at=seen.starts_at,
        ends_at=seen.ends_at,
        first_seen=at,
        last_seen=at,
        deliveries=1,
        incident=None,
    )


def seen_of(alert: AlertRecord) -> AlertSeen:
    """Return what is known of an alert in the form in which facts tell of it."""
    return AlertSeen(
        key=alert.key,
        status=alert.status,
        labels=alert.labels,
        annotations=alert.annotations,
        starts_at=alert.starts_at,
        ends_at=alert.ends_at,
        fingerprint=alert.fingerprint,
        generator_url=alert.generator_url,
    )
