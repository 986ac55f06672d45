"""Slack's pace: who may call now, and who is next (https://docs.slack.dev/apis/web-api/rate-limits).

Each bucket lets so many calls through in so many seconds, counted from when a call *ended*, so that no delay on the way can squeeze two
together. Those who wait go by priority, not by arrival: a SEV1 never stands behind a hundred SEV4s. A 429 closes its bucket for as long as
Slack says.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from bot.chat.client import Throttled
from bot.domain.clock import Clock

Sleep = Callable[[float], Awaitable[None]]
"""Waits that many seconds; `asyncio.sleep`, or a test's own time."""
Priority = tuple[int, ...]
"""Lower goes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most `calls` in any `seconds`."""

    calls: int
    seconds: float


TIER_2 = Rate(calls=20, seconds=60.5)
TIER_3 = Rate(calls=50, seconds=60.5)
TIER_4 = Rate(calls=100, seconds=60.5)
POST = Rate(calls=1, seconds=1.05)
"""A second and a little: two clocks never agree to the millisecond."""
EDIT = Rate(calls=1, seconds=1.2)
"""Our own: a message that changes more often than people can read is noise, and the tier is shared by all incidents."""

METHODS = {
    "bookmarks.add": TIER_2,
    "bookmarks.list": TIER_3,
    "chat.postMessage": Rate(calls=240, seconds=60.5),
    "chat.update": TIER_3,
    "chat.postEphemeral": TIER_4,
    "conversations.archive": TIER_2,
    "conversations.create": TIER_2,
    "conversations.unarchive": TIER_2,
    "conversations.setTopic": TIER_2,
    "conversations.list": TIER_2,
    "conversations.invite": TIER_3,
    "conversations.history": TIER_3,
    "conversations.info": TIER_3,
    "conversations.replies": TIER_3,
    "pins.add": TIER_2,
    "conversations.canvases.create": TIER_2,
    "files.getUploadURLExternal": TIER_4,
    "files.completeUploadExternal": TIER_4,
    "files.info": TIER_4,
    "users.info": TIER_4,
    "users.lookupByEmail": TIER_3,
    "usergroups.list": TIER_2,
    "users.list": TIER_2,
    "views.open": TIER_4,
    "views.publish": TIER_4,
    "views.push": TIER_4,
    "views.update": TIER_4,
}
"""Calls a minute in the whole workspace."""
CHANNELS = {"chat.postMessage": POST, "chat.update": EDIT}
"""Calls in one channel."""


class Bucket:
    """One limit: hands out turns in order of priority."""

    def __init__(self, rate: Rate, clock: Clock, sleep: Sleep) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._ended: deque[datetime] = deque(maxlen=rate.calls)
        self._out = 0
        self._closed_until: datetime | None = None
        self._waiting: list[tuple[Priority, int, asyncio.Future[None]]] = []
        self._arrivals = count()
        self._freed = asyncio.Event()
        self._server: asyncio.Task[None] | None = None

    async def enter(self, priority: Priority) -> None:
        """Wait for a turn; `leave` gives it back."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._arrivals), turn))
        if self._server is None or self._server.done():
            self._server = asyncio.create_task(self._serve(), name="slack-pace")
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(used=False)
            raise

    def leave(self, *, used: bool) -> None:
        """Give a turn back; one that was used counts from now."""
        self._out -= 1
        if used:
            self._ended.append(self._clock.now())
        self._freed.set()

    def close(self, seconds: float) -> None:
        """Let nobody through for so long."""
        until = self._clock.now() + timedelta(seconds=seconds)
        self._closed_until = max(until, self._closed_until or until)

    async def stop(self) -> None:
        """Give out no more turns."""
        if self._server is not None:
            self._server.cancel()
            await asyncio.gather(self._server, return_exceptions=True)

    async def _serve(self) -> None:
        while self._waiting:
            wait = self._wait()
            if wait is None:
                self._freed.clear()
                await self._freed.wait()
            elif wait > 0:
                await self._sleep(wait)
            else:
                _, _, turn = heapq.heappop(self._waiting)
                if not turn.done():
                    self._out += 1
                    turn.set_result(None)

    def _wait(self) -> float | None:
        """Seconds until the next turn, None when a call under way must end first."""
        now = self._clock.now()
        window = timedelta(seconds=self._rate.seconds)
        while self._ended and now - self._ended[0] >= window:
            self._ended.popleft()
        closed = (self._closed_until - now).total_seconds() if self._closed_until else 0.0
        if self._out + len(self._ended) < self._rate.calls:
            return max(0.0, closed)
        if not self._ended:
            return None
        return max(closed, (self._ended[0] + window - now).total_seconds(), 0.0)

    @property
    def idle(self) -> bool:
        """Whether it holds nothing worth remembering."""
        return not self._waiting and not self._out and self._wait() == 0 and not self._ended


class Pacer:
    """Every bucket of a workspace."""

    def __init__(self, clock: Clock, sleep: Sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._buckets: dict[tuple[str, str], Bucket] = {}

    @asynccontextmanager
    async def turn(self, method: str, channel: str = "", *, priority: Priority = ()) -> AsyncIterator[Turn]:
        """Wait until a call of `method` may be made, and count it when the block ends; `Turn.skip` says that none was made."""
        turn = Turn()
        entered: list[Bucket] = []
        try:
            for bucket in self._needed(method, channel):
                await bucket.enter(priority)
                entered.append(bucket)
            yield turn
        except Throttled as refusal:
            # Slack counts a post by its channel, everything else by its method: that bucket stays shut for all who wait.
            entered[0].close(refusal.retry_after)
            raise
        finally:
            for bucket in reversed(entered):
                bucket.leave(used=turn.used and len(entered) == len(self._needed(method, channel)))

    async def stop(self) -> None:
        """Give out no more turns."""
        await asyncio.gather(*(each.stop() for each in self._buckets.values()))

    def _needed(self, method: str, channel: str) -> list[Bucket]:
        """The channel's own bucket first: waiting there costs nobody else a turn."""
        buckets = []
        if channel and method in CHANNELS:
            buckets.append(self._bucket(f"{method} in a channel", channel, CHANNELS[method]))
        buckets.append(self._bucket(method, "", METHODS.get(method, TIER_2)))
        return buckets

    def _bucket(self, name: str, channel: str, rate: Rate) -> Bucket:
        if len(self._buckets) > 4096:  # noqa: PLR2004 - channels come and go; a bucket that holds nothing is forgotten
            self._buckets = {key: each for key, each in self._buckets.items() if not each.idle}
        bucket = self._buckets.get((name, channel))
        if bucket is None:
            bucket = self._buckets[(name, channel)] = Bucket(rate, self._clock, self._sleep)
        return bucket


class Turn:
    """The right to make one call."""

    def __init__(self) -> None:
        self.used = True

    def skip(self) -> None:
        """Say that no call was made after all."""
        self.used = False
