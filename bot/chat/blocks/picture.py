"""What a message about an incident is drawn from: records side by side, and links. `bot.chat.gallery` gathers it; nothing here reads anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.channel_records import ChannelRecord
from bot.domain.events import Event
from bot.domain.ids import ApprovalId, StepId
from bot.domain.nouns import Actor, ApprovalStatus, StepStatus
from bot.domain.records import ApprovalRecord, DeadLetter, EvidenceRecord, IncidentRecord, RunRecord
from bot.domain.response_records import SilenceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """A step as a line of a list; `name` is the runbook's words for it, its id where it has none. Times are None until they come.

    A loop has `items`, those that were begun, each named by what it is, and `total` counts all; `how_far` says how far it is.
    One that is `in_doubt`, itself or its undo, waits for a person's word.
    """

    id: StepId
    name: str
    status: StepStatus
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempt: int = 0
    detail: str = ""
    how_far: str = ""
    total: int = 0
    items: Sequence[StepLine] = ()
    waits_for: str = ""
    due_at: datetime | None = None
    in_doubt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPicture:
    """A run with its steps, those to come included, in the runbook's order."""

    run: RunRecord
    title: str
    steps: Sequence[StepLine] = ()

    def name_of(self, step: StepId) -> str:
        """The runbook's words for a step, and which item it is for one of a loop."""
        return next((name for each, name in self.every_step() if each.id == step), str(step))

    def every_step(self) -> Iterator[tuple[StepLine, str]]:
        """Every step with its whole name, the items of loops behind their loop."""
        for each in self.steps:
            yield each, each.name
            yield from ((item, f"{each.name}: {item.name}") for item in each.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where more is: pages of the console, and messages in chat by the key of what they show. Empty where there is none."""

    incident: str = ""
    postmortem: str = ""
    messages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An incident as it stands; `alerts` are names of its alerts, `who_may` the mentions behind each source of an approval.

    `deciders` are the ids of the people behind an approval's sources, where they can be counted; `silences` those that stand.
    `update_due` is when people expect the next word on it, None while nobody waits for one; `place` is how its channel stands, None where that is
    not told. `goes_on` is the channel of the incident that it was merged into, empty where there is none.
    """

    incident: IncidentRecord
    runs: Sequence[RunPicture] = ()
    approvals: Sequence[ApprovalRecord] = ()
    evidence: Sequence[EvidenceRecord] = ()
    letters: Sequence[DeadLetter] = ()
    alerts: Sequence[str] = ()
    links: Links = Links()
    who_may: Mapping[str, str] = field(default_factory=dict)
    deciders: Mapping[ApprovalId, frozenset[str]] = field(default_factory=dict)
    silences: Sequence[SilenceRecord] = ()
    update_due: datetime | None = None
    place: ChannelRecord | None = None
    goes_on: str = ""

    @property
    def pending(self) -> Sequence[ApprovalRecord]:
        """What people are asked now."""
        return [each for each in self.approvals if each.status is ApprovalStatus.PENDING]

    def run_of(self, approval: ApprovalRecord) -> RunPicture | None:
        """The run whose step asks."""
        return next((each for each in self.runs if each.run.id == approval.run), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCall:
    """A call that was interrupted and that nobody saw end: what was sent, why nobody knows, and what was said of it since."""

    incident: IncidentRecord
    run: str
    step: StepId
    name: str
    action: str
    inputs: Mapping[str, object]
    part: str
    sent_at: datetime | None
    why: str
    asked_at: datetime | None
    attempt: int = 1
    settlement: str = ""
    settled_by: str = ""
    settled_at: datetime | None = None
    key: str = ""
    """The idempotency key that it was sent with: what to look for in the target's own log."""
    moot: str = ""
    """Why nobody needs to answer any more, empty while somebody does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A runbook that matches but waits for a person to start it."""

    incident: IncidentRecord
    runbook: str
    title: str
    why: str
    run: RunRecord | None = None
    """The run that somebody started since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A runbook that was not started because its concurrency group is busy; `asked_by` is None for an alert."""

    incident: IncidentRecord
    runbook: str
    title: str
    why: str
    asked_by: Actor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A postmortem draft and the head of its timeline: an event with a sentence on it, each."""

    incident: IncidentRecord
    path: str
    sha256: str
    drafted_at: datetime
    timeline: Sequence[tuple[Event, str]]
    more: int
    """How many events follow those that are shown."""
    links: Links = Links()
    approvals: int = 0
    evidence: int = 0
