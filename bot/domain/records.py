"""Records: what the log says now, a frozen row each. They are projections: made from events in the same transaction, never changed otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.domain.ids import (
    AlertKey,
    ApprovalId,
    Digest,
    EvidenceId,
    IncidentId,
    LetterId,
    LetterKey,
    RunId,
    StepId,
)
from bot.domain.nouns import (
    Actor,
    AlertStatus,
    ApprovalStatus,
    DeadKind,
    DeadReason,
    IncidentStatus,
    LetterStatus,
    Part,
    Phase,
    Routing,
    RunStatus,
    Severity,
    StepStatus,
    Vote,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """An alert as it was last heard of; `deliveries` counts every time its sender told us, `incident` is None until it belongs to one."""

    key: AlertKey
    receiver: str
    group_key: str
    fingerprint: str
    status: AlertStatus
    routing: Routing
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    generator_url: str
    starts_at: datetime
    ends_at: datetime | None
    first_seen: datetime
    last_seen: datetime
    deliveries: int
    incident: IncidentId | None

    @property
    def name(self) -> str:
        """The alert's name: the label `alertname`."""
        return self.labels.get("alertname", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRecord:
    """An incident as it stands; `channel` and `channel_name` are empty until the chat platform made one, `commander` until somebody took it.

    `scheduled` is the instant of a schedule that it was opened for, None for others; it is `quiet` while nobody needs to hear of it.
    `alerts` counts the alerts attached, `firing` those that still fire. `opened_by` is who declared it, or the system.

    `roles` maps each role that somebody has to that person's id, the commander's too. `last_update` is what stakeholders were told last, and
    `next_update_due` when they were promised to hear again, None while nothing is promised. `impact_from`, `impact_to` and `impact` are what was
    said at its end of what customers felt. `merged_into` is the incident that has its alerts now, None for one that stands by itself.
    `workspace` is the chat workspace that it belongs to, empty where there was only one when it opened.
    """

    id: IncidentId
    title: str
    severity: Severity
    status: IncidentStatus
    group: str
    runbook: str
    opened_by: Actor
    opened_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    commander: str
    channel: str
    channel_name: str
    alerts: int
    firing: int
    resolution: str
    last_seq: int
    scheduled: datetime | None = None
    quiet: bool = False
    service: str = ""
    private: bool = False
    roles: Mapping[str, str] = field(default_factory=dict)
    last_update_at: datetime | None = None
    last_update: str = ""
    next_update_due: datetime | None = None
    impact_from: datetime | None = None
    impact_to: datetime | None = None
    impact: str = ""
    merged_into: IncidentId | None = None
    workspace: str = ""

    @property
    def open(self) -> bool:
        """Whether the response is still under way."""
        return self.status is not IncidentStatus.RESOLVED

    def seen_by(self, person: str) -> bool:
        """Tell whether a person may see it outside its own channel: a private one, only who opened it or has a role in it."""
        return not self.private or person in {self.opened_by.id, self.commander, *self.roles.values()}

    def seen_from(self, channel: str, person: str) -> bool:
        """Tell whether a person may see it who asks in a channel, empty for none: whoever is in its own may."""
        return self.seen_by(person) or (bool(self.channel) and self.channel == channel)

    def told_in(self, incident: IncidentId) -> bool:
        """Tell whether the record of an incident may name it: a private one, only its own, for whoever reads another's need not be in this one."""
        return not self.private or incident == self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run as it stands.

    `group` is its concurrency group, empty for none. While it waits in line, `started_at` is when it came, `behind` the run that holds the group,
    and `place` its place among those that wait, from 1. `paused_at` is since when it is paused, None while it is not. One inside another names
    that run as `parent`, and the call of it that this run is.
    """

    id: RunId
    incident: IncidentId
    runbook: str
    digest: Digest
    status: RunStatus
    phase: Phase
    requested_by: Actor | None
    inputs: Mapping[str, Any]
    started_at: datetime
    finished_at: datetime | None
    reason: str
    detail: str
    group: str = ""
    severity: Severity | None = None
    behind: str = ""
    place: int = 0
    paused_at: datetime | None = None
    paused_by: Actor | None = None
    paused_why: str = ""
    parent: RunId | None = None
    parent_step: StepId | None = None
    parent_part: Part = Part.MAIN
    parent_attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A step of a run as it stands; steps that nothing happened to yet have no record. `output` is of the last call of its main part.

    `items` is what a loop goes through, empty for any other step; an item that was begun has a record of its own (`restart[0]`).
    `waits_for` says what a call waits for before it is made, empty when it waits for nothing; `due_at` is when it is made, where that is known.
    `in_doubt` says that a person must say what became of a call of it, perhaps of its undo: then `status` tells how the step itself ended.
    """

    run: RunId
    step: StepId
    status: StepStatus
    attempt: int
    started_at: datetime | None
    finished_at: datetime | None
    reason: str
    detail: str
    output: Mapping[str, Any]
    items: tuple[Any, ...] = ()
    waits_for: str = ""
    due_at: datetime | None = None
    in_doubt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AwayRecord:
    """A target that does not answer: not called `since` then, and tried again by the first call after `until`."""

    target: str
    since: datetime
    until: datetime
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Something that can't go on, and how it stands; the fields are as `DeadLetterLanded` has them.

    It landed first `since` then, and last `landed_at` then. `closed_at`, `closed_by` and `why` tell who put it back or let it go.
    """

    id: LetterId
    key: LetterKey
    what: DeadKind
    status: LetterStatus
    reason: DeadReason
    title: str
    detail: str
    tries: int
    since: datetime
    landed_at: datetime
    incident: IncidentId | None = None
    run: RunId | None = None
    alerts: tuple[AlertKey, ...] = ()
    due: datetime | None = None
    closed_at: datetime | None = None
    closed_by: Actor | None = None
    why: str = ""

    @property
    def about(self) -> str:
        """The name of the thing within its kind."""
        return self.key.partition("/")[2]

    @property
    def waiting(self) -> bool:
        """Whether it waits for a person."""
        return self.status is LetterStatus.WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRecord:
    """One person's word on an approval."""

    by: Actor
    vote: Vote
    as_member_of: str
    at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRecord:
    """An approval as it stands, with exactly what was shown to those who decide.

    `items` counts the calls that a loop asks about, 0 for a step that is none; `over` says by how much its list is longer than foreseen.
    `escalated_to` says who was asked besides when nobody had decided in time; `sources` holds them too.
    """

    id: ApprovalId
    incident: IncidentId
    run: RunId
    step: StepId
    status: ApprovalStatus
    digest: Digest
    action: str
    effect: str
    target: str
    inputs: Mapping[str, Any]
    undo: str
    sources: tuple[str, ...]
    quorum: int
    requested_by: Actor | None
    requested_at: datetime
    expires_at: datetime | None
    closed_at: datetime | None
    why: str
    items: int = 0
    over: str = ""
    escalated_at: datetime | None = None
    escalated_to: tuple[str, ...] = ()
    votes: tuple[VoteRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecord:
    """A piece of evidence; the bytes are in the evidence store under `sha256`."""

    id: EvidenceId
    incident: IncidentId
    run: RunId
    step: StepId
    name: str
    evidence_class: str
    sha256: Digest
    size: int
    media_type: str
    source: str
    tool: str
    truncated: bool
    stored_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRecord:
    """A runbook's schedule, in force since `since`, and the last of its instants that was answered, None while none was.

    `answered_at` is when; `incident` and `started` are what came of it, `skipped` says why nothing did.
    """

    runbook: str
    cron: str
    timezone: str
    since: datetime
    due: datetime | None = None
    answered_at: datetime | None = None
    incident: IncidentId | None = None
    started: str = ""
    skipped: str = ""

    @property
    def led_to(self) -> str:
        """What came of the last instant, in words; empty while there was none."""
        if self.skipped:
            return f"skipped: {self.skipped}"
        if self.started:
            return f"run {self.started}"
        return f"incident {self.incident}" if self.incident is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedDelivery:
    """A webhook body that could not be read; the bytes are in the evidence store under `body_sha256`."""

    seq: int
    at: datetime
    reason: str
    body_sha256: Digest
    size: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """Something that chat should show, and how far chat has caught up.

    `key` names it for good (`incident/42/channel`, `incident/42/status`, `approval/42-1/shift/1`); `wanted` is the place in the log after which it
    last changed, `sent` the place up to which chat shows it. `ts` is the platform's name for the message, empty until posted. `digest` is of what
    was sent last. A try is ambiguous when the platform may have taken it although no answer came. `gone` says why it is given up, empty otherwise.
    """

    key: str
    incident: IncidentId
    wanted: int
    sent: int
    channel: str = ""
    ts: str = ""
    digest: str = ""
    attempts: int = 0
    due_at: datetime | None = None
    ambiguous: bool = False
    error: str = ""
    gone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxEntry:
    """A payload from chat, durable before it is answered; `key` is the same for every redelivery of it."""

    key: str
    kind: str
    payload: Mapping[str, Any]
    received_at: datetime
    attempts: int = 0
    error: str = field(default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayEntry:
    """What a process that stands by took in for the one that leads: outside the log until that one records it."""

    key: str
    kind: str
    data: Mapping[str, Any]
