"""Shortcuts: what people find in Slack's own menus, anywhere, without knowing a command."""

from __future__ import annotations

from bot.chat.blocks.kit import Message
from bot.chat.inbound.worker import Task
from bot.chat.marking import Marking
from bot.chat.modals.openings import Openings

DECLARE = "declare_incident"
"""The global shortcut that opens the form of a new incident."""
MARK = "add_to_timeline"
"""The message shortcut that adds a message to its incident's timeline."""
SHORTCUTS = frozenset({DECLARE, MARK})


class Shortcuts:
    """Does what a shortcut stands for."""

    def __init__(self, *, forms: Openings, marking: Marking) -> None:
        self._forms = forms
        self._marking = marking

    async def use(self, task: Task) -> Message | None:
        """Open the form, or add the message."""
        if task.asked.action == MARK:
            return await self._marking.use(task)
        return await self._forms.open(task, "declare", {})
