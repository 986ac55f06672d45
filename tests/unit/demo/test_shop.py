"""The demo shop is a service like any other: it counts, it logs, it can be broken, and a shift is made once for each key."""

import asyncio
import random
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from bot.demo.shop import LOG_LINES, Shop, build_app

WEIGHTS = "/admin/weights/checkout"


@pytest.fixture
def shop() -> Shop:
    """A shop whose luck is always the same."""
    return Shop(dice=random.Random(7))  # noqa: S311 - luck, no secret


@pytest_asyncio.fixture
async def client(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who asks it; no customers come by themselves."""
    transport = httpx.ASGITransport(build_app(shop))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as made:
        yield made


async def counts(
    client: httpx.AsyncClient, name: str = "shop_requests_total"
) -> dict[tuple[str, ...], float]:
    """Return a metric's samples by their labels' values."""
    text = (await client.get("/metrics")).text
    families = text_string_to_metric_families(text)
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    names = ("service", "backend", "code")
    return {tuple(each.labels[name] for name in names if name in each.labels): each.value for each in samples}


async def test_every_series_is_there_from_the_start(client: httpx.AsyncClient) -> None:
    """rate() needs a zero to count from: the first failure must not be the first sample."""
    found = await counts(client)
    assert len(found) == 2 * 2 * 2
    assert set(found.values()) == {0.0}
    assert await counts(client, "shop_backend_weight") == {
        ("checkout", "primary"): 100,
        ("checkout", "standby"): 0,
        ("search", "primary"): 100,
        ("search", "standby"): 0,
    }


async def test_customers_are_served_where_the_weights_say(shop: Shop, client: httpx.AsyncClient) -> None:
    """All traffic goes to the primary, until it is shifted."""
    for _ in range(50):
        shop.serve_one("checkout")
    assert (await counts(client))["checkout", "primary", "200"] == 50
    assert (await client.put(WEIGHTS, json={"primary": 0, "standby": 100})).json() == {
        "primary": 0,
        "standby": 100,
    }
    for _ in range(50):
        shop.serve_one("checkout")
    assert (await counts(client))["checkout", "standby", "200"] == 50
    assert (await counts(client, "shop_backend_weight"))["checkout", "standby"] == 100
    assert (await client.get(WEIGHTS)).json() == {"primary": 0, "standby": 100}


async def test_a_broken_backend_fails_checkout_alone(shop: Shop, client: httpx.AsyncClient) -> None:
    """More than half of checkout's requests fail and say why in the log; search does not notice."""
    answered = await client.post("/admin/faults/primary", json={"failing": True})
    assert answered.json() == {"backend": "primary", "failing": True, "stall": 0.0}
    for _ in range(200):
        shop.serve_one("checkout")
        shop.serve_one("search")
    found = await counts(client)
    assert 90 < found["checkout", "primary", "500"] < 150
    assert found["search", "primary", "500"] == 0
    lines = (await client.get("/logs", params={"service": "checkout", "limit": "3"})).text.splitlines()
    assert len(lines) == 3
    assert "connection pool exhausted" in lines[-1]
    await client.post("/admin/faults/primary", json={"failing": False})
    shop.serve_one("checkout")
    assert (await counts(client))["checkout", "primary", "500"] == found["checkout", "primary", "500"]


async def test_the_log_has_an_end(shop: Shop, client: httpx.AsyncClient) -> None:
    """Only the newest lines are kept, and none are sent when none are wanted."""
    for number in range(LOG_LINES + 10):
        shop.note("search", "primary", "info", str(number))
    lines = (await client.get("/logs", params={"limit": "100000"})).text.splitlines()
    assert len(lines) == LOG_LINES
    assert f'"{LOG_LINES + 9}"' in lines[-1]
    assert (await client.get("/logs", params={"limit": "0"})).text == ""
    assert (await client.get("/logs", params={"service": "checkout"})).text == ""


async def test_a_key_is_obeyed_once(shop: Shop, client: httpx.AsyncClient) -> None:
    """The second PUT with the same key gets the first's answer and changes nothing, and both can be counted."""
    first = await client.put(WEIGHTS, json={"primary": 0, "standby": 100}, headers={"Idempotency-Key": "k"})
    shop.shift("checkout", {"primary": 100, "standby": 0})
    second = await client.put(WEIGHTS, json={"primary": 0, "standby": 100}, headers={"Idempotency-Key": "k"})
    assert first.json() == second.json() == {"primary": 0, "standby": 100}
    assert shop.weights["checkout"] == {"primary": 100, "standby": 0}
    calls = (await client.get("/admin/calls")).json()
    assert [(call["key"], call["repeated"]) for call in calls] == [("k", False), ("k", True)]


async def test_without_a_key_each_shift_counts(shop: Shop, client: httpx.AsyncClient) -> None:
    """Who names no key gets no protection."""
    for standby in (100, 50):
        weights = {"primary": 100 - standby, "standby": standby}
        assert (await client.put(WEIGHTS, json=weights)).json() == weights
    assert shop.weights["checkout"]["standby"] == 50
    assert [call["repeated"] for call in shop.calls] == [False, False]


@pytest.mark.parametrize(
    "body",
    [
        '{"primary": 0, "standby": 99}',
        '{"primary": -50, "standby": 150}',
        '{"primary": 0, "standby": 100, "third": 0}',
        '{"primary": "0", "standby": "100"}',
        '{"primary": 0.5, "standby": 99.5}',
        "[100, 0]",
        "not json",
        "",
    ],
)
async def test_weights_that_are_none(body: str, shop: Shop, client: httpx.AsyncClient) -> None:
    """They are refused with what weights are, and nothing is shifted or counted."""
    refused = await client.put(WEIGHTS, content=body)
    assert refused.status_code == 422
    assert "100 in all" in refused.json()["error"]
    assert shop.weights["checkout"] == {"primary": 100, "standby": 0}
    assert shop.calls == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/admin/weights/nothing", 404),
        ("PUT", "/admin/weights/nothing", 404),
        ("POST", "/admin/faults/nothing", 404),
        ("POST", "/admin/faults/primary", 415),
        ("GET", "/logs?limit=many", 422),
        ("DELETE", WEIGHTS, 405),
    ],
)
async def test_what_there_is_not(method: str, path: str, status: int, client: httpx.AsyncClient) -> None:
    """It is refused, not a server error."""
    assert (await client.request(method, path)).status_code == status


async def test_a_stall_comes_after_the_change(shop: Shop, client: httpx.AsyncClient) -> None:
    """A client that gives up can't know that the shift was made: this is what a runbook has to find out."""
    await client.post("/admin/faults/primary", json={"stall": 30})
    transport = httpx.ASGITransport(build_app(shop))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as impatient:
        asking = asyncio.create_task(impatient.put(WEIGHTS, json={"primary": 0, "standby": 100}))
        async with asyncio.timeout(5):
            while shop.weights["checkout"]["standby"] != 100:
                await asyncio.sleep(0.001)
        assert not asking.done()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def test_customers_come_while_it_runs(shop: Shop) -> None:
    """The application brings its own traffic, and takes it away at its end."""
    app = build_app(shop)
    before = asyncio.all_tasks()
    async with app.router.lifespan_context(app):
        async with asyncio.timeout(5):
            while shop.requests.labels("search", "primary", "200")._value.get() < 3:
                await asyncio.sleep(0.001)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_a_web_page_breaks_no_shop(shop: Shop, client: httpx.AsyncClient) -> None:
    """What any site may have a browser on this machine send is not taken: a form, a text, nothing at all; JSON that is no object neither."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answered = await client.post(
            "/admin/faults/primary", content=b'{"failing": true}', headers={"content-type": kind}
        )
        assert answered.status_code == 415
    assert (await client.post("/admin/faults/primary", json=[])).status_code == 422
    assert shop.failing["primary"] is False
