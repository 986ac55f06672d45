"""What a person reads who asks what can't go on: every dead letter that waits, the longest first."""

from __future__ import annotations

from collections.abc import Sequence

from bot.chat.blocks.answers import said
from bot.chat.blocks.ink import Ink, Redact
from bot.chat.blocks.kit import Message, context, section, written_to_fit
from bot.chat.blocks.letters import told
from bot.chat.blocks.words import counted
from bot.domain.records import DeadLetter

LISTED = 20


def letters_listed(letters: Sequence[DeadLetter], command: str, *, redact: Redact) -> Message:
    """List what can't go on for one person, the longest waiting first."""
    if not letters:
        return said("🟢 No dead letters: nothing waits to be put back.")

    def write(ink: Ink) -> Message:
        lines = []
        for each in letters[:LISTED]:
            where = f" in #{each.incident}" if each.incident is not None else ""
            lines.append(told(each, ink, f"{ink.line(each.title, 200)}{where}"))
        if len(letters) > LISTED:
            lines.append(f"… and {len(letters) - LISTED} more: `fireline dead-letters list`")
        first = letters[0].id
        hint = f"`{command} requeue {first}` puts it back, `{command} discard {first} why` lets it go."
        return Message(
            text=counted(len(letters), "dead letter"),
            blocks=(*(section(each) for each in lines), context(hint)),
        )

    return written_to_fit(write, redact)
