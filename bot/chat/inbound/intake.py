"""Durable first, then the ack: the one place through which everything from Slack comes in.

It stands as bolt's global middleware, behind the signature check, and answers by itself. Bolt acknowledges events before a listener runs
and its lazy listeners die with the process, so no listener is used at all. What was kept is handled by the worker; a command that is quick
has its answer in the ack, and so has a form, which shows what is wrong beside its fields.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slack_bolt import BoltResponse

from bot.chat.blocks.answers import behind
from bot.chat.blocks.kit import Message
from bot.chat.inbound.payload import COMMAND, EVENT, VIEW, Asked
from bot.chat.inbound.reading import Ours, read
from bot.chat.inbound.relayed import entry_from_data
from bot.chat.inbound.reply import Answer, Teller, Window, ephemeral, for_form
from bot.chat.inbound.worker import InboxWorker
from bot.chat.views.answer import ViewAnswer
from bot.crashpoints import CrashPoint, reached
from bot.domain.clock import Clock
from bot.domain.ports import Journal, Transaction
from bot.domain.records import InboxEntry, RelayEntry
from bot.errors import JournalBehind, JournalClosed, JournalError
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
PATIENCE = 0.3
"""Seconds that an ack waits for its answer; Slack gives it three."""
FORM_PATIENCE = 1.5
"""The same for a form: only its ack can put what is wrong beside the field that it is wrong with."""
LATEST = 2.5
"""Seconds after which an ack carries no answer to a command: Slack shows nothing of an ack that comes after three."""

Glance = Callable[[Asked], Answer]
"""Answers what only reads, at once; None for what must be handled."""


class Intake:
    """Keeps payloads and acknowledges them; `ours` says which of Slack's are for us."""

    def __init__(
        self,
        *,
        journal: Journal,
        worker: InboxWorker,
        replier: Teller,
        glance: Glance,
        clock: Clock,
        ours: Ours,
    ) -> None:
        self._journal = journal
        self._worker = worker
        self._replier = replier
        self._glance = glance
        self._clock = clock
        self._ours = ours
        self._windows: dict[str, Window] = {}
        self._telling: set[asyncio.Task[None]] = set()

    async def take(self, body: Mapping[str, Any], workspace: str = "") -> BoltResponse:
        """Take a body in that comes from a workspace, and return the ack."""
        begun = _now()
        found = read(body, self._ours, workspace)
        if found is None:
            return _ack()
        key, asked = found
        entry = InboxEntry(key=key, kind=asked.kind, payload=asked.to_data(), received_at=self._clock.now())
        at_once = self._answer_at_once(asked)
        reached(CrashPoint.INBOX_BEFORE_WRITE)
        try:
            fresh = await self._journal.submit(lambda tx: _keep(tx, entry, handled=at_once is not None))
        except JournalError as problem:
            _LOG.warning("a payload could not be kept", kind=asked.kind, problem=str(problem))
            if not isinstance(problem, JournalBehind | JournalClosed):
                self._worker.disown(key)
            return self._sorry(asked, begun)
        reached(CrashPoint.INBOX_WRITTEN)
        if at_once is not None and (fresh or asked.kind == VIEW):
            return self._answered(asked, at_once, begun)
        if fresh and asked.kind not in {COMMAND, VIEW}:
            self._worker.take(entry)
            return _ack()
        return await self._with_answer(entry, asked, begun, fresh=fresh)

    async def take_relayed(self, relayed: RelayEntry) -> None:
        """Take in what a process that stands by had kept and acknowledged; raises as the journal does."""
        entry = entry_from_data(relayed.data)

        def unit(tx: Transaction) -> bool:
            tx.close_relay(relayed.key)
            return tx.put_inbox(entry)

        if await self._journal.submit(unit):
            self._worker.take(entry)

    def _answer_at_once(self, asked: Asked) -> Answer:
        if asked.kind not in {COMMAND, VIEW}:
            return None
        try:
            return self._glance(asked)
        except Exception:  # noqa: BLE001 - a mere look must not cost the payload; the worker meets its fault again and tells
            _LOG.exception("a command could not be answered at once")
            return None

    async def _with_answer(
        self, entry: InboxEntry, asked: Asked, begun: float, *, fresh: bool
    ) -> BoltResponse:
        """Wait for the answer a little. A redelivery of a form waits for the same answer: whichever ack Slack takes, it is that one."""
        if fresh:
            window = self._windows[entry.key] = Window(asyncio.get_running_loop().create_future())
            self._worker.take(entry, window)
        elif asked.kind == VIEW and entry.key in self._windows:
            window = self._windows[entry.key]
        else:
            return _ack()
        patience = FORM_PATIENCE if asked.kind == VIEW else min(PATIENCE, max(0.0, begun + LATEST - _now()))
        done, _ = await asyncio.wait({window.answer}, timeout=patience)
        self._windows.pop(entry.key, None)
        if done and not window.answer.cancelled():
            return self._answered(asked, window.answer.result(), begun, fresh=fresh)
        window.close()
        return self._answered(asked, None, begun)

    def _answered(self, asked: Asked, answer: Answer, begun: float, *, fresh: bool = True) -> BoltResponse:
        """Put an answer into the ack, and tell the person what a form's ack has no room for, and what a command's comes too late for."""
        if asked.kind != VIEW:
            message = answer if isinstance(answer, Message) else None
            if message is None or _now() - begun < LATEST:
                return _ack(message)
            self._tell(asked, message)
            return _ack()
        form, message = for_form(asked, answer)
        if message is not None and fresh:
            self._tell(asked, message)
        return _form_ack(form)

    def _sorry(self, asked: Asked, begun: float) -> BoltResponse:
        """Say plainly that nothing was kept; the ack of a button shows nothing, so that one is told apart from it."""
        if asked.kind in {COMMAND, VIEW}:
            return self._answered(asked, behind(), begun)
        if asked.kind == EVENT:
            # Slack sends an event again when it is not acknowledged, and nobody waits for an answer to it.
            return BoltResponse(status=503, body="")
        self._tell(asked, behind())
        return _ack()

    def _tell(self, asked: Asked, message: Message) -> None:
        task = asyncio.create_task(self._replier.tell(asked, message, since=self._clock.now()))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def stop(self) -> None:
        """Drop what is still being told."""
        for task in self._telling:
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)


def _now() -> float:
    """Seconds by the loop's own clock, which waits for answers too."""
    return asyncio.get_running_loop().time()


def _keep(tx: Transaction, entry: InboxEntry, *, handled: bool) -> bool:
    fresh = tx.put_inbox(entry)
    if fresh and handled:
        tx.close_inbox(entry.key)
    return fresh


def _ack(message: Message | None = None) -> BoltResponse:
    if message is None:
        return BoltResponse(status=200, body="")
    headers: dict[str, str | Sequence[str]] = {"content-type": "application/json; charset=utf-8"}
    return BoltResponse(status=200, body=json.dumps(ephemeral(message)), headers=headers)


def _form_ack(answer: ViewAnswer) -> BoltResponse:
    headers: dict[str, str | Sequence[str]] = {"content-type": "application/json; charset=utf-8"}
    return BoltResponse(status=200, body=json.dumps(answer.data), headers=headers)
