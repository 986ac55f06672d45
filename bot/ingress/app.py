"""The ingress's routes, for the wiring to put beside the console's and the chat's in one application."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter

from prometheus_client import Counter
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.ingress.alertmanager import AlertmanagerWebhook
from bot.ingress.health import Check, health_routes
from bot.telemetry import Metrics

ALERTMANAGER_PATH = "/webhooks/alertmanager"


def ingress_routes(
    *,
    alertmanager: AlertmanagerWebhook,
    metrics: Metrics,
    alive: Mapping[str, Check],
    ready: Mapping[str, Check],
    info: Mapping[str, Check],
    leads: Check | None = None,
) -> list[BaseRoute]:
    """Return every route of the ingress; `leads` is given where the process stands by, see `health_routes`."""
    # An instance and not a function: Starlette then passes ASGI through as it is, and the endpoint answers 405 itself.
    return [
        Route(ALERTMANAGER_PATH, alertmanager),
        *health_routes(alive=alive, ready=ready, info=info, metrics=metrics, leads=leads),
    ]


class StraightIn:
    """The application with a door of its own for the webhook: past routing and middleware, which cost more than reading a delivery does.

    Everything else, the process's start and stop too, goes to `app`. Requests are counted here as `bot.telemetry.requests` counts the others.
    """

    def __init__(self, app: ASGIApp, alertmanager: AlertmanagerWebhook, metrics: Metrics) -> None:
        self._app = app
        self._alertmanager = alertmanager
        self._metrics = metrics
        self._seconds = metrics.http_request_seconds.labels(method="POST", route=ALERTMANAGER_PATH)
        self._posts: dict[int, Counter] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; what is not a delivery goes the way of every other request."""
        if scope["type"] != "http" or scope["path"] != ALERTMANAGER_PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        status = 500
        try:
            made = await self._alertmanager.respond(scope, receive)
            status = made.status if made is not None else 499
            if made is not None:
                await made.send(send)
        finally:
            self._counter(status).inc()
            self._seconds.observe(perf_counter() - started)

    def _counter(self, status: int) -> Counter:
        counter = self._posts.get(status)
        if counter is None:
            counter = self._metrics.http_requests.labels(
                method="POST", route=ALERTMANAGER_PATH, status=str(status)
            )
            self._posts[status] = counter
        return counter
