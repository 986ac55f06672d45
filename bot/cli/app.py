"""The commands, with what `--help` teaches about each. A command imports what it needs when it is called, so that help is there at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot import __version__
from bot.cli import decisions, responding
from bot.cli.letters import letters
from bot.cli.options import AsJson, Config, Number
from bot.errors import ConfigurationError, FirelineError

FAILED = 1
"""Exit status: what was asked for can't be had, or what was checked is not well."""
MISUSED = 2
"""Exit status: the settings or the arguments are wrong."""
LEAD_LOST = 3
"""Exit status of `serve`: another process leads over the same database now."""

app = typer.Typer(
    name="fireline",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Fireline answers alerts: it opens the incident, runs its runbook, asks before it acts, and drafts the postmortem.

    [bold]Try it:[/bold]    fireline demo
    [bold]Set it up:[/bold] write runbooks, [cyan]fireline lint[/cyan] them, fill in fireline.yaml, then [cyan]fireline serve[/cyan]
    [bold]Respond:[/bold]   [cyan]fireline waiting[/cyan], then approve, run, resolve, with a token of yours (FIRELINE_API__TOKEN)
    [bold]Afterwards:[/bold] [cyan]fireline show 42[/cyan] tells what happened, [cyan]fireline verify[/cyan] proves that nothing was changed""",
)
slack = typer.Typer(
    name="slack", no_args_is_help=True, help="What Slack needs to know about this installation."
)
app.add_typer(slack, rich_help_panel="Set up")
app.add_typer(letters, rich_help_panel="Keep")


class FindingsFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


class DraftFormat(StrEnum):
    """How a postmortem draft is printed."""

    MARKDOWN = "markdown"
    HTML = "html"


# ---- run


@app.command(rich_help_panel="Run")
def serve(config: Config = None) -> None:
    """Run Fireline: take alerts in, conduct runbooks, talk to Slack, until it is stopped (Ctrl-C or SIGTERM)."""
    from bot.cli.process import serve as run

    run(config)


@app.command(rich_help_panel="Run")
def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Play the whole story by itself, then end.")
    ] = False,
    port: Annotated[
        int, typer.Option(help="First of the five ports that are used, where they are free.", min=1024)
    ] = 8900,
    folder: Annotated[
        Path | None, typer.Option(help="Where the demo's files go; unset, a fresh folder.")
    ] = None,
) -> None:
    """Play an incident on this machine: a shop that fails, real monitoring, a Slack of its own. Nothing leaves the machine."""
    from bot.demo.play import play

    raise typer.Exit(play(headless=headless, first_port=port, folder=folder))


# ---- look


@app.command(rich_help_panel="Look")
def incidents(
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are not resolved.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Also scheduled runs for which nobody was needed.")
    ] = False,
    limit: Annotated[int, typer.Option(help="How many, newest first.", min=1)] = 20,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """List incidents, newest first."""
    from bot.cli.look import show_incidents

    show_incidents(config, only_open=only_open, quiet=quiet, limit=limit, as_json=as_json)


@app.command(rich_help_panel="Look")
def show(number: Number, as_json: AsJson = False, config: Config = None) -> None:
    """Show an incident: its state, its runs and steps, its approvals and evidence, and the whole timeline."""
    from bot.cli.look import show_incident

    show_incident(config, number, as_json=as_json)


@app.command(rich_help_panel="Look")
def alerts(
    unmatched: Annotated[
        bool, typer.Option("--unmatched", help="Only those that no runbook wanted.")
    ] = False,
    limit: Annotated[int, typer.Option(help="How many, newest first.", min=1)] = 50,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """List alerts, newest first; the unmatched ones are where a runbook is missing."""
    from bot.cli.look import show_alerts

    show_alerts(config, unmatched=unmatched, limit=limit, as_json=as_json)


@app.command(rich_help_panel="Look")
def runs(
    unknown: Annotated[
        bool,
        typer.Option(
            "--unknown", help="Only the calls whose outcome nobody knows, with what is known of each."
        ),
    ] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """List the runs that are under way, paused or waiting in line, over all incidents, and what each is at."""
    from bot.cli.runs import show_runs, show_unknown

    (show_unknown if unknown else show_runs)(config, as_json=as_json)


@app.command(rich_help_panel="Look")
def queue(as_json: AsJson = False, config: Config = None) -> None:
    """List the runs that wait in line because their concurrency group is busy, next first."""
    from bot.cli.queue import show_queue

    show_queue(config, as_json=as_json)


@app.command(rich_help_panel="Look")
def targets(as_json: AsJson = False, config: Config = None) -> None:
    """List what runbooks call and does not answer: since when it is not called, and when it is tried again."""
    from bot.cli.targets import show_targets

    show_targets(config, as_json=as_json)


@app.command(rich_help_panel="Look")
def schedules(as_json: AsJson = False, config: Config = None) -> None:
    """List the runbooks that are on schedule: when each comes due next, and what the last time led to."""
    from bot.cli.schedules import show_schedules

    show_schedules(config, as_json=as_json)


@app.command(rich_help_panel="Look")
def postmortem(
    number: Number,
    form: Annotated[DraftFormat, typer.Option("--format", help="Markdown or a page.")] = DraftFormat.MARKDOWN,
    out: Annotated[Path | None, typer.Option(help="Write it to a file instead of printing it.")] = None,
    config: Config = None,
) -> None:
    """Draft an incident's postmortem from its timeline, as it stands now."""
    from bot.cli.look import show_postmortem

    show_postmortem(config, number, as_page=form is DraftFormat.HTML, out=out)


@app.command(rich_help_panel="Look")
def verify(
    head: Annotated[
        str,
        typer.Option(
            help="Where the log ended earlier, as `verify` printed it: PLACE:HASH.", show_default=False
        ),
    ] = "",
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Prove the record whole: walk the chain of the log and check every piece of evidence against it. Exit status 1 when it is not."""
    from bot.cli.proof import verify as prove

    if not prove(config, head=head, as_json=as_json):
        raise typer.Exit(FAILED)


# ---- respond, decide

responding.register(app)
decisions.register(app)

# ---- keep


@app.command(rich_help_panel="Keep")
def rebuild(as_json: AsJson = False, config: Config = None) -> None:
    """Make all that is shown anew from the log: incidents, runs, approvals and the rest come out as the log says. Fireline must be stopped."""
    from bot.cli.upkeep import rebuild as make_anew

    make_anew(config, as_json=as_json)


# ---- set up


@app.command(rich_help_panel="Set up")
def lint(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files and folders; unset, the settings' `runbooks`.", show_default=False),
    ] = None,
    form: Annotated[
        FindingsFormat, typer.Option("--format", help="How findings are printed.")
    ] = FindingsFormat.TEXT,
    config: Config = None,
) -> None:
    """Check runbooks and print every finding with its place. Exit status 1 when there is an error among them."""
    from bot.cli.authoring import lint as check

    if not check(config, paths, form.value):
        raise typer.Exit(FAILED)


@app.command(rich_help_panel="Set up")
def schema(
    out: Annotated[Path | None, typer.Option(help="Write it to a file instead of printing it.")] = None,
) -> None:
    """Print the JSON Schema of runbooks, for completion and checks in an editor."""
    from bot.cli.authoring import schema as write

    write(out)


@slack.command()
def manifest(config: Config = None) -> None:
    """Print the app manifest for these settings: paste it at api.slack.com under "Create an app from a manifest"."""
    from bot.cli.authoring import slack_manifest

    slack_manifest(config)


@app.command(rich_help_panel="Set up")
def version(as_json: AsJson = False) -> None:
    """Print the version."""
    typer.echo(json.dumps({"version": __version__}) if as_json else f"fireline {__version__}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line (`arguments` instead of those of the process); an error is one sentence and a hint, never a traceback."""
    try:
        app(arguments, prog_name="fireline")
    except FirelineError as error:
        from bot.cli.screen import complain

        complain(str(error), error.hint)
        sys.exit(MISUSED if isinstance(error, ConfigurationError) else FAILED)
