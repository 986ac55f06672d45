"""The line in front of a busy concurrency group: who holds the group, who waits, and who is next.

One run of a group is under way at a time. Who waits stands by severity first, then in the order of coming; the log holds the line, so it outlives
the process. All of it is decided inside a unit of work, where nothing changes meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.facts import RunDropped, RunMoved, RunQueued, RunStarted
from bot.domain.ids import IncidentId, RunId, incident_stream
from bot.domain.nouns import FIRELINE, Actor, RunStatus
from bot.domain.ports import Reader, Transaction
from bot.domain.records import IncidentRecord, RunRecord
from bot.engine.starting import incident_scope
from bot.incidents.opening import Opening

SHOWN = 10
"""Places from the front that are kept up to date in the log; who stands further back hears of it when it comes within them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A concurrency group now: the run that holds it, and those that wait, next first."""

    holder: RunRecord | None = None
    waiting: tuple[RunRecord, ...] = ()

    @property
    def first(self) -> RunRecord | None:
        """The run that stands before a newcomer: the holder, or who is about to be; None when the group is free."""
        return self.holder or next(iter(self.waiting), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a run stands that has just joined the line; `behind` is empty while the group is changing hands, or is another, private incident's."""

    run: RunId
    behind: str
    place: int


def line_of(reader: Reader, group: str) -> Line:
    """Return how a concurrency group stands; free for the empty group."""
    runs = reader.runs_of_group(group) if group else ()
    return Line(
        holder=next((each for each in runs if each.status is RunStatus.RUNNING), None),
        waiting=tuple(each for each in runs if each.status is RunStatus.QUEUED),
    )


def enqueue(
    tx: Transaction, opening: Opening, incident: IncidentRecord, by: Actor | None, *, seed: str
) -> Spot:
    """Put the runbook's run at its place in the line; those behind it move back."""
    assert opening.inputs is not None  # noqa: S101 - the callers ask first
    runbook, line = opening.runbook, line_of(tx, opening.run_group)
    run = tx.next_run(incident.id)
    before = sum(each.severity is not None and each.severity <= incident.severity for each in line.waiting)
    spot = Spot(run=run, behind=_behind(tx, line.holder, incident.id), place=before + 1)
    tx.keep_runbook(runbook.digest, runbook.name, runbook.source)
    queued = RunQueued(
        run=run,
        runbook=runbook.name,
        digest=runbook.digest,
        seed=seed,
        autonomy=runbook.autonomy.value,
        inputs=opening.inputs,
        scope={**opening.scope, "incident": incident_scope(incident)},
        group=opening.run_group,
        severity=incident.severity,
        behind=spot.behind,
        place=spot.place,
        requested_by=by,
        timeout=runbook.timeout.total_seconds() if runbook.timeout else None,
    )
    tx.append(incident_stream(incident.id), by or FIRELINE, [queued])
    _count_off(tx, opening.run_group)
    return spot


def admit(tx: Transaction, group: str) -> RunId | None:
    """Start the run that is next, if its group is free; returns it."""
    line = line_of(tx, group)
    if line.holder is not None or not line.waiting:
        return None
    run = line.waiting[0]
    incident = tx.incident(run.incident)
    asked = next(event.fact for event in tx.events_of_run(run.id) if isinstance(event.fact, RunQueued))
    assert incident is not None  # noqa: S101 - a run waits in an incident that is there
    started = RunStarted(
        run=run.id,
        runbook=asked.runbook,
        digest=asked.digest,
        seed=asked.seed,
        autonomy=asked.autonomy,
        inputs=asked.inputs,
        scope={**asked.scope, "incident": incident_scope(incident)},
        requested_by=asked.requested_by,
        deadline=None if asked.timeout is None else tx.now + timedelta(seconds=asked.timeout),
        group=asked.group,
    )
    tx.append(incident_stream(run.incident), FIRELINE, [started])
    _count_off(tx, group)
    return run.id


def leave(tx: Transaction, run: RunRecord, by: Actor, why: str) -> None:
    """Take a run that waits out of the line, on the record."""
    tx.append(incident_stream(run.incident), by, [RunDropped(run=run.id, why=why)])
    _count_off(tx, run.group)


def _count_off(tx: Transaction, group: str) -> None:
    """Tell those near the front where they stand now; while the group changes hands, whoever starts tells them."""
    line = line_of(tx, group)
    if line.holder is None:
        return
    for place, run in enumerate(line.waiting[:SHOWN], start=1):
        behind = _behind(tx, line.holder, run.incident)
        if (run.place, run.behind) != (place, behind):
            moved = RunMoved(run=run.id, behind=behind, place=place)
            tx.append(incident_stream(run.incident), FIRELINE, [moved])


def _behind(reader: Reader, holder: RunRecord | None, incident: IncidentId) -> str:
    """Name the run that one of this incident waits for, as the incident's record may have it: everybody in it reads that."""
    its = reader.incident(holder.incident) if holder is not None else None
    return holder.id if holder is not None and its is not None and its.told_in(incident) else ""


def in_line(reader: Reader) -> list[RunRecord]:
    """Return the runs that wait, each line next first, each run with the one that it waits for as `with_holder` has it."""
    lines = [line_of(reader, group) for group in dict.fromkeys(run.group for run in reader.queued_runs())]
    return [_after(line.holder, run) for line in lines for run in line.waiting]


def with_holder(reader: Reader, run: RunRecord) -> RunRecord:
    """Return a run that waits with the run that it waits for, a private incident's too: for those who may see that one."""
    return _after(line_of(reader, run.group).holder, run)


def _after(holder: RunRecord | None, run: RunRecord) -> RunRecord:
    return run if holder is None else replace(run, behind=holder.id)


# ------------------------------------------------------------------------------------------------------------ in words


def stands(run: RunRecord) -> str:
    """Say where a run stands that waits: `waits for run 12-1, 2nd in the queue of service/checkout`."""
    return f"waits for {f'run {run.behind}' if run.behind else 'its turn'}, {_ordinal(run.place)} in the queue of {run.group}"


_ENDINGS = {1: "st", 2: "nd", 3: "rd"}


def _ordinal(place: int) -> str:
    if place % 100 in {11, 12, 13}:
        return f"{place}th"
    return f"{place}{_ENDINGS.get(place % 10, 'th')}"
