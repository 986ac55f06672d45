"""What stands in for the monitoring: it tells only what the shop's own numbers say, and says of itself that it stands in."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml

from bot.demo.standin import _QUERY, KEEP, NEVER, RECORDED, Scrape, Standin, Window, build_app, read_counts
from tests.fakes.target import Answer, Target
from tests.unit.demo.conftest import RUNBOOKS

QUERY = 'sum(rate(shop_requests_total{service="checkout",code=~"5.."}[5s])) / sum(rate(shop_requests_total{service="checkout"}[5s]))'


def scrape(at: float, every: float, failed: float, service: str = "checkout") -> Scrape:
    """Make a scrape."""
    return Scrape(at=at, counts={service: (every, failed)})


# ---- the share of a window


def test_the_share_of_a_window() -> None:
    """Failed by all requests, between the first and the last scrape inside it."""
    window = Window()
    window.scrapes += [scrape(0, 0, 0), scrape(5, 100, 0), scrape(10, 200, 50)]
    assert window.share("checkout", 5, 10) == 0.5
    assert window.share("checkout", 10, 10) == 0.25
    assert window.share("checkout", 5, 5) == 0.0


@pytest.mark.parametrize(
    ("service", "seconds", "at"),
    [("search", 10, 10), ("checkout", 4, 10), ("checkout", 10, 100), ("checkout", 10, -1)],
)
def test_a_window_that_has_no_share(service: str, seconds: float, at: float) -> None:
    """A service nobody counts, one scrape alone, and times before or after all: nothing is made up."""
    window = Window()
    window.scrapes += [scrape(0, 0, 0), scrape(5, 100, 0), scrape(10, 200, 50)]
    assert window.share(service, seconds, at) is None


def test_without_requests_there_is_no_share() -> None:
    """Nothing divided by nothing is not zero; and a shop that was restarted counts from zero again."""
    window = Window()
    window.scrapes += [scrape(0, 100, 1), scrape(5, 100, 1)]
    assert window.share("checkout", 10, 5) is None
    window.scrapes.append(scrape(6, 3, 0))
    assert window.share("checkout", 10, 6) is None


def test_old_scrapes_are_forgotten() -> None:
    """The window has an end, so a demo that is left running does not grow."""
    window = Window()
    window.scrapes += [scrape(at, at, 0) for at in range(KEEP + 10)]
    assert len(window.scrapes) == KEEP


def test_counts_are_read_from_the_page() -> None:
    """Requests by service, and those whose code begins with a five."""
    page = (
        'shop_requests_total{service="checkout",backend="primary",code="200"} 7\n'
        'shop_requests_total{service="checkout",backend="standby",code="503"} 2\n'
        'shop_requests_total{service="search",backend="primary",code="200"} 1\n'
        "other_total 99\n"
    )
    assert read_counts(page) == {"checkout": (9.0, 2.0), "search": (1.0, 0.0)}


# ---- what it answers


@pytest.fixture
def standin() -> Standin:
    """A stand-in whose shop and webhook nobody is."""
    made = Standin(shop="http://127.0.0.1:1", webhook="http://127.0.0.1:1/hook", token="t")
    made._window.scrapes += [scrape(100, 0, 0), scrape(105, 100, 0), scrape(110, 200, 50)]
    return made


@pytest_asyncio.fixture
async def client(standin: Standin) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who asks it."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build_app(standin)), base_url="http://p"
    ) as made:
        yield made


async def test_an_instant_query(client: httpx.AsyncClient) -> None:
    """The answer has the form of Prometheus' own; GET and POST are the same."""
    for answered in (
        await client.get("/api/v1/query", params={"query": QUERY, "time": "110"}),
        await client.post("/api/v1/query", data={"query": QUERY, "time": "110"}),
    ):
        assert answered.json() == {
            "status": "success",
            "data": {"resultType": "vector", "result": [{"metric": {}, "value": [110.0, "0.5"]}]},
        }
    empty = await client.get("/api/v1/query", params={"query": QUERY, "time": "1"})
    assert empty.json()["data"]["result"] == []


async def test_a_range_query(client: httpx.AsyncClient) -> None:
    """One point a step, where there is something to tell."""
    params = {"query": QUERY, "start": "100", "end": "110", "step": "5s"}
    found = (await client.get("/api/v1/query_range", params=params)).json()["data"]
    assert found == {
        "resultType": "matrix",
        "result": [{"metric": {}, "values": [[105.0, "0.0"], [110.0, "0.5"]]}],
    }
    nothing = await client.get("/api/v1/query_range", params={**params, "start": "0", "end": "9"})
    assert nothing.json()["data"]["result"] == []


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("query", {"query": "up"}),
        ("query", {}),
        ("query", {"query": QUERY, "time": "noon"}),
        ("query_range", {"query": "up", "start": "0", "end": "1", "step": "1"}),
        ("query_range", {"query": QUERY}),
        ("query_range", {"query": QUERY, "start": "0", "end": "1e12", "step": "1"}),
    ],
)
async def test_what_it_does_not_know(path: str, params: dict[str, str], client: httpx.AsyncClient) -> None:
    """It says what it is and what it knows, as Prometheus says of a bad query; it never guesses."""
    refused = await client.get(f"/api/v1/{path}", params=params)
    assert refused.status_code == 400
    assert refused.json()["errorType"] == "bad_data"
    assert "stand-in" in refused.json()["error"]


async def test_it_says_that_it_stands_in(client: httpx.AsyncClient) -> None:
    """Whoever opens it learns that this is not Prometheus."""
    assert "standing in for Prometheus and Alertmanager" in (await client.get("/-/ready")).text


def test_it_knows_the_demos_queries() -> None:
    """Every query of the shipped runbook has the one shape, once its inputs are filled in."""
    book = yaml.safe_load((RUNBOOKS / "checkout-errors.yaml").read_text(encoding="utf-8"))
    queries = [query for query in _texts(book) if "shop_requests_total" in query]
    assert queries
    for query in queries:
        assert _QUERY.search(query.replace("{{ inputs.service }}", "checkout")), query


def _texts(tree: Any) -> list[str]:
    if isinstance(tree, dict):
        return [text for key, each in tree.items() for text in ([each] if key == "query" else _texts(each))]
    return [text for each in tree for text in _texts(each)] if isinstance(tree, list) else []


# ---- what it sends


def delivered(webhook: Target) -> list[dict[str, Any]]:
    """Return the bodies that came."""
    return [each.json for each in webhook.requests]


async def judge(standin: Standin, share: float) -> None:
    """Let the shop fail this share of its requests, as seen by one more scrape now."""
    now = time.time()
    standin._window.scrapes.clear()
    standin._window.scrapes += [scrape(now - 2, 0, 0), scrape(now - 1, 1000, 1000 * share)]
    async with httpx.AsyncClient() as client:
        await standin._judge(client)


async def test_it_fires_once_and_resolves_once() -> None:
    """A failure that holds is delivered as recorded with its times moved to now; its end, once the share has fallen."""
    async with Target({"/hook": Answer()}) as webhook:
        standin = Standin(shop="http://127.0.0.1:1", webhook=f"{webhook.url}/hook", token="secret-token")
        for share in (0.0, 0.6, 0.6, 0.0, 0.6, 0.6):
            await judge(standin, share)
        assert not webhook.requests, "a failure that does not hold is no alert: the rule says `for: 2s`"
        for share in (0.6, 0.6, 0.6, 0.02, 0.0):
            await judge(standin, share)
        fired, resolved = delivered(webhook)
        assert webhook.requests[0].headers["authorization"] == "Bearer secret-token"
    (firing,), (over,) = fired["alerts"], resolved["alerts"]
    assert (fired["status"], firing["endsAt"]) == ("firing", NEVER)
    assert resolved["status"] == "resolved"
    assert firing["startsAt"] == over["startsAt"], "it is the same alert"
    assert (firing["labels"], firing["fingerprint"]) == (over["labels"], over["fingerprint"])
    for instant in (firing["startsAt"], over["endsAt"]):
        assert datetime.now(UTC) - datetime.fromisoformat(instant) < timedelta(minutes=1)


async def test_what_was_not_taken_is_sent_again() -> None:
    """A 503 is no receipt: the same alert comes at the next look, until it is taken; so does its end."""
    async with Target({"/hook": Answer(status=503)}) as webhook:
        standin = Standin(shop="http://127.0.0.1:1", webhook=f"{webhook.url}/hook", token="t")
        for _ in range(2):
            await judge(standin, 0.6)
        for _ in range(2):
            with pytest.raises(httpx.HTTPStatusError):
                await judge(standin, 0.6)
        webhook.routes["/hook"] = Answer()
        await judge(standin, 0.6)
        await judge(standin, 0.6)
        webhook.routes["/hook"] = Answer(status=503)
        with pytest.raises(httpx.HTTPStatusError):
            await judge(standin, 0.0)
        webhook.routes["/hook"] = Answer()
        await judge(standin, 0.0)
        await judge(standin, 0.0)
        bodies = delivered(webhook)
        assert [body["status"] for body in bodies] == ["firing"] * 3 + ["resolved"] * 2
        assert len({body["alerts"][0]["startsAt"] for body in bodies}) == 1


async def test_what_nobody_heard_of_needs_no_end() -> None:
    """A failure that was over before anybody took its alert is told to nobody."""
    async with Target({"/hook": Answer(status=503)}) as webhook:
        standin = Standin(shop="http://127.0.0.1:1", webhook=f"{webhook.url}/hook", token="t")
        for _ in range(2):
            await judge(standin, 0.6)
        with pytest.raises(httpx.HTTPStatusError):
            await judge(standin, 0.6)
        await judge(standin, 0.0)
        await judge(standin, 0.6)
        assert [body["status"] for body in delivered(webhook)] == ["firing"]


async def test_it_watches_the_shop() -> None:
    """It scrapes for as long as it runs; a shop that is away, or answers nonsense, does not end it."""
    pages = iter(
        [Answer(status=500, body=b"{ oops"), Answer(body=b'shop_requests_total{service="a",code="200"} 1\n')]
    )
    async with Target({"/metrics": lambda _request: next(pages, Answer(hang_up=True))}) as shop:
        standin = Standin(shop=shop.url, webhook=f"{shop.url}/hook", token="t", every=0.01)
        app = build_app(standin)
        async with app.router.lifespan_context(app), asyncio.timeout(5):
            while len(shop.requests) < 4:
                await asyncio.sleep(0.001)
        assert [each.counts for each in standin._window.scrapes] == [{"a": (1.0, 0.0)}]


def test_the_recordings_are_deliveries() -> None:
    """What is played was recorded from a real Alertmanager: one alert, fields and all."""
    for status in ("firing", "resolved"):
        body = json.loads((RECORDED / f"{status}.json").read_text(encoding="utf-8"))
        assert (body["status"], body["version"], len(body["alerts"])) == (status, "4", 1)
        assert body["alerts"][0]["labels"]["alertname"] == "CheckoutErrors"
