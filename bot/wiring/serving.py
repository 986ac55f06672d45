"""Fireline as a process: an HTTP server in front, signals that stop it or make it read its runbooks anew."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator

import structlog
import uvicorn
from starlette.types import ASGIApp

from bot.errors import ConfigurationError
from bot.settings import Settings
from bot.settings.model import HttpSettings
from bot.wiring.routes import credentials_of
from bot.wiring.succession import Succession
from bot.wiring.whole_answers import WholeAnswers

_LOG = structlog.get_logger(__name__)
BACKLOG = 2048
_STOPPING = (signal.SIGTERM, signal.SIGINT)


class Server(uvicorn.Server):
    """uvicorn, less its hold on signals: it would raise them again when it has stopped, before the rooms behind it are put down."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `serve`."""
        yield


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, leading or standing by; SIGHUP reads the runbooks anew.

    ConfigurationError when the address can't be had, before anything has begun.
    """
    with bind(settings.http) as listening:
        hangups = _Hangups()
        succession = Succession(settings)
        server = Server(_config(settings, succession.front))
        await succession.begin(failed=lambda: server.handle_exit(signal.SIGTERM, None))
        try:
            for number in _STOPPING:
                asyncio.get_running_loop().add_signal_handler(number, server.handle_exit, number, None)
            await _serve(settings, succession, server, hangups, listening)
        finally:
            await succession.end()


async def _serve(
    settings: Settings,
    succession: Succession,
    server: Server,
    hangups: _Hangups,
    listening: socket.socket,
) -> None:
    reloading = asyncio.create_task(hangups.reload(succession), name="reload-on-hangup")
    warning = credentials_of(settings).warning
    if warning:
        _LOG.warning(warning)
    host, port = listening.getsockname()[:2]
    _LOG.info("taking requests", host=host, port=port)
    try:
        await server.serve(sockets=[listening])
    finally:
        reloading.cancel()
        _LOG.info("stopping", grace_seconds=settings.engine.shutdown_grace.total_seconds())


def bind(http: HttpSettings) -> socket.socket:
    """Take the port without listening yet; ConfigurationError when it can't be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            http.host, http.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise ConfigurationError(f"http.host {http.host!r} is no address: {error.strerror}.") from None
    taken = socket.socket(family, kind, protocol)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(address)
    except OSError as error:
        taken.close()
        raise ConfigurationError(
            f"Fireline can't listen on {http.host} port {http.port}: {error.strerror}.",
            hint="`http.port` and `http.host` choose another; FIRELINE_HTTP__PORT does so for one start.",
        ) from None
    return taken


def _config(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        http=WholeAnswers,
        access_log=False,
        lifespan="off",
        backlog=BACKLOG,
        server_header=False,
        # Who a request comes from is never what a header says: with FORWARDED_ALLOW_IPS set, anybody could be 127.0.0.1.
        proxy_headers=False,
        # A page that is kept open must not keep the process: what is under way gets as long as running steps do.
        timeout_graceful_shutdown=max(1, round(settings.engine.shutdown_grace.total_seconds())),
    )


class _Hangups:
    """SIGHUP from the first moment on: before the runbooks stand, it would end the process."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._asked.set)

    async def reload(self, succession: Succession) -> None:
        """Read the runbooks anew whenever somebody asks."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                await succession.reload()
            except Exception:  # noqa: BLE001 - a reload that fails leaves what is in force, and the next one is tried all the same
                _LOG.exception("the runbooks could not be loaded")
