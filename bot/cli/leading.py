"""`fireline declare | assign | update | silence | freeze | …`: a response led from the terminal. `as_json` prints the API's answer as it came."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.cli.remote import remote_from
from bot.cli.screen import say, show_json
from bot.domain.nouns import COMMANDER
from bot.errors import Refused

Answer = Mapping[str, Any]
_CALLED = {"commander": COMMANDER, "comms": "communications"}
"""What people say for the roles that every team has."""


def of_incident(
    config: Path | None, verb: str, number: int, done: str, *, as_json: bool = False, **more: str | int
) -> None:
    """Do something to an incident, and say so."""
    answer = _do(config, verb, {"incident": number, **more}, as_json=as_json)
    if as_json:
        return
    say(done, number=number, **more)
    for each in answer.get("warnings", ()):
        say("[yellow]Mind:[/yellow] {warning}", warning=each)


def declare(config: Path | None, wanted: Mapping[str, str | bool], *, as_json: bool) -> None:
    """Open an incident, and say its number."""
    answer = _do(config, "declare", wanted, as_json=as_json)
    if not as_json:
        opened = answer["incident"]
        say(
            "{severity} #{id} is open: {title}",
            **{name: opened[name] for name in ("severity", "id", "title")},
        )
        say("[cyan]fireline ack {number}[/cyan] makes you its lead.", number=opened["id"])


def assign(config: Path | None, number: int, role: str, person: str, *, nobody: bool, as_json: bool) -> None:
    """Give a role to a person, to oneself, or to nobody."""
    if nobody and person:
        raise Refused("Either a person or nobody.", hint="Leave out one of them.")
    wanted = role.strip().lower().replace(" ", "_").replace("-", "_")
    wanted = _CALLED.get(wanted, wanted)
    body = {"incident": number, "role": wanted, "person": person or None, "nobody": nobody}
    answer = _do(config, "assign", body, as_json=as_json)
    if not as_json:
        incident = answer["incident"]
        who = incident["roles"].get(wanted) or (incident["commander"] if wanted == COMMANDER else "")
        named = wanted.replace("_", " ")
        say(
            "{who} is {role} of incident #{number} now."
            if who
            else "Nobody is {role} of incident #{number} any more.",
            who=who,
            role=named,
            number=number,
        )


def update(
    config: Path | None, number: int, message: str, status: str | None, next_in: str | None, *, as_json: bool
) -> None:
    """Tell stakeholders, and say when they hear again."""
    body = {"incident": number, "message": message, "status": status, "next_in": next_in}
    answer = _do(config, "update", body, as_json=as_json)
    if not as_json:
        due = answer["incident"]["next_update_due"]
        say(
            "Told how incident #{number} stands{next}.",
            number=number,
            next=f"; the next one is promised by {_minute(due)} UTC" if due else "",
        )


def silence(config: Path | None, number: int, duration: str, why: str, *, as_json: bool) -> None:
    """Silence an incident's alerts, and say whether Alertmanager has done so."""
    body = {"incident": number, "duration": duration, "why": why}
    answer = _do(config, "silence", body, as_json=as_json)
    if as_json:
        return
    known = answer["silence"]
    say(
        "Alertmanager is asked to silence the alerts of incident #{number}, and has not answered yet; the timeline says when it has."
        if known["status"] == "asked"
        else "The alerts of incident #{number} that fire now are silenced until {at} UTC.",
        number=number,
        at=_minute(known["until"]),
    )


def unsilence(config: Path | None, number: int, *, as_json: bool) -> None:
    """End an incident's silence, and say whether Alertmanager has done so."""
    answer = _do(config, "unsilence", {"incident": number}, as_json=as_json)
    if as_json:
        return
    say(
        "Alertmanager is asked to tell of the alerts of incident #{number} again, and has not answered yet."
        if answer["silence"]["status"] == "ending"
        else "The alerts of incident #{number} are heard again.",
        number=number,
    )


def freeze(config: Path | None, why: str, duration: str | None, *, as_json: bool) -> None:
    """Hold changes, and say until when."""
    answer = _do(config, "freeze", {"why": why, "duration": duration}, as_json=as_json)
    if not as_json:
        until = answer["freeze"]["until"]
        say(
            "Changes are frozen until {end}. [cyan]fireline unfreeze[/cyan] ends it.",
            end=f"{_minute(until)} UTC" if until else "somebody unfreezes",
        )


def unfreeze(config: Path | None, why: str, *, as_json: bool) -> None:
    """Let changes go on."""
    _do(config, "unfreeze", {"why": why}, as_json=as_json)
    if not as_json:
        say("Changes go on. Steps that waited for this begin now.")


def _do(config: Path | None, verb: str, body: Mapping[str, Any], *, as_json: bool) -> Answer:
    with remote_from(config) as remote:
        answer = remote.do(verb, body)
    if as_json:
        show_json(answer)
    return answer


def _minute(instant: str) -> str:
    return instant[:16].replace("T", " ")
