"""Counting HTTP requests, as a layer around any ASGI application.

Knows nothing of what the requests are about. A path that no route has is counted as `unmatched`: a scanner can't grow the registry.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from bot.telemetry.metrics import Metrics

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class CountRequests:
    """ASGI middleware: `app.add_middleware(CountRequests, metrics=metrics)`."""

    def __init__(self, app: AsgiApp, *, metrics: Metrics, clock: Callable[[], float] = perf_counter) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass everything through; count HTTP alone, an application that raised as 500."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = self._clock()
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.http_requests.labels(method=method, route=route, status=str(status)).inc()
            self._metrics.http_request_seconds.labels(method=method, route=route).observe(
                self._clock() - started
            )
