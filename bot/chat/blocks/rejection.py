"""The message that says that a runbook was not started because its concurrency group is busy."""

from __future__ import annotations

from bot.chat.blocks.ink import Ink, Redact
from bot.chat.blocks.kit import Message, context, section, written_to_fit
from bot.chat.blocks.picture import Rejection
from bot.chat.blocks.words import name_of, who


def rejection_message(rejection: Rejection, *, redact: Redact) -> Message:
    """Draw it: what was kept out, and why."""

    def write(ink: Ink) -> Message:
        title = ink.line(rejection.title or rejection.runbook, 150)
        text = f"🚫 *{title}* was not started: {ink.line(rejection.why, 400)}."
        small = f"asked for by {who(rejection.asked_by, ink)} · runbook {ink.code(rejection.runbook, 80)} · {name_of(rejection.incident, ink, 80)}"
        return Message(
            text=f"{text} · {name_of(rejection.incident, ink)}", blocks=(section(text), context(small))
        )

    return written_to_fit(write, redact)
