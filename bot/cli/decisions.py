"""The commands by which people decide where Slack is not the way: each asks the running Fireline through its API, with a token of one's own."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.examples import with_example
from bot.cli.options import AsJson, Config, Run, Why, Yes

PANEL = "Decide"
Approval = Annotated[
    str,
    typer.Argument(
        metavar="APPROVAL", help="The approval, like 42-1/shift/1; `fireline waiting` lists them."
    ),
]


class Happened(StrEnum):
    """What became of a call that was cut off."""

    HAPPENED = "happened"
    DID_NOT = "did-not"
    STOP = "stop"


def waiting(as_json: AsJson = False, config: Config = None) -> None:
    """List what waits for a person's decision in the running Fireline: approvals, and calls whose outcome is unknown."""
    from bot.cli.deciding import show_waiting

    show_waiting(config, as_json=as_json)


def approve(
    approval: Approval, why: Why = "", yes: Yes = False, as_json: AsJson = False, config: Config = None
) -> None:
    """Approve a step: shows exactly what will run, asks once more, and lets that run and nothing else."""
    from bot.cli.deciding import approve as do

    do(config, approval, why, yes=yes, as_json=as_json)


def deny(
    approval: Approval,
    why: Annotated[str, typer.Option(help="The reason, for those who asked and for the record.")],
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Deny a step: what was asked for does not run."""
    from bot.cli.deciding import deny as do

    do(config, approval, why, as_json=as_json)


def settle(
    run: Run,
    step: Annotated[str, typer.Argument(metavar="STEP", help="The step whose call was cut off.")],
    settlement: Annotated[
        Happened,
        typer.Argument(
            metavar="HAPPENED", help="`happened`, `did-not`, or `stop` to end the run.", show_default=False
        ),
    ],
    why: Why = "",
    yes: Yes = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Say what became of a call whose outcome is unknown; look at its target first."""
    from bot.cli.deciding import settle as do

    do(config, run, step, settlement.value.replace("-", "_"), why, yes=yes, as_json=as_json)


def pause(run: Run, why: Why = "", as_json: AsJson = False, config: Config = None) -> None:
    """Hold a run: what is under way is let finish, nothing more begins."""
    from bot.cli.deciding import of_run

    of_run(config, "pause", run, "Run {run} is paused.", as_json=as_json, why=why)


def resume(run: Run, why: Why = "", as_json: AsJson = False, config: Config = None) -> None:
    """Let a paused run go on."""
    from bot.cli.deciding import of_run

    of_run(config, "resume", run, "Run {run} goes on.", as_json=as_json, why=why)


def retry(run: Run, why: Why = "", as_json: AsJson = False, config: Config = None) -> None:
    """Have a run that failed go on from where it failed."""
    from bot.cli.deciding import of_run

    of_run(config, "retry", run, "Run {run} goes on from where it failed.", as_json=as_json, why=why)


def cancel(
    run: Run,
    undo: Annotated[bool, typer.Option("--undo", help="Take back first what it did.")] = False,
    why: Why = "",
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """End a run: what runs is stopped, then its rescue and always steps run."""
    from bot.cli.deciding import of_run

    of_run(config, "cancel", run, "Run {run} is asked to end.", as_json=as_json, why=why, undo=undo)


COMMANDS = (waiting, approve, deny, settle, pause, resume, retry, cancel)


def register(app: typer.Typer) -> None:
    """Add the commands to the others."""
    for each in COMMANDS:
        with_example(app, each, PANEL)
