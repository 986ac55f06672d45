"""Messages of an incident's channel in its timeline: added by a shortcut or a reaction, and followed through their edits and deletions.

What a timeline has it keeps: taking the reaction back takes nothing out.
"""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.chat.blocks.answers import said, status_of
from bot.chat.blocks.ink import Redact
from bot.chat.blocks.kit import Message
from bot.chat.client import SlackCalls
from bot.chat.desks import DeskOver
from bot.chat.gallery import Gallery
from bot.chat.identity import Identity
from bot.chat.inbound.events import DELETED, EDITED, JOINED, MARKED, UNMARKED
from bot.chat.inbound.worker import Task
from bot.chat.pace import Pacer
from bot.domain.ids import IncidentId
from bot.domain.nouns import person
from bot.domain.ports import Reader
from bot.domain.records import IncidentRecord
from bot.errors import Conflict, NotFound, Refused

_AROUND = 2
"""Messages that are asked for: the one that is meant, and of a thread its first besides."""


class Marking:
    """Does what people do to messages of an incident's channel."""

    def __init__(
        self,
        *,
        desk: DeskOver,
        reader: Reader,
        identity: Identity,
        gallery: Gallery,
        slack: SlackCalls,
        pacer: Pacer,
        redact: Redact,
    ) -> None:
        self._desk = desk
        self._reader = reader
        self._identity = identity
        self._gallery = gallery
        self._slack = slack
        self._pacer = pacer
        self._redact = redact
        self._hears: Mapping[str, Callable[[Task, IncidentRecord], Awaitable[Message | None]]] = {
            MARKED: self._marked,
            UNMARKED: self._unmarked,
            EDITED: self._edited,
            DELETED: self._deleted,
            JOINED: self._joined,
        }

    async def use(self, task: Task) -> Message:
        """Add the message that a shortcut was used on."""
        incident = self._reader.incident_of_channel(task.asked.channel)
        if incident is None:
            raise Refused(
                "This channel belongs to no incident.", hint="Use it on a message of an incident's channel."
            )
        return await self._mark(task, incident.id, task.asked.author, task.asked.text)

    async def hear(self, task: Task) -> Message | None:
        """Do what an event asks for, where it happened in an incident's channel."""
        incident = self._reader.incident_of_channel(task.asked.channel)
        return await self._hears[task.asked.action](task, incident) if incident is not None else None

    # ---- each

    async def _marked(self, task: Task, incident: IncidentRecord) -> Message | None:
        if self._reader.marked(task.asked.channel, task.asked.message) is not None:
            return None  # a second person's reaction
        message = await self._message(task.asked.channel, task.asked.message)
        author = str(message.get("user") or message.get("bot_id") or task.asked.author)
        try:
            return await self._mark(task, incident.id, author, str(message.get("text") or ""))
        except Conflict:
            return None

    async def _unmarked(self, task: Task, incident: IncidentRecord) -> Message | None:
        if self._reader.marked(task.asked.channel, task.asked.message) is None:
            return None
        return said(
            f"📌 That message stays in the timeline of #{incident.id}.",
            "Nothing is taken out of it; a note can say more.",
        )

    async def _edited(self, task: Task, incident: IncidentRecord) -> None:
        asked = task.asked
        if self._reader.marked(asked.channel, asked.message) is not None:
            at = datetime.fromtimestamp(float(asked.value or 0), UTC)
            await self._desk(task.journal).mark_edited(
                incident.id, asked.channel, asked.message, html.unescape(asked.text), at
            )

    async def _deleted(self, task: Task, incident: IncidentRecord) -> None:
        asked = task.asked
        if self._reader.marked(asked.channel, asked.message) is not None:
            await self._desk(task.journal).mark_deleted(incident.id, asked.channel, asked.message)

    async def _joined(self, task: Task, incident: IncidentRecord) -> Message | None:
        """Tell somebody who came by themselves how it stands, so that they need not ask."""
        await self._identity.must_be_a_person(task.asked.user)
        picture = self._gallery.picture(incident.id)
        return status_of(picture, redact=self._redact) if picture is not None and incident.open else None

    # ---- parts

    async def _mark(self, task: Task, incident: IncidentId, author: str, text: str) -> Message:
        asked = task.asked
        await self._identity.must_be_a_person(asked.user)
        await self._desk(task.journal).mark(
            incident,
            person(asked.user),
            channel=asked.channel,
            ts=asked.message,
            author=author,
            text=html.unescape(text),
            permalink=self._gallery.permalink(asked.channel, asked.message),
        )
        return said(f"📌 That message stands in the timeline of #{incident}.")

    async def _message(self, channel: str, ts: str) -> Mapping[str, Any]:
        """Read one message, the reply of a thread too: an event about it does not carry what it says."""
        for method in ("conversations.history", "conversations.replies"):
            arguments: dict[str, Any] = {"channel": channel, "latest": ts, "inclusive": "true", "limit": 1}
            if method == "conversations.replies":
                arguments |= {"ts": ts, "oldest": ts, "limit": _AROUND}
            async with self._pacer.turn(method, priority=(1,)):
                answer = await self._slack.call(method, arguments)
            found = [each for each in answer.get("messages", ()) if each.get("ts") == ts]
            if found:
                return dict(found[0])
        raise NotFound("That message can't be read any more.", hint="A note can say what it said.")
