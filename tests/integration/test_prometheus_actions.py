"""The Prometheus actions against the real server, which scrapes a real exporter."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from bot.actions.outcome import Failed, Reason, Succeeded
from integrations.prometheus import PrometheusConfig, actions
from integrations.transport import Transport
from tests.fakes.actions import MemoryCapture, a_call, outcome_of

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.slow]

CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


@pytest.fixture(scope="module")
def exporter() -> Iterator[int]:
    """A shop with some numbers, NaN among them."""
    registry = CollectorRegistry()
    weight = Gauge("shop_weight", "Share of the traffic, in percent.", ["side"], registry=registry)
    weight.labels("primary").set(75)
    weight.labels("standby").set(25)
    Gauge("shop_nothing", "No number.", registry=registry).set(float("nan"))
    Gauge("shop_endless", "No end.", registry=registry).set(float("inf"))
    requests = Counter("shop_requests", "Requests.", registry=registry)
    server, thread = start_http_server(0, "127.0.0.1", registry)
    over = threading.Event()

    def trade() -> None:
        while not over.wait(0.05):
            requests.inc()

    trader = threading.Thread(target=trade)
    trader.start()
    yield server.server_port
    over.set()
    trader.join()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def prometheus(exporter: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real Prometheus, once it has scraped some."""
    folder = tmp_path_factory.mktemp("prometheus")
    config = folder / "prometheus.yml"
    config.write_text(CONFIG.format(port=exporter))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address={address}"], stdout=log, stderr=log)
    try:
        _until(lambda: _scraped(f"http://{address}"), folder / "log")
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(10)


def _scraped(url: str) -> bool:
    """Tell whether three scrapes are in."""
    try:
        answer = httpx.get(f"{url}/api/v1/query", params={"query": "count_over_time(shop_weight[1m])"}).json()
    except (httpx.HTTPError, json.JSONDecodeError):
        return False
    return any(float(each["value"][1]) >= 3 for each in answer.get("data", {}).get("result", []))


def _until(condition: Callable[[], bool], log: Path) -> None:
    waiting = threading.Event()
    for _ in range(300):
        if condition():
            return
        waiting.wait(0.1)
    raise AssertionError(f"Prometheus did not scrape:\n{log.read_text()}")


async def ask(url: str, which: int, **values: Any) -> tuple[Any, MemoryCapture]:
    """Run an action against the server."""
    capture = MemoryCapture()
    async with Transport() as transport:
        action = actions(PrometheusConfig(url=url), transport)[which]
        return await outcome_of(action, values, a_call(capture=capture)), capture


async def test_a_value(prometheus: str) -> None:
    """One sample is a value, with its labels; the raw answer is evidence."""
    outcome, capture = await ask(prometheus, 0, query='shop_weight{side="standby"}')
    assert isinstance(outcome, Succeeded)
    assert outcome.output["value"] == 25.0
    assert outcome.output["labels"]["job"] == "shop"
    assert json.loads(capture.data)["status"] == "success"


@pytest.mark.parametrize(
    ("query", "value", "count", "non_finite"),
    [
        ("shop_weight", None, 2, 0), ("sum(shop_weight)", 100.0, 1, 0), ("no_such_metric", None, 0, 0),
        ("shop_nothing", None, 1, 1), ("shop_endless", None, 1, 1), ("scalar(vector(4))", 4.0, 1, 0), ("0/0", None, 1, 1),
    ],
)  # fmt: skip
async def test_values(prometheus: str, query: str, value: float | None, count: int, non_finite: int) -> None:
    """Several, none, NaN, infinity, and scalars."""
    outcome, _ = await ask(prometheus, 0, query=query)
    assert isinstance(outcome, Succeeded), outcome
    got = (
        outcome.output["value"],
        outcome.output["count"],
        outcome.output["non_finite"],
    )
    assert got == (value, count, non_finite)


async def test_another_instant(prometheus: str) -> None:
    """Before the shop opened there was nothing."""
    outcome, _ = await ask(prometheus, 0, query="shop_weight", time="2020-01-01T00:00:00Z")
    assert isinstance(outcome, Succeeded)
    assert outcome.output["count"] == 0


async def test_a_range(prometheus: str) -> None:
    """A counter goes up: its first is its minimum, its last its maximum."""
    outcome, _ = await ask(prometheus, 1, query="shop_requests_total", last="1m", step="1s")
    assert isinstance(outcome, Succeeded)
    output = outcome.output
    assert output["count"] >= 3
    assert output["first"] == output["min"] < output["mean"] < output["max"] == output["last"]
    now = datetime.now(UTC).timestamp()
    assert all(now - 65 < at <= now + 1 for at, _ in output["series"][0]["points"])


async def test_an_empty_range(prometheus: str) -> None:
    """No data is explicit."""
    outcome, _ = await ask(prometheus, 1, query="no_such_metric", last="5m")
    assert isinstance(outcome, Succeeded)
    assert (
        outcome.output["count"],
        outcome.output["max"],
        outcome.output["series"],
    ) == (0, None, [])


@pytest.mark.parametrize(
    ("which", "values", "reason", "said"),
    [
        (0, {"query": "sum("}, Reason.INVALID, "bad_data"),
        (0, {"query": "shop_weight[5m]"}, Reason.INVALID, "query_range"),
        (0, {"query": '"text"'}, Reason.INVALID, "string"),
        (0, {"query": 'shop_weight + on() group_left() label_replace({job="shop"},"a","b","","")'}, Reason.REJECTED, "execution"),
        (1, {"query": "sum(", "last": "5m"}, Reason.INVALID, "bad_data"),
    ],
)  # fmt: skip
async def test_errors(prometheus: str, which: int, values: dict[str, Any], reason: Reason, said: str) -> None:
    """What the server has against a query comes out with its reason and in its words."""
    outcome, _ = await ask(prometheus, which, **values)
    assert isinstance(outcome, Failed), outcome
    assert (outcome.reason, outcome.may_have_applied) == (reason, False)
    assert said in outcome.detail


async def test_many_at_once(prometheus: str) -> None:
    """One transport serves many runs."""
    async with Transport() as transport:
        action = actions(PrometheusConfig(url=prometheus), transport)[0]
        asked = (outcome_of(action, {"query": "sum(shop_weight)"}, a_call()) for _ in range(50))
        outcomes = await asyncio.gather(*asked)
    assert all(isinstance(each, Succeeded) and each.output["value"] == 100.0 for each in outcomes)
