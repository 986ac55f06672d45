"""The ingress's routes, for the wiring to put beside the console's and the chat's in one application."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.routing import BaseRoute, Route

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
) -> list[BaseRoute]:
    """Return every route of the ingress."""
    # An instance and not a function: Starlette then passes ASGI through as it is, and the endpoint answers 405 itself.
    return [
        Route(ALERTMANAGER_PATH, alertmanager),
        *health_routes(alive=alive, ready=ready, info=info, metrics=metrics),
    ]
