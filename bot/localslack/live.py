"""Live updates: what changed, told over server-sent events to every open page and to tests that wait.

An event says what changed and where; the reader fetches what it needs. A reader that comes back with `Last-Event-ID` misses nothing that is
still kept.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from bot.localslack import seen
from bot.localslack.world import Change, World

Json = dict[str, Any]
KEPT = 2000
HEARTBEAT_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEvent:
    """One numbered change."""

    seq: int
    change: Change


class LiveFeed:
    """Numbers the changes and hands them to all who listen."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: deque[LiveEvent] = deque(maxlen=KEPT)
        self._seq = 0
        self._readers: set[asyncio.Queue[LiveEvent | None]] = set()
        self._closed = False

    @property
    def seq(self) -> int:
        """The number of the newest change: whoever looks now and listens from after it misses nothing."""
        return self._seq

    def changed(self, change: Change) -> None:
        """Number a change and pass it on."""
        self._seq += 1
        event = LiveEvent(seq=self._seq, change=change)
        self._kept.append(event)
        for reader in self._readers:
            reader.put_nowait(event)

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        for reader in self._readers:
            reader.put_nowait(None)

    async def stream(self, user: str, *, after: int | None = None) -> AsyncIterator[str]:
        """The changes that `user` may see as server-sent events, from now on or from after a number."""
        reader: asyncio.Queue[LiveEvent | None] = asyncio.Queue()
        if after is not None:
            for event in self._kept:
                if event.seq > after:
                    reader.put_nowait(event)
        if self._closed:
            return
        self._readers.add(reader)
        try:
            yield "retry: 1000\n: connected\n\n"
            while True:
                try:
                    next_one = await asyncio.wait_for(reader.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if next_one is None:
                    return
                if self._visible(next_one.change, user):
                    yield f"id: {next_one.seq}\ndata: {json.dumps(_as_json(next_one))}\n\n"
        finally:
            self._readers.discard(reader)

    def _visible(self, change: Change, user: str) -> bool:
        if change.visible_to not in {"", user}:
            return False
        channel = self._world.channels.get(change.channel)
        return channel is None or seen.can_see(channel, user)


def _as_json(event: LiveEvent) -> Json:
    change = event.change
    return {
        "seq": event.seq,
        "kind": change.kind,
        "channel": change.channel,
        "ts": change.ts,
        "user": change.user,
    }
