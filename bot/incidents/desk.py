"""What people do, for every surface: Slack, the console and the command line call the same desk.

The desk runs the rules of `rules` inside units of work and says no more than they do. It asks who someone is of nobody: the surfaces name people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.crashpoints import CrashPoint, reached
from bot.domain.facts import IncidentOpened
from bot.domain.ids import IncidentId, LetterId, RunId, SilenceKey, incident_of_run, incident_stream
from bot.domain.nouns import Actor, RunStatus, Severity
from bot.domain.ports import Journal, Reader, Transaction
from bot.domain.records import (
    AlertRecord,
    ApprovalRecord,
    DeadLetter,
    IncidentRecord,
    RunRecord,
    StepRecord,
)
from bot.engine.control import RunControl
from bot.engine.starting import bounded
from bot.errors import Conflict, NotFound, Refused, RunbookError
from bot.incidents import dead_letters, rules
from bot.incidents.lifecycle import Lifecycle, Sees, everything
from bot.incidents.line import Spot, leave, stands, with_holder
from bot.incidents.opening import IN_SCOPE, Opening, before, severity_of, title_of
from bot.incidents.placing import place_for
from bot.incidents.silencer import Silencer
from bot.runbook.inputs import resolve_inputs
from bot.runbook.model import Runbook


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An incident that somebody asked for, and the run in it; `opened` is False when the incident was there already.

    `waits` says where the run stands in line when its concurrency group is busy, empty when it began.
    """

    incident: IncidentId
    run: RunId | None = None
    opened: bool = True
    waits: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """An incident with what a responder asks about first; `steps` by run, in the order in which they began."""

    incident: IncidentRecord
    alerts: Sequence[AlertRecord]
    runs: Sequence[RunRecord]
    steps: Mapping[RunId, Sequence[StepRecord]]
    approvals: Sequence[ApprovalRecord]


class _Begun(Exception):
    """A run does not wait any more."""


class Desk(Lifecycle):
    """People's hands on incidents. Each method returns once what was asked is durable.

    Each raises Refused (NotFound, Conflict) with a hint when it can't be done, and then nothing has changed; JournalError as the journal does.
    `runbook` returns the one in force under a name; `tokens` returns a new random text at each call, `variables` are the settings' `vars`, `roles`
    those of the team's own. Without a `silencer` no alert can be silenced. What it opens belongs to the chat workspace `workspace`, what is of none
    to `home`; it knows of no incident that its `reader` does not have, or that `sees` does not let it see.
    """

    def __init__(  # noqa: PLR0913 - the parts that it joins
        self,
        journal: Journal,
        reader: Reader,
        runs: RunControl,
        *,
        runbook: Callable[[str], Runbook | None],
        tokens: Callable[[], str],
        variables: Mapping[str, Any],
        roles: Sequence[str] = (),
        silencer: Silencer | None = None,
        workspace: str = "",
        home: str = "",
        sees: Sees = everything,
    ) -> None:
        super().__init__(journal, runs, roles=roles, sees=sees)
        self._workspace = workspace
        self._home = home
        self._reader = reader
        self._silencer = silencer
        self._runbook = runbook
        self._tokens = tokens
        self._variables = variables

    async def declare(
        self,
        title: str,
        severity: Severity,
        by: Actor,
        *,
        runbook: str | None = None,
        inputs: Mapping[str, str] | None = None,
        service: str = "",
        private: bool = False,
    ) -> Opened:
        """Open an incident by hand, and start a runbook in it when one is named. A `private` one is seen by those alone who take part in it."""
        line, affected = rules.title(title), rules.service(service)
        if runbook is None:

            def unit(tx: Transaction) -> IncidentId:
                opened = IncidentOpened(
                    incident=tx.next_incident(),
                    title=line,
                    severity=severity,
                    service=affected,
                    private=private,
                    workspace=self._workspace,
                )
                tx.append(incident_stream(opened.incident), by, [opened])
                return opened.incident

            return Opened(incident=await self._journal.submit(unit))
        opening = self._prepare(self._named(runbook), inputs or {}, None)
        declared = replace(opening, title=line, severity=severity, service=affected, private=private)
        return await self._begin(declared, by, None, join=False)

    async def start_run(
        self, runbook: str, inputs: Mapping[str, str], by: Actor, *, incident: IncidentId | None = None
    ) -> Opened:
        """Start a runbook for a person, in an incident or, when none is named, in the one open for its concurrency group or a new one.

        A private incident that they take no part in is not joined: they wait, or are refused, as the runbook's `when_busy` says.

        `inputs` are texts as typed; what they lack comes from the runbook's defaults, with the incident's first alert in scope.
        """
        named = self._named(runbook)
        record = rules.found(self._reader.incident(incident), incident) if incident is not None else None
        rules.may_be_started(named, record)
        return await self._begin(self._prepare(named, inputs, incident), by, incident, join=True)

    async def cancel_run(self, run: RunId, by: Actor, why: str = "", *, undo: bool = False) -> None:
        """Ask a run to end: what runs is stopped, with `undo` what took effect is taken back, then rescue and always run.

        One that waits in line leaves it, and nothing ran.
        """

        def unit(tx: Transaction) -> None:
            record = tx.run(run)
            if record is None or record.status is not RunStatus.QUEUED:
                raise _Begun
            leave(tx, record, by, rules.spoken(why) or "cancelled by hand")

        self._must_be_here(run)
        record = self._reader.run(run)
        if record is not None and record.status is RunStatus.QUEUED:
            try:
                await self._journal.submit(unit)
            except _Begun:
                pass  # its turn came as it was asked to leave
            else:
                return
        await self._runs.cancel(run, by=by, why=rules.spoken(why), undo=undo)

    async def pause_run(self, run: RunId, by: Actor, why: str = "") -> None:
        """Hold a run: what runs is let finish, nothing begins, and its clock stands still."""
        self._must_be_here(run)
        await self._runs.pause(run, by=by, why=rules.spoken(why))

    async def retry_run(self, run: RunId, by: Actor, why: str = "") -> None:
        """Have a run that failed go on from where it did; Refused with the way to start it anew when it can't."""
        self._must_be_here(run)
        dead_letters.must_be_free(self._reader, run, by)
        await self._runs.retry(run, by=by, why=rules.spoken(why))

    async def requeue(self, letter: LetterId, by: Actor, why: str = "") -> DeadLetter:
        """Put a dead letter back and return it as it stood; if it can't go on still, it lands again."""
        record = dead_letters.waiting(self._reader.dead_letter(letter), letter)
        words = rules.spoken(why)
        reached(CrashPoint.LETTER_BEFORE_REQUEUE, record.what)
        if record.run is None:
            await self._journal.submit(lambda tx: dead_letters.requeue(tx, letter, by, words))
        else:
            dead_letters.must_be_free(self._reader, record.run, by)
            await self._runs.requeue(record.run, by=by, why=words)
        reached(CrashPoint.LETTER_REQUEUED, record.what)
        return record

    async def discard(self, letter: LetterId, by: Actor, why: str) -> DeadLetter:
        """Let a dead letter go, with a reason, and return it as it stood."""
        record = dead_letters.waiting(self._reader.dead_letter(letter), letter)
        words = rules.spoken(why)
        await self._journal.submit(lambda tx: dead_letters.discard(tx, letter, by, words))
        return record

    async def resume_run(self, run: RunId, by: Actor, why: str = "") -> None:
        """Let a paused run go on."""
        self._must_be_here(run)
        await self._runs.resume(run, by=by, why=rules.spoken(why))

    async def silence(
        self, incident: IncidentId, by: Actor, duration: timedelta, why: str = ""
    ) -> SilenceKey:
        """Have Alertmanager keep the incident's firing alerts to itself for a while; returns our name for the silence once it stands.

        Refused when Alertmanager did not do it, or when it does not answer: then it is looked after until that is known.
        """
        rules.found(self._reader.incident(incident), incident)
        return await self._silences.silence(self._journal, incident, by, duration, why)

    async def unsilence(self, incident: IncidentId, by: Actor) -> None:
        """Have Alertmanager tell of the incident's alerts again."""
        rules.found(self._reader.incident(incident), incident)
        await self._silences.unsilence(self._journal, incident, by)

    @property
    def _silences(self) -> Silencer:
        if self._silencer is None:
            raise Refused(
                "There is no Alertmanager to ask.",
                hint="Set `alertmanager.url` in the settings to its address.",
            )
        return self._silencer

    def list(self, *, only_open: bool = True, limit: int = 50) -> Sequence[IncidentRecord]:
        """Return incidents, newest first."""
        return self._reader.incidents(only_open=only_open, limit=limit)

    def view(self, incident: IncidentId) -> IncidentView:
        """Return an incident with its alerts, runs, steps and approvals."""
        runs = self._reader.runs_of(incident)
        return IncidentView(
            incident=rules.found(self._reader.incident(incident), incident),
            alerts=self._reader.alerts_of(incident),
            runs=runs,
            steps={run.id: self._reader.steps_of(run.id) for run in runs},
            approvals=self._reader.approvals_of(incident),
        )

    # ------------------------------------------------------------------------------------------------------------ parts

    def _must_be_here(self, run: RunId) -> None:
        """NotFound for a run of an incident that this desk's people don't see; whether there is such a run at all, run control says."""
        if self._sees is not everything and self._reader.run(run) is None:
            raise NotFound(f"There is no run {run}.", hint="`runs` lists an incident's runs.")

    def _named(self, name: str) -> Runbook:
        runbook = self._runbook(name)
        if runbook is None:
            raise NotFound(f"There is no runbook named {name}.", hint="List them with `help`.")
        return runbook

    def _prepare(self, runbook: Runbook, inputs: Mapping[str, str], incident: IncidentId | None) -> Opening:
        """Work out what a run asked for by a person starts with; Refused when its inputs have no value."""
        alerts = self._reader.alerts_of(incident, limit=IN_SCOPE) if incident is not None else ()
        scope = before(alerts, self._variables)
        try:
            values = resolve_inputs(runbook, inputs, scope)
            concurrency = runbook.concurrency
            group = concurrency.group.render({**scope, "inputs": values}) if concurrency else ""
        except RunbookError as error:
            raise Refused(str(error), hint=error.hint) from error
        severity, _ = severity_of(runbook, {**scope, "inputs": values})
        return Opening(
            title=title_of(runbook, alerts[0] if alerts else None),
            severity=severity,
            group=bounded(str(group)),
            runbook=runbook,
            scope=scope,
            inputs=values,
            workspace=self._workspace,
            home=self._home,
        )

    async def _begin(self, opening: Opening, by: Actor, incident: IncidentId | None, *, join: bool) -> Opened:
        seed = self._tokens()
        done = await self._journal.submit(
            lambda tx: place_for(tx, opening, by, incident, seed=seed, join=join)
        )
        if done.rejected:
            raise Conflict(
                f"{opening.runbook.name} was not started: {done.rejected}.",
                hint="It is on the record. Start it again when that run is over.",
            )
        if done.run is not None:
            reached(CrashPoint.DESK_RUN_STARTED)
            await self._runs.take_up(done.run)
        return Opened(
            incident=done.incident,
            run=done.spot.run if done.spot else done.run,
            opened=done.opened,
            waits=self._stands(done.spot, by),
        )

    def _stands(self, spot: Spot | None, by: Actor) -> str:
        record = self._reader.run(spot.run) if spot is not None else None
        if record is None or record.status is not RunStatus.QUEUED:
            return ""
        named = with_holder(self._reader, record)
        its = self._reader.incident(incident_of_run(RunId(named.behind))) if named.behind else None
        return stands(named if its is not None and its.seen_by(by.id) else record)
