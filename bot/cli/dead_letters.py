"""`fireline dead-letters list | show | requeue | discard`: what can't go on by itself, and what a person does about it.

While a Fireline works over the database it is asked through its API. While none does, what a person wants is written here, under their name, and the
next start brings it about.
"""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Callable
from pathlib import Path

from bot.cli.forms import hidden, plain
from bot.cli.opening import records_of, redactor_of, settings_from
from bot.cli.remote import Answer, Remote
from bot.cli.screen import say, show_json, show_table
from bot.domain.clock import SystemClock
from bot.domain.ids import LetterId
from bot.domain.nouns import Actor, person
from bot.domain.ports import Transaction
from bot.domain.records import DeadLetter
from bot.errors import DatabaseInUse, NotFound
from bot.incidents.dead_letters import LETS_GO, PUTS_BACK, discard, requeue, waiting
from bot.incidents.rules import spoken
from bot.persistence.store import open_store
from bot.settings import Settings

_MOST = 1000
Redact = Callable[[str], str]


def show_letters(config: Path | None, *, everything: bool, as_json: bool) -> None:
    """List what waits, or with `everything` what ever landed too."""
    settings = settings_from(config)
    redactor = redactor_of(settings)
    with records_of(settings) as records:
        found = records.dead_letters(waiting=not everything, limit=_MOST)
    if as_json:
        show_json(hidden([plain(each) for each in found], redactor.hide_known))
    elif not found:
        say(
            "Nothing has landed here yet."
            if everything
            else "No dead letters: nothing waits for a person to put it back."
        )
    else:
        columns = ("", "kind", "what", "why", "tries", "since (UTC)", "status" if everything else "incident")
        show_table(columns, [_row(each, redactor.redact, everything=everything) for each in found])
        say(
            "[cyan]fireline dead-letters show NUMBER[/cyan] tells all of one, and what [cyan]requeue[/cyan] and [cyan]discard[/cyan] would do."
        )


def _row(letter: DeadLetter, redact: Redact, *, everything: bool) -> tuple[str, ...]:
    incident = f"#{letter.incident}" if letter.incident is not None else ""
    return (
        str(letter.id),
        letter.what.value,
        redact(letter.title),
        f"{letter.reason}: {redact(letter.detail)}",
        str(letter.tries),
        f"{letter.landed_at:%Y-%m-%d %H:%M}",
        letter.status.value if everything else incident,
    )


def show_letter(config: Path | None, number: int, *, as_json: bool) -> None:
    """Show all that is known of one; NotFound when there is none."""
    settings = settings_from(config)
    redactor = redactor_of(settings)
    with records_of(settings) as records:
        letter = records.dead_letter(LetterId(number))
    if letter is None:
        raise NotFound(f"There is no dead letter {number}.", hint="`fireline dead-letters list` lists them.")
    can = {"requeue": PUTS_BACK[letter.what], "discard": LETS_GO[letter.what]} if letter.waiting else {}
    if as_json:
        show_json(hidden({**plain(letter), "can": can}, redactor.hide_known))
        return
    _tell(letter, redactor.redact)
    for verb, does in can.items():
        reason = " --why …" if verb == "discard" else ""
        say(
            "  [cyan]fireline dead-letters {verb} {number}{reason}[/cyan]",
            verb=verb,
            number=number,
            reason=reason,
        )
        say("           {does}", does=does)


def _tell(letter: DeadLetter, redact: Redact) -> None:
    say(
        "[bold]Dead letter {number}[/bold]  {status}: {title}",
        number=letter.id,
        status=letter.status,
        title=redact(letter.title),
    )
    say("  why      {reason}: {detail}", reason=letter.reason, detail=redact(letter.detail))
    say("  tried    {tries} times" if letter.tries != 1 else "  tried    once", tries=letter.tries)
    say("  landed   {at} UTC{first}", at=_second(letter), first=_first(letter))
    if letter.incident is not None:
        say(
            "  belongs  to incident #{incident}: [cyan]fireline show {incident}[/cyan]",
            incident=letter.incident,
        )
    if letter.alerts:
        say("  alerts   {alerts}", alerts=", ".join(letter.alerts))
    if letter.closed_at is not None:
        by = letter.closed_by.id if letter.closed_by is not None else "nobody"
        why = f": {redact(letter.why)}" if letter.why else ""
        say("  closed   {at} UTC by {by}{why}", at=f"{letter.closed_at:%Y-%m-%d %H:%M:%S}", by=by, why=why)


def _second(letter: DeadLetter) -> str:
    return f"{letter.landed_at:%Y-%m-%d %H:%M:%S}"


def _first(letter: DeadLetter) -> str:
    return f", first {letter.since:%Y-%m-%d %H:%M:%S} UTC" if letter.since != letter.landed_at else ""


# ---- doing


def put_back(config: Path | None, number: int, why: str, *, as_json: bool) -> None:
    """Have a dead letter taken up again."""
    settings, letter = _chosen(config, number)
    here = _written_here(settings, lambda tx, by: requeue(tx, letter.id, by, spoken(why)))
    answer = None if here else _ask(settings, "requeue", {"letter": number, "why": why})
    if as_json:
        show_json(answer or _as_it_stands(settings, letter.id))
        return
    say(
        "Dead letter {number} is put back; the next start of Fireline takes it up."
        if here
        else "Dead letter {number} is put back: {does}.",
        number=number,
        does=PUTS_BACK[letter.what],
    )


def let_go(config: Path | None, number: int, why: str, *, as_json: bool) -> None:
    """Say that nothing more comes of a dead letter."""
    settings, letter = _chosen(config, number)
    here = _written_here(settings, lambda tx, by: discard(tx, letter.id, by, spoken(why)))
    answer = None if here else _ask(settings, "discard", {"letter": number, "why": why})
    if as_json:
        show_json(answer or _as_it_stands(settings, letter.id))
        return
    say("Dead letter {number} is discarded: {does}.", number=number, does=LETS_GO[letter.what])


def _as_it_stands(settings: Settings, letter: LetterId) -> Answer:
    """Return a letter as a Fireline would have answered, had one been asked."""
    with records_of(settings) as records:
        found = plain(records.dead_letter(letter))
    return {"dead_letter": hidden(found, redactor_of(settings).hide_known)}


def _chosen(config: Path | None, number: int) -> tuple[Settings, DeadLetter]:
    """Return a letter that waits; Refused in words when it does not."""
    settings = settings_from(config)
    with records_of(settings) as records:
        return settings, waiting(records.dead_letter(LetterId(number)), LetterId(number))


def _written_here(settings: Settings, unit: Callable[[Transaction, Actor], None]) -> bool:
    """Write what a person at this terminal wants while no Fireline works over the database; False while one does."""
    by = person(f"cli/{_me()}")

    async def write() -> None:
        store = await open_store(settings.database, SystemClock())
        try:
            await store.journal.submit(lambda tx: unit(tx, by))
        finally:
            await store.close()

    try:
        asyncio.run(write())
    except DatabaseInUse:
        return False
    return True


def _me() -> str:
    """Name who sits here, as the machine knows them; a container may know no name at all."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


def _ask(settings: Settings, verb: str, body: dict[str, object]) -> Answer:
    remote = Remote(settings)
    try:
        return remote.do(verb, body)
    finally:
        remote.close()
