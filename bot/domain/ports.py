"""Ports: what the rooms inside ask of the edges. `bot.persistence` implements them, and the suites in `tests/contract` hold it to them.

Reading never blocks writing, and a `Reader` may be slightly behind the journal. A unit of work sees everything, because units run one
after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from bot.domain.channel_records import ChannelRecord, ReminderRecord
from bot.domain.events import Event
from bot.domain.facts import Fact
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
    StreamId,
)
from bot.domain.nouns import Actor
from bot.domain.records import (
    AlertRecord,
    ApprovalRecord,
    AwayRecord,
    DeadLetter,
    EvidenceRecord,
    InboxEntry,
    IncidentRecord,
    OutboxEntry,
    RefusedDelivery,
    RunRecord,
    ScheduleRecord,
    StepRecord,
)
from bot.domain.response_records import FreezeRecord, MarkRecord, SilenceRecord

T = TypeVar("T")


class Reader(Protocol):
    """Questions to the projections and the log. Lists come in the order of their numbers or times, oldest first, unless said otherwise."""

    def incident(self, incident: IncidentId) -> IncidentRecord | None:
        """Return an incident, None when there is none."""
        ...

    def incidents(
        self, *, only_open: bool = False, quiet: bool = False, private: bool = True, limit: int = 50
    ) -> Sequence[IncidentRecord]:
        """Return incidents, newest first; the quiet ones too where they are asked for, the private ones unless they are left out."""
        ...

    def open_incident_of_group(self, group: str) -> IncidentRecord | None:
        """Return the incident that is open for a concurrency group, its own or that of one which was merged into it."""
        ...

    def open_incidents_of_group(self, group: str, *, limit: int = 50) -> Sequence[IncidentRecord]:
        """Return the incidents that are open for a concurrency group, newest first."""
        ...

    def incident_of_channel(self, channel: str) -> IncidentRecord | None:
        """Return the incident that a chat channel belongs to."""
        ...

    def channel_of(self, incident: IncidentId) -> ChannelRecord:
        """Return how an incident's channel stands."""
        ...

    def reminders_of(self, incident: IncidentId) -> Sequence[ReminderRecord]:
        """Return what people were reminded of in an incident, by key."""
        ...

    def merged_into(self, incident: IncidentId) -> Sequence[IncidentId]:
        """Return the incidents that were merged into this one."""
        ...

    def silences_of(self, incident: IncidentId) -> Sequence[SilenceRecord]:
        """Return the silences that were asked for an incident's alerts."""
        ...

    def unsettled_silences(self) -> Sequence[SilenceRecord]:
        """Return the silences of which it is not known whether they stand, or have ended."""
        ...

    def marked(self, channel: str, ts: str) -> MarkRecord | None:
        """Return the chat message of this name that stands in a timeline, None when it stands in none."""
        ...

    def freeze(self) -> FreezeRecord | None:
        """Return who froze changes, None while nobody did; its time may be over."""
        ...

    def alerts(self, keys: Iterable[AlertKey]) -> Mapping[AlertKey, AlertRecord]:
        """Return the alerts that are known among these keys."""
        ...

    def alerts_of(self, incident: IncidentId, *, limit: int = 200) -> Sequence[AlertRecord]:
        """Return an incident's alerts."""
        ...

    def pending_alerts(self, *, limit: int) -> Sequence[AlertRecord]:
        """Return alerts that are on disk and not yet routed."""
        ...

    def unmatched_alerts(self, *, limit: int = 200) -> Sequence[AlertRecord]:
        """Return alerts that no runbook wanted, newest first."""
        ...

    def recent_alerts(self, *, limit: int = 200) -> Sequence[AlertRecord]:
        """Return all alerts, newest first."""
        ...

    def refused_deliveries(self, *, limit: int = 50) -> Sequence[RefusedDelivery]:
        """Return bodies that could not be read, newest first."""
        ...

    def run(self, run: RunId) -> RunRecord | None:
        """Return a run, None when there is none."""
        ...

    def runs_of(self, incident: IncidentId) -> Sequence[RunRecord]:
        """Return an incident's runs."""
        ...

    def unfinished_runs(self) -> Sequence[RunRecord]:
        """Return every run that is still under way: what recovery takes up at start."""
        ...

    def runs_of_group(self, group: str) -> Sequence[RunRecord]:
        """Return the runs of a concurrency group that are under way or wait for it: by severity, then in the order in which they came."""
        ...

    def queued_runs(self, *, limit: int = 500) -> Sequence[RunRecord]:
        """Return the runs that wait in line for their concurrency groups, in the order in which they came."""
        ...

    def steps_of(self, run: RunId) -> Sequence[StepRecord]:
        """Return what is known of a run's steps, in the order in which they began."""
        ...

    def targets_away(self) -> Sequence[AwayRecord]:
        """Return the targets that do not answer, longest away first."""
        ...

    def dead_letter(self, letter: LetterId) -> DeadLetter | None:
        """Return what stands in the dead-letter list under a number, or stood there."""
        ...

    def dead_letter_of(self, key: LetterKey) -> DeadLetter | None:
        """Return the same by what it is about."""
        ...

    def dead_letters(self, *, waiting: bool = True, limit: int = 200) -> Sequence[DeadLetter]:
        """Return the dead letters that wait; with `waiting=False` all that ever were, newest first."""
        ...

    def dead_letters_of(self, incident: IncidentId) -> Sequence[DeadLetter]:
        """Return an incident's dead letters that wait."""
        ...

    def steps_in_doubt(self) -> Sequence[tuple[RunId, StepId]]:
        """Return the steps of runs under way whose outcome, or whose undo's, nobody knows yet."""
        ...

    def approval(self, approval: ApprovalId) -> ApprovalRecord | None:
        """Return an approval with its votes."""
        ...

    def approvals_of(self, incident: IncidentId) -> Sequence[ApprovalRecord]:
        """Return an incident's approvals with their votes."""
        ...

    def evidence_of(self, incident: IncidentId) -> Sequence[EvidenceRecord]:
        """Return an incident's evidence."""
        ...

    def evidence(self, evidence: EvidenceId) -> EvidenceRecord | None:
        """Return one piece of evidence."""
        ...

    def schedules(self) -> Sequence[ScheduleRecord]:
        """Return the schedules in force, by runbook."""
        ...

    def runbook_source(self, digest: Digest) -> str | None:
        """Return the text of a runbook that was in force once."""
        ...

    def events(
        self, *, stream: StreamId | None = None, after: int = 0, limit: int | None = None
    ) -> Sequence[Event]:
        """Return events of one stream or of all, from the place after `after`, in log order."""
        ...

    def events_of_run(self, run: RunId) -> Sequence[Event]:
        """Return the events whose facts name this run, in log order: what its state is evolved from."""
        ...

    def events_of_runs(self, runs: Sequence[RunId]) -> Mapping[RunId, Sequence[Event]]:
        """Return the same for each of some runs, with few questions: what many states are evolved from."""
        ...

    def raw_events(self, *, after: int = 0, limit: int = 1000) -> Sequence[Mapping[str, Any]]:
        """Return rows of the log as stored (seq, at, stream, actor, kind, data as JSON text, prev, hash): what a verifier walks."""
        ...

    def head(self) -> tuple[int, Digest]:
        """Return the last event's place and hash; (0, 64 zeros) for an empty log."""
        ...

    def outbox_entry(self, key: str) -> OutboxEntry | None:
        """Return how far chat is with one thing that it should show."""
        ...

    def outbox_behind(self, *, limit: int = 500) -> Sequence[OutboxEntry]:
        """Return what chat does not show yet and is not given up, longest waiting first."""
        ...

    def outbox_given_up(self, incident: IncidentId) -> Sequence[OutboxEntry]:
        """Return what chat should show of an incident and is given up."""
        ...

    def inbox_entry(self, key: str) -> InboxEntry | None:
        """Return a chat payload, handled or not."""
        ...

    def inbox_waiting(self, *, limit: int = 100) -> Sequence[InboxEntry]:
        """Return chat payloads that are durable and not handled yet, oldest first."""
        ...


class Transaction(Reader, Protocol):
    """One unit of work inside the journal's transaction: what it appends and changes becomes durable together, or not at all."""

    @property
    def now(self) -> datetime:
        """The instant at which the unit runs; every event of the unit carries it."""
        ...

    def append(self, stream: StreamId, actor: Actor, facts: Sequence[Fact]) -> Sequence[Event]:
        """Give facts their place in the log and bring the projections up to date."""
        ...

    def next_incident(self) -> IncidentId:
        """Return the number of the next incident."""
        ...

    def next_run(self, incident: IncidentId) -> RunId:
        """Return the name of the incident's next run."""
        ...

    def next_dead_letter(self) -> LetterId:
        """Return the number of the next dead letter."""
        ...

    def keep_runbook(self, digest: Digest, name: str, source: str) -> None:
        """Keep a runbook's text under its digest, so that a run can be taken up after the file changed."""
        ...

    def put_outbox(self, entry: OutboxEntry) -> None:
        """Write how far chat is with one thing; never lowers `wanted`, which events alone raise."""
        ...

    def put_inbox(self, entry: InboxEntry) -> bool:
        """Keep a payload from chat; False when its key is known already, and then nothing changes."""
        ...

    def close_inbox(self, key: str, *, error: str = "") -> None:
        """Mark a payload as handled; with `error`, as given up, which keeps it for inspection."""
        ...

    def retry_inbox(self, key: str, *, error: str) -> int:
        """Count one failed try at a payload and return how many there were."""
        ...

    def reopen_inbox(self, key: str) -> None:
        """Have a payload that was given up handled anew, with all its tries before it."""
        ...

    def close_relay(self, key: str) -> None:
        """Remove what a process that stands by had kept: with this unit of work it is recorded."""
        ...


class Journal(Protocol):
    """The one writer. Units of work come from everywhere, run one after the other, and many become durable in one commit."""

    async def submit(self, unit: Callable[[Transaction], T]) -> T:
        """Run a unit of work and return its result once it is on disk.

        The unit may run more than once (when a neighbour in its batch failed, the batch runs again one by one), so it must have no effect beyond
        the transaction. An exception that it raises undoes the unit alone and comes out here. JournalBehind when too much waits already,
        JournalClosed when the process is stopping, JournalError when the database can't be written.
        """
        ...

    async def append(self, stream: StreamId, actor: Actor, facts: Sequence[Fact]) -> Sequence[Event]:
        """Append facts that need no reading first; the quickest way in. Raises as `submit` does."""
        ...

    @property
    def waiting(self) -> int:
        """How many units wait for their commit now."""
        ...

    def listen(self, listener: Callable[[Sequence[Event]], None]) -> None:
        """Call `listener` on the event loop with the events of each commit, after it is durable, in log order."""
        ...


async def alone() -> None:
    """Return at once: where one process alone can lead, it is always sure that it does."""
