"""`fireline targets`: what runbooks call and does not answer, since when, and when it is tried again."""

from __future__ import annotations

from pathlib import Path

from bot.cli.forms import hidden, plain
from bot.cli.opening import records_of, redactor_of, settings_from
from bot.cli.screen import say, show_json, show_table
from bot.domain.targets import spoken


def show_targets(config: Path | None, *, as_json: bool) -> None:
    """List the targets that are away, longest away first."""
    settings = settings_from(config)
    redactor = redactor_of(settings)
    with records_of(settings) as records:
        away = records.targets_away()
    if as_json:
        show_json(hidden([plain(each) for each in away], redactor.hide_known))
    elif not away:
        say("Every target answers.")
    else:
        columns = ("target", "not called since (UTC)", "tried again from", "what is known")
        rows = [
            (
                redactor.redact(spoken(each.target)),
                f"{each.since:%Y-%m-%d %H:%M:%S}",
                f"{each.until:%H:%M:%S}",
                redactor.redact(each.detail),
            )
            for each in away
        ]
        show_table(columns, rows)
        say("The first call after that time tries it; nothing has to be done here.")
