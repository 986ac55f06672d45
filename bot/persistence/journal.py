"""The way in: the port `Journal`. Units wait in a queue, one thread runs all that wait in one transaction, and each is answered after the commit.

The event loop never touches the database here; the thread never touches a future. What is promised when: see `bot.domain.ports.Journal`.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Protocol, TypeVar

from bot.crashpoints import CrashPoint, reached
from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.domain.ids import StreamId
from bot.domain.nouns import Actor
from bot.domain.ports import Transaction
from bot.errors import JournalBehind, JournalClosed, JournalError
from bot.persistence.batch import Append, Job
from bot.persistence.committer import Committer
from bot.persistence.outcomes import Answer, News

T = TypeVar("T")
Listener = Callable[[Sequence[Event]], None]
_HANDFUL = 128
"""How many units the thread is given at once at the most, before the loop goes on: it works on them meanwhile."""


class JournalObserver(Protocol):
    """What metrics want to know; called on the event loop."""

    def on_commit(self, units: int, events: int, seconds: float) -> None:
        """Units were answered together: how many, with how many events, and how long their transactions took."""
        ...


class _Waiting(NamedTuple):
    """A job and who waits for it."""

    job: Job
    answer: asyncio.Future[Any]


class _Batch(NamedTuple):
    """What is committed together: how many units it was, those of them that somebody still waits for, and their jobs."""

    units: int
    live: list[_Waiting]
    jobs: list[Job]


class BatchingJournal:
    """The journal over one committer and one thread.

    `max_batch` units share a transaction at the most, `max_waiting` may wait; then JournalBehind.
    """

    def __init__(
        self,
        committer: Committer,
        *,
        max_batch: int = 512,
        max_waiting: int = 10_000,
        observer: JournalObserver | None = None,
    ) -> None:
        self._committer = committer
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._observer = observer
        self._queue: SimpleQueue[list[_Waiting] | None] = SimpleQueue()
        self._entering: list[_Waiting] = []
        self._left: list[_Waiting] = []
        self._in_hand: list[_Waiting] = []
        self._ahead: _Batch | None = None
        self._waiting = 0
        self._listeners: list[Listener] = []
        self._late_listeners: list[Listener] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._work, name="fireline-journal", daemon=True)
        self._closing = False
        self._dead = threading.Event()
        self._fatal = ""

    async def start(self) -> None:
        """Open the database and begin to take work; ConfigurationError when it can't be used."""
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._committer.open)
        self._thread.start()

    async def close(self) -> None:
        """Take no more, finish what waits, and let go of the database."""
        self._closing = True
        if self._thread.is_alive():
            self._hand_over()
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
            # The thread's last answers are on the loop's list already: they come before what follows this.
            await asyncio.sleep(0)

    async def submit(self, unit: Callable[[Transaction], T]) -> T:
        """Run a unit of work and return its result once it is on disk."""
        result: T = await self._enter(unit)
        return result

    async def append(self, stream: StreamId, actor: Actor, facts: Sequence[Fact]) -> Sequence[Event]:
        """Append facts that need no reading first; the quickest way in."""
        events: Sequence[Event] = await self._enter(Append(stream, actor, facts))
        return events

    @property
    def waiting(self) -> int:
        """How many units wait for their commit now."""
        return self._waiting

    @property
    def ended(self) -> str:
        """Why the thread takes no work any more, in words; empty while it does. A full disk is no end: it may be emptied."""
        if self._dead.is_set():
            return self._fatal
        return "the journal is closed" if self._closing or not self._thread.is_alive() else ""

    @property
    def trouble(self) -> str:
        """Why the log can't be written now, in words; empty when it can."""
        return self.ended or self._committer.trouble

    def healthy(self) -> bool:
        """Tell whether the log can be written, as far as the last attempt showed."""
        return not self.trouble

    def listen(self, listener: Listener) -> None:
        """Call `listener` on the event loop with the events of each commit, after it is durable, in log order."""
        self._listeners.append(listener)

    def listen_late(self, listener: Listener) -> None:
        """Call `listener` with events that turned out to be durable after their unit was told that they could not be written, before others hear.

        Whoever submitted them has gone on as if they were not there: what they should have led to has yet to be brought about.
        """
        self._late_listeners.append(listener)

    def _enter(self, job: Job) -> asyncio.Future[Any]:
        """Put a job into the queue; called on the event loop."""
        if self._closing or self._loop is None:
            raise JournalClosed("the journal takes no more work: the process is stopping")
        if self._dead.is_set():
            raise JournalError(self._fatal, hint="restart Fireline; nothing that was answered is lost")
        if self._waiting >= self._max_waiting:
            raise JournalBehind(f"{self._waiting} units of work wait already", hint="try again in a moment")
        self._waiting += 1
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._entering.append(_Waiting(job, answer))
        if len(self._entering) == 1:
            # What else enters in this turn of the loop goes along: a burst becomes few commits, not a small one and then a large one.
            self._loop.call_soon(self._hand_over)
        elif len(self._entering) >= _HANDFUL:
            self._hand_over()
        return answer

    def _hand_over(self) -> None:
        """Give the thread what has entered."""
        if self._entering:
            entered, self._entering = self._entering, []
            self._queue.put(entered)
            if self._dead.is_set():  # the thread ended just now, and may have looked before this was there
                self._refuse_all(JournalError(self._fatal))

    # ---- in the thread

    def _work(self) -> None:
        """Commit what waits until the queue ends."""
        try:
            self._work_until_closed()
        except BaseException as error:  # noqa: BLE001 - the thread must not die in silence: whoever waits is told, and so is /readyz
            self._fatal = f"the journal's thread ended: {type(error).__name__}: {error}"
            self._dead.set()
            in_hand = [*self._in_hand, *(self._ahead.live if self._ahead is not None else [])]
            refused = [Answer(None, JournalError(self._fatal)) for _ in in_hand]
            self._on_loop(self._answer, in_hand, refused, [], len(refused), 0.0)
            self._refuse_all(JournalError(self._fatal))
        finally:
            self._committer.close()

    def _work_until_closed(self) -> None:
        closed = False
        while not closed:
            batch, self._ahead = self._ahead, None
            if batch is None:
                batch, closed = self._next_batch()
            self._in_hand = batch.live
            if batch.live:
                started = time.perf_counter()
                done = self._committer.commit(batch.jobs, self._look_ahead)
                took = time.perf_counter() - started
                self._on_loop(self._answer, batch.live, done.answers, done.news, batch.units, took)
            elif batch.units:
                self._on_loop(self._answer, [], [], [], batch.units, 0.0)
            self._in_hand = []

    def _look_ahead(self) -> Sequence[Job]:
        """Take the batch that comes next while the one in hand is not answered yet; no jobs when none waits."""
        if self._ahead is not None:
            return ()
        batch, _ = self._take(wait=False)
        if batch.units:
            self._ahead = batch
        return batch.jobs

    def _next_batch(self) -> tuple[_Batch, bool]:
        """Wait for work, and take all that is there up to a batch; True when the queue has ended."""
        batch, closed = self._take(wait=True)
        if not batch.units and not closed:
            news = self._committer.look_after().news
            if news:
                self._on_loop(self._answer, [], [], news, 0, 0.0)
        return batch, closed

    def _take(self, *, wait: bool) -> tuple[_Batch, bool]:
        """Take what waits, up to a batch; True when the queue has ended: who does not `wait` for work, or leaves some, leaves its end there too."""
        waiting, self._left = self._left, []
        closed = False
        with contextlib.suppress(Empty):
            while len(waiting) < self._max_batch and not closed:
                more = self._queue.get(block=wait and not waiting, timeout=self._committer.idle)
                if more is None:
                    closed = True
                else:
                    waiting += more
        taken, self._left = waiting[: self._max_batch], waiting[self._max_batch :]
        if closed and (self._left or not wait):
            self._queue.put(None)
            closed = False
        live = [each for each in taken if not each.answer.cancelled()]
        return _Batch(len(taken), live, [each.job for each in live]), closed

    def _refuse_all(self, error: JournalError) -> None:
        left, self._left = self._left, []
        while True:
            if left:
                refused = [Answer(None, error) for _ in left]
                self._on_loop(self._answer, left, refused, [], len(left), 0.0)
            try:
                left = self._queue.get_nowait() or []
            except Empty:
                return

    def _on_loop(self, call: Callable[..., None], *arguments: Any) -> None:  # noqa: ANN401 - passed on unread
        assert self._loop is not None  # noqa: S101 - the thread is started after it is set
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            # The loop is gone, and with it everybody who waited.
            return

    # ---- on the loop

    def _answer(
        self, waited: list[_Waiting], answers: list[Answer], news: list[News], units: int, seconds: float
    ) -> None:
        reached(CrashPoint.JOURNAL_BEFORE_ANSWER)
        self._waiting -= units
        for (_, future), (result, error) in zip(waited, answers, strict=True):
            if future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
        reached(CrashPoint.JOURNAL_ANSWERED)
        for events, late in news:
            for listener in (*self._late_listeners, *self._listeners) if late else self._listeners:
                self._tell(listener, events)
        if self._observer is not None and units:
            self._observer.on_commit(units, sum(len(events) for events, late in news if not late), seconds)

    def _tell(self, listener: Listener, events: Sequence[Event]) -> None:
        try:
            listener(events)
        except Exception as error:  # noqa: BLE001 - one listener's fault must not keep the news from the next
            # The loop's handler reports it.
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a listener of the journal failed", "exception": error}
            )
