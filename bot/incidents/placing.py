"""Where alerts and runs go when they come: into an incident that is open, into a new one, into the line, or nowhere. Inside one unit of work.

A concurrency group has one run under way at a time, whoever asked for it and in whatever incident it is. What comes while the group is busy does as
its runbook says:

    when_busy   an alert                                                  a person
    attach      joins the incident whose run is under way                 is told which run to follow
    queue       opens its incident, and the run waits in line             their run waits in line
    reject      joins that incident, and the record says what was kept out   is told why, and so is the record

A private incident is not there for a person who takes no part in it (docs/decisions/0048), and their run never joins it. With `attach` it is refused,
with `queue` it waits in an incident of its own, with `reject` the private one's record says who was kept out; they hear that the group is taken.

With `queue` and `reject` an alert joins an incident that is open and had the same run, of the same runbook with the same inputs: it is the same
trouble, and is worked on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts import AlertsUnmatched, RunRejected
from bot.domain.ids import INTAKE, IncidentId, RunId, incident_stream
from bot.domain.nouns import FIRELINE, Actor, AlertStatus, Routing
from bot.domain.ports import Transaction
from bot.domain.records import AlertRecord, IncidentRecord, RunRecord
from bot.errors import Conflict
from bot.incidents import rules
from bot.incidents.line import Line, Spot, enqueue, line_of
from bot.incidents.opening import Opening, attach, open_incident, start
from bot.incidents.routing import Wanted
from bot.runbook.model import Runbook, WhenBusy


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What came of asking for a run: `run` began, or stands at `spot` in the line, or was turned away for the reason in `rejected`."""

    incident: IncidentId
    run: RunId | None = None
    opened: bool = False
    spot: Spot | None = None
    rejected: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Busy:
    """What a newcomer meets in a group: the run that has it, or is about to, with that run's incident."""

    run: RunRecord
    incident: IncidentRecord


# --------------------------------------------------------------------------------------------------------------- alerts


def place(tx: Transaction, wanted: Wanted, opening: Opening | None, *, seed: str) -> RunId | None:
    """Give a group's alerts to their incident, or open one; returns the run that was started. `opening` is None when none of them fires."""
    alerts = _still_pending(tx, wanted)
    if not alerts:
        return None
    line = line_of(tx, wanted.group if wanted.runbook.concurrency is not None else "")
    incident = _incident_to_join(tx, wanted, opening, line)
    if incident is not None:
        tx.append(incident_stream(incident.id), FIRELINE, [attach(incident, alerts)])
        if opening is not None and line.first is not None and _is_turned_away(opening, line.first):
            rejection = _rejection(opening, incident, _Busy(run=line.first, incident=incident))
            tx.append(incident_stream(incident.id), FIRELINE, [rejection])
        return None
    if opening is None or not any(each.status is AlertStatus.FIRING for each in alerts):
        # It was over before anybody could respond: kept, and nothing to open.
        tx.append(INTAKE, FIRELINE, [AlertsUnmatched(keys=tuple(each.key for each in alerts))])
        return None
    record = open_new(tx, opening, alerts, FIRELINE)
    if opening.inputs is None:
        return None
    return begin(tx, opening, record, None, line, seed=seed).run


def _still_pending(tx: Transaction, wanted: Wanted) -> Sequence[AlertRecord]:
    known = tx.alerts(each.key for each in wanted.alerts)
    found = (known.get(each.key) for each in wanted.alerts)
    return [record for record in found if record is not None and record.routing is Routing.PENDING]


def _incident_to_join(
    tx: Transaction, wanted: Wanted, opening: Opening | None, line: Line
) -> IncidentRecord | None:
    """Return the incident that these alerts belong to already; None when they are a trouble of their own."""
    when = when_busy(wanted.runbook)
    if line.first is not None and when is not WhenBusy.QUEUE:
        return tx.incident(line.first.incident)
    if when is WhenBusy.ATTACH:
        return tx.open_incident_of_group(wanted.group)
    for incident in tx.open_incidents_of_group(wanted.group):
        # One that took the group over with an incident that was merged into it takes all of it.
        if incident.group != wanted.group:
            return incident
        if incident.runbook == wanted.runbook.name and _same_trouble(tx.runs_of(incident.id), opening):
            return incident
    return None


def _same_trouble(runs: Sequence[RunRecord], opening: Opening | None) -> bool:
    """Tell whether an incident's runs are what these alerts ask for; one that never had a run waits for a person, and takes them all."""
    if not runs or opening is None or opening.inputs is None:
        return True
    return any(_same_run(run, opening) for run in runs)


def _same_run(run: RunRecord, opening: Opening) -> bool:
    return run.runbook == opening.runbook.name and run.inputs == opening.inputs


def _is_turned_away(opening: Opening, busy: RunRecord) -> bool:
    rejects = when_busy(opening.runbook) is WhenBusy.REJECT and opening.inputs is not None
    return rejects and not _same_run(busy, opening)


# --------------------------------------------------------------------------------------------------------------- people


def place_for(
    tx: Transaction, opening: Opening, by: Actor, incident: IncidentId | None, *, seed: str, join: bool
) -> Placed:
    """Start a person's run in the incident that it belongs to, which is opened where there is none; Conflict when its group is busy.

    Without `join`, an incident that is open for the group already is a Conflict: somebody declares what is known.
    """
    line = line_of(tx, opening.run_group)
    busy = _busy(tx, line)
    record = _incident_for(tx, opening, by, incident, busy, join=join)
    rules.may_start(opening, record, tx.runs_of(record.id) if record is not None else ())
    if busy is not None:
        when = when_busy(opening.runbook)
        seen = _is_there(busy.incident, opening, by) or busy.incident.id == incident
        if when is WhenBusy.ATTACH:
            if not seen:
                raise rules.hidden(opening.run_group)
            raise Conflict(
                f"{busy_with(opening, busy.run)}.",
                hint=f"Follow it there, or cancel it first: `cancel {busy.run.id}`.",
            )
        if when is WhenBusy.REJECT:
            told = record or busy.incident
            tx.append(incident_stream(told.id), by, [_rejection(opening, told, busy)])
            unseen = f"an incident that you can't see has {opening.run_group}"
            return Placed(incident=told.id, rejected=busy_with(opening, busy.run) if seen else unseen)
    opened = record is None
    if record is None:
        record = open_new(tx, opening, (), by)
    done = begin(tx, opening, record, by, line, seed=seed)
    return Placed(incident=record.id, run=done.run, spot=done.spot, opened=opened)


def _busy(tx: Transaction, line: Line) -> _Busy | None:
    run = line.first
    return _Busy(run=run, incident=rules.found(tx.incident(run.incident), run.incident)) if run else None


def _incident_for(
    tx: Transaction,
    opening: Opening,
    by: Actor,
    incident: IncidentId | None,
    busy: _Busy | None,
    *,
    join: bool,
) -> IncidentRecord | None:
    """Return the incident that a person's run joins, None when a new one is to be opened."""
    if incident is not None:
        return rules.found(tx.incident(incident), incident)
    standing = [*([busy.incident] if busy else ()), *tx.open_incidents_of_group(opening.group)]
    _must_be_ours(opening, standing)
    joined = next((each for each in standing if _is_there(each, opening, by)), None)
    if joined is not None and not join:
        raise Conflict(
            f"Incident {joined.id} is open for {opening.group} already: {joined.title}.",
            hint=f"Run {opening.runbook.name} there instead of declaring another.",
        )
    if joined is None and standing and when_busy(opening.runbook) is WhenBusy.ATTACH:
        # What attaches has one incident at a time, and this one is not theirs.
        raise rules.hidden(opening.group)
    return joined


def _must_be_ours(opening: Opening, standing: Sequence[IncidentRecord]) -> None:
    """Raise Conflict where another workspace works on the group, and has its incident first."""
    if not standing or not _elsewhere(standing[0], opening):
        return
    # What it is called, and who works on it, is no matter of another workspace; that its target is taken is.
    which = "" if standing[0].private else f": incident {standing[0].id}"
    raise Conflict(
        f"Another workspace works on {opening.group}{which}.",
        hint="Ask there, or wait until that incident is over.",
    )


def _is_there(incident: IncidentRecord, opening: Opening, by: Actor) -> bool:
    """Tell whether an incident is there for a person: one of their workspace, and a private one if they take part in it."""
    return incident.seen_by(by.id) and not _elsewhere(incident, opening)


def _elsewhere(incident: IncidentRecord, opening: Opening) -> bool:
    return (incident.workspace or opening.home) != opening.workspace


# ---------------------------------------------------------------------------------------------------------------- parts


def open_new(
    tx: Transaction,
    opening: Opening,
    alerts: Sequence[AlertRecord],
    by: Actor,
    *,
    scheduled: datetime | None = None,
) -> IncidentRecord:
    """Open an incident and return it; `scheduled` is the instant of the runbook's schedule that it is opened for."""
    incident = tx.next_incident()
    tx.append(incident_stream(incident), by, open_incident(opening, incident, alerts, scheduled))
    return rules.found(tx.incident(incident), incident)


def begin(
    tx: Transaction, opening: Opening, record: IncidentRecord, by: Actor | None, line: Line, *, seed: str
) -> Placed:
    """Start the run, or put it into the line when its group is busy."""
    if line.first is not None:
        return Placed(incident=record.id, spot=enqueue(tx, opening, record, by, seed=seed))
    run = tx.next_run(record.id)
    tx.keep_runbook(opening.runbook.digest, opening.runbook.name, opening.runbook.source)
    started = start(opening, record, run, seed=seed, now=tx.now, by=by)
    tx.append(incident_stream(record.id), by or FIRELINE, [started])
    return Placed(incident=record.id, run=run)


def when_busy(runbook: Runbook) -> WhenBusy:
    """Return what a runbook says of a busy group; one without a group attaches."""
    return runbook.concurrency.when_busy if runbook.concurrency is not None else WhenBusy.ATTACH


def _rejection(opening: Opening, incident: IncidentRecord, busy: _Busy) -> RunRejected:
    """Tell in an incident's record what was kept out, and why."""
    told = busy.incident.told_in(incident.id)
    return RunRejected(
        incident=incident.id,
        runbook=opening.runbook.name,
        group=opening.run_group,
        busy=busy.run.id if told else "",
        why=busy_with(opening, busy.run) if told else f"a private incident has {opening.run_group}",
    )


def busy_with(opening: Opening, run: RunRecord) -> str:
    """Say which run has the group, to those who may see its incident."""
    return f"run {run.id} ({run.runbook}) has {opening.run_group}, in incident {run.incident}"
