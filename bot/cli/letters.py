"""`fireline dead-letters …`: a group of commands of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.options import AsJson, Config, Why

letters = typer.Typer(
    name="dead-letters",
    no_args_is_help=True,
    help="What can't go on by itself: look at it, put it back, or let it go.",
)
Letter = Annotated[
    int,
    typer.Argument(
        metavar="NUMBER",
        help="The dead letter's number; `list` has it.",
        min=1,
        max=2**53,
        show_default=False,
    ),
]


@letters.command("list")
def list_(
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that were put back or discarded.")
    ] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """List what can't go on: runs, alerts, schedules, requests and messages, each with why, since when, and how often it was tried."""
    from bot.cli.dead_letters import show_letters

    show_letters(config, everything=everything, as_json=as_json)


@letters.command()
def show(number: Letter, as_json: AsJson = False, config: Config = None) -> None:
    """Show all that is known of one, and what putting it back or discarding it would do."""
    from bot.cli.dead_letters import show_letter

    show_letter(config, number, as_json=as_json)


@letters.command()
def requeue(number: Letter, why: Why = "", as_json: AsJson = False, config: Config = None) -> None:
    """Put one back: it is taken up from where it stands, and lands here again if it can't go on still. Asks the running Fireline, where one runs."""
    from bot.cli.dead_letters import put_back

    put_back(config, number, why, as_json=as_json)


@letters.command()
def discard(
    number: Letter,
    why: Annotated[str, typer.Option(help="Why nothing more is to come of it, for the record.")],
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Let one go: nothing more comes of it. Asks the running Fireline, where one runs."""
    from bot.cli.dead_letters import let_go

    let_go(config, number, why, as_json=as_json)
