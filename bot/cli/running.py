"""`fireline declare | run`: an incident, and a runbook that is looked at before it is started. What is started is what was looked at, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.cli.consent import must_agree
from bot.cli.remote import Answer, Remote, remote_from
from bot.cli.screen import say, show_json
from bot.errors import Refused


def declare(
    config: Path | None,
    wanted: Mapping[str, Any],
    runbook: str,
    inputs: Sequence[str],
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Open an incident, with a runbook in it where one is named, and say its number."""
    given = _read(inputs)
    if given and not runbook:
        raise Refused("Inputs of which runbook?", hint="Name it with `--runbook`.")
    with remote_from(config) as remote:
        if runbook:
            asked = {"runbook": runbook, "inputs": given}
            digest = _agreed(remote, asked, "Open it, and start this?", yes=yes, as_json=as_json)
            wanted = {**wanted, **asked, "digest": digest}
        answer = remote.do("declare", wanted)
    if as_json:
        show_json(answer)
        return
    opened = answer["incident"]
    say("{severity} #{id} is open: {title}", **{name: opened[name] for name in ("severity", "id", "title")})
    if runbook:
        _tell(answer)
    say("[cyan]fireline ack {number}[/cyan] makes you its lead.", number=opened["id"])


def run(
    config: Path | None,
    runbook: str,
    inputs: Sequence[str],
    incident: int | None,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Show what a runbook would do, ask, and start exactly that."""
    asked = {"runbook": runbook, "inputs": _read(inputs), "incident": incident}
    with remote_from(config) as remote:
        if dry_run:
            answer = remote.do("preview", asked)
            if as_json:
                show_json(answer)
            else:
                _show(answer["preview"])
                say("Nothing was started.")
            return
        digest = _agreed(remote, asked, "Start it?", yes=yes, as_json=as_json)
        answer = remote.do("run", {**asked, "digest": digest})
    if as_json:
        show_json(answer)
        return
    _tell(answer)


# ---- parts


def _read(words: Sequence[str]) -> Mapping[str, str]:
    """Read inputs as they are typed; Refused where one has no name or no value, or comes twice."""
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise Refused(f"“{word[:40]}” is no input.", hint="Inputs are NAME=VALUE, like service=checkout.")
        if name in given:
            raise Refused(f"The input {name} is there twice.", hint="A list is one value: NAME=a,b,c.")
        given[name] = value
    return given


def _agreed(remote: Remote, asked: Mapping[str, Any], question: str, *, yes: bool, as_json: bool) -> str:
    """Show what would run, and return its digest once they agree."""
    if as_json:
        must_agree(question, yes=yes, as_json=True)
    preview: Mapping[str, Any] = remote.do("preview", asked)["preview"]
    if not as_json:
        _show(preview)
        must_agree(question, yes=yes)
    return str(preview["digest"])


def _show(preview: Mapping[str, Any]) -> None:
    say(
        "[bold]{title}[/bold] ({runbook})",
        title=preview["title"] or preview["runbook"],
        runbook=preview["runbook"],
    )
    say("  [bold]{sum}[/bold]", sum=_sum(preview["steps"]))
    for name, value in preview["inputs"].items():
        say("  {name}={value}", name=name, value=value if isinstance(value, str) else json.dumps(value))
    for at, step in enumerate(preview["steps"], start=1):
        say("{at}. {name}: [bold]{action}[/bold] ({effect})", at=at, **_of(step, "name", "action", "effect"))
        for line in _about(step):
            say("     {line}", line=line)
    if preview["spare"]:
        say(
            "and {spare} besides for when it fails, and for the end", spare=_counted(preview["spare"], "step")
        )


def _sum(steps: Sequence[Mapping[str, Any]]) -> str:
    """Say what matters in a line: how much of it touches the world, and whether somebody is asked."""
    done = [each for each in steps if not each["never"]]
    changing = sum(each["effect"] != "read" for each in done)
    asking = sum(bool(each["sources"]) for each in done)
    changes = f"{changing} changes" if changing == 1 else f"{changing or 'none'} change"
    asks = f"{asking} asks" if asking == 1 else f"{asking or 'none'} ask"
    return f"{_counted(len(steps), 'step')}: {changes} something, {asks} somebody first"


def _about(step: Mapping[str, Any]) -> Iterator[str]:
    """Say the rest of a step, a line each; one that is left out asks nobody."""
    if step["never"]:
        yield f"left out: {step['never']}"
    elif step["sources"]:
        many = f", {step['quorum']} of them" if step["quorum"] > 1 else ""
        yield f"asks {' or '.join(step['sources'])}{many} before it runs"
    if step["condition"]:
        yield f"only if {step['condition']}"
    if step["looped"]:
        yield "once for each item of a list"
    if step["inputs"]:
        text = json.dumps(step["inputs"], indent=2, ensure_ascii=False, sort_keys=True)
        yield from text.splitlines()
    if not step["whole"]:
        yield "what stands in {{ }} is known once it runs"
    if step["undo"]:
        yield f"undone by: {step['undo']}"


def _tell(answer: Answer) -> None:
    begun = answer["run"]
    named = _of(begun, "runbook", "id", "incident")
    if answer["waits"]:
        say("{runbook} {waits}.", runbook=begun["runbook"], waits=answer["waits"])
        say(
            "It begins by itself, as {id} in #{incident}. [cyan]fireline cancel {id}[/cyan] takes it out.",
            **named,
        )
        return
    where = "a new incident, " if answer["opened"] else ""
    say("{runbook} runs as {id} in {where}#{incident}.", where=where, **named)
    say(
        "[cyan]fireline show {incident}[/cyan] tells each step, [cyan]fireline cancel {id}[/cyan] ends it.",
        **named,
    )


def _of(found: Mapping[str, Any], *names: str) -> dict[str, object]:
    return {name: found[name] for name in names}


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
