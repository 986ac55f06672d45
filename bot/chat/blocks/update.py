"""An update as those in the incident's channel read it: a post of its own, because a message that changes makes no phone ring."""

from __future__ import annotations

from bot.chat.blocks.ink import Ink, Redact, clock_time
from bot.chat.blocks.kit import Message, section, written_to_fit
from bot.chat.blocks.words import STATUS, name_of, who
from bot.domain.facts import UpdateGiven
from bot.domain.nouns import Actor
from bot.domain.records import IncidentRecord


def update_message(incident: IncidentRecord, given: UpdateGiven, by: Actor, *, redact: Redact) -> Message:
    """Say what stakeholders were told, by whom, and when they hear again."""

    def write(ink: Ink) -> Message:
        due = f" · the next by {clock_time(given.next_due)}" if given.next_due is not None else ""
        head = f"📣 *{STATUS[given.status]}* · {who(by, ink)}{due}"
        words = ink.words(given.message, 2000)
        return Message(
            text=f"📣 {name_of(incident, ink)}: {ink.line(given.message, 300)}",
            blocks=(section(f"{head}\n> {words}"),),
        )

    return written_to_fit(write, redact)
