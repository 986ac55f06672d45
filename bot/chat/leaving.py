"""Channels that somebody archived or deleted, heard of at once: an incident that is open goes on in a new one, one that is over is left in peace.

Without this it would be found out with the next message, and what is asked in such a channel nobody can answer until then.
"""

from __future__ import annotations

from bot.chat.inbound.events import ARCHIVED, GONE
from bot.chat.inbound.worker import Task
from bot.chat.outbox import moving
from bot.chat.outbox.ledger import Ledger
from bot.domain.ports import Reader

ENDINGS = ARCHIVED | GONE


class Leaving:
    """Hears that a channel is no more."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def hear(self, task: Task) -> None:
        """Write down what it means for the incident whose channel it is, if any."""
        channel, archived = task.asked.channel, task.asked.action in ARCHIVED
        incident = self._reader.incident_of_channel(channel)
        if incident is None:
            return
        ledger = Ledger(task.journal)
        if incident.open:
            await ledger.left(incident.id, channel, moving.ARCHIVED if archived else moving.GONE)
        elif archived:
            await ledger.archived(incident.id, channel)
