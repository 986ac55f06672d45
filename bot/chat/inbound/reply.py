"""The way back to the person who asked: in the ack while it is open, else where they asked.

That is the modal in which they pressed a button, the `response_url`, or a message for their eyes alone: in the channel, or from the app where
there is none.
"""

from __future__ import annotations

import asyncio
import html
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.chat.blocks.answers import Refusal
from bot.chat.blocks.kit import Message
from bot.chat.client import SlackCalls, Throttled, Unreachable
from bot.chat.inbound.payload import ACTION, Asked
from bot.chat.pace import Pacer, Sleep
from bot.chat.views.answer import CLOSED, ViewAnswer, turned, wrong
from bot.chat.views.kit import outcome
from bot.domain.clock import Clock
from bot.errors import ChatError
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
_URL_LIVES = timedelta(minutes=29)
"""A `response_url` works for 30 minutes and five times."""
_TRIES = 3

Answer = Message | ViewAnswer | None
"""What comes of what was asked: something to say, something for a modal to do, or nothing."""


@dataclass(slots=True)
class Window:
    """An ack that is still open: the first answer that comes in time goes with it."""

    answer: asyncio.Future[Answer]

    def take(self, answer: Answer) -> bool:
        """Put an answer into the ack; False when it is too late for that."""
        if self.answer.done():
            return False
        self.answer.set_result(answer)
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


def for_form(asked: Asked, answer: Answer) -> tuple[ViewAnswer, Message | None]:
    """Return what a form does after an answer, and what is left to say besides.

    A refusal stays at the field that it is about, or at the first. What is said goes to the channel where there is one; elsewhere the modal says it.
    """
    if isinstance(answer, ViewAnswer):
        return answer, None
    if isinstance(answer, Refusal) and asked.first:
        field = answer.about if answer.about in asked.entered else asked.first
        return wrong({field: html.unescape(answer.text).replace("❗ ", "")}), None
    if answer is None or (asked.channel and not isinstance(answer, Refusal)):
        return CLOSED, answer
    return turned(outcome(answer)), None


class Teller(Protocol):
    """The way back, for those who answer; `Replier` is one."""

    async def tell(self, asked: Asked, answer: Message | ViewAnswer, *, since: datetime) -> None:
        """Show a message to the one who asked; never raises for what Slack does."""
        ...


class Replier:
    """Answers people; an answer that can't be given is logged, and nothing else fails for it."""

    def __init__(self, slack: SlackCalls, pacer: Pacer, clock: Clock, sleep: Sleep) -> None:
        self._slack = slack
        self._pacer = pacer
        self._clock = clock
        self._sleep = sleep

    async def tell(self, asked: Asked, answer: Message | ViewAnswer, *, since: datetime) -> None:
        """Show a message to the one who asked; `since` is when they did."""
        message = answer.otherwise if isinstance(answer, ViewAnswer) else answer
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
        if asked.kind == ACTION and asked.view and await self._into_modal(asked, message):
            return
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
        if not asked.channel and asked.user:
            arguments = {"channel": asked.user, "text": message.text, "blocks": list(message.blocks)}
            async with self._pacer.turn("chat.postMessage", asked.user, priority=(0,)):
                await self._slack.call("chat.postMessage", arguments)
        elif asked.user:
            arguments = {
                "channel": asked.channel,
                "user": asked.user,
                "text": message.text,
                "blocks": list(message.blocks),
            }
            async with self._pacer.turn("chat.postEphemeral", priority=(0,)):
                await self._slack.call("chat.postEphemeral", arguments)

    async def _into_modal(self, asked: Asked, message: Message) -> bool:
        """Say it in the modal in which a button was pressed; False when that was closed meanwhile."""
        try:
            async with self._pacer.turn("views.update", priority=(0,)):
                await self._slack.call("views.update", {"view_id": asked.view, "view": outcome(message)})
        except (Throttled, Unreachable):
            raise
        except ChatError as problem:
            _LOG.info("a modal was closed before its answer came", problem=str(problem))
            return False
        return True
