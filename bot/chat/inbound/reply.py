"""The way back to the person who asked: in the ack while it is open, else by `response_url`, else as an ephemeral message."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.chat.blocks.kit import Message
from bot.chat.client import SlackCalls, Throttled, Unreachable
from bot.chat.inbound.payload import Asked
from bot.chat.pace import Pacer, Sleep
from bot.domain.clock import Clock
from bot.errors import ChatError
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
_URL_LIVES = timedelta(minutes=29)
"""A `response_url` works for 30 minutes and five times."""
_TRIES = 3


@dataclass(slots=True)
class Window:
    """An ack that is still open: the first answer that comes in time goes with it."""

    answer: asyncio.Future[Message]

    def take(self, message: Message) -> bool:
        """Put an answer into the ack; False when it is too late for that."""
        if self.answer.done():
            return False
        self.answer.set_result(message)
        return True

    def close(self) -> None:
        """Take no more."""
        self.answer.cancel()


def ephemeral(message: Message) -> dict[str, Any]:
    """Write an answer as Slack takes it, for one person's eyes."""
    body: dict[str, Any] = {"response_type": "ephemeral", "replace_original": False, "text": message.text}
    if message.blocks:
        body["blocks"] = list(message.blocks)
    return body


class Replier:
    """Answers people; an answer that can't be given is logged, and nothing else fails for it."""

    def __init__(self, slack: SlackCalls, pacer: Pacer, clock: Clock, sleep: Sleep) -> None:
        self._slack = slack
        self._pacer = pacer
        self._clock = clock
        self._sleep = sleep

    async def tell(self, asked: Asked, message: Message, *, since: datetime) -> None:
        """Show a message to the one who asked; `since` is when they did."""
        for attempt in range(_TRIES):
            try:
                await self._send(asked, message, since)
            except (Throttled, Unreachable) as problem:
                if attempt + 1 < _TRIES:
                    await self._sleep(problem.retry_after if isinstance(problem, Throttled) else 2.0**attempt)
                else:
                    _LOG.warning("a person could not be answered", user=asked.user, problem=str(problem))
            except ChatError as problem:
                _LOG.warning("a person could not be answered", user=asked.user, problem=str(problem))
                return
            else:
                return

    async def _send(self, asked: Asked, message: Message, since: datetime) -> None:
        if asked.response_url and self._clock.now() - since < _URL_LIVES:
            try:
                await self._slack.respond(asked.response_url, ephemeral(message))
            except (Throttled, Unreachable):
                raise
            except ChatError as problem:
                if problem.code == "no_answer" or not asked.channel:
                    raise
            else:
                return
        if asked.channel and asked.user:
            arguments = {
                "channel": asked.channel,
                "user": asked.user,
                "text": message.text,
                "blocks": list(message.blocks),
            }
            async with self._pacer.turn("chat.postEphemeral", priority=(0,)):
                await self._slack.call("chat.postEphemeral", arguments)
