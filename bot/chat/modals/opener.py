"""Shows modals in time: what opens one lives three seconds and works once, so something is shown first, and the rest follows.

A modal that can't be opened is told to its person in words, with what they can type instead; it is never tried twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from bot.chat.blocks.answers import refused, said
from bot.chat.blocks.ink import Redact
from bot.chat.blocks.kit import Json, Message
from bot.chat.client import SlackCalls
from bot.chat.inbound.worker import Task
from bot.chat.pace import Pacer
from bot.chat.views.kit import loading, outcome
from bot.errors import ChatError, FirelineError
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
QUICK = 0.5
"""Seconds that a view may take to be made before something is shown in its place."""


class Opener:
    """Opens modals, puts one on another, changes one that is open. `command` is the slash command."""

    def __init__(self, slack: SlackCalls, pacer: Pacer, *, command: str, redact: Redact) -> None:
        self._slack = slack
        self._pacer = pacer
        self._command = command
        self._redact = redact

    async def show(self, task: Task, making: Awaitable[Json]) -> Message | None:
        """Show a view to the one who asked, on top of the modal in which they did; raises what `making` raises while nothing is shown."""
        view = asyncio.ensure_future(making)
        if task.again:
            # It was begun before a restart: what could have opened a modal is long dead.
            view.cancel()
            return self._too_late()
        done, _ = await asyncio.wait({view}, timeout=QUICK)
        try:
            if done:
                await self._open(task, view.result())
                return None
            opened = await self._open(task, loading())
        except ChatError as problem:
            view.cancel()
            _LOG.warning("a modal could not be opened", problem=str(problem))
            return self._too_late()
        await self.change(
            str(opened.get("id", "")), await self._made(view), known=str(opened.get("hash", ""))
        )
        return None

    async def change(self, view_id: str, view: Json, *, known: str = "") -> None:
        """Put a view in the place of one that is open; with `known`, only where that is still what the person sees."""
        arguments = {"view_id": view_id, "view": view, "hash": known or None}
        try:
            async with self._pacer.turn("views.update", priority=(0,)):
                await self._slack.call("views.update", arguments)
        except ChatError as problem:
            # Closed meanwhile, or changed by something newer: then this is not what the person waits for.
            _LOG.info("a modal could not be changed", problem=str(problem))

    async def _made(self, view: Awaitable[Json]) -> Json:
        try:
            return await view
        except FirelineError as refusal:
            return outcome(refused(str(refusal), refusal.hint, redact=self._redact))

    async def _open(self, task: Task, view: Json) -> Json:
        method = "views.push" if task.asked.view else "views.open"
        async with self._pacer.turn(method, priority=(0,)):
            answer = await self._slack.call(method, {"trigger_id": task.asked.trigger, "view": view})
        return dict(answer.get("view") or {})

    def _too_late(self) -> Message:
        return said(
            "⌛ The form could not be opened in time.",
            f"Try again, or type it: `{self._command} help` lists how.",
        )
