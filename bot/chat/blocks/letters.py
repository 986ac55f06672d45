"""Dead letters in the living message: what of an incident can't go on, with the buttons that put it back or let it go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.chat.blocks.ink import Ink, clock_time
from bot.chat.blocks.kit import Json, button, confirmation
from bot.chat.blocks.picture import Picture
from bot.domain.nouns import DeadKind
from bot.domain.records import DeadLetter
from bot.incidents.dead_letters import PUTS_BACK

LETTERS_SHOWN = 3
"""Dead letters that the living message tells, and has buttons for; the command lists all."""


def letter_lines(picture: Picture, ink: Ink) -> Iterator[str]:
    """What of an incident can't go on: it waits for a person."""
    for letter in picture.letters[:LETTERS_SHOWN]:
        yield told(letter, ink, _name(letter, picture, ink))
    if len(picture.letters) > LETTERS_SHOWN:
        yield f"⛔ … and {len(picture.letters) - LETTERS_SHOWN} more can't go on"


def _name(letter: DeadLetter, picture: Picture, ink: Ink) -> str:
    run = next((each for each in picture.runs if each.run.id == letter.run), None)
    if run is None:
        return ink.line(letter.title, 200)
    return f"{ink.line(run.title or run.run.runbook, 120)} · run `{run.run.id}`"


def told(letter: DeadLetter, ink: Ink, name: str) -> str:
    """Say what can't go on, why, since when, and under which number people put it back."""
    tries = f" · tried {letter.tries} times" if letter.tries > 1 else ""
    return f"⛔ *Can't go on:* {name}\n{ink.line(letter.detail, 400)}\nsince {clock_time(letter.landed_at)}{tries} · dead letter {letter.id}"


def letter_buttons(letters: Sequence[DeadLetter]) -> list[Json]:
    """What a person may do about them; each button names its letter where there are several."""
    shown = letters[:LETTERS_SHOWN]
    return [made for each in shown for made in _both(each, alone=len(shown) == 1)]


def _both(letter: DeadLetter, *, alone: bool) -> tuple[Json, Json]:
    end = ending(letter)
    which = "" if alone else f" {letter.id}"
    value = {"letter": int(letter.id)}
    back = confirmation("Put it back?", f"{_sentence(PUTS_BACK[letter.what])}", yes="Put it back")
    return (
        button(f"Put back{which}", f"letter_requeue/{letter.id}", value, confirm=back),
        # Its form asks why, and says what it means.
        button(f"{end}{which}", f"letter_discard/{letter.id}", value, style="danger"),
    )


def ending(letter: DeadLetter) -> str:
    """What it is called to let it go."""
    return "End it" if letter.what is DeadKind.RUN else "Discard"


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
