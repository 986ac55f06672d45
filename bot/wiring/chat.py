"""The chat surface, joined to the rooms behind it."""

from __future__ import annotations

from bot.chat.config import ChatConfig
from bot.chat.gallery import Outline
from bot.chat.surface import Behind, ChatSurface
from bot.domain.records import RunRecord
from bot.errors import RunbookError
from bot.postmortem.describe import describe
from bot.wiring.fireline import Fireline
from bot.wiring.patience import patience_of


def build_chat(fireline: Fireline) -> ChatSurface:
    """Make the chat surface of a Fireline; with `slack.mode: off` it does nothing."""

    def outline(run: RunRecord) -> Outline | None:
        try:
            book = fireline.shelf.plan_of(run.digest).runbook
        except RunbookError:
            return None
        return Outline(
            title=book.title,
            steps=[(step.id, step.name) for step in book.steps],
            spare=[(step.id, step.name) for step in (*book.rescue, *book.always)],
        )

    def title(name: str) -> str:
        book = fireline.shelf.get(name)
        return book.title if book is not None else name

    behind = Behind(
        journal=fireline.store.journal,
        reader=fireline.store.records,
        desk=fireline.desk,
        runs=fireline.driver,
        draft=fireline.draft,
        outline=outline,
        describe=describe,
        title=title,
        redact=fireline.redactor.redact,
        surely_leading=fireline.store.surely_leading,
        patience=patience_of(fireline.settings),
    )
    return ChatSurface(
        ChatConfig.from_settings(fireline.settings), behind, clock=fireline.clock, metrics=fireline.metrics
    )
