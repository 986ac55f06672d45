"""The message that says that Fireline can't write in an incident's channel any more: to those who can mend that, where they will see it.

Where the response went on in another channel, it says which.
"""

from __future__ import annotations

from bot.chat.blocks.ink import Ink, Redact, link, mention
from bot.chat.blocks.kit import Message, context, section, written_to_fit
from bot.chat.blocks.words import mark, name_of
from bot.domain.records import IncidentRecord

_GONE = {
    "archived": "{channel} was archived",
    "deleted": "Its channel was deleted",
    "removed": "Fireline was removed from {channel}",
    "not_in_channel": "{channel} stays archived",  # when it is reopened
}


def shut_out_message(incident: IncidentRecord, *, out: bool, console: str, redact: Redact) -> Message:
    """Draw it: what can't be seen any more, and how to mend it; not `out` any more once that is done."""

    def write(ink: Ink) -> Message:
        name, channel = name_of(incident, ink), f"<#{incident.channel}>"
        if not out:
            text = f"✅ Fireline can write in {channel} again, and what was missing there is up to date."
            return Message(text=f"{text} · {name}", blocks=(section(text),))
        lead = f"{mention(incident.commander, ink)}, " if incident.commander else ""
        what = f"Fireline was removed from {channel}"
        text = f"{mark(incident)} *{name}*\n⚠️ {lead}{what}: what happens is *not shown there any more*."
        where = link(console, "the console") if console else "the console"
        mend = f"Bring it back with `/invite @Fireline` in {channel}."
        small = f"{mend} Until then the run goes on; {where} and `fireline waiting` show what it asks."
        return Message(text=f"⚠️ {what} · {name}", blocks=(section(text), context(small)))

    return written_to_fit(write, redact)


def moved_message(incident: IncidentRecord, *, left: str, why: str, redact: Redact) -> Message:
    """Draw where the response goes on: `left` is the channel that can't be used any more, `why` what became of it."""

    def write(ink: Ink) -> Message:
        name, channel = name_of(incident, ink), f"<#{incident.channel}>"
        gone = _GONE.get(why, "{channel} can't be used any more").format(channel=f"<#{left}>")
        text = f"{mark(incident)} *{name}*\n↪️ {gone}: the response *goes on in {channel}*."
        small = "What is still to be decided is asked there anew. Runs go on meanwhile."
        return Message(
            text=f"↪️ The response goes on in {channel} · {name}", blocks=(section(text), context(small))
        )

    return written_to_fit(write, redact)
