"""Socket Mode: lines to Slack over which it sends what people do, for a process that nobody can reach from outside.

Two lines, so that one can be refreshed while the other takes what comes (https://docs.slack.dev/apis/events-api/using-socket-mode). A
payload whose ack was lost is sent again by Slack, and known again by its key.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.pace import Sleep
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
PING = 5.0
"""Seconds between two pings; a line that fell is seen within as many."""
_SETTLED = 3.0
"""Seconds for which a line counts as new."""
_FIRST, _LONGEST = 1.0, 60.0


class _Line(SocketModeClient):
    """The SDK's client, which reconnects once a refresh and not twice.

    Slack says `disconnect` and closes; the SDK takes each for a reason of its own, and the second drops the line that the first has just opened,
    with whatever was on it.
    """

    _opened = 0.0

    async def connect(self) -> None:
        """Open the line."""
        await super().connect()  # type: ignore[no-untyped-call]
        self._opened = time.monotonic()

    async def connect_to_new_endpoint(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - the SDK's signature
        """Open another line unless the one there is has just been opened."""
        just_opened = time.monotonic() - self._opened < _SETTLED
        await super().connect_to_new_endpoint(force=force and not just_opened)


class _Handler(AsyncSocketModeHandler):
    """Bolt's handler over our line."""

    def __init__(self, app: AsyncApp, app_token: str, web: AsyncWebClient) -> None:
        self.app = app
        self.app_token = app_token
        self.client = _Line(app_token=app_token, logger=app.logger, web_client=web, ping_interval=PING)
        self.client.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type]


class SocketLines:
    """Keeps lines to Slack open from `start` to `stop`; `app` gives the bolt app that answers, and is asked for once a line."""

    def __init__(
        self, *, app: Callable[[], AsyncApp], app_token: str, web: AsyncWebClient, lines: int, sleep: Sleep
    ) -> None:
        self._app = app
        self._token = app_token
        self._web = web
        self._count = lines
        self._sleep = sleep
        self._handlers: list[_Handler] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to connect; returns at once, whether Slack answers or not."""
        for number in range(self._count):
            handler = _Handler(self._app(), self._token, self._web)
            self._handlers.append(handler)
            self._tasks.append(asyncio.create_task(self._connect(handler), name=f"slack-socket-{number}"))

    async def stop(self) -> None:
        """Hang up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for handler in self._handlers:
            loops = [
                handler.client.message_processor,
                handler.client.current_session_monitor,
                handler.client.message_receiver,
            ]
            await handler.client.close()  # type: ignore[no-untyped-call]
            await asyncio.gather(*(each for each in loops if each is not None), return_exceptions=True)
        self._tasks.clear()
        self._handlers.clear()

    async def connected(self) -> int:
        """Return how many lines are open."""
        return sum([await each.client.is_connected() for each in self._handlers])

    async def _connect(self, handler: _Handler) -> None:
        """Connect once; from then on the SDK's client reconnects by itself."""
        pause = _FIRST
        while True:
            try:
                await handler.client.connect()  # type: ignore[no-untyped-call]
            except Exception as problem:  # noqa: BLE001 - whatever keeps a line down is said and tried again
                _LOG.warning("no Socket Mode line to Slack", problem=str(problem), again_in=pause)
                await self._sleep(pause)
                pause = min(_LONGEST, pause * 2)
            else:
                _LOG.info("a Socket Mode line to Slack is open")
                return
