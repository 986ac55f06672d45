"""The message that says that Fireline was removed from an incident's channel: to those who can bring it back, where they will see it."""

from __future__ import annotations

from bot.chat.blocks.ink import Ink, Redact, link, mention
from bot.chat.blocks.kit import Message, context, section, written_to_fit
from bot.chat.blocks.words import mark, name_of
from bot.domain.records import IncidentRecord


def shut_out_message(incident: IncidentRecord, *, back: bool, console: str, redact: Redact) -> Message:
    """Draw it: what can't be seen any more, how to bring it back; `back` says that it is mended."""

    def write(ink: Ink) -> Message:
        name, channel = name_of(incident, ink), f"<#{incident.channel}>"
        if back:
            text = f"✅ Fireline is in {channel} again, and what was missing there is up to date."
            return Message(text=f"{text} · {name}", blocks=(section(text),))
        lead = f"{mention(incident.commander, ink)}, " if incident.commander else ""
        text = f"{mark(incident)} *{name}*\n⚠️ {lead}Fireline was removed from {channel}: what happens is *not shown there any more*."
        where = link(console, "the console") if console else "the console"
        small = f"Bring it back with `/invite @Fireline` in {channel}. Until then the run goes on; {where} and `fireline waiting` show what it asks."
        return Message(
            text=f"⚠️ Fireline was removed from the channel of {name}", blocks=(section(text), context(small))
        )

    return written_to_fit(write, redact)
