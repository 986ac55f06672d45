"""What an instant of a schedule leads to, in one unit of work with the word that it was answered: so none is answered twice, or lost.

A scheduled run has an incident of its own, quiet until somebody is needed. While that one is open, the next instant is a run in it, or is skipped
when its run is under way still: a job that fails every night is one incident, and never works against itself. A busy concurrency group skips the
instant, or lets the run wait in line, as the runbook says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain.dead_letters import Landing, key_of, land, put_back
from bot.domain.facts import RunRejected, ScheduleFired
from bot.domain.ids import SYSTEM, RunId, incident_stream
from bot.domain.nouns import FIRELINE, SCHEDULE, DeadKind, DeadReason, LetterStatus, RunStatus
from bot.domain.ports import Transaction
from bot.domain.records import IncidentRecord, ScheduleRecord
from bot.engine.starting import bounded
from bot.errors import RunbookError
from bot.incidents.line import Line, line_of
from bot.incidents.opening import Opening, before, severity_of, title_of
from bot.incidents.placing import begin, busy_with, open_new, when_busy
from bot.policy.autonomy import why_not_by_itself
from bot.runbook.cron import BadCron, parse_cron
from bot.runbook.inputs import resolve_inputs
from bot.runbook.model import Runbook, WhenBusy


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """An instant that is due; `missed_since` is the first of those before it that nobody answered, None when none was missed."""

    due: datetime
    missed_since: datetime | None = None


def prepare_scheduled(runbook: Runbook, variables: Mapping[str, Any], now: datetime) -> Opening:
    """Work out what a scheduled run starts with. Nothing here fails: what has no value becomes a note in the incident."""
    scope = before((), variables)
    inputs: Mapping[str, Any] | None = None
    notes, group = [], ""
    try:
        inputs = resolve_inputs(runbook, {}, scope)
        if runbook.concurrency is not None:
            group = bounded(str(runbook.concurrency.group.render({**scope, "inputs": inputs})))
    except RunbookError as error:
        inputs = None
        notes.append(f"No run was started on schedule. {error}")
    severity, complaint = severity_of(runbook, {**scope, "inputs": inputs or {}})
    if complaint:
        notes.append(complaint)
    proposed = (
        "" if inputs is None else why_not_by_itself(runbook.autonomy.value, runbook.valid_until, now.date())
    )
    return Opening(
        title=title_of(runbook, None),
        severity=severity,
        group=group,
        runbook=runbook,
        scope=scope,
        inputs=None if proposed else inputs,
        proposed=proposed,
        notes=tuple(notes),
    )


def next_of(record: ScheduleRecord, now: datetime) -> datetime | None:
    """Return when a schedule comes due next; None when this machine can't read it, because its time zone is not here."""
    try:
        return parse_cron(record.cron, record.timezone).next_after(now)
    except BadCron:
        return None


def answer(tx: Transaction, opening: Opening, instant: Instant, *, seed: str) -> RunId | None:
    """Answer an instant, unless it was answered already; returns the run that was started."""
    known = next((each for each in tx.schedules() if each.runbook == opening.runbook.name), None)
    if known is None or (known.due is not None and known.due >= instant.due):
        return None
    told = ScheduleFired(runbook=opening.runbook.name, due=instant.due, missed_since=instant.missed_since)
    last = tx.incident(known.incident) if known.incident is not None else None
    standing = last if last is not None and last.open else None
    line = line_of(tx, opening.run_group)
    skipped = _still_at_it(tx, standing) or _kept_out(tx, opening, line)
    _make_up_for(tx, opening.runbook.name)
    if skipped:
        tx.append(SYSTEM, FIRELINE, [replace(told, skipped=skipped)])
        return None
    record = standing or open_new(tx, opening, (), FIRELINE, scheduled=instant.due)
    if opening.inputs is None:
        tx.append(SYSTEM, FIRELINE, [replace(told, incident=record.id)])
        return None
    done = begin(tx, opening, record, SCHEDULE, line, seed=seed)
    started = done.spot.run if done.spot else done.run or ""
    tx.append(SYSTEM, FIRELINE, [replace(told, incident=record.id, started=started)])
    return done.run


def lies(tx: Transaction, runbook: str, instant: Instant) -> bool:
    """Tell whether an instant could not be answered and waits in the dead-letter list, or was let go."""
    letter = tx.dead_letter_of(key_of(DeadKind.SCHEDULE, runbook))
    return letter is not None and letter.due == instant.due and letter.status is not LetterStatus.REQUEUED


def cannot_answer(tx: Transaction, runbook: str, instant: Instant, problem: str) -> None:
    """Put an instant into the dead-letter list."""
    landing = Landing(
        what=DeadKind.SCHEDULE,
        about=runbook,
        reason=DeadReason.BUG,
        title=f"the schedule of {runbook}, due {instant.due:%Y-%m-%d %H:%M} UTC",
        detail=problem,
        due=instant.due,
    )
    land(tx, landing)


def _make_up_for(tx: Transaction, runbook: str) -> None:
    """Take an earlier instant out of the dead-letter list: this one makes up for it."""
    letter = tx.dead_letter_of(key_of(DeadKind.SCHEDULE, runbook))
    if letter is not None and letter.waiting:
        put_back(tx, letter, FIRELINE, "a later instant makes up for it")


def _still_at_it(tx: Transaction, incident: IncidentRecord | None) -> str:
    """Say why the last instant's incident keeps this one from a run; empty when it does not."""
    if incident is None:
        return ""
    runs = tx.runs_of(incident.id)
    if not runs:
        return f"incident {incident.id} waits for a person to start it"
    alive = [run for run in runs if run.status in {RunStatus.RUNNING, RunStatus.QUEUED}]
    return f"run {alive[0].id} is under way still" if alive else ""


def _kept_out(tx: Transaction, opening: Opening, line: Line) -> str:
    """Say why a busy group keeps the run out, on the record of the run that holds it where the runbook rejects; empty when it may begin or wait."""
    when = when_busy(opening.runbook)
    if line.first is None or when is WhenBusy.QUEUE or opening.inputs is None:
        return ""
    why = busy_with(opening, line.first)
    if when is WhenBusy.REJECT:
        rejected = RunRejected(
            incident=line.first.incident,
            runbook=opening.runbook.name,
            group=opening.run_group,
            busy=line.first.id,
            why=why,
        )
        tx.append(incident_stream(line.first.incident), SCHEDULE, [rejected])
    return why
