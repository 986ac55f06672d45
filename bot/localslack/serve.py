"""Running the Local Slack: as a process of its own, or beside a test in the same loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import uvicorn

from bot.localslack.app import LocalSlack
from bot.localslack.clock import LocalClock
from bot.localslack.config import LocalSlackConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeConfig:
    """Where to listen, and what to serve there."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: any free one
    public_url: str = ""  # how others reach it, where that is not http://host:port
    log_level: str = "warning"
    slack: LocalSlackConfig = field(default_factory=LocalSlackConfig)


class _Server(uvicorn.Server):
    """uvicorn, which lets go of open streams before it waits for them."""

    def __init__(self, config: uvicorn.Config, slack: LocalSlack, *, own_signals: bool) -> None:
        super().__init__(config)
        self._slack = slack
        self._own_signals = own_signals

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._slack.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if not self._own_signals:
            yield
            return
        with super().capture_signals():
            yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(2048)  # so that who reads the URL can connect at once, before the server has started
    return listener


def _make(slack: LocalSlack, *, log_level: str, own_signals: bool) -> _Server:
    config = uvicorn.Config(
        slack,
        log_level=log_level,
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        ws="websockets-sansio",
        timeout_graceful_shutdown=2,
    )
    return _Server(config, slack, own_signals=own_signals)


@asynccontextmanager
async def serving(slack: LocalSlack, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve in the running loop, on a free port unless told; gives the base URL."""
    listener = _listen(host, port)
    slack.base_url = f"http://{host}:{listener.getsockname()[1]}"
    server = _make(slack, log_level="warning", own_signals=False)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.005)
        yield slack.base_url
    finally:
        server.should_exit = True
        await task
        listener.close()


def serve(config: ServeConfig) -> None:
    """Serve until interrupted; prints the URL once it listens."""
    slack = LocalSlack(config.slack, LocalClock())
    listener = _listen(config.host, config.port)
    port = listener.getsockname()[1]
    slack.base_url = config.public_url or f"http://{config.host}:{port}"
    print(f"Local Slack on {slack.base_url}", flush=True)  # noqa: T201  what a person and a script wait for
    server = _make(slack, log_level=config.log_level, own_signals=True)
    server.run(sockets=[listener])
