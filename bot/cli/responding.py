"""The commands by which people lead a response, and keep alerts or changes still, where Slack is not the way: by the API, as `decisions` does."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.examples import with_example
from bot.cli.options import AsJson, Config, Number, Why, Yes
from bot.domain.nouns import Severity

RESPOND = "Respond"
QUIET = "Keep still"
Reason = Annotated[
    str, typer.Argument(metavar="WHY", help="The reason, for those who wonder and for the record.")
]
HowBad = Annotated[
    Severity,
    typer.Argument(metavar="SEVERITY", help="SEV1, the worst, to SEV4.", case_sensitive=False),
]


class Stands(StrEnum):
    """Where a response stands while it goes on."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"


def declare(  # noqa: PLR0913, PLR0917 - its arguments and options, as typer reads them
    severity: HowBad,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What is wrong, in a sentence.")],
    service: Annotated[str, typer.Option(help="What is affected.", show_default=False)] = "",
    private: Annotated[
        bool, typer.Option("--private", help="Seen by those alone who take part in it.")
    ] = False,
    runbook: Annotated[
        str,
        typer.Option(
            metavar="RUNBOOK", help="Start this in it, after a look at what it would do.", show_default=False
        ),
    ] = "",
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="NAME=VALUE",
            help="An input of the runbook; once for each.",
            show_default=False,
        ),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Open an incident, with a runbook in it where you name one."""
    from bot.cli.running import declare as do

    wanted = {"title": title, "severity": severity.value, "service": service, "private": private}
    do(config, wanted, runbook, inputs or [], yes=yes, as_json=as_json)


def run(
    runbook: Annotated[str, typer.Argument(metavar="RUNBOOK", help="The runbook's name.")],
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VALUE",
            help="Its inputs; what is left out has its default. A list is NAME=a,b,c.",
            show_default=False,
        ),
    ] = None,
    incident: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            help="The incident to run it in; unset, the one open for its concurrency group, or a new one.",
            min=1,
            max=2**53,
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what it would do; nothing is started.")
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Start a runbook that people may start: shows what it would do, asks once more, and starts that and nothing else."""
    from bot.cli.running import run as do

    do(config, runbook, inputs or [], incident, dry_run=dry_run, yes=yes, as_json=as_json)


def ack(number: Number, as_json: AsJson = False, config: Config = None) -> None:
    """Take an incident: the first who does leads it."""
    from bot.cli.leading import of_incident

    of_incident(config, "acknowledge", number, "Incident #{number} is acknowledged.", as_json=as_json)


def assign(
    number: Number,
    role: Annotated[
        str,
        typer.Argument(
            metavar="ROLE", help="`commander`, `communications`, `scribe`, or a role of the team's own."
        ),
    ],
    person: Annotated[
        str,
        typer.Argument(
            metavar="PERSON", help="Their member id in Slack, or @name; unset, you.", show_default=False
        ),
    ] = "",
    nobody: Annotated[bool, typer.Option("--nobody", help="Take the role away.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Give a role in an incident to somebody."""
    from bot.cli.leading import assign as do

    do(config, number, role, person, nobody=nobody, as_json=as_json)


def severity(
    number: Number, severity: HowBad, why: Why = "", as_json: AsJson = False, config: Config = None
) -> None:
    """Say how bad an incident is."""
    from bot.cli.leading import of_incident

    done = "Incident #{number} is {severity} now."
    of_incident(config, "severity", number, done, as_json=as_json, severity=severity.value, why=why)


def update(
    number: Number,
    message: Annotated[
        str, typer.Argument(metavar="MESSAGE", help="What is known, what is being done, what to expect.")
    ],
    status: Annotated[
        Stands | None, typer.Option(help="Where it stands now; unset, where it stood.", show_default=False)
    ] = None,
    next_in: Annotated[
        str, typer.Option("--next", help="When they hear again, like 30m.", show_default=False)
    ] = "",
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Tell stakeholders how an incident stands."""
    from bot.cli.leading import update as do

    do(config, number, message, status.value if status else None, next_in or None, as_json=as_json)


def note(
    number: Number,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to write into the timeline.")],
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Write into an incident's timeline."""
    from bot.cli.leading import of_incident

    done = "It stands in the timeline of incident #{number}."
    of_incident(config, "note", number, done, as_json=as_json, text=text)


def resolve(
    number: Number,
    summary: Annotated[str, typer.Option(help="What fixed it.", show_default=False)] = "",
    impact: Annotated[str, typer.Option(help="What customers felt.", show_default=False)] = "",
    impact_from: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="When they began to feel it, in UTC: 02:10 (the last time that it was), or 2026-11-23 02:10.",
            show_default=False,
        ),
    ] = "",
    impact_to: Annotated[
        str, typer.Option(metavar="TIME", help="When they no longer did.", show_default=False)
    ] = "",
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """End the response to an incident, with what customers felt, and when."""
    from bot.cli.leading import resolve as do

    do(config, number, summary, impact, impact_from, impact_to, as_json=as_json)


def reopen(number: Number, why: Reason, as_json: AsJson = False, config: Config = None) -> None:
    """Go on with a response that was ended too early."""
    from bot.cli.leading import of_incident

    of_incident(config, "reopen", number, "Incident #{number} is open again.", as_json=as_json, why=why)


def merge(
    number: Number,
    into: Annotated[int, typer.Argument(metavar="INTO", help="The incident that goes on.", min=1, max=2**53)],
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """End an incident as part of another, which has its alerts from then on."""
    from bot.cli.leading import of_incident

    of_incident(config, "merge", number, "Incident #{number} goes on in #{into}.", as_json=as_json, into=into)


def silence(
    number: Number,
    duration: Annotated[str, typer.Argument(metavar="DURATION", help="How long, like 30m, 2h or 1d.")],
    why: Why = "",
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Have Alertmanager keep an incident's firing alerts to itself for a while."""
    from bot.cli.leading import silence as do

    do(config, number, duration, why, as_json=as_json)


def unsilence(number: Number, as_json: AsJson = False, config: Config = None) -> None:
    """Have Alertmanager tell of an incident's alerts again."""
    from bot.cli.leading import unsilence as do

    do(config, number, as_json=as_json)


def freeze(
    why: Reason,
    duration: Annotated[
        str,
        typer.Option("--for", help="How long, like 2h; unset, until somebody unfreezes.", show_default=False),
    ] = "",
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Hold changes: no step that changes something begins in any run, approved or not; what looks and what undoes goes on."""
    from bot.cli.leading import freeze as do

    do(config, why, duration or None, as_json=as_json)


def unfreeze(why: Why = "", as_json: AsJson = False, config: Config = None) -> None:
    """Let changes go on; what waited for this begins without being asked again."""
    from bot.cli.leading import unfreeze as do

    do(config, why, as_json=as_json)


COMMANDS = {
    RESPOND: (declare, run, ack, assign, severity, update, note, resolve, reopen, merge),
    QUIET: (silence, unsilence, freeze, unfreeze),
}


def register(app: typer.Typer) -> None:
    """Add the commands to the others."""
    for panel, commands in COMMANDS.items():
        for each in commands:
            with_example(app, each, panel)
