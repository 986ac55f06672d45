"""Deliveries over real HTTP to a real store: many at once, and from the real Alertmanager and Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.domain.facts import AlertsReceived
from bot.domain.nouns import AlertStatus, Routing
from tests.fakes.alerts import RECORDED, body, recorded, seen
from tests.fakes.http_server import serving
from tests.integration.ingress.conftest import BASIC, BEARER, Front, StartWatch

PATH = "/webhooks/alertmanager"
WITH_BEARER = f"{{authorization: {{type: Bearer, credentials: {BEARER}}}}}"
WITH_BASIC = f"{{basic_auth: {{username: {BASIC[0]}, password: {BASIC[1]}}}}}"
FIRING = {
    "labels": {"alertname": "CheckoutErrors", "service": "checkout"},
    "annotations": {"summary": "it is down"},
}


@pytest_asyncio.fixture
async def client(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client with the right token."""
    headers = {"authorization": f"Bearer {BEARER}", "content-type": "application/json"}
    async with httpx.AsyncClient(base_url=front.url, headers=headers, timeout=30) as made:
        yield made


async def test_two_hundred_identical_deliveries_over_three_connections(front: Front) -> None:
    """One incident, one run; every delivery is on record."""
    raw = body([seen(service="checkout")])
    headers = {"authorization": f"Bearer {BEARER}", "content-type": "application/json"}
    limits = httpx.Limits(max_connections=3)
    async with httpx.AsyncClient(base_url=front.url, headers=headers, limits=limits, timeout=60) as client:
        answers = await asyncio.gather(*(client.post(PATH, content=raw) for _ in range(200)))
    assert {each.status_code for each in answers} == {200}
    assert sum(each.json()["new"] for each in answers) == 1
    assert sum(each.json()["repeated"] for each in answers) == 199
    await front.until(lambda: bool(front.office.runs.taken_up))
    (only,) = front.office.store.records.incidents()
    assert (only.group, only.alerts, only.firing) == ("service/checkout", 1, 1)
    assert front.office.runs.taken_up == ["1-1"]
    assert front.office.alert(seen(service="checkout")).deliveries == 200
    assert sum(isinstance(each, AlertsReceived) for each in front.office.facts()) == 200


@pytest.mark.parametrize("name", sorted(each.name for each in RECORDED.iterdir()))
async def test_recorded_deliveries(client: httpx.AsyncClient, front: Front, name: str) -> None:
    """What real Alertmanagers sent is taken whole, and again with nothing new."""
    raw, _ = recorded(name)
    first, again = await client.post(PATH, content=raw), await client.post(PATH, content=raw)
    assert first.status_code == again.status_code == 200
    assert first.json()["new"] > 0
    assert again.json() == {"new": 0, "repeated": first.json()["new"], "resolved": 0}
    await front.until(lambda: not front.office.store.records.pending_alerts(limit=1))
    assert {each.routing for each in front.office.store.records.unmatched_alerts()} == {Routing.UNMATCHED}


async def test_a_body_that_cannot_be_read_is_kept(client: httpx.AsyncClient, front: Front) -> None:
    """400, with where and why; the log says so too."""
    answered = await client.post(PATH, content=b'{"receiver": 7}')
    assert answered.status_code == 400
    assert answered.json()["error"].startswith("/receiver: ")
    assert front.kept == [b'{"receiver": 7}']
    (refused,) = front.office.store.records.refused_deliveries()
    assert (refused.body_sha256, refused.size) == (answered.json()["kept"], 15)


async def test_a_streamed_body_that_is_too_large(client: httpx.AsyncClient) -> None:
    """The server stops reading at its limit; the client sees 413, or its connection closed while it still sends."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(400):
            yield b"x" * 65_536

    try:
        answered = await client.post(PATH, content=endless())
    except httpx.TransportError:
        return
    assert answered.status_code == 413


async def test_health_and_metrics(client: httpx.AsyncClient) -> None:
    """The journal writes, and what was taken in is counted."""
    await client.post(PATH, content=body([seen("Nobody")]))
    assert (await client.get("/healthz")).json()["status"] == "ok"
    assert (await client.get("/readyz")).status_code == 200
    metrics = (await client.get("/metrics")).text
    assert 'fireline_deliveries_total{outcome="accepted"} 1.0' in metrics
    assert (
        'fireline_http_requests_total{method="POST",route="/webhooks/alertmanager",status="200"} 1.0'
        in metrics
    )
    assert (await client.get(PATH)).status_code == 405


async def test_a_stopped_journal_is_said(client: httpx.AsyncClient, front: Front) -> None:
    """503 to the sender, and neither alive nor ready."""
    await front.office.store.journal.close()
    assert (await client.post(PATH, content=body([seen()]))).status_code == 503
    assert (await client.get("/healthz")).status_code == 503
    assert (await client.get("/readyz")).status_code == 503


# ---------------------------------------------------------------------------------------------------------- real senders


@pytest.mark.needs("alertmanager")
@pytest.mark.parametrize("http_config", [WITH_BEARER, WITH_BASIC], ids=["bearer", "basic"])
async def test_a_real_alertmanager_delivers(
    front: Front, start_alertmanager: StartWatch, http_config: str
) -> None:
    """With either credentials: an incident and a run; then its end is told."""
    watch = await start_alertmanager(front.url, http_config)
    await watch.send(FIRING)
    await front.until(lambda: front.office.runs.taken_up == ["1-1"])
    await watch.send({**FIRING, "endsAt": datetime.now(UTC).isoformat()})
    await front.until(lambda: "incident.alerts_resolved" in front.office.kinds(1))
    (alert,) = front.office.store.records.alerts_of(front.office.store.records.incidents()[0].id)
    assert alert.status is AlertStatus.RESOLVED
    assert alert.annotations == {"summary": "it is down"}
    assert set(front.statuses) == {200}


@pytest.mark.needs("alertmanager")
async def test_a_real_alertmanager_tries_again_after_503(
    front: Front, start_alertmanager: StartWatch
) -> None:
    """Shedding load loses nothing."""
    front.sheds = 2
    watch = await start_alertmanager(front.url, WITH_BEARER)
    await watch.send(FIRING)
    await front.until(lambda: 200 in front.statuses)
    assert front.statuses[:3] == [503, 503, 200]
    await front.until(lambda: front.office.runs.taken_up == ["1-1"])


@pytest.mark.needs("alertmanager")
async def test_a_real_alertmanager_with_the_wrong_token(front: Front, start_alertmanager: StartWatch) -> None:
    """401, and nothing is taken in."""
    watch = await start_alertmanager(front.url, "{authorization: {type: Bearer, credentials: wrong}}")
    await watch.send(FIRING)
    await front.until(lambda: 401 in front.statuses)
    assert not front.office.store.records.events()


@pytest.mark.needs("alertmanager")
async def test_three_real_alertmanagers_make_one_incident(
    front: Front, start_alertmanager: StartWatch
) -> None:
    """A cluster whose members don't hear of each other: each delivers, one incident comes of it."""
    watches = [await start_alertmanager(front.url, WITH_BEARER, name=f"am{number}") for number in range(3)]
    alert = {**FIRING, "startsAt": datetime.now(UTC).isoformat()}
    await asyncio.gather(*(watch.send(alert) for watch in watches))
    await front.until(lambda: front.statuses.count(200) >= 3)
    await front.until(lambda: front.office.runs.taken_up == ["1-1"])
    (only,) = front.office.store.records.incidents()
    assert only.alerts == 1


@pytest.mark.needs("alertmanager", "prometheus")
async def test_from_a_rising_metric_to_an_incident(
    front: Front,
    start_alertmanager: StartWatch,
    start_prometheus: StartWatch,
    free_port: Any,
) -> None:
    """The real Prometheus finds it, the real Alertmanager tells; when the metric falls, the end is told too."""
    errors = 1.0

    async def metrics(_request: Request) -> Response:
        return PlainTextResponse(f'shop_error_rate{{service="checkout"}} {errors}\n')

    rule = (
        "groups: [{name: shop, interval: 200ms, rules: [{alert: CheckoutErrors, expr: shop_error_rate > 0.5, "
        "labels: {severity: page}, annotations: {summary: 'errors at {{ $value }}'}}]}]\n"
    )
    async with serving(Starlette(routes=[Route("/metrics", metrics)]), free_port()) as shop:
        watch = await start_alertmanager(front.url, WITH_BEARER)
        await start_prometheus(watch.alertmanager, shop, rule)
        await front.until(lambda: front.office.runs.taken_up == ["1-1"])
        (only,) = front.office.store.records.incidents()
        assert only.group == "service/checkout"
        (alert,) = front.office.store.records.alerts_of(only.id)
        assert alert.labels["severity"] == "page"
        assert alert.annotations == {"summary": "errors at 1"}
        errors = 0.0
        await front.until(lambda: "incident.alerts_resolved" in front.office.kinds(1))
