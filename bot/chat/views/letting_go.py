"""The form in which somebody says that nothing more is to come of a dead letter, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.chat.blocks.ink import Ink, Redact
from bot.chat.blocks.kit import Json, context, section
from bot.chat.blocks.letters import ending
from bot.chat.views.kit import field, modal, text_box, view_to_fit
from bot.domain.records import DeadLetter
from bot.incidents.dead_letters import LETS_GO


def letting_go_form(letter: DeadLetter, about: Mapping[str, Any], *, redact: Redact) -> Json:
    """Let a dead letter go; the reason is required, as it is everywhere."""

    def write(ink: Ink) -> Json:
        end, means = ending(letter), LETS_GO[letter.what]
        blocks = [
            section(
                f"⛔ *{ink.line(letter.title, 200)}* can't go on: {ink.line(letter.detail, 400)}\n{means[0].upper()}{means[1:]}."
            ),
            field(
                "why",
                "Why is nothing more to come of it?",
                text_box(lines=True, placeholder="Mended by hand: the traffic was moved at 14:20"),
                hint="It is on record, with your name.",
            ),
            context(f"dead letter {letter.id}"),
        ]
        return modal(end, "letter_discard", blocks, submit=end, close="Back", about=about)

    return view_to_fit(write, redact)
