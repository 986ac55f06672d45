"""Handles what people asked for, after the ack and after a crash, and tells them how it went.

An effect and the mark that its payload is handled are one unit of work wherever the effect is the desk's: such a thing happens once,
whenever the process dies. Votes and settlements belong to the engine, which counts each person once by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from bot.chat.blocks.answers import failed, refused, said
from bot.chat.blocks.ink import Redact
from bot.chat.commands.words import mentioned
from bot.chat.inbound.payload import ACTION, COMMAND, EVENT, SHORTCUT, VIEW, Asked
from bot.chat.inbound.reply import Answer, Teller, Window
from bot.chat.pace import Sleep
from bot.crashpoints import CrashPoint, reached
from bot.domain.dead_letters import Landing, land
from bot.domain.events import Event
from bot.domain.facts import DeadLetterRequeued, Fact
from bot.domain.ids import StreamId
from bot.domain.nouns import Actor, DeadKind, DeadReason
from bot.domain.ports import Journal, Reader, Transaction
from bot.domain.records import InboxEntry, IncidentRecord
from bot.errors import ChatError, FirelineError, JournalClosed, JournalError, Refused
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
T = TypeVar("T")
TRIES = 4
AT_ONCE = 32
LEFT_AT_START = 10_000
_PAUSE = 1.0
_MOST_TITLE = 200
"""Characters of a command that its dead letter shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to do for a person: `journal` marks it as handled together with its first unit of work; `again` when it was begun before."""

    asked: Asked
    journal: Journal
    again: bool


class Handler(Protocol):
    """Does what was asked and returns what to say to the person, None for nothing; raises FirelineError to refuse."""

    def __call__(self, task: Task) -> Awaitable[Answer]:
        """Handle a task."""
        ...


class InboxWorker:
    """Takes entries from the intake, and at the start those that a crash left behind.

    Where there may be several workspaces, `reader_of` returns the reader of one, of home for none.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        reader: Reader,
        handler: Handler,
        replier: Teller,
        redact: Redact,
        sleep: Sleep,
        reader_of: Callable[[str], Reader] | None = None,
    ) -> None:
        self._journal = journal
        self._reader = reader
        self._reader_of = reader_of or (lambda _workspace: reader)
        self._handler = handler
        self._replier = replier
        self._redact = redact
        self._sleep = sleep
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def recover(self) -> int:
        """Take up what is durable and not handled; return how many."""
        left = self._reader.inbox_waiting(limit=LEFT_AT_START)
        for entry in left:
            self._start(entry, None, again=True)
        return len(left)

    def take(self, entry: InboxEntry, window: Window | None = None) -> None:
        """Handle an entry that has just become durable; its answer goes through `window` if it comes in time."""
        self._start(entry, window, again=False)

    def watch(self, events: Sequence[Event]) -> None:
        """Hear what was put back, and handle it again; on the event loop, returns at once."""
        for event in events:
            fact = event.fact
            if isinstance(fact, DeadLetterRequeued) and fact.what is DeadKind.REQUEST:
                entry = self._reader.inbox_entry(fact.key.partition("/")[2])
                if entry is not None:
                    self._start(entry, None, again=True)

    def disown(self, key: str) -> None:
        """See to it that an entry is never handled, whose sender was told that it was not kept: it may be on disk all the same."""
        if key not in self._tasks:
            task = self._tasks[key] = asyncio.create_task(self._disown(key))
            task.add_done_callback(lambda _: self._tasks.pop(key, None))

    async def _disown(self, key: str) -> None:
        with contextlib.suppress(JournalClosed):
            await self._surely(
                lambda tx: tx.close_inbox(key, error="its sender was told that it was not kept")
            )

    async def stop(self, grace: float) -> None:
        """Let handlers end for up to `grace` seconds; the next start takes up what they leave."""
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, entry: InboxEntry, window: Window | None, *, again: bool) -> None:
        if entry.key not in self._tasks:
            task = self._tasks[entry.key] = asyncio.create_task(self._handle(entry, window, again=again))
            task.add_done_callback(lambda _: self._tasks.pop(entry.key, None))

    async def _handle(self, entry: InboxEntry, window: Window | None, *, again: bool) -> None:
        asked = Asked.from_data(entry.payload)
        async with self._slots:
            reached(CrashPoint.INBOX_BEFORE_HANDLING)
            try:
                answer = await self._until_done(entry, asked, again=again)
            except JournalClosed:
                return
        reached(CrashPoint.INBOX_HANDLED)
        if not (window is not None and window.take(answer)) and answer is not None:
            await self._replier.tell(asked, answer, since=entry.received_at)

    async def _until_done(self, entry: InboxEntry, asked: Asked, *, again: bool) -> Answer:
        # A form that was sent off twice, because its first ack was lost, does its thing once.
        once = f"done/{asked.view}" if asked.kind == VIEW else ""
        while True:
            closing = _ClosingJournal(self._journal, entry.key, again=again, once=once)
            try:
                message = await self._once(Task(asked=asked, journal=closing, again=again), closing)
            except (JournalError, ChatError) as problem:
                if isinstance(problem, JournalClosed):
                    raise
                fault = f"{type(problem).__name__}: {problem}"
            except FirelineError as refusal:
                await self._surely(lambda tx: tx.close_inbox(entry.key))
                about = refusal.about if isinstance(refusal, Refused) else ""
                return refused(str(refusal), refusal.hint, redact=self._redact, about=about)
            except Exception as bug:  # noqa: BLE001 - whatever went wrong, the payload is kept and the person told
                _LOG.exception("what a person asked for failed", key=entry.key)
                fault = f"{type(bug).__name__}: {bug}"
            else:
                if not closing.closed:
                    await self._surely(lambda tx: tx.close_inbox(entry.key))
                return message
            again = True
            tries = await self._count(entry, asked, fault)
            if tries >= TRIES:
                return failed(entry.key.partition("/")[2][:12])
            await self._sleep(_PAUSE * 2 ** (tries - 1))

    async def _once(self, task: Task, closing: _ClosingJournal) -> Answer:
        """Handle a task. Once its effect is durable nothing brings it back here: a fault after that costs the answer alone."""
        try:
            return await self._handler(task)
        except JournalClosed:
            raise
        except Exception as fault:  # raised on, unless the effect is durable: then it costs the answer alone
            if not closing.closed:
                raise
            if not isinstance(fault, _HandledBefore):
                _LOG.exception(
                    "what a person asked for is done, and could not be told", action=task.asked.kind
                )
            return said("✅ That is done.", "What it looks like now, the incident's message shows.")

    async def _count(self, entry: InboxEntry, asked: Asked, fault: str) -> int:
        """Count a try that failed; the last one puts it into the dead-letter list, and keeps the payload."""

        def unit(tx: Transaction) -> int:
            tries = tx.retry_inbox(entry.key, error=fault)
            if tries >= TRIES:
                tx.close_inbox(entry.key, error=fault)
                its = _belongs(self._reader_of(asked.workspace), asked)
                landing = Landing(
                    what=DeadKind.REQUEST,
                    about=entry.key,
                    reason=DeadReason.BUG,
                    title=self._redact(_wanted(asked)),
                    detail=self._redact(fault),
                    tries=tries,
                    incident=its.id if its is not None else None,
                )
                land(tx, landing)
            return tries

        return await self._surely(unit)

    async def _surely(self, unit: Callable[[Transaction], T]) -> T:
        """Write into the journal, waiting while it can't be written; JournalClosed when the process stops."""
        while True:
            try:
                return await self._journal.submit(unit)
            except JournalClosed:
                raise
            except JournalError as problem:
                _LOG.warning("the log can't be written; an answer waits", problem=str(problem))
                await self._sleep(_PAUSE)


def _belongs(reader: Reader, asked: Asked) -> IncidentRecord | None:
    """Return the incident whose people may see that something failed: the channel's, or a private one that was named elsewhere; None for anybody.

    `reader` is that of the workspace where it was asked: another may have a channel of the same id, and has incidents of other numbers.
    """
    here = reader.incident_of_channel(asked.channel) if asked.channel else None
    if here is not None:
        return here
    named = [reader.incident(each) for each in mentioned(asked.text)] if asked.kind == COMMAND else []
    return next((each for each in named if each is not None and each.private), None)


def _wanted(asked: Asked) -> str:
    """Say what a person wanted, as far as a list has room for it."""
    if asked.kind == COMMAND:
        return f"what {asked.user} typed: {asked.text[:_MOST_TITLE]}"
    return _OTHERWISE[asked.kind].format(action=asked.action, user=asked.user)


_OTHERWISE = {
    ACTION: "the button {action} that {user} pressed",
    VIEW: "the form {action} that {user} sent off",
    SHORTCUT: "the shortcut {action} that {user} used",
    EVENT: "what is to follow when {user} does this: {action}",
}


class _HandledBefore(Exception):
    """The effect became durable at an earlier try, whose answer was lost."""


class _ClosingJournal:
    """A journal whose first unit of work also marks a payload as handled: both become durable, or neither."""

    def __init__(self, journal: Journal, key: str, *, again: bool, once: str = "") -> None:
        self._journal = journal
        self._key = key
        self._again = again
        self._once = once
        self.closed = False

    async def submit(self, unit: Callable[[Transaction], T]) -> T:
        """See `Journal.submit`."""
        if self.closed:
            return await self._journal.submit(unit)

        def both(tx: Transaction) -> tuple[T] | None:
            if self._again and self._key not in {each.key for each in tx.inbox_waiting(limit=LEFT_AT_START)}:
                return None
            if self._once and not _first_time(tx, self._once):
                tx.close_inbox(self._key)
                return None
            result = unit(tx)
            tx.close_inbox(self._key)
            return (result,)

        done = await self._journal.submit(both)
        self.closed = True
        if done is None:
            raise _HandledBefore
        return done[0]

    async def append(self, stream: StreamId, actor: Actor, facts: Sequence[Fact]) -> Sequence[Event]:
        """See `Journal.append`."""
        return await self.submit(lambda tx: tx.append(stream, actor, facts))

    @property
    def waiting(self) -> int:
        """See `Journal.waiting`."""
        return self._journal.waiting

    def listen(self, listener: Callable[[Sequence[Event]], None]) -> None:
        """See `Journal.listen`."""
        self._journal.listen(listener)


def _first_time(tx: Transaction, key: str) -> bool:
    """Mark a thing as done that is done once; False when it was."""
    fresh = tx.put_inbox(InboxEntry(key=key, kind="done", payload={}, received_at=tx.now))
    tx.close_inbox(key)
    return fresh
