"""`fireline queue`: which runs wait in line for their concurrency group, and for whom."""

from __future__ import annotations

from pathlib import Path

from bot.cli.forms import hidden, plain
from bot.cli.opening import records_of, redactor_of, settings_from
from bot.cli.screen import say, show_json, show_table
from bot.domain.records import RunRecord
from bot.incidents.line import in_line


def show_queue(config: Path | None, *, as_json: bool) -> None:
    """List the runs that wait, group by group, next first."""
    settings = settings_from(config)
    redactor = redactor_of(settings)
    with records_of(settings) as records:
        waiting = in_line(records)
    if as_json:
        show_json(hidden([plain(each) for each in waiting], redactor.hide_known))
    elif not waiting:
        say("No run waits in line.")
    else:
        columns = ("group", "place", "run", "runbook", "waits for", "since (UTC)", "asked for by")
        show_table(columns, [_row(each, redactor.redact(each.group)) for each in waiting])
        say("Each begins by itself when its turn comes; [cyan]/incident cancel RUN[/cyan] takes one out.")


def _row(run: RunRecord, group: str) -> tuple[str, ...]:
    asked = run.requested_by.id if run.requested_by else "an alert"
    return (
        group,
        str(run.place),
        run.id,
        run.runbook,
        f"run {run.behind}" if run.behind else "its turn",
        f"{run.started_at:%Y-%m-%d %H:%M}",
        asked,
    )
