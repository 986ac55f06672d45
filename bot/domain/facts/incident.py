"""Facts of an incident: opened, seen, noted, resolved, told about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts.base import Fact
from bot.domain.facts.intake import AlertSeen
from bot.domain.ids import AlertKey, Digest, EvidenceId, IncidentId, RunId, StepId
from bot.domain.nouns import IncidentStatus, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentOpened(Fact, kind="incident.opened"):
    """An incident began.

    `group` is the concurrency group that later alerts attach by, empty for a declared incident; `runbook` names the runbook that opened it.
    `scheduled` is the instant of the runbook's schedule that it was opened for, None otherwise: such an incident is quiet until somebody is needed.
    `service` is what a person said is affected. A `private` one is shown to nobody but those who take part in it. `workspace` is the id of the
    chat workspace that it belongs to, empty where there is only one.
    """

    incident: IncidentId
    title: str
    severity: Severity
    group: str = ""
    runbook: str = ""
    scheduled: datetime | None = None
    service: str = ""
    private: bool = False
    workspace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsAttached(Fact, kind="incident.alerts_attached"):
    """Alerts belong to this incident from now on; `total` counts the incident's alerts with them."""

    incident: IncidentId
    keys: tuple[AlertKey, ...]
    first: AlertSeen
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsResolved(Fact, kind="incident.alerts_resolved"):
    """The sender says that these alerts are over; `firing` counts those of the incident that still fire."""

    incident: IncidentId
    keys: tuple[AlertKey, ...]
    firing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProposed(Fact, kind="incident.run_proposed"):
    """A runbook matches but may not start by itself; `why` says what keeps it."""

    incident: IncidentId
    runbook: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOpened(Fact, kind="incident.channel_opened"):
    """The chat platform has a channel for the incident; `name` is what the platform answered."""

    incident: IncidentId
    channel: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelArchived(Fact, kind="incident.channel_archived"):
    """The incident's channel takes no more messages."""

    incident: IncidentId
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePosted(Fact, kind="incident.message_posted"):
    """A message stands in chat for the first time; later changes of it are not events. `key` is our name for it, `ts` the platform's."""

    incident: IncidentId
    key: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentAcknowledged(Fact, kind="incident.acknowledged"):
    """A person took the incident; who they are is the event's actor. The first becomes incident commander."""

    incident: IncidentId
    commander: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged(Fact, kind="incident.status_changed"):
    """The response reached another stage; `why` is empty or a person's words."""

    incident: IncidentId
    status: IncidentStatus
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAdded(Fact, kind="incident.note_added"):
    """A person wrote into the timeline."""

    incident: IncidentId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentResolved(Fact, kind="incident.resolved"):
    """A person said that it is over; `summary` is what they said of it.

    `impact_from` and `impact_to` are when customers felt it, None where that was not said, `impact` what they felt.
    """

    incident: IncidentId
    summary: str = ""
    impact_from: datetime | None = None
    impact_to: datetime | None = None
    impact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceStored(Fact, kind="evidence.stored"):
    """Bytes were kept, whole unless `truncated`; `size` is in bytes, `source` is free of credentials, `tool` is the action and its version."""

    incident: IncidentId
    run: RunId
    step: StepId
    evidence: EvidenceId
    name: str
    evidence_class: str
    sha256: Digest
    size: int
    media_type: str
    source: str
    tool: str
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceAccessed(Fact, kind="evidence.accessed"):
    """Somebody took evidence out: who is the event's actor, `how` is `read`, `exported` or `shown redacted`."""

    incident: IncidentId
    evidence: EvidenceId
    sha256: Digest
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemDrafted(Fact, kind="incident.postmortem_drafted"):
    """A draft was made from the timeline up to `through`, a place in the log; `sha256` is of its Markdown."""

    incident: IncidentId
    sha256: Digest
    through: int
    path: str
