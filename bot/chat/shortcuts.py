"""Shortcuts: what people find in Slack's own menus, anywhere, without knowing a command."""

from __future__ import annotations

from bot.chat.blocks.kit import Message
from bot.chat.inbound.worker import Task
from bot.chat.modals.openings import Openings

DECLARE = "declare_incident"
"""The global shortcut that opens the form of a new incident."""
SHORTCUTS = frozenset({DECLARE})


class Shortcuts:
    """Does what a shortcut stands for."""

    def __init__(self, *, forms: Openings) -> None:
        self._forms = forms

    async def use(self, task: Task) -> Message | None:
        """Open the form."""
        return await self._forms.open(task, "declare", {})
