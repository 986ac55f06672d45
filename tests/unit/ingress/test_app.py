"""The door of its own: deliveries go past routing and middleware, everything else goes through."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from bot.domain.ids import Digest
from bot.incidents.deliveries import Receipt
from bot.ingress.alertmanager import AlertmanagerWebhook
from bot.ingress.answers import answer
from bot.ingress.app import ALERTMANAGER_PATH, StraightIn
from bot.ingress.credentials import Credentials
from bot.telemetry import Metrics
from tests.fakes.alerts import body, seen
from tests.fakes.asgi import request


class Taker:
    """Takes in, or breaks."""

    breaks = False

    async def receive(self, _delivery: Any) -> Receipt:
        """Take one in."""
        if self.breaks:
            raise RuntimeError("a bug")
        return Receipt(new=1)

    async def refuse(self, **_said: Any) -> None:
        """Record one."""


async def beyond(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer for everything else."""
    await answer(418, {}).send(send)


def door() -> tuple[StraightIn, Taker, Metrics]:
    """Make one in front of `beyond`."""
    metrics, taker = Metrics(version="0", process=False), Taker()
    webhook = AlertmanagerWebhook(
        taker, credentials=Credentials(bearers=["right"]), keep=lambda _: Digest("d"), metrics=metrics
    )
    return StraightIn(beyond, webhook, metrics), taker, metrics


HEADERS = [("authorization", "Bearer right"), ("content-type", "application/json")]


def counted(metrics: Metrics, status: str) -> float:
    """How many requests ended so."""
    labels = {"method": "POST", "route": ALERTMANAGER_PATH, "status": status}
    return metrics.registry.get_sample_value("fireline_http_requests_total", labels) or 0


async def test_a_delivery_goes_straight_in() -> None:
    """Answered by the endpoint, and counted like every request."""
    app, _, metrics = door()
    for _ in range(2):
        assert (await request(app, ALERTMANAGER_PATH, headers=HEADERS, parts=[body([seen()])])).status == 200
    assert (await request(app, ALERTMANAGER_PATH, parts=[b""])).status == 401
    assert (counted(metrics, "200"), counted(metrics, "401")) == (2, 1)
    seconds = metrics.registry.get_sample_value(
        "fireline_http_request_seconds_count", {"method": "POST", "route": ALERTMANAGER_PATH}
    )
    assert seconds == 3


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ALERTMANAGER_PATH), ("POST", "/slack/events"), ("GET", "/")]
)
async def test_everything_else_goes_on(method: str, path: str) -> None:
    """Other paths, and other methods on this one."""
    assert (await request(door()[0], path, method=method)).status == 418


async def test_what_breaks_and_who_leaves_is_counted() -> None:
    """500 for a bug, which the server answers; 499 for a client that did not wait."""
    app, taker, metrics = door()
    taker.breaks = True
    with pytest.raises(RuntimeError):
        await request(app, ALERTMANAGER_PATH, headers=HEADERS, parts=[body([seen()])])
    await request(app, ALERTMANAGER_PATH, headers=HEADERS, parts=[b"{"], leaves=True)
    assert (counted(metrics, "500"), counted(metrics, "499")) == (1, 1)
