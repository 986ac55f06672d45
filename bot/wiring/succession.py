"""Who leads, and what this process does about it: it leads at once, or it stands by until it can (Postgres alone).

A process that has lost the lead ends at once, as if it had been killed: whatever it still had in hand is the next leader's to decide, and the only
sure way to begin nothing more is to be gone. Whoever watches over processes starts it again, to stand by.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.errors import ConfigurationError, DatabaseInUse, JournalError
from bot.persistence.database import serves_many
from bot.settings import Settings
from bot.wiring.assembly import open_fireline
from bot.wiring.fireline import Fireline
from bot.wiring.grounds import Grounds, prepare
from bot.wiring.interpreter import settle_in
from bot.wiring.routes import application, standby_application
from bot.wiring.standby import LOOK, Standby

_LOG = structlog.get_logger(__name__)
LEAD_LOST = 3
"""Exit status, told of by `bot.cli`: another process leads now. Start this one again, and it stands by."""


class Front:
    """The application of the role that this process has now."""

    def __init__(self) -> None:
        self.app: ASGIApp = _nothing_yet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        await self.app(scope, receive, send)


async def _nothing_yet(_scope: Scope, _receive: Receive, _send: Send) -> None:
    msg = "no request comes before a role is taken"
    raise RuntimeError(msg)


def end_at_once(why: str) -> None:
    """End this process, from any thread, with nothing more done than a line in the log."""
    _LOG.critical(
        "this process has lost the lead and ends at once",
        why=why,
        hint="start it again, and it stands by; what it had begun, the one that leads decides",
    )
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(LEAD_LOST)


class Succession:
    """A process's part in leading: `begin` it once, `end` it once. `lost` is called when another process leads instead, from any thread."""

    def __init__(self, settings: Settings, *, lost: Callable[[str], None] = end_at_once) -> None:
        self.grounds: Grounds = prepare(settings)
        self.front = Front()
        self.fireline: Fireline | None = None
        self._lost = lost
        self._standby: Standby | None = None
        self._succeeding: asyncio.Task[None] | None = None

    async def begin(self, *, failed: Callable[[], None]) -> None:
        """Lead, or stand by; `failed` is called when a process that stood by can't lead, and `end` then raises why.

        ConfigurationError when the database can't be used; on SQLite also when another process has it.
        """
        try:
            await self._lead()
        except DatabaseInUse as taken:
            if not serves_many(self.grounds.settings.database):
                raise
            _LOG.info("standing by", why=str(taken))
        else:
            return
        standby = self._standby = Standby(self.grounds)
        self.front.app = standby_application(standby)
        self._succeeding = asyncio.create_task(self._succeed(standby), name="succession")
        self._succeeding.add_done_callback(lambda task: failed() if _has_failed(task) else None)

    async def reload(self) -> None:
        """Read the runbooks anew; whoever stands by does so when it leads."""
        if self.fireline is not None:
            await self.fireline.reload()

    async def end(self) -> None:
        """Hand over, or stop standing by."""
        if self._succeeding is not None:
            self._succeeding.cancel()
            await asyncio.wait({self._succeeding})
        if self.fireline is not None:
            await self.fireline.stop()
        if self._standby is not None:
            await self._standby.close()
        if self._succeeding is not None and _has_failed(self._succeeding):
            self._succeeding.result()

    async def _lead(self) -> None:
        fireline = await open_fireline(self.grounds, on_lost=self._lost)
        try:
            await fireline.start()
        except BaseException:  # what was started is put down, whatever it was; raised again
            await fireline.stop()
            raise
        self.fireline = fireline
        self.front.app = application(fireline)
        self.grounds.metrics.leader.set(1)
        settle_in()

    async def _succeed(self, standby: Standby) -> None:
        while True:
            await standby.until_free()
            try:
                await self._lead()
            except DatabaseInUse as taken:
                _LOG.info("another process was quicker", why=str(taken))
            except (ConfigurationError, JournalError) as problem:
                _LOG.error("the lead can't be taken", problem=str(problem), hint=problem.hint)
            else:
                await standby.rest()
                return
            await asyncio.sleep(LOOK)


def _has_failed(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None
