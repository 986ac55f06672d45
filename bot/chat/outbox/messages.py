"""One message in Slack: posted once, changed as often as needed, found again when its answer was lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.chat.blocks.kit import Message
from bot.chat.client import Ambiguous, SlackCalls, Throttled, Unreachable
from bot.chat.outbox.ledger import Ledger
from bot.chat.outbox.losses import Losses
from bot.chat.pace import Pacer, Priority
from bot.domain.records import IncidentRecord, OutboxEntry
from bot.errors import ChatError
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
EVENT_TYPE = "fireline_message"
"""The type of the metadata by which we know our messages; its payload carries the outbox key."""
REFUSED_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
NOT_THERE = frozenset({"message_not_found"})
_PAGE = 200
_PAGES = 10

Draw = Callable[[], Awaitable[Message | None]]
"""Draws the message as it should be now; None when there is nothing to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """How a message is to be shown: where, how it looks, how urgent it is; `pinned` until it has been shown once.

    With `thread`, the `ts` of another message, it is a reply to that one. What changes while it rests (`rest`) is shown together, after it.
    """

    channel: str
    draw: Draw
    priority: Priority
    pinned: bool = False
    thread: str = ""
    rest: timedelta | None = None


class MessageKeeper:
    """Makes one message in Slack be what it should be."""

    def __init__(self, *, slack: SlackCalls, pacer: Pacer, ledger: Ledger, losses: Losses) -> None:
        self._slack = slack
        self._pacer = pacer
        self._ledger = ledger
        self._losses = losses
        self.bot_user = ""

    async def deliver(self, entry: OutboxEntry, incident: IncidentRecord, showing: Showing) -> None:
        """Post the message or change it; raises ChatError.

        What is sent is drawn once its turn has come, so that all changes until then are one. The entry counts as shown when all of it is done, the
        pin too: what a crash leaves half done is taken up again.
        """
        through = entry.wanted
        if not entry.ts and entry.ambiguous:
            ts = await self._find(entry.key, incident, showing)
            if ts:
                entry = await self._ledger.posted(entry, channel=showing.channel, ts=ts, digest="")
        if entry.ts:
            try:
                await self._change(entry, through, showing)
            except ChatError as problem:
                if problem.code not in NOT_THERE:
                    raise
                entry = await self._ledger.lost(entry, self._losses.message(entry))
        if not entry.ts:
            await self._post(entry, through, showing)

    async def _post(self, entry: OutboxEntry, through: int, showing: Showing) -> None:
        channel, refusal = showing.channel, ""
        for plain in (False, True):
            async with self._pacer.turn("chat.postMessage", channel, priority=showing.priority) as turn:
                message = await showing.draw()
                if message is None:
                    turn.skip()
                    await self._ledger.shown(entry, through=through, digest="")
                    return
                entry = await self._ledger.about_to(entry)
                arguments = {
                    "channel": channel,
                    "unfurl_links": False,
                    "unfurl_media": False,
                    "thread_ts": showing.thread or None,
                }
                try:
                    answer = await self._send("chat.postMessage", arguments, message, entry.key, plain=plain)
                except Ambiguous:
                    raise
                except ChatError as problem:
                    entry = await self._ledger.not_done(entry)
                    refusal = self._refused_blocks(problem, entry.key, plain=plain)
                    continue
            where = answer.get("channel", channel)
            entry = await self._ledger.posted(entry, channel=where, ts=answer["ts"], digest=message.digest)
            await self._finish(entry, through, showing, message.digest, refusal)
            return

    async def _change(self, entry: OutboxEntry, through: int, showing: Showing) -> None:
        refusal = ""
        for plain in (False, True):
            async with self._pacer.turn("chat.update", entry.channel, priority=showing.priority) as turn:
                message = await showing.draw()
                if message is None or message.digest == entry.digest:
                    turn.skip()
                    break
                try:
                    arguments = {"channel": entry.channel, "ts": entry.ts}
                    await self._send("chat.update", arguments, message, entry.key, plain=plain)
                except ChatError as problem:
                    refusal = self._refused_blocks(problem, entry.key, plain=plain)
                    continue
            await self._finish(entry, through, showing, message.digest, refusal)
            return
        await self._finish(entry, through, showing, entry.digest, entry.error)

    async def _finish(
        self, entry: OutboxEntry, through: int, showing: Showing, digest: str, error: str
    ) -> None:
        if showing.pinned:
            await self._pin(entry, showing.priority)
        await self._ledger.shown(entry, through=through, digest=digest, error=error, rest=showing.rest)

    def _refused_blocks(self, problem: ChatError, key: str, *, plain: bool) -> str:
        """Return what Slack has against the blocks, so that the text goes alone; raise what is no matter of blocks."""
        if plain or problem.code not in REFUSED_BLOCKS:
            raise problem
        _LOG.error("Slack refused a message's blocks; its text alone is shown", key=key, problem=str(problem))
        return f"shown without its blocks: {problem}"

    async def _send(
        self, method: str, arguments: Mapping[str, Any], message: Message, key: str, *, plain: bool
    ) -> Mapping[str, Any]:
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": key}}
        blocks = [] if plain else list(message.blocks)
        return await self._slack.call(
            method, {**arguments, "text": message.text, "blocks": blocks, "metadata": metadata}
        )

    async def _find(self, key: str, incident: IncidentRecord, showing: Showing) -> str:
        """Look for our message by the key in its metadata, where it would stand; empty when it isn't there."""
        method = "conversations.replies" if showing.thread else "conversations.history"
        oldest = f"{(incident.opened_at - timedelta(minutes=2)).timestamp():.6f}"
        cursor = ""
        for _ in range(_PAGES):
            arguments = {
                "channel": showing.channel,
                "ts": showing.thread or None,
                "oldest": oldest,
                "limit": str(_PAGE),
                "include_all_metadata": "true",
                "cursor": cursor or None,
            }
            async with self._pacer.turn(method, priority=showing.priority):
                answer = await self._slack.call(method, arguments)
            for each in answer.get("messages", ()):
                metadata = each.get("metadata") or {}
                payload = metadata.get("event_payload") or {}
                ours = not self.bot_user or each.get("user") == self.bot_user
                if ours and metadata.get("event_type") == EVENT_TYPE and payload.get("key") == key:
                    return str(each["ts"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return ""

    async def _pin(self, entry: OutboxEntry, priority: Priority) -> None:
        """Pin a message; one that is pinned already is fine, one that may not be pinned is logged."""
        try:
            async with self._pacer.turn("pins.add", priority=priority):
                await self._slack.call("pins.add", {"channel": entry.channel, "timestamp": entry.ts})
        except (Throttled, Unreachable, Ambiguous):
            raise
        except ChatError as problem:
            if problem.code != "already_pinned":
                _LOG.warning("a message can't be pinned", key=entry.key, code=problem.code)
