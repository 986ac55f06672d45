"""What a postmortem draft says, as values: the templates add words around it and nothing else.

Every line, number and row carries the place in the log that it was read from, so a reader can check each one. Text in here is plain, whole and
redacted; what nobody knows is None and is written as unknown, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.events import Event
from bot.domain.ids import Digest, IncidentId
from bot.domain.nouns import IncidentStatus, Severity
from bot.postmortem import wording


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Ref:
    """A place in the log: its number and its hash."""

    seq: int
    hash: Digest

    @property
    def short(self) -> str:
        """The reference as it stands beside a line: `#57 ab12cd34`."""
        return f"#{self.seq} {self.hash[:8]}"


def ref(event: Event) -> Ref:
    """Point at an event."""
    return Ref(seq=event.seq, hash=event.hash)


def refs(events: Sequence[Event]) -> tuple[Ref, ...]:
    """Point at several events."""
    return tuple(ref(event) for event in events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced:
    """A sentence with the events that it was read from."""

    text: str
    refs: tuple[Ref, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An instant of the incident; `at` is None when the timeline doesn't tell, and then `note` says why."""

    label: str
    at: datetime | None
    note: str = ""
    refs: tuple[Ref, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A length of time between two moments, in seconds; None when one of them is unknown."""

    label: str
    since: str
    until: str
    seconds: float | None
    refs: tuple[Ref, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedLabel:
    """A label of the alerts with every value that was seen."""

    name: str
    values: tuple[str, ...]
    refs: tuple[Ref, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """An alert that the timeline describes; `others` counts those that came in with it and are known by their keys alone."""

    name: str
    labels: str
    summary: str
    starts_at: datetime
    others: int
    source_url: str
    runbook_url: str
    refs: tuple[Ref, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """When it began, was seen, taken, contained and over, and what it touched."""

    moments: tuple[Moment, ...]
    spans: tuple[Span, ...]
    affected: tuple[AffectedLabel, ...]
    alerts: tuple[AlertRow, ...]
    customers: Sourced | None = None
    """What customers felt, as the one who resolved it said; None when nobody did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Numbers that a step saw: `values` as `name value` pairs; `last` holds those of the last look when there were several."""

    step: str
    what: str
    looks: int
    first_at: datetime
    first: tuple[tuple[str, float], ...]
    first_ref: Ref
    last_at: datetime
    last: tuple[tuple[str, float], ...]
    last_ref: Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the timeline. `sort` is one of alert, people, step, decision, failure, evidence and system: what a page colours by."""

    at: datetime
    text: str
    sort: str
    refs: tuple[Ref, ...]
    links: tuple[tuple[str, str], ...] = ()

    @property
    def day(self) -> str:
        """The day of the line in UTC, which the timeline is grouped by."""
        return wording.day(self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRow:
    """One person's word on an approval."""

    by: str
    vote: str
    as_member_of: str
    at: datetime
    why: str
    ref: Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRow:
    """What was asked, of whom, and what they said; `inputs` is JSON text as it was shown, `digest` binds it to the runbook."""

    approval: str
    step: str
    action: str
    effect: str
    target: str
    inputs: str
    digest: Digest
    undo: str
    of: str
    quorum: int
    requested_by: str
    asked_at: datetime
    outcome: str
    closed_at: datetime | None
    why: str
    votes: tuple[VoteRow, ...]
    refs: tuple[Ref, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """A piece of evidence in the manifest."""

    evidence: str
    name: str
    evidence_class: str
    sha256: Digest
    size: int
    media_type: str
    source: str
    tool: str
    step: str
    at: datetime
    truncated: bool
    ref: Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRow:
    """What became of a step's effect when it was taken back."""

    step: str
    undone: bool
    at: datetime
    why: str
    ref: Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRow:
    """What a person wrote into the timeline, line breaks kept."""

    by: str
    at: datetime
    text: str
    ref: Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An event in the appendix: what a reference points at."""

    ref: Ref
    at: datetime
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A postmortem draft.

    `roles` has who had which role besides the lead; `runbooks` names the runs' runbooks, `updates` is what stakeholders were told; `sources` lists
    every event of the incident.
    """

    number: IncidentId
    title: str
    severity: Severity
    status: IncidentStatus
    led_by: tuple[str, ...]
    roles: tuple[tuple[str, str], ...]
    runbooks: tuple[str, ...]
    summary: tuple[Sourced, ...]
    impact: Impact
    metrics: tuple[Metric, ...]
    timeline: tuple[Line, ...]
    approvals: tuple[ApprovalRow, ...]
    evidence: tuple[EvidenceRow, ...]
    undone: tuple[UndoRow, ...]
    actions: tuple[Sourced, ...]
    questions: tuple[Sourced, ...]
    notes: tuple[NoteRow, ...]
    updates: tuple[NoteRow, ...]
    sources: tuple[Source, ...]

    @property
    def through(self) -> Ref:
        """The last event that the draft was made from."""
        return self.sources[-1].ref
