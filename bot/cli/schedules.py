"""`fireline schedules`: which runbooks start by themselves, when next, and what came of the last time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bot.cli.forms import hidden, plain
from bot.cli.opening import records_of, redactor_of, settings_from
from bot.cli.screen import say, show_json, show_table
from bot.domain.clock import to_text
from bot.domain.records import ScheduleRecord
from bot.incidents.scheduled import next_of


def show_schedules(config: Path | None, *, as_json: bool) -> None:
    """List the schedules in force, as the running Fireline last read them."""
    settings = settings_from(config)
    redactor = redactor_of(settings)
    with records_of(settings) as records:
        found = records.schedules()
    now = datetime.now(UTC)
    following = {each.runbook: next_of(each, now) for each in found}
    if as_json:
        rows = [
            {**plain(each), "next": to_text(then) if (then := following[each.runbook]) else None}
            for each in found
        ]
        show_json(hidden(rows, redactor.hide_known))
    elif not found:
        say("No runbook is on schedule. To put one there, give it [cyan]on.schedule[/cyan].")
    else:
        columns = ("runbook", "schedule", "next (UTC)", "last (UTC)", "led to")
        show_table(
            columns, [_row(each, following[each.runbook], redactor.redact(each.led_to)) for each in found]
        )


def _row(record: ScheduleRecord, then: datetime | None, led_to: str) -> tuple[str, ...]:
    return (
        record.runbook,
        f"{record.cron} {record.timezone}",
        f"{then:%Y-%m-%d %H:%M}" if then else "unknown",
        f"{record.due:%Y-%m-%d %H:%M}" if record.due else "never",
        led_to,
    )
