"""Fireline as a process: an HTTP server in front, signals that stop it or make it read its runbooks anew."""

from __future__ import annotations

import asyncio
import signal

import structlog
import uvicorn

from bot.settings import Settings
from bot.wiring.assembly import running
from bot.wiring.fireline import Fireline
from bot.wiring.routes import application

_LOG = structlog.get_logger(__name__)
BACKLOG = 2048


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP reads the runbooks anew."""
    async with running(settings) as fireline:
        server = uvicorn.Server(
            uvicorn.Config(
                application(fireline),
                host=settings.http.host,
                port=settings.http.port,
                log_config=None,
                access_log=False,
                lifespan="off",
                backlog=BACKLOG,
                server_header=False,
            )
        )
        reloading = _reload_on_hangup(fireline)
        try:
            await server.serve()
        finally:
            reloading.cancel()


def _reload_on_hangup(fireline: Fireline) -> asyncio.Task[None]:
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)

    async def reload() -> None:
        while True:
            await asked.wait()
            asked.clear()
            try:
                await fireline.reload()
            except Exception:  # noqa: BLE001 - a reload that fails leaves what is in force, and the next one is tried all the same
                _LOG.exception("the runbooks could not be loaded")

    return asyncio.create_task(reload(), name="reload-on-hangup")
