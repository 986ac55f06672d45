"""What the driver does beside its callers: tasks that nobody may await, which a stop waits for and whose bugs are told."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from bot.errors import FirelineError

T = TypeVar("T")
_LOG = structlog.get_logger(__name__)


class Background:
    """Makes tasks; of those that it spawned, it holds what has not ended."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Make a task that the caller looks after."""
        # Asked for once: three tasks a step are made, and finding the loop costs a system call each time.
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop.create_task(work)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Make a task that nobody need look after."""
        task = self.begin(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    def working(self) -> list[asyncio.Task[None]]:
        """Return what was spawned and has not ended."""
        return list(self._tasks)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        problem = None if task.cancelled() else task.exception()
        # What a person is refused is told to them; where they are gone, there is nobody to tell.
        if problem is not None and not isinstance(problem, FirelineError):
            _LOG.error("the driver's own work broke", exc_info=problem)
