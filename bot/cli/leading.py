"""`fireline ack | assign | update | resolve | freeze | …`: a response led from the terminal. `as_json` prints the API's answer as it came."""

from __future__ import annotations

from pathlib import Path

from bot.cli.moments import minute, moment
from bot.cli.remote import have_done
from bot.cli.screen import say
from bot.domain.clock import SystemClock
from bot.domain.nouns import COMMANDER
from bot.errors import Refused

_CALLED = {"commander": COMMANDER, "comms": "communications"}
"""What people say for the roles that every team has."""


def of_incident(
    config: Path | None, verb: str, number: int, done: str, *, as_json: bool, **more: str | int | None
) -> None:
    """Do something to an incident, and say so."""
    answer = have_done(config, verb, {"incident": number, **more}, as_json=as_json)
    if as_json:
        return
    say(done, number=number, **more)
    for each in answer.get("warnings", ()):
        say("[yellow]Mind:[/yellow] {warning}", warning=each)


def assign(config: Path | None, number: int, role: str, person: str, *, nobody: bool, as_json: bool) -> None:
    """Give a role to a person, to oneself, or to nobody."""
    if nobody and person:
        raise Refused("Either a person or nobody.", hint="Leave out one of them.")
    wanted = role.strip().lower().replace(" ", "_").replace("-", "_")
    wanted = _CALLED.get(wanted, wanted)
    body = {"incident": number, "role": wanted, "person": person or None, "nobody": nobody}
    answer = have_done(config, "assign", body, as_json=as_json)
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
    answer = have_done(config, "update", body, as_json=as_json)
    if not as_json:
        due = answer["incident"]["next_update_due"]
        say(
            "Told how incident #{number} stands{next}.",
            number=number,
            next=f"; the next one is promised by {minute(due)} UTC" if due else "",
        )


def resolve(
    config: Path | None, number: int, summary: str, impact: str, began: str, ended: str, *, as_json: bool
) -> None:
    """End a response, with what customers felt from when to when."""
    now = SystemClock().now()
    felt = {"impact": impact, "impact_from": moment(began, now), "impact_to": moment(ended, now)}
    done = "Incident #{number} is resolved."
    of_incident(config, "resolve", number, done, as_json=as_json, summary=summary, **felt)


def silence(config: Path | None, number: int, duration: str, why: str, *, as_json: bool) -> None:
    """Silence an incident's alerts, and say whether Alertmanager has done so."""
    body = {"incident": number, "duration": duration, "why": why}
    answer = have_done(config, "silence", body, as_json=as_json)
    if as_json:
        return
    known = answer["silence"]
    say(
        "Alertmanager is asked to silence the alerts of incident #{number}, and has not answered yet; the timeline says when it has."
        if known["status"] == "asked"
        else "The alerts of incident #{number} that fire now are silenced until {at} UTC.",
        number=number,
        at=minute(known["until"]),
    )


def unsilence(config: Path | None, number: int, *, as_json: bool) -> None:
    """End an incident's silence, and say whether Alertmanager has done so."""
    answer = have_done(config, "unsilence", {"incident": number}, as_json=as_json)
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
    answer = have_done(config, "freeze", {"why": why, "duration": duration}, as_json=as_json)
    if not as_json:
        until = answer["freeze"]["until"]
        say(
            "Changes are frozen until {end}. [cyan]fireline unfreeze[/cyan] ends it.",
            end=f"{minute(until)} UTC" if until else "somebody unfreezes",
        )


def unfreeze(config: Path | None, why: str, *, as_json: bool) -> None:
    """Let changes go on."""
    have_done(config, "unfreeze", {"why": why}, as_json=as_json)
    if not as_json:
        say("Changes go on. Steps that waited for this begin now.")
