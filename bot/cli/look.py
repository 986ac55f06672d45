"""`fireline incidents | show | alerts | postmortem`: what is on record, for a person or, as JSON, for a program. Nothing here writes to the log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from bot.cli.opening import console, records_of, settings_from
from bot.domain.clock import to_text
from bot.domain.events import envelope
from bot.domain.facts import fact_to_data
from bot.domain.ids import IncidentId, incident_stream
from bot.domain.nouns import Actor, AlertStatus, IncidentStatus, Severity
from bot.domain.ports import Reader
from bot.domain.records import ApprovalRecord, EvidenceRecord, IncidentRecord, RunRecord, StepRecord
from bot.errors import NotFound
from bot.evidence.redaction import Redactor
from bot.postmortem.assemble import assemble
from bot.postmortem.describe import describe
from bot.postmortem.redacted import redacted
from bot.postmortem.render import to_markdown, to_page

_COLOURS = {Severity.SEV1: "bold red", Severity.SEV2: "red", Severity.SEV3: "yellow", Severity.SEV4: "cyan"}
_REDACT = Redactor(()).redact
"""Without the settings' secrets at hand, what looks like one is hidden all the same."""


def show_incidents(config: Path | None, *, only_open: bool, limit: int, as_json: bool) -> None:
    """List incidents."""
    with records_of(settings_from(config)) as records:
        found = records.incidents(only_open=only_open, limit=limit)
    if as_json:
        _print_json([_plain(each) for each in found])
        return
    if not found:
        console.print("No open incidents." if only_open else "No incidents yet.")
        return
    table = _table("", "severity", "status", "title", "opened (UTC)", "commander", "alerts")
    for each in found:
        firing = f"{each.firing} of {each.alerts} firing" if each.alerts else ""
        table.add_row(
            f"#{each.id}",
            _severity(each),
            _status(each),
            escape(each.title),
            _minute(each.opened_at),
            each.commander,
            firing,
        )
    console.print(table)


def show_incident(config: Path | None, number: int, *, as_json: bool) -> None:
    """Show all that is on record of an incident; NotFound when there is none."""
    incident = IncidentId(number)
    with records_of(settings_from(config)) as records:
        record = _found(records, incident)
        runs = records.runs_of(incident)
        steps = {run.id: records.steps_of(run.id) for run in runs}
        approvals, evidence = records.approvals_of(incident), records.evidence_of(incident)
        events = records.events(stream=incident_stream(incident))
    if as_json:
        whole = {
            "incident": _plain(record),
            "runs": [{**_plain(run), "steps": [_plain(each) for each in steps[run.id]]} for run in runs],
            "approvals": [_plain(each) for each in approvals],
            "evidence": [_plain(each) for each in evidence],
            "timeline": [envelope(each, fact_to_data(each.fact)) for each in events],
        }
        _print_json(whole)
        return
    console.print(f"[bold]#{record.id} {escape(record.title)}[/bold]  {_severity(record)}  {_status(record)}")
    led = f"led by {record.commander}" if record.commander else "nobody leads"
    console.print(
        f"opened {_minute(record.opened_at)} UTC, {led}, {record.firing} of {record.alerts} alerts firing"
    )
    for run in runs:
        _show_run(run, steps[run.id])
    _show_approvals(approvals)
    _show_evidence(evidence)
    console.print("\n[bold]Timeline[/bold] (UTC)")
    for event in events:
        line = escape(describe(redacted(event, _REDACT), {}))
        console.print(
            f"  {event.at:%H:%M:%S}  [dim]#{event.seq:<5} {event.hash[:8]}[/dim]  {line}", soft_wrap=True
        )


def show_alerts(config: Path | None, *, unmatched: bool, limit: int, as_json: bool) -> None:
    """List alerts."""
    with records_of(settings_from(config)) as records:
        found = records.unmatched_alerts(limit=limit) if unmatched else records.recent_alerts(limit=limit)
    if as_json:
        _print_json([_plain(each) for each in found])
        return
    if not found:
        console.print("Every alert found its runbook." if unmatched else "No alerts yet.")
        return
    table = _table("alert", "status", "labels", "since (UTC)", "heard", "incident")
    for each in found:
        labels = ", ".join(
            f"{name}={value}" for name, value in sorted(each.labels.items()) if name != "alertname"
        )
        colour = "red" if each.status is AlertStatus.FIRING else "green"
        where = f"#{each.incident}" if each.incident is not None else each.routing.value
        table.add_row(
            escape(each.name or "(no name)"),
            f"[{colour}]{each.status.value}[/{colour}]",
            escape(labels),
            _minute(each.starts_at),
            f"{each.deliveries} times",
            where,
        )
    console.print(table)
    if unmatched:
        console.print("To catch one, give a runbook an [cyan]on.alert.match[/cyan] for its labels.")


def show_postmortem(config: Path | None, number: int, *, as_page: bool, out: Path | None) -> None:
    """Print a draft, or write it to a file; NotFound when there is no such incident."""
    incident = IncidentId(number)
    with records_of(settings_from(config)) as records:
        _found(records, incident)
        draft = assemble(records.events(stream=incident_stream(incident)), {}, _REDACT)
    text = to_page(draft) if as_page else to_markdown(draft)
    if out is None:
        print(text)  # noqa: T201 - a document for a pipe, without the console's wrapping
        return
    out.write_text(text, encoding="utf-8")
    console.print(f"Written: {out}", soft_wrap=True)


# ---- parts


def _show_run(run: RunRecord, steps: Sequence[StepRecord]) -> None:
    asked = f", asked for by {run.requested_by.id}" if run.requested_by else ""
    why = f": {escape(run.detail)}" if run.detail else ""
    console.print(
        f"\n[bold]Run {run.id}[/bold] {escape(run.runbook)} ({run.digest[:12]}) {run.status.value}{why}{asked}",
        soft_wrap=True,
    )
    for each in steps:
        took = _took(each.started_at, each.finished_at)
        detail = f"  {escape(each.detail)}" if each.detail else ""
        console.print(f"  {each.step:<20} {each.status.value:<17} {took:>8}{detail}", soft_wrap=True)


def _show_approvals(approvals: Sequence[ApprovalRecord]) -> None:
    for each in approvals:
        votes = (
            ", ".join(f"{vote.by.id} {vote.vote.value} as {vote.as_member_of}" for vote in each.votes)
            or "nobody yet"
        )
        console.print(f"\n[bold]Approval {each.id}[/bold] {each.status.value}: {votes}", soft_wrap=True)
        shown = escape(_REDACT(json.dumps(_plain(each.inputs), ensure_ascii=False)))
        console.print(
            f"  {each.action} ({each.effect}) {shown}  [dim]{each.digest[:12]}[/dim]", soft_wrap=True
        )


def _show_evidence(evidence: Sequence[EvidenceRecord]) -> None:
    if evidence:
        console.print("\n[bold]Evidence[/bold]")
    for each in evidence:
        cut = " (truncated)" if each.truncated else ""
        console.print(
            f"  {escape(each.name):<28} {each.size:>9} bytes{cut}  sha256 {each.sha256}", soft_wrap=True
        )


def _found(records: Reader, incident: IncidentId) -> IncidentRecord:
    record = records.incident(incident)
    if record is None:
        raise NotFound(f"There is no incident {incident}.", hint="`fireline incidents` lists them.")
    return record


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _severity(record: IncidentRecord) -> str:
    colour = _COLOURS[record.severity]
    return f"[{colour}]{record.severity.value}[/{colour}]"


def _status(record: IncidentRecord) -> str:
    colour = "green" if record.status is IncidentStatus.RESOLVED else "yellow"
    return f"[{colour}]{record.status.value}[/{colour}]"


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"


def _took(started: datetime | None, finished: datetime | None) -> str:
    return f"{(finished - started).total_seconds():.1f} s" if started and finished else ""


def _plain(value: Any) -> Any:  # noqa: ANN401 - any record becomes JSON
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, Actor):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))  # noqa: T201 - for a program, without the console's wrapping
