"""The dead-letter list as the console shows it: what waits, and what was put back or let go lately."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.ports import Reader
from bot.domain.records import DeadLetter
from bot.incidents.dead_letters import LETS_GO, PUTS_BACK
from bot.postmortem.wording import who

SHOWN = 500
CLOSED = 50
"""Letters that are closed, and told still, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRow:
    """A dead letter, its texts as others may read them, and what can be done about it."""

    record: DeadLetter
    title: str
    detail: str
    by: str
    because: str
    puts_back: str
    lets_go: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """All of it; those that wait in the order of their numbers, the others newest first."""

    waiting: Sequence[LetterRow]
    closed: Sequence[LetterRow]


def letters(reader: Reader, clean: Callable[[str], str], names: Mapping[str, str]) -> Letters:
    """Read them; `clean` makes text from outside fit to show, `names` are people's by their ids."""
    lately = [each for each in reader.dead_letters(waiting=False, limit=SHOWN) if not each.waiting]
    return Letters(
        waiting=[_row(each, clean, names) for each in reader.dead_letters(limit=SHOWN)],
        closed=[_row(each, clean, names) for each in lately[:CLOSED]],
    )


def _row(letter: DeadLetter, clean: Callable[[str], str], names: Mapping[str, str]) -> LetterRow:
    return LetterRow(
        record=letter,
        title=clean(letter.title),
        detail=clean(letter.detail),
        by=clean(who(letter.closed_by, names)) if letter.closed_by is not None else "",
        because=clean(letter.why),
        puts_back=PUTS_BACK[letter.what],
        lets_go=LETS_GO[letter.what],
    )
