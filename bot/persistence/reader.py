"""The way out: questions to the projections and the log, over a transaction or over connections of its own.

`Questions` holds every answer of the port `Reader` and asks through one method; `Records` is the reader for everybody outside the journal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from bot.domain.channel_records import ChannelRecord, ReminderRecord
from bot.domain.events import GENESIS, Event
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
from bot.domain.nouns import Routing
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
    RelayEntry,
    RunRecord,
    ScheduleRecord,
    StepRecord,
)
from bot.domain.response_records import FreezeRecord, MarkRecord, SilenceRecord
from bot.persistence import letter_rows, questions, rows
from bot.persistence.changes import Key
from bot.persistence.database import Database
from bot.persistence.statements import Query


class Questions(ABC):
    """Every answer of the port `Reader`, from what `_rows` returns."""

    @abstractmethod
    def _rows(
        self, query: Query, parameters: Mapping[str, Any], *, only: Collection[Key] | None = None
    ) -> Sequence[Row[Any]]:
        """Ask the database; `only` names the primary keys of the query's one table that the answer can depend on."""

    def _first(
        self, query: Query, parameters: Mapping[str, Any], *, only: Collection[Key] | None = None
    ) -> Row[Any] | None:
        found = self._rows(query, parameters, only=only)
        return found[0] if found else None

    # incidents

    def incident(self, incident: IncidentId) -> IncidentRecord | None:
        """Return an incident, None when there is none."""
        row = self._first(questions.INCIDENT, {"incident": incident})
        return rows.incident_of(row) if row else None

    def incidents(
        self, *, only_open: bool = False, quiet: bool = False, private: bool = True, limit: int = 50
    ) -> Sequence[IncidentRecord]:
        """Return incidents, newest first; the quiet ones too where they are asked for, the private ones unless they are left out."""
        query = questions.INCIDENTS_NEWEST[only_open, quiet, private]
        return [rows.incident_of(row) for row in self._rows(query, {"limit": limit})]

    def open_incident_of_group(self, group: str) -> IncidentRecord | None:
        """Return the incident that is open for a concurrency group, the newest where there are several; none for the empty group."""
        row = self._first(questions.INCIDENT_OF_GROUP, {"group": group, "limit": 1}) if group else None
        return rows.incident_of(row) if row else None

    def open_incidents_of_group(self, group: str, *, limit: int = 50) -> Sequence[IncidentRecord]:
        """Return the incidents that are open for a concurrency group, newest first; none for the empty group."""
        found = self._rows(questions.INCIDENT_OF_GROUP, {"group": group, "limit": limit}) if group else ()
        return [rows.incident_of(row) for row in found]

    def incident_of_channel(self, channel: str) -> IncidentRecord | None:
        """Return the incident that a chat channel belongs to."""
        row = (
            self._first(questions.INCIDENT_OF_CHANNEL, {"channel": channel, "limit": 1}) if channel else None
        )
        return rows.incident_of(row) if row else None

    def merged_into(self, incident: IncidentId) -> Sequence[IncidentId]:
        """Return the incidents that were merged into this one."""
        return [IncidentId(row.id) for row in self._rows(questions.MERGED_INTO, {"incident": incident})]

    def silences_of(self, incident: IncidentId) -> Sequence[SilenceRecord]:
        """Return the silences that were asked for an incident's alerts."""
        return [rows.silence_of(row) for row in self._rows(questions.SILENCES_OF, {"incident": incident})]

    def unsettled_silences(self) -> Sequence[SilenceRecord]:
        """Return the silences of which it is not known whether they stand, or have ended."""
        return [rows.silence_of(row) for row in self._rows(questions.SILENCES_UNSETTLED, {})]

    def marked(self, channel: str, ts: str) -> MarkRecord | None:
        """Return the chat message of this name that stands in a timeline, None when it stands in none."""
        row = self._first(questions.MARKED, {"channel": channel, "ts": ts}, only=[(channel, ts)])
        return rows.mark_of(row) if row else None

    def freeze(self) -> FreezeRecord | None:
        """Return who froze changes, None while nobody did; its time may be over."""
        row = self._first(questions.FROZEN, {})
        return rows.freeze_of(row) if row else None

    # alerts

    def channel_of(self, incident: IncidentId) -> ChannelRecord:
        """Return how an incident's channel stands."""
        row = self._first(questions.CHANNEL, {"incident": incident}, only=[(incident,)])
        return rows.channel_of(row) if row else ChannelRecord(incident=incident)

    def reminders_of(self, incident: IncidentId) -> Sequence[ReminderRecord]:
        """Return what people were reminded of in an incident, by key."""
        return [rows.reminder_of(row) for row in self._rows(questions.REMINDERS_OF, {"incident": incident})]

    def alerts(self, keys: Iterable[AlertKey]) -> Mapping[AlertKey, AlertRecord]:
        """Return the alerts that are known among these keys."""
        wanted = list(dict.fromkeys(keys))
        found: dict[AlertKey, AlertRecord] = {}
        largest = questions.KEY_COUNTS[-1]
        for start in range(0, len(wanted), largest):
            part = wanted[start : start + largest]
            count = next(each for each in questions.KEY_COUNTS if each >= len(part))
            names = {f"key_{n}": part[min(n, len(part) - 1)] for n in range(count)}
            for row in self._rows(questions.ALERTS_OF_KEYS[count], names, only=[(key,) for key in part]):
                found[row.key] = rows.alert_of(row)
        return found

    def alerts_of(self, incident: IncidentId, *, limit: int = 200) -> Sequence[AlertRecord]:
        """Return an incident's alerts."""
        return [
            rows.alert_of(row)
            for row in self._rows(questions.ALERTS_OF, {"incident": incident, "limit": limit})
        ]

    def pending_alerts(self, *, limit: int) -> Sequence[AlertRecord]:
        """Return alerts that are on disk and not yet routed."""
        asked = {"routing": Routing.PENDING.value, "limit": limit}
        return [rows.alert_of(row) for row in self._rows(questions.ALERTS_ROUTED_OLDEST, asked)]

    def unmatched_alerts(self, *, limit: int = 200) -> Sequence[AlertRecord]:
        """Return alerts that no runbook wanted, newest first."""
        asked = {"routing": Routing.UNMATCHED.value, "limit": limit}
        return [rows.alert_of(row) for row in self._rows(questions.ALERTS_ROUTED_NEWEST, asked)]

    def recent_alerts(self, *, limit: int = 200) -> Sequence[AlertRecord]:
        """Return all alerts, newest first."""
        return [rows.alert_of(row) for row in self._rows(questions.ALERTS_NEWEST, {"limit": limit})]

    def refused_deliveries(self, *, limit: int = 50) -> Sequence[RefusedDelivery]:
        """Return bodies that could not be read, newest first."""
        return [rows.refused_of(row) for row in self._rows(questions.REFUSED_NEWEST, {"limit": limit})]

    # runs

    def run(self, run: RunId) -> RunRecord | None:
        """Return a run, None when there is none."""
        row = self._first(questions.RUN, {"run": run}, only=[(run,)])
        return rows.run_of(row) if row else None

    def runs_of(self, incident: IncidentId) -> Sequence[RunRecord]:
        """Return an incident's runs."""
        return [rows.run_of(row) for row in self._rows(questions.RUNS_OF, {"incident": incident})]

    def unfinished_runs(self) -> Sequence[RunRecord]:
        """Return every run that is still under way."""
        return [rows.run_of(row) for row in self._rows(questions.RUNS_UNFINISHED, {})]

    def runs_of_group(self, group: str) -> Sequence[RunRecord]:
        """Return the runs of a concurrency group that are under way or wait for it, by severity; none for the empty group."""
        return (
            [rows.run_of(row) for row in self._rows(questions.RUNS_OF_GROUP, {"group": group})]
            if group
            else []
        )

    def queued_runs(self, *, limit: int = 500) -> Sequence[RunRecord]:
        """Return the runs that wait in line, in the order in which they came."""
        return [rows.run_of(row) for row in self._rows(questions.RUNS_QUEUED, {"limit": limit})]

    def steps_of(self, run: RunId) -> Sequence[StepRecord]:
        """Return what is known of a run's steps, in the order in which the log first named them."""
        return [rows.step_of(row) for row in self._rows(questions.STEPS_OF, {"run": run})]

    def targets_away(self) -> Sequence[AwayRecord]:
        """Return the targets that do not answer, longest away first."""
        return [rows.away_of(row) for row in self._rows(questions.TARGETS_AWAY, {})]

    def steps_in_doubt(self) -> Sequence[tuple[RunId, StepId]]:
        """Return the steps of runs under way whose outcome, or whose undo's, nobody knows yet."""
        return [(row.run, row.step) for row in self._rows(questions.STEPS_IN_DOUBT, {})]

    # dead letters

    def dead_letter(self, letter: LetterId) -> DeadLetter | None:
        """Return what stands in the dead-letter list under a number, or stood there."""
        row = self._first(questions.DEAD_LETTER, {"number": letter})
        return letter_rows.dead_letter_of(row) if row else None

    def dead_letter_of(self, key: LetterKey) -> DeadLetter | None:
        """Return the same by what it is about."""
        row = self._first(questions.DEAD_LETTER_OF, {"key": key}, only=[(key,)])
        return letter_rows.dead_letter_of(row) if row else None

    def dead_letters(self, *, waiting: bool = True, limit: int = 200) -> Sequence[DeadLetter]:
        """Return the dead letters that wait; with `waiting=False` all that ever were, newest first."""
        query = questions.DEAD_LETTERS_WAITING if waiting else questions.DEAD_LETTERS_ALL
        return [letter_rows.dead_letter_of(row) for row in self._rows(query, {"limit": limit})]

    def dead_letters_of(self, incident: IncidentId) -> Sequence[DeadLetter]:
        """Return an incident's dead letters that wait."""
        return [
            letter_rows.dead_letter_of(row)
            for row in self._rows(questions.DEAD_LETTERS_OF, {"incident": incident})
        ]

    # approvals and evidence

    def approval(self, approval: ApprovalId) -> ApprovalRecord | None:
        """Return an approval with its votes."""
        found = rows.approvals_of(self._rows(questions.APPROVAL, {"approval": approval}))
        return found[0] if found else None

    def approvals_of(self, incident: IncidentId) -> Sequence[ApprovalRecord]:
        """Return an incident's approvals with their votes."""
        return rows.approvals_of(self._rows(questions.APPROVALS_OF, {"incident": incident}))

    def evidence_of(self, incident: IncidentId) -> Sequence[EvidenceRecord]:
        """Return an incident's evidence."""
        return [rows.evidence_of(row) for row in self._rows(questions.EVIDENCE_OF, {"incident": incident})]

    def evidence(self, evidence: EvidenceId) -> EvidenceRecord | None:
        """Return one piece of evidence."""
        row = self._first(questions.EVIDENCE_ONE, {"evidence": evidence}, only=[(evidence,)])
        return rows.evidence_of(row) if row else None

    def schedules(self) -> Sequence[ScheduleRecord]:
        """Return the schedules in force, by runbook."""
        return [rows.schedule_of(row) for row in self._rows(questions.SCHEDULES_ALL, {})]

    def runbook_source(self, digest: Digest) -> str | None:
        """Return the text of a runbook that was in force once."""
        row = self._first(questions.RUNBOOK, {"digest": digest}, only=[(digest,)])
        return str(row.source) if row else None

    # the log

    def events(
        self, *, stream: StreamId | None = None, after: int = 0, limit: int | None = None
    ) -> Sequence[Event]:
        """Return events of one stream or of all, from the place after `after`, in log order."""
        asked = {"after": after, "limit": questions.NO_LIMIT if limit is None else limit, "stream": stream}
        query = questions.EVENTS_AFTER if stream is None else questions.EVENTS_OF_STREAM
        return [rows.event_of(row) for row in self._rows(query, asked)]

    def events_of_run(self, run: RunId) -> Sequence[Event]:
        """Return the events whose facts name this run, in log order."""
        return [rows.event_of(row) for row in self._rows(questions.EVENTS_OF_RUN, {"run": run})]

    def events_of_runs(self, runs: Sequence[RunId]) -> Mapping[RunId, Sequence[Event]]:
        """Return the same for each of some runs, asked for in slices."""
        found: dict[RunId, list[Event]] = {run: [] for run in runs}
        for start in range(0, len(runs), questions.RUNS_AT_ONCE):
            part = runs[start : start + questions.RUNS_AT_ONCE]
            names = {f"run_{n}": part[min(n, len(part) - 1)] for n in range(questions.RUNS_AT_ONCE)}
            for row in self._rows(questions.EVENTS_OF_RUNS, names):
                event = rows.event_of(row)
                found[event.fact.run].append(event)  # type: ignore[attr-defined]  # each names the run that was asked for
        return found

    def raw_events(self, *, after: int = 0, limit: int = 1000) -> Sequence[Mapping[str, Any]]:
        """Return rows of the log as stored."""
        return [
            rows.raw_event(row)
            for row in self._rows(questions.EVENTS_AFTER, {"after": after, "limit": limit})
        ]

    def head(self) -> tuple[int, Digest]:
        """Return the last event's place and hash; (0, 64 zeros) for an empty log."""
        row = self._first(questions.HEAD, {"limit": 1})
        return (row.seq, row.hash) if row else (0, GENESIS)

    # chat

    def outbox_entry(self, key: str) -> OutboxEntry | None:
        """Return how far chat is with one thing that it should show."""
        row = self._first(questions.OUTBOX_ENTRY, {"key": key}, only=[(key,)])
        return rows.outbox_of(row) if row else None

    def outbox_behind(self, *, limit: int = 500) -> Sequence[OutboxEntry]:
        """Return what chat does not show yet and is not given up, longest waiting first."""
        return [rows.outbox_of(row) for row in self._rows(questions.OUTBOX_BEHIND, {"limit": limit})]

    def outbox_given_up(self, incident: IncidentId) -> Sequence[OutboxEntry]:
        """Return what chat should show of an incident and is given up."""
        return [rows.outbox_of(row) for row in self._rows(questions.OUTBOX_GIVEN_UP, {"incident": incident})]

    def inbox_entry(self, key: str) -> InboxEntry | None:
        """Return a chat payload, handled or not."""
        row = self._first(questions.INBOX_ENTRY, {"key": key}, only=[(key,)])
        return rows.inbox_of(row) if row else None

    def inbox_waiting(self, *, limit: int = 100) -> Sequence[InboxEntry]:
        """Return chat payloads that are durable and not handled yet, oldest first."""
        return [rows.inbox_of(row) for row in self._rows(questions.INBOX_WAITING, {"limit": limit})]

    def relay_waiting(self, *, limit: int = 200) -> Sequence[RelayEntry]:
        """Return what processes that stand by took in and the leader has not recorded yet, oldest first."""
        return [rows.relay_of(row) for row in self._rows(questions.RELAY_WAITING, {"limit": limit})]


class Records(Questions):
    """The reader that any thread may use: each question sees the newest commit, waits for no writer and can write nothing."""

    def __init__(self, database: Database) -> None:
        self._engine = database.reading

    def _rows(
        self,
        query: Query,
        parameters: Mapping[str, Any],
        *,
        only: Collection[Key] | None = None,  # noqa: ARG002 - nothing is held back here
    ) -> Sequence[Row[Any]]:
        with self._engine.connect() as connection:
            return query.rows(connection, parameters)
