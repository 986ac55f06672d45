"""`fireline runs`: what is under way, held or waiting, over all incidents; and the calls whose outcome nobody knows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bot.cli.forms import hidden, plain
from bot.cli.opening import records_of, redactor_of, settings_from
from bot.cli.screen import say, show_json, show_table
from bot.domain.ids import incident_of_run
from bot.domain.nouns import Part, RunStatus, StepStatus
from bot.domain.ports import Reader
from bot.domain.records import RunRecord, StepRecord
from bot.incidents.doubts import ANSWERS, Doubt, doubt_of
from bot.incidents.line import stands

_WORDS = {
    StepStatus.WAITING_APPROVAL: "waits for approval",
    StepStatus.RUNNING: "runs",
    StepStatus.HELD: "waits for room",
    StepStatus.WAITING_RETRY: "will be tried again",
    StepStatus.VERIFYING: "is being verified",
    StepStatus.UNKNOWN: "unknown: a person must say what happened",
}
_NAMED = 3
Redact = Callable[[str], str]


def show_runs(config: Path | None, *, as_json: bool) -> None:
    """List the runs that have not ended: those under way, then those that wait in line."""
    settings = settings_from(config)
    redactor = redactor_of(settings)
    with records_of(settings) as records:
        runs = [*records.unfinished_runs(), *records.queued_runs()]
        steps = {run.id: _busy(records.steps_of(run.id)) for run in runs}
    if as_json:
        found = [{**plain(run), "steps": [plain(each) for each in steps[run.id]]} for run in runs]
        show_json(hidden(found, redactor.hide_known))
    elif not runs:
        say("Nothing runs.")
    else:
        columns = ("run", "runbook", "state", "since (UTC)", "at", "asked for by")
        show_table(columns, [_row(run, steps[run.id], redactor.redact) for run in runs])
        if any(step.in_doubt for each in steps.values() for step in each):
            say(
                "[cyan]fireline runs --unknown[/cyan] tells what is known of those that a person must settle."
            )


def show_unknown(config: Path | None, *, as_json: bool) -> None:
    """List the calls whose outcome nobody knows: what was sent and when, what is known, and what a person can answer."""
    settings = settings_from(config)
    redactor = redactor_of(settings)
    with records_of(settings) as records:
        doubts = doubts_in(records)
    if as_json:
        show_json(hidden([_data(each) for each in doubts], redactor.hide_known))
    elif not doubts:
        say("The outcome of every call is known.")
    else:
        for each in doubts:
            _tell(each, redactor.redact)
        say(
            "Look at the target, then answer with the buttons in the channel, or with [cyan]fireline settle[/cyan]: {answers}.",
            answers=" · ".join(ANSWERS.values()),
        )


def doubts_in(reader: Reader) -> list[Doubt]:
    """Return every call whose outcome nobody knows, longest in doubt first."""
    found = (doubt_of(reader.events_of_run(run), step) for run, step in reader.steps_in_doubt())
    return sorted((each for each in found if each is not None), key=lambda each: each.asked_at)


def _busy(steps: Sequence[StepRecord]) -> list[StepRecord]:
    """Return what a run is at; a loop's items say more than the loop."""
    busy = [each for each in steps if each.status in _WORDS or each.in_doubt]
    return [each for each in busy if not each.items] or busy


def _row(run: RunRecord, steps: Sequence[StepRecord], redact: Redact) -> tuple[str, ...]:
    inside = f", inside {run.parent}" if run.parent is not None else ""
    return (
        run.id,
        run.runbook,
        ("paused" if run.paused_at is not None else _state(run)) + inside,
        f"{run.started_at:%Y-%m-%d %H:%M}",
        redact(_at(run, steps)),
        run.requested_by.id if run.requested_by else "an alert",
    )


def _state(run: RunRecord) -> str:
    return "queued" if run.status is RunStatus.QUEUED else f"running ({run.phase})"


def _at(run: RunRecord, steps: Sequence[StepRecord]) -> str:
    if run.status is RunStatus.QUEUED:
        return stands(run)
    told = [f"{each.step} {each.waits_for or _doing(each)}" for each in steps[:_NAMED]]
    more = [f"{len(steps) - _NAMED} more"] if len(steps) > _NAMED else []
    return "; ".join([*told, *more])


def _doing(step: StepRecord) -> str:
    return _WORDS[StepStatus.UNKNOWN if step.in_doubt else step.status]


def _tell(doubt: Doubt, redact: Redact) -> None:
    say(
        "[bold]Run {run}[/bold] in incident #{incident}: {undo}step {step}, attempt {attempt}",
        run=doubt.run,
        incident=incident_of_run(doubt.run),
        undo="the undo of " if doubt.part is Part.UNDO else "",
        step=doubt.step,
        attempt=doubt.attempt,
    )
    say("  sent     {at}: {action}", at=_second(doubt), action=doubt.action)
    say("           {inputs}", inputs=redact(json.dumps(plain(doubt.inputs), ensure_ascii=False)))
    if doubt.key:
        say("           idempotency key {key}", key=doubt.key)
    say("  known    {why}", why=redact(doubt.why))
    say("  asked    {at} UTC", at=f"{doubt.asked_at:%Y-%m-%d %H:%M:%S}")


def _second(doubt: Doubt) -> str:
    return (
        f"{doubt.sent_at:%Y-%m-%d %H:%M:%S} UTC" if doubt.sent_at else "at a time that the log does not tell"
    )


def _data(doubt: Doubt) -> dict[str, Any]:
    told = {name: value for name, value in plain(doubt).items() if not name.startswith("settle")}
    return {"incident": int(incident_of_run(doubt.run)), **told, "answers": [each.value for each in ANSWERS]}
