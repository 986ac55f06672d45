"""What each page shows, read from the projections and the log and free of secrets; the templates only lay it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.console.ahead import Ahead, ahead
from bot.console.letters import Letters, letters
from bot.console.response import Response, frozen, response_of
from bot.console.waiting import Progress, Wait, waiting
from bot.domain.clock import Clock
from bot.domain.events import Event
from bot.domain.facts import StepOutcomeUnknown
from bot.domain.grouping import Grouped, grouped
from bot.domain.ids import SYSTEM, IncidentId, RunId, incident_stream
from bot.domain.nouns import RunStatus
from bot.domain.ports import Reader
from bot.domain.records import AlertRecord, IncidentRecord, RefusedDelivery, RunRecord, StepRecord
from bot.domain.targets import spoken
from bot.errors import NotFound
from bot.incidents.line import stands
from bot.postmortem.assemble import assemble
from bot.postmortem.describe import describe
from bot.postmortem.draft import ApprovalRow, Draft, EvidenceRow, Line, ref
from bot.postmortem.records import approvals, evidence
from bot.postmortem.redacted import Redact, redacted
from bot.postmortem.story import read, step_stories, with_items
from bot.postmortem.timeline import timeline
from bot.postmortem.wording import duration, instant, json_text, person_name, plain, safe_url

RECENT = 50
"""Incidents that the first page lists."""
LINES = 200
"""Lines of a timeline that the incident's page shows, newest first; more are a click away."""
_LARGEST = 2**31 - 1
_NOTHING = Progress(runs=(), unknown=(), steps={}, approvals=(), letters=())


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """An incident in a list; `age` is how long it has been open, or took."""

    record: IncidentRecord
    title: str
    led_by: str
    age: str
    resolution: str
    waits: Sequence[Wait]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """A step as it stands; a loop says how far it is, and has its items by their names."""

    name: str
    record: StepRecord
    took: str
    why: str
    output: str
    how_far: str = ""
    items: Sequence[StepRow] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run with its steps."""

    record: RunRecord
    runbook: str
    why: str
    inputs: str
    paused: str
    steps: Sequence[StepRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """An alert as it was last heard of."""

    record: AlertRecord
    name: str
    labels: str
    says: str
    source_url: str
    runbook_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A body that could not be read."""

    record: RefusedDelivery
    why: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwayRow:
    """A target that does not answer: not called `since` then, tried again by the first call after `until`."""

    name: str
    why: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """All of an incident; `more` counts timeline lines that are not shown."""

    row: IncidentRow
    channel: str
    alerts: Sequence[AlertRow]
    response: Response
    runs: Sequence[RunRow]
    approvals: Sequence[ApprovalRow]
    evidence: Sequence[EvidenceRow]
    lines: Sequence[Line]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """Reads pages from a reader that any thread may use. Everything free that comes out has been redacted.

    `known` is asked for people's names at each page, because they are learnt while Fireline runs.
    """

    reader: Reader
    known: Callable[[], Mapping[str, str]]
    redact: Redact
    clock: Clock

    @property
    def names(self) -> Mapping[str, str]:
        """Display names by person id, as far as they are known now."""
        return self.known()

    def incidents(self) -> tuple[list[IncidentRow], list[IncidentRow]]:
        """Return the open incidents and the recent ones that are over, newest first; open ones by severity."""
        opened = [self._row(each) for each in self.reader.incidents(only_open=True, limit=RECENT)]
        over = [self._row(each) for each in self.reader.incidents(limit=RECENT) if not each.open]
        return sorted(opened, key=lambda row: row.record.severity), over

    def away(self) -> Sequence[AwayRow]:
        """Return the targets that do not answer, longest away first."""
        return [
            AwayRow(
                name=self._text(spoken(each.target)),
                why=self._text(each.detail),
                since=each.since,
                until=each.until,
            )
            for each in self.reader.targets_away()
        ]

    def frozen(self) -> str:
        """Say who froze changes, since when and why; empty while nobody did."""
        return frozen(self.reader.freeze(), self.names, self._text, self.clock)

    def incident(self, number: int, *, everything: bool) -> IncidentView:
        """Return all of an incident; `everything` tells each event instead of the folded timeline. NotFound when there is none."""
        record = self._record(number)
        events = self._events(record.id)
        story = read(events)
        progress = self._progress(record.id)
        lines = self._every_event(events) if everything else timeline(story, self.names)
        return IncidentView(
            row=self._row(record, progress),
            channel=self._text(record.channel_name),
            response=response_of(
                record, self.reader.silences_of(record.id), self.names, self._text, self.clock
            ),
            alerts=[self._alert(each) for each in self.reader.alerts_of(record.id)],
            runs=[self._run(each, progress) for each in progress.runs],
            approvals=approvals(story, self.names, self.redact),
            evidence=evidence(story),
            lines=lines[::-1] if everything else lines[::-1][:LINES],
            more=0 if everything else max(0, len(lines) - LINES),
        )

    def draft(self, number: int) -> Draft:
        """Return the postmortem's draft as it would be written now. NotFound when there is no such incident."""
        record = self._record(number)
        return assemble(self.reader.events(stream=incident_stream(record.id)), self.names, self.redact)

    def alerts(self, *, unmatched: bool) -> list[AlertRow]:
        """Return alerts, newest first."""
        found = self.reader.unmatched_alerts() if unmatched else self.reader.recent_alerts()
        return [self._alert(each) for each in found]

    def refused(self) -> list[RefusedRow]:
        """Return bodies that could not be read, newest first."""
        return [
            RefusedRow(record=each, why=self._text(each.reason), source=self._text(each.source))
            for each in self.reader.refused_deliveries()
        ]

    def ahead(self) -> Ahead:
        """Return what is to come by itself: runs in line, and schedules."""
        return ahead(self.reader, self._text, self.clock.now())

    def letters(self) -> Letters:
        """Return the dead-letter list."""
        return letters(self.reader, self._text, self.names)

    def process(self) -> tuple[Line, ...]:
        """Return what the log tells of the processes themselves, newest first: who started, who led, which runbooks came into force."""
        events = [redacted(event, self.redact) for event in self.reader.events(stream=SYSTEM)]
        return self._every_event(events[::-1][:LINES])

    def _record(self, number: int) -> IncidentRecord:
        record = self.reader.incident(IncidentId(number)) if 0 < number <= _LARGEST else None
        if record is None:
            raise NotFound(f"There is no incident {number}.", hint="The first page lists them.")
        return record

    def _events(self, incident: IncidentId) -> list[Event]:
        return [
            redacted(event, self.redact) for event in self.reader.events(stream=incident_stream(incident))
        ]

    def _every_event(self, events: Sequence[Event]) -> tuple[Line, ...]:
        return tuple(
            Line(at=event.at, text=describe(event, self.names), sort="system", refs=(ref(event),))
            for event in events
        )

    def _progress(self, incident: IncidentId) -> Progress:
        runs = self.reader.runs_of(incident)
        running = [run.id for run in runs if run.status is RunStatus.RUNNING]
        return Progress(
            runs=runs,
            unknown=[fact for run in running for fact in self._unknown(run)],
            steps={run.id: self.reader.steps_of(run.id) for run in runs},
            approvals=self.reader.approvals_of(incident),
            letters=self.reader.dead_letters_of(incident),
        )

    def _unknown(self, run: RunId) -> list[StepOutcomeUnknown]:
        """Return the outcomes that a run's log leaves open; the records don't tell those of an undo."""
        stories = with_items(step_stories(self.reader.events_of_run(run)))
        return [story.unsettled.fact for story in stories if story.unsettled is not None]

    def _row(self, record: IncidentRecord, progress: Progress | None = None) -> IncidentRow:
        now = self.clock.now()
        known = progress or (self._progress(record.id) if record.open else _NOTHING)
        found = waiting(record, known, self.names, now)
        return IncidentRow(
            record=record,
            title=self._text(record.title) or "Incident without a title",
            led_by=person_name(record.commander, self.names) if record.commander else "",
            age=_between(record.opened_at, record.resolved_at or now),
            resolution=self._text(record.resolution),
            waits=[
                Wait(who=self._text(each.who), what=each.what, more=self._text(each.more), people=each.people)
                for each in found
            ],
        )

    def _run(self, record: RunRecord, progress: Progress) -> RunRow:
        return RunRow(
            record=record,
            runbook=self._text(record.runbook),
            why=self._text(stands(record))
            if record.status is RunStatus.QUEUED
            else self._why(record.reason, record.detail),
            inputs=self._text(json_text(record.inputs)),
            paused=self._paused(record),
            steps=[self._step(each) for each in grouped(progress.steps[record.id])],
        )

    def _paused(self, record: RunRecord) -> str:
        """Say that a run is held, by whom, since when and why; empty for one that is not."""
        if record.paused_at is None:
            return ""
        by = f" by {person_name(record.paused_by.id, self.names)}" if record.paused_by else ""
        why = f": {self._text(record.paused_why)}" if record.paused_why else ""
        return f"Paused{by} since {instant(record.paused_at)}{why}"

    def _step(self, step: Grouped, name: str = "") -> StepRow:
        record = step.record
        return StepRow(
            name=self._text(name) or record.step,
            record=record,
            took=_between(record.started_at, record.finished_at or self.clock.now()),
            why=self._why(record.reason, record.detail),
            output=self._text(json_text(record.output)) if record.output else "",
            how_far=step.how_far,
            items=[self._step(Grouped(record=each.record), each.label) for each in step.items],
        )

    def _alert(self, record: AlertRecord) -> AlertRow:
        labels = sorted(record.labels.items())
        notes = record.annotations
        return AlertRow(
            record=record,
            name=self._text(record.name) or "without a name",
            labels=self._text(", ".join(f"{key}={value}" for key, value in labels if key != "alertname")),
            says=self._text(notes.get("summary", "") or notes.get("description", "")),
            source_url=safe_url(self.redact(record.generator_url)),
            runbook_url=safe_url(self.redact(notes.get("runbook_url", ""))),
        )

    def _why(self, reason: str, detail: str) -> str:
        return ": ".join(part for part in (self._text(reason), self._text(detail)) if part)

    def _text(self, text: str) -> str:
        """Return text as others may read it: redacted whole, then on one line."""
        return plain(self.redact(text))


def _between(since: datetime | None, until: datetime) -> str:
    return duration(max(0.0, (until - since).total_seconds())) if since else ""
