"""The message that says that Fireline can't write in an incident's channel any more: to those who can mend that, where they will see it."""

from __future__ import annotations

from bot.chat.blocks.ink import Ink, Redact, link, mention
from bot.chat.blocks.kit import Message, context, section, written_to_fit
from bot.chat.blocks.words import mark, name_of
from bot.domain.records import IncidentRecord

_WHAT = {"removed": "Fireline was removed from {channel}", "archived": "{channel} was archived"}
_MEND = {
    "removed": "Bring it back with `/invite @Fireline` in {channel}.",
    "archived": "Unarchive {channel}, then `/invite @Fireline` there.",
}


def shut_out_message(incident: IncidentRecord, *, why: str, console: str, redact: Redact) -> Message:
    """Draw it: what can't be seen any more, and how to mend it; `why` is `removed`, `archived`, or empty once it is mended."""

    def write(ink: Ink) -> Message:
        name, channel = name_of(incident, ink), f"<#{incident.channel}>"
        if not why:
            text = f"✅ Fireline can write in {channel} again, and what was missing there is up to date."
            return Message(text=f"{text} · {name}", blocks=(section(text),))
        lead = f"{mention(incident.commander, ink)}, " if incident.commander else ""
        what = _WHAT.get(why, _WHAT["removed"]).format(channel=channel)
        text = f"{mark(incident)} *{name}*\n⚠️ {lead}{what}: what happens is *not shown there any more*."
        where = link(console, "the console") if console else "the console"
        mend = _MEND.get(why, _MEND["removed"]).format(channel=channel)
        small = f"{mend} Until then the run goes on; {where} and `fireline waiting` show what it asks."
        return Message(text=f"⚠️ {what} · {name}", blocks=(section(text), context(small)))

    return written_to_fit(write, redact)
