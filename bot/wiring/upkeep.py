"""Work that must go on for as long as the process lives: what breaks is told, begun again, and seen by `/readyz`.

A task that ends by an exception which nobody awaits is silence: alerts would be taken in, and nothing would come of them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

_LOG = structlog.get_logger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds between a break and the next try: they grow while it breaks again and again."""
STEADY = 60.0
"""Seconds after which work that broke counts as well again."""

Work = Callable[[], Awaitable[None]]


class Upkeep:
    """Keeps work going from `keep` to `stop`. Work that returns has ended, and is not begun again."""

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._tasks: list[asyncio.Task[None]] = []
        self._broken: dict[str, str] = {}

    def keep(self, name: str, work: Work) -> None:
        """Begin work, and begin it again whenever it breaks; `name` is what people read."""
        self._tasks.append(asyncio.create_task(self._keep(name, work), name=name))

    async def stop(self) -> None:
        """Put all work down."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def trouble(self) -> str:
        """What has broken and has not proven itself since, in words; empty when all is well."""
        return "; ".join(f"{name} breaks: {problem}" for name, problem in sorted(self._broken.items()))

    async def _keep(self, name: str, work: Work) -> None:
        loop = asyncio.get_running_loop()
        breaks = 0
        while True:
            began = loop.time()
            proving = loop.call_later(STEADY, self._broken.pop, name, None)
            try:
                await work()
            except Exception as bug:  # noqa: BLE001 - whatever broke it: the work must go on, and people must hear of it
                _LOG.exception("what should go on has broken off and is begun again", work=name)
                self._broken[name] = f"{type(bug).__name__}: {bug}"
                breaks = breaks + 1 if loop.time() - began < STEADY else 1
            else:
                self._broken.pop(name, None)
                return
            finally:
                proving.cancel()
            longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(breaks - 1, 10))
            await self._sleep(random.uniform(longest / 2, longest))  # noqa: S311 - a pause, no secret
