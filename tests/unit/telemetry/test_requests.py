"""Counting requests from the outside of an application."""

from collections.abc import MutableMapping
from types import SimpleNamespace
from typing import Any

import pytest

from bot.telemetry.metrics import Metrics
from bot.telemetry.requests import CountRequests, Message, Receive, Send


async def receive() -> Message:
    """Give an empty body."""
    return {"type": "http.request", "body": b""}


async def send(_message: Message) -> None:
    """Drop the answer."""


def application(route: str | None = None, status: int | None = 200) -> Any:
    """Make an application that answers with a status, or raises when it is None."""

    async def app(scope: MutableMapping[str, Any], _receive: Receive, out: Send) -> None:
        if route is not None:
            scope["route"] = SimpleNamespace(path=route)
        if status is None:
            msg = "broken"
            raise RuntimeError(msg)
        await out({"type": "http.response.start", "status": status})
        await out({"type": "http.response.body", "body": b""})

    return app


async def counted(app: Any, **scope: Any) -> dict[str, str]:
    """Send one request and return the labels under which it was counted, with how long it took."""
    metrics = Metrics(version="", process=False)
    ticks = iter([1.0, 1.25])
    middleware = CountRequests(app, metrics=metrics, clock=lambda: next(ticks))
    try:
        await middleware({"type": "http", "method": "GET", **scope}, receive, send)
    finally:
        (family,) = (each for each in metrics.registry.collect() if each.name == "fireline_http_requests")
        (sample,) = (each for each in family.samples if each.name.endswith("_total"))
        labels = sample.labels
        rest = {name: labels[name] for name in ("method", "route")}
        assert metrics.registry.get_sample_value("fireline_http_request_seconds_sum", rest) == 0.25
    return labels


async def test_counts_by_template_and_not_by_path() -> None:
    """Incident 1 and incident 2 are one route."""
    labels = await counted(application("/incidents/{number}", 404), path="/incidents/1")
    assert labels == {"method": "GET", "route": "/incidents/{number}", "status": "404"}


async def test_what_no_route_knows_is_one_label() -> None:
    """A scanner's paths and methods don't grow the registry."""
    labels = await counted(application(None, 404), path="/wp-admin", method="BREW")
    assert labels == {"method": "other", "route": "unmatched", "status": "404"}


async def test_an_application_that_raises_is_a_500() -> None:
    """The error goes on its way, and is counted."""
    metrics = Metrics(version="", process=False)
    middleware = CountRequests(application("/x", None), metrics=metrics)
    with pytest.raises(RuntimeError, match="broken"):
        await middleware({"type": "http", "method": "GET"}, receive, send)
    labels = {"method": "GET", "route": "/x", "status": "500"}
    assert metrics.registry.get_sample_value("fireline_http_requests_total", labels) == 1


async def test_other_kinds_pass_uncounted() -> None:
    """A WebSocket or the lifespan is not a request."""
    metrics = Metrics(version="", process=False)
    await CountRequests(application(None, 200), metrics=metrics)({"type": "lifespan"}, receive, send)
    assert b"fireline_http_requests_total{" not in metrics.render()
