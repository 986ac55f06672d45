"""Facts of intake and of the process: what arrived, what could not be read, what was loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts.base import Fact
from bot.domain.ids import AlertKey, Digest
from bot.domain.nouns import AlertStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSeen:
    """One alert as its sender described it.

    `ends_at` is None while it fires. `key` is the alert's identity: the same (receiver, group key, fingerprint, start) has the same key.
    """

    key: AlertKey
    status: AlertStatus
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime | None
    fingerprint: str
    generator_url: str = ""

    @property
    def name(self) -> str:
        """The alert's name, as the field's convention has it: the label `alertname`."""
        return self.labels.get("alertname", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsReceived(Fact, kind="alerts.received"):
    """A webhook delivery was taken in.

    `changed` holds alerts that are new or whose status changed; `repeated` the keys of those that were known just so already.
    `truncated` counts alerts that the sender left out. `again` holds the keys of known alerts that are to be routed anew: they fire, a runbook wants
    them, and they have no incident or one that is over.
    """

    receiver: str
    group_key: str
    external_url: str
    changed: tuple[AlertSeen, ...]
    repeated: tuple[AlertKey, ...] = ()
    truncated: int = 0
    again: tuple[AlertKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsUnmatched(Fact, kind="alerts.unmatched"):
    """No runbook wanted these alerts; they are kept and open nothing."""

    keys: tuple[AlertKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRefused(Fact, kind="delivery.refused"):
    """A body that could not be read; it is kept under `body_sha256` for inspection. `size` is in bytes."""

    reason: str
    body_sha256: Digest
    size: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStarted(Fact, kind="process.started"):
    """A Fireline process began to work over this log."""

    version: str
    host: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTaken(Fact, kind="process.lead_taken"):
    """From here on this process writes the log, in this term, until the next of these facts.

    `how` is `first`, `handed over` (the one before gave it up in good order) or `took over` (it had stopped giving signs of life, or died);
    `before` says who that was, empty when nobody led before.
    """

    term: int
    host: str
    pid: int
    how: str
    before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbooksLoaded(Fact, kind="runbooks.loaded"):
    """The library of runbooks in force changed; `digests` maps names to digests, `refused` counts files with errors."""

    digests: Mapping[str, str]
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerOpened(Fact, kind="breaker.opened"):
    """A target does not answer: `since` its breaker opened first, calls to it are not made `until` one may try it again."""

    target: str
    since: datetime
    until: datetime
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerClosed(Fact, kind="breaker.closed"):
    """A target answers again; calls to it were not made `since` then."""

    target: str
    since: datetime
