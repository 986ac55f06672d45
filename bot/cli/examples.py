"""What the commands that take several words look like when they are typed: one line each, at the end of their help and on their page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import typer

EXAMPLES: Mapping[str, str] = {
    "declare": 'fireline declare SEV2 "Checkout fails" --service checkout --runbook checkout-errors',
    "run": "fireline run checkout-errors service=checkout --dry-run",
    "assign": "fireline assign 42 scribe @ada",
    "update": 'fireline update 42 "The fix is being rolled out" --status identified --next 30m',
    "resolve": 'fireline resolve 42 --summary "rolled back" --impact "1 of 20 orders failed" --impact-from 02:10 --impact-to 02:50',
    "silence": 'fireline silence 42 2h --why "known, being worked on"',
    "freeze": 'fireline freeze "release of 14:00" --for 2h',
    "approve": "fireline approve 42-1/shift/1",
    "deny": 'fireline deny 42-1/shift/1 --why "the standby is down too"',
    "settle": 'fireline settle 42-1 shift happened --why "the standby has the traffic"',
    "cancel": 'fireline cancel 42-1 --undo --why "it made things worse"',
}
"""By the command's name; the shorter ones say all in their first line."""


def with_example(app: typer.Typer, command: Callable[..., Any], panel: str) -> None:
    """Add a command to an app, with its example where it has one."""
    example = EXAMPLES.get(command.__name__)
    app.command(rich_help_panel=panel, epilog=f"Like this: {example}" if example else None)(command)
