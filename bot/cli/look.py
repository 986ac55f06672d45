"""`fireline incidents | show | alerts | postmortem`: what is on record, for a person or, as JSON, for a program. Nothing here writes to the log."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from rich.text import Text

from bot.cli.forms import hidden as _hidden
from bot.cli.forms import plain as _plain
from bot.cli.opening import records_of, redactor_of, settings_from
from bot.cli.screen import say, show_json, show_table, write_document
from bot.domain.events import Event, envelope
from bot.domain.facts import fact_to_data
from bot.domain.grouping import grouped
from bot.domain.ids import IncidentId, incident_stream
from bot.domain.nouns import COMMANDER, AlertStatus, IncidentStatus, RunStatus, Severity, StepStatus
from bot.domain.ports import Reader
from bot.domain.records import (
    AlertRecord,
    ApprovalRecord,
    EvidenceRecord,
    IncidentRecord,
    RunRecord,
    StepRecord,
)
from bot.domain.response_records import SilenceRecord
from bot.errors import NotFound
from bot.incidents.line import stands
from bot.postmortem.assemble import assemble
from bot.postmortem.describe import describe
from bot.postmortem.redacted import redacted
from bot.postmortem.render import to_markdown, to_page

_COLOURS = {Severity.SEV1: "bold red", Severity.SEV2: "red", Severity.SEV3: "yellow", Severity.SEV4: "cyan"}
Redact = Callable[[str], str]
_TOLD_BY_THE_COUNT = frozenset({StepStatus.SUCCEEDED, StepStatus.UNDONE, StepStatus.CANCELLED})
"""Items of a loop that its own line counts, and that nobody needs to see one by one; `--json` has them."""


def show_incidents(config: Path | None, *, only_open: bool, quiet: bool, limit: int, as_json: bool) -> None:
    """List incidents."""
    settings = settings_from(config)
    redactor = redactor_of(settings)
    with records_of(settings) as records:
        found = records.incidents(only_open=only_open, quiet=quiet, limit=limit)
        freeze = records.freeze()
    if as_json:
        show_json(_hidden([_plain(each) for each in found], redactor.hide_known))
        return
    if freeze is not None:
        say(
            "[bold]Changes are frozen[/bold] by {by} since {at} UTC: {why}",
            by=freeze.by.id,
            at=_minute(freeze.since),
            why=redactor.redact(freeze.why),
        )
    if not found:
        say("No open incidents." if only_open else "No incidents yet.")
    else:
        columns = ("", "severity", "status", "title", "opened (UTC)", "commander", "alerts")
        show_table(columns, [_incident_row(each, redactor.redact) for each in found])


def _incident_row(record: IncidentRecord, redact: Redact) -> Sequence[Text | str]:
    firing = f"{record.firing} of {record.alerts} firing" if record.alerts else ""
    return (
        f"#{record.id}",
        _severity(record),
        _status(record),
        f"{redact(record.title)}{' (private)' if record.private else ''}",
        _minute(record.opened_at),
        record.commander,
        firing,
    )


def show_incident(config: Path | None, number: int, *, as_json: bool) -> None:
    """Show all that is on record of an incident; NotFound when there is none."""
    incident = IncidentId(number)
    settings = settings_from(config)
    redactor = redactor_of(settings)
    with records_of(settings) as records:
        record = _found(records, incident)
        runs = records.runs_of(incident)
        steps = {run.id: records.steps_of(run.id) for run in runs}
        approvals, evidence = records.approvals_of(incident), records.evidence_of(incident)
        silences = records.silences_of(incident)
        events = records.events(stream=incident_stream(incident))
    if as_json:
        whole = {
            "incident": _plain(record),
            "runs": [{**_plain(run), "steps": [_plain(each) for each in steps[run.id]]} for run in runs],
            "approvals": [_plain(each) for each in approvals],
            "evidence": [_plain(each) for each in evidence],
            "silences": [_plain(each) for each in silences],
            "timeline": [envelope(each, fact_to_data(each.fact)) for each in events],
        }
        show_json(_hidden(whole, redactor.hide_known))
        return
    redact = redactor.redact
    _show_head(record, redact)
    _show_response(record, silences, redact)
    for run in runs:
        _show_run(run, steps[run.id], redact)
    for approval in approvals:
        _show_approval(approval, redact)
    _show_evidence(evidence, redact)
    _show_timeline(events, redact)


def show_alerts(config: Path | None, *, unmatched: bool, limit: int, as_json: bool) -> None:
    """List alerts."""
    settings = settings_from(config)
    redactor = redactor_of(settings)
    with records_of(settings) as records:
        found = records.unmatched_alerts(limit=limit) if unmatched else records.recent_alerts(limit=limit)
    if as_json:
        show_json(_hidden([_plain(each) for each in found], redactor.hide_known))
        return
    if not found:
        say("Every alert found its runbook." if unmatched else "No alerts yet.")
        return
    columns = ("alert", "status", "labels", "since (UTC)", "heard", "incident")
    show_table(columns, [_alert_row(each, redactor.redact) for each in found])
    if unmatched:
        say("To catch one, give a runbook an [cyan]on.alert.match[/cyan] for its labels.")


def _alert_row(record: AlertRecord, redact: Redact) -> Sequence[Text | str]:
    labels = ", ".join(
        f"{name}={value}" for name, value in sorted(record.labels.items()) if name != "alertname"
    )
    return (
        redact(record.name) or "(no name)",
        Text(record.status.value, style="red" if record.status is AlertStatus.FIRING else "green"),
        redact(labels),
        _minute(record.starts_at),
        "once" if record.deliveries == 1 else f"{record.deliveries} times",
        f"#{record.incident}" if record.incident is not None else record.routing.value,
    )


def show_postmortem(config: Path | None, number: int, *, as_page: bool, out: Path | None) -> None:
    """Print a draft, or write it to a file; NotFound when there is no such incident."""
    incident = IncidentId(number)
    settings = settings_from(config)
    redactor = redactor_of(settings)
    with records_of(settings) as records:
        _found(records, incident)
        events = records.events(stream=incident_stream(incident))
    draft = assemble(events, {}, redactor.redact)
    write_document(to_page(draft) if as_page else to_markdown(draft), out)


# ---- parts


def _show_head(record: IncidentRecord, redact: Redact) -> None:
    say(
        "[bold]#{number} {title}[/bold]  {severity}  {status}",
        number=record.id,
        title=redact(record.title),
        severity=_severity(record),
        status=_status(record),
    )
    say(
        "opened {at} UTC, {led}, {firing} of {alerts} alerts firing",
        at=_minute(record.opened_at),
        led=f"led by {record.commander}" if record.commander else "nobody leads",
        firing=record.firing,
        alerts=record.alerts,
    )


def _show_response(record: IncidentRecord, silences: Sequence[SilenceRecord], redact: Redact) -> None:
    """Print what people did to it, a line for each thing that there is."""
    others = [(role, who) for role, who in record.roles.items() if role != COMMANDER]
    due = f", the next promised by {_minute(record.next_update_due)} UTC" if record.next_update_due else ""
    felt = f" from {_minute(record.impact_from)}" if record.impact_from else ""
    felt += f" to {_minute(record.impact_to)} UTC" if record.impact_to else ""
    lines = [
        ("service", redact(record.service)),
        ("workspace", record.workspace),
        ("private", "seen by those alone who take part in it" if record.private else ""),
        ("roles", ", ".join(f"{redact(role)}: {who}" for role, who in others)),
        ("last update", f"{redact(record.last_update)}{due}" if record.last_update_at else ""),
        ("customers felt it", f"{felt} {redact(record.impact)}".strip()),
        ("merged into", f"#{record.merged_into}" if record.merged_into is not None else ""),
    ]
    lines += [
        ("silence", f"{each.status.value} until {_minute(each.until)} UTC {redact(each.why)}".strip())
        for each in silences
    ]
    for name, value in lines:
        if value:
            say("[dim]{name}[/dim] {value}", name=name, value=value)


def _show_run(run: RunRecord, steps: Sequence[StepRecord], redact: Redact) -> None:
    waits = stands(run) if run.status is RunStatus.QUEUED else ""
    say(
        "\n[bold]Run {run}[/bold] {runbook} ({digest}) {status}{why}{inside}{asked}",
        run=run.id,
        runbook=run.runbook,
        digest=run.digest[:12],
        status=run.status.value if run.paused_at is None else "paused",
        why=f": {redact(waits or run.detail)}" if waits or run.detail else "",
        inside=f", inside run {run.parent} as its step {run.parent_step}" if run.parent else "",
        asked=f", asked for by {run.requested_by.id}" if run.requested_by else "",
    )
    if run.paused_at is not None:
        say(
            "  [bold]paused[/bold] {at} UTC by {by}{why}",
            at=_minute(run.paused_at),
            by=run.paused_by.id if run.paused_by else "somebody",
            why=f": {redact(run.paused_why)}" if run.paused_why else "",
        )
    for each in grouped(steps):
        _show_step(each.record, each.how_far, redact)
        for item in each.items:
            if item.record.status not in _TOLD_BY_THE_COUNT:
                _show_step(item.record, item.label, redact, indent="  ")


def _show_step(record: StepRecord, more: str, redact: Redact, *, indent: str = "") -> None:
    """Print a step, or an item of a loop; `more` is how far a loop is, or what people call the item."""
    said = ", ".join(redact(part) for part in (more, record.detail) if part)
    say(
        "  {step} {status} {took}{said}",
        step=f"{indent + record.step:<20}",
        status=f"{record.status.value:<17}",
        took=f"{_took(record.started_at, record.finished_at):>8}",
        said=f"  {said}" if said else "",
    )


def _show_approval(approval: ApprovalRecord, redact: Redact) -> None:
    votes = ", ".join(f"{vote.by.id} {vote.vote.value} as {vote.as_member_of}" for vote in approval.votes)
    say(
        "\n[bold]Approval {id}[/bold] {status}: {votes}",
        id=approval.id,
        status=approval.status.value,
        votes=votes or "nobody yet",
    )
    if approval.escalated_at is not None:
        at, added = f"{approval.escalated_at:%H:%M:%S}", ", ".join(approval.escalated_to)
        say("  escalated at {at} UTC to {added}", at=at, added=added)
    say(
        "  {action} ({effect}) {inputs}  [dim]{digest}[/dim]",
        action=approval.action,
        effect=approval.effect,
        inputs=redact(json.dumps(_plain(approval.inputs), ensure_ascii=False)),
        digest=approval.digest[:12],
    )


def _show_evidence(evidence: Sequence[EvidenceRecord], redact: Redact) -> None:
    if evidence:
        say("\n[bold]Evidence[/bold]")
    for each in evidence:
        say(
            "  {name} {size} bytes{cut}  sha256 {sha256}",
            name=f"{redact(each.name):<28}",
            size=f"{each.size:>9}",
            cut=" (truncated)" if each.truncated else "",
            sha256=each.sha256,
        )


def _show_timeline(events: Sequence[Event], redact: Redact) -> None:
    say("\n[bold]Timeline[/bold] (UTC)")
    for event in events:
        say(
            "  {at}  [dim]#{seq} {hash}[/dim]  {line}",
            at=f"{event.at:%H:%M:%S}",
            seq=f"{event.seq:<5}",
            hash=event.hash[:8],
            line=describe(redacted(event, redact), {}),
        )


def _found(records: Reader, incident: IncidentId) -> IncidentRecord:
    record = records.incident(incident)
    if record is None:
        raise NotFound(f"There is no incident {incident}.", hint="`fireline incidents` lists them.")
    return record


def _severity(record: IncidentRecord) -> Text:
    return Text(record.severity.value, style=_COLOURS[record.severity])


def _status(record: IncidentRecord) -> Text:
    return Text(record.status.value, style="green" if record.status is IncidentStatus.RESOLVED else "yellow")


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"


def _took(started: datetime | None, finished: datetime | None) -> str:
    return f"{(finished - started).total_seconds():.1f} s" if started and finished else ""
