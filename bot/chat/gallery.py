"""Draws each thing that chat shows from what the projections say now: reads records, asks `blocks` for the message. It sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.chat.asked import proposal_of, rejection_of, update_of
from bot.chat.blocks import (
    Message,
    Redact,
    announce_line,
    approval_message,
    approval_reminder,
    commander_reminder,
    escalation_message,
    living_message,
    postmortem_message,
    proposal_message,
    rejection_message,
    run_message,
    unknown_message,
    update_message,
    update_reminder,
)
from bot.chat.blocks.ink import Ink
from bot.chat.blocks.picture import (
    Draft,
    Links,
    Picture,
    RunPicture,
    StepLine,
    UnknownCall,
)
from bot.chat.blocks.shut_out import moved_message, shut_out_message
from bot.chat.blocks.words import who
from bot.chat.identity import Identity
from bot.chat.milestones import is_milestone
from bot.chat.outbox.keys import Key, Subject
from bot.domain import facts
from bot.domain.clock import Clock
from bot.domain.events import Event
from bot.domain.facts import (
    MessagePosted,
    PostmortemDrafted,
)
from bot.domain.grouping import Grouped, grouped
from bot.domain.ids import ApprovalId, IncidentId, StepId, incident_stream
from bot.domain.nouns import ActorKind, ApprovalStatus, ReminderOf, RunStatus, StepStatus
from bot.domain.ports import Reader
from bot.domain.records import ApprovalRecord, IncidentRecord, RunRecord
from bot.incidents.doubts import doubt_of
from bot.incidents.reminding import Patience, update_due

NO_PATIENCE = Patience()
TIMELINE_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a runbook says of a run before it has happened: its title, its steps with their names, in order, and those of rescue and always.

    The latter are shown once they have begun: most runs need none of them.
    """

    title: str
    steps: Sequence[tuple[StepId, str]] = ()
    spare: Sequence[tuple[StepId, str]] = ()


OutlineOf = Callable[[RunRecord], Outline | None]
"""Gives the outline of a run's runbook, None when it can't be read."""
Describe = Callable[[Event, Mapping[str, str]], str]
"""Says an event in a sentence, with people's names by id; empty for one that is not worth a line."""
TitleOf = Callable[[str], str]
"""Gives the title of a runbook by its name, the name itself when there is none."""


class Gallery:
    """Draws messages. `team_url` is where the workspace's messages are, `public_url` where the console is; empty when unknown.

    `patience` tells when the next word on an incident is due, `on_call` are the groups that are asked to take one.
    """

    def __init__(  # noqa: PLR0913 - all that is drawn meets here
        self,
        *,
        reader: Reader,
        identity: Identity,
        clock: Clock,
        redact: Redact,
        outline: OutlineOf,
        describe: Describe,
        title: TitleOf,
        public_url: str,
        patience: Patience = NO_PATIENCE,
        on_call: Sequence[str] = (),
        command: str = "/incident",
    ) -> None:
        self._reader = reader
        self._identity = identity
        self._clock = clock
        self._redact = redact
        self._outline = outline
        self._describe = describe
        self._title = title
        self._patience = patience
        self._on_call = tuple(f"group:{each}" for each in on_call)
        self._command = command
        self._public_url = public_url.rstrip("/")
        self._draws: Mapping[Subject, Callable[[IncidentRecord, Key], Message | None]] = {
            Subject.STATUS: lambda record, _: living_message(self._picture(record), redact=redact),
            Subject.ANNOUNCE: lambda record, _: announce_line(self._picture(record), redact=redact),
            Subject.RUN: self._run_reply,
            Subject.APPROVAL: self._asked,
            Subject.ESCALATION: self._asked,
            Subject.UNKNOWN: self._unknown_call,
            Subject.PROPOSED: self._proposed,
            Subject.REJECTED: self._rejected,
            Subject.SHUT_OUT: self._shut_out,
            Subject.SHUT_OUT_LEAD: self._shut_out,
            Subject.REMINDER: self._reminder,
            Subject.UPDATE: self._update,
        }
        self.team_url = ""

    async def draw(self, key: Key, incident: IncidentId) -> Message | None:
        """Draw what an outbox key stands for; None when there is nothing to show."""
        await self._identity.refresh_groups()
        record = self._reader.incident(incident)
        if record is None or _is_kept_from_all(record, key):
            return None
        if key.subject is Subject.POSTMORTEM:
            draft = await self._draft(record)
            return postmortem_message(draft, redact=self._redact) if draft else None
        draws = self._draws.get(key.subject)
        return draws(record, key) if draws is not None else None

    def _run_reply(self, incident: IncidentRecord, key: Key) -> Message | None:
        run = self._reader.run(key.run)
        return run_message(incident, self._run(run), redact=self._redact) if run else None

    def _asked(self, incident: IncidentRecord, key: Key) -> Message | None:
        approval = self._reader.approval(key.approval)
        if approval is None:
            return None
        draws = approval_message if key.subject is Subject.APPROVAL else escalation_message
        return draws(self._picture(incident), approval, redact=self._redact)

    def _unknown_call(self, incident: IncidentRecord, key: Key) -> Message | None:
        call = self._unknown(incident, key)
        return unknown_message(call, redact=self._redact) if call else None

    def _proposed(self, incident: IncidentRecord, key: Key) -> Message | None:
        proposal = proposal_of(self._reader, incident, key.runbook, title=self._title(key.runbook))
        return proposal_message(proposal, redact=self._redact) if proposal else None

    def _rejected(self, incident: IncidentRecord, key: Key) -> Message | None:
        rejection = rejection_of(self._reader, incident, key.runbook, title=self._title(key.runbook))
        return rejection_message(rejection, redact=self._redact) if rejection else None

    def _shut_out(self, incident: IncidentRecord, _key: Key) -> Message | None:
        events = self._reader.events(stream=incident_stream(incident.id))
        kinds = facts.ShutOut | facts.LetIn | facts.ChannelLeft
        told = next((each.fact for each in reversed(events) if isinstance(each.fact, kinds)), None)
        if isinstance(told, facts.ChannelLeft):
            return moved_message(incident, left=told.channel, why=told.why, redact=self._redact)
        if told is None:
            return None
        out, console = isinstance(told, facts.ShutOut), self._links(incident, ()).incident
        return shut_out_message(incident, out=out, console=console, redact=self._redact)

    def _reminder(self, incident: IncidentRecord, key: Key) -> Message | None:
        """Draw a reminder; one that became needless before anybody read it is not posted at all."""
        entry = self._reader.outbox_entry(key.text)
        posted = entry is not None and bool(entry.ts)
        picture = self._picture(incident)
        if key.of is ReminderOf.APPROVAL:
            approval = self._reader.approval(key.approval)
            needed = approval is not None and approval.status is ApprovalStatus.PENDING
            shows = approval is not None and (posted or needed)
            return approval_reminder(picture, approval, redact=self._redact) if approval and shows else None
        if key.of is ReminderOf.COMMANDER:
            on_call = ", ".join(map(self._identity.mention, self._on_call))
            needed = incident.open and not incident.commander
            shows = posted or needed
            return commander_reminder(picture, on_call=on_call, redact=self._redact) if shows else None
        shows = posted or incident.open
        return update_reminder(picture, command=self._command, redact=self._redact) if shows else None

    def _update(self, incident: IncidentRecord, key: Key) -> Message | None:
        told = update_of(self._reader, incident, key)
        return update_message(incident, *told, redact=self._redact) if told is not None else None

    def picture(self, incident: IncidentId) -> Picture | None:
        """Gather all that is shown of an incident; None when there is none."""
        record = self._reader.incident(incident)
        return self._picture(record) if record else None

    def run(self, record: RunRecord) -> RunPicture:
        """Gather all that is shown of a run."""
        return self._run(record)

    def permalink(self, channel: str, ts: str) -> str:
        """Return where a message is read in the workspace; empty while we don't know where that is."""
        return f"{self.team_url}archives/{channel}/p{ts.replace('.', '')}" if self.team_url else ""

    def console(self, incident: IncidentId) -> str:
        """Return the address of the incident's page; empty where there is none."""
        return f"{self._public_url}/incidents/{incident}" if self._public_url else ""

    def told(
        self, incident: IncidentId, *, limit: int
    ) -> tuple[IncidentRecord, Sequence[tuple[Event, str]], int]:
        """Gather the last things that happened in an incident, a sentence each with ids for people, and how many came before them."""
        record = self._reader.incident(incident)
        assert record is not None  # noqa: S101 - who asks has found it
        events = [
            each
            for each in self._reader.events(stream=incident_stream(incident))
            if not isinstance(each.fact, MessagePosted)
        ]
        # No names: a command is answered at once, and Slack knows them all.
        shown = [(each, sentence) for each in events[-limit:] if (sentence := self._describe(each, {}))]
        return record, shown, len(events) - len(shown)

    # ---- gathering

    def _picture(self, incident: IncidentRecord) -> Picture:
        approvals = self._reader.approvals_of(incident.id)
        runs = [self._run(each) for each in self._reader.runs_of(incident.id)]
        return Picture(
            incident=incident,
            runs=runs,
            approvals=approvals,
            evidence=self._reader.evidence_of(incident.id),
            letters=self._reader.dead_letters_of(incident.id),
            alerts=[each.name for each in self._reader.alerts_of(incident.id, limit=20) if each.name],
            links=self._links(
                incident, [f"approval/{each.id}" for each in approvals] + list(_unknown_keys(runs))
            ),
            update_due=update_due(incident, self._reader.reminders_of(incident.id), self._patience),
            place=self._reader.channel_of(incident.id),
            goes_on=self._channel_of(incident.merged_into),
            who_may={source: self._identity.mention(source) for each in approvals for source in each.sources},
            deciders=self._deciders(approvals),
            silences=[
                each for each in self._reader.silences_of(incident.id) if each.holds(self._clock.now())
            ],
        )

    def _deciders(self, approvals: Sequence[ApprovalRecord]) -> Mapping[ApprovalId, frozenset[str]]:
        asked = (each for each in approvals if each.status is ApprovalStatus.PENDING)
        known = ((each.id, self._identity.deciders(each.sources)) for each in asked)
        return {ident: people for ident, people in known if people is not None}

    def _channel_of(self, incident: IncidentId | None) -> str:
        record = self._reader.incident(incident) if incident is not None else None
        return record.channel if record is not None else ""

    def _links(self, incident: IncidentRecord, keys: Sequence[str]) -> Links:
        console = self.console(incident.id)
        messages = {}
        for key in keys if self.team_url else ():
            entry = self._reader.outbox_entry(key)
            if entry is not None and entry.ts:
                messages[key] = self.permalink(entry.channel, entry.ts)
        return Links(
            incident=console, postmortem=f"{console}/postmortem" if console else "", messages=messages
        )

    def _run(self, run: RunRecord) -> RunPicture:
        outline = self._outline(run) or Outline(title="")
        known = {each.record.step: each for each in grouped(self._reader.steps_of(run.id))}
        over = run.status is not RunStatus.RUNNING
        lines = [_line(step, name, known.pop(step, None)) for step, name in outline.steps]
        if over:
            lines = [each for each in lines if each.status is not StepStatus.PENDING]
        lines.extend(_line(step, name, known.pop(step)) for step, name in outline.spare if step in known)
        lines.extend(_line(step, str(step), record) for step, record in known.items())
        return RunPicture(run=run, title=outline.title or self._title(run.runbook), steps=lines)

    def _unknown(self, incident: IncidentRecord, key: Key) -> UnknownCall | None:
        """Read from the run's events what was sent and what was said of it; the last time counts."""
        doubt = doubt_of(self._reader.events_of_run(key.run), key.step)
        if doubt is None:
            return None
        run = self._reader.run(key.run)
        over = run is not None and run.status is not RunStatus.RUNNING
        return UnknownCall(
            incident=incident,
            run=key.run,
            step=key.step,
            name=self._run(run).name_of(key.step) if run else str(key.step),
            action=doubt.action,
            inputs=doubt.inputs,
            key=doubt.key,
            part=doubt.part,
            attempt=doubt.attempt,
            sent_at=doubt.sent_at,
            why=doubt.why,
            asked_at=doubt.asked_at,
            settlement=doubt.settlement or "",
            settled_by=who(doubt.settled_by, Ink(redact=self._redact)) if doubt.settled_by else "",
            settled_at=doubt.settled_at,
            moot="The run ended; nobody needs to answer any more."
            if over and doubt.settlement is None
            else "",
        )

    async def _draft(self, incident: IncidentRecord) -> Draft | None:
        events = self._reader.events(stream=incident_stream(incident.id))
        drafted = next((each for each in reversed(events) if isinstance(each.fact, PostmortemDrafted)), None)
        if drafted is None or not isinstance(drafted.fact, PostmortemDrafted):
            return None
        through = drafted.fact.through
        for ident in sorted({each.actor.id for each in events if each.actor.kind is ActorKind.PERSON}):
            await self._identity.learn(ident)
        names = self._identity.names()
        milestones = [each for each in events if each.seq <= through and is_milestone(each)]
        told = [(each, sentence) for each in milestones if (sentence := self._describe(each, names))]
        return Draft(
            incident=incident,
            path=drafted.fact.path,
            sha256=drafted.fact.sha256,
            drafted_at=drafted.at,
            timeline=told[:TIMELINE_SHOWN],
            more=max(0, len(told) - TIMELINE_SHOWN),
            links=self._links(incident, ()),
            approvals=len(self._reader.approvals_of(incident.id)),
            evidence=len(self._reader.evidence_of(incident.id)),
        )


def _unknown_keys(runs: Sequence[RunPicture]) -> Iterator[str]:
    for run in runs:
        for step, _ in run.every_step():
            if step.in_doubt:
                yield f"unknown/{run.run.id}/{step.id}"


def _line(step: StepId, name: str, known: Grouped | None) -> StepLine:
    if known is None:
        return StepLine(id=step, name=name or str(step), status=StepStatus.PENDING)
    record = known.record
    return StepLine(
        id=step,
        name=name or str(step),
        status=record.status,
        started_at=record.started_at,
        finished_at=record.finished_at,
        attempt=record.attempt,
        detail=record.detail or record.reason,
        how_far=known.how_far,
        total=len(record.items),
        items=[_line(each.record.step, each.label, Grouped(record=each.record)) for each in known.items],
        waits_for=record.waits_for,
        due_at=record.due_at,
        in_doubt=record.in_doubt,
    )


def _is_kept_from_all(record: IncidentRecord, key: Key) -> bool:
    """Tell whether a message would be read by people who take no part in a private incident."""
    return record.private and key.subject is Subject.ANNOUNCE
