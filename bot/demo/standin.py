"""Stands in for Prometheus and Alertmanager where they are not installed, and says so: it plays recorded deliveries and answers the demo's queries.

The deliveries are real ones, recorded from Alertmanager (`recorded/*.json`), with their times moved to now. They are sent when the shop really
fails and when it really recovers, which is read from the shop's own metrics. Of PromQL it knows one shape: the share of a service's requests that
failed over a window. It is part of the demo, and of nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

RECORDED = Path(__file__).parent / "recorded"
KEEP = 900
"""Scrapes that are remembered, one a second."""
THRESHOLD = 0.05
HOLD = 2
"""Scrapes in a row over the threshold before the alert fires: its rule says `for: 2s`."""
MOST_POINTS = 11_000
"""Points of a range query, as Prometheus has it."""
NEVER = "0001-01-01T00:00:00Z"

_QUERY = re.compile(
    r'sum\(rate\(shop_requests_total\{service="(?P<service>[a-z0-9-]+)",code=~"5\.\."\}\[(?P<window>\d+)s\]\)\)'
    r'\s*/\s*sum\(rate\(shop_requests_total\{service="(?P=service)"\}\[(?P=window)s\]\)\)'
)


@dataclass(frozen=True, slots=True)
class Scrape:
    """What the shop had counted at an instant (Unix seconds), by service: all requests, and those that failed."""

    at: float
    counts: Mapping[str, tuple[float, float]]


@dataclass(slots=True)
class Window:
    """The newest scrapes."""

    scrapes: deque[Scrape] = field(default_factory=lambda: deque(maxlen=KEEP))

    def share(self, service: str, seconds: float, at: float) -> float | None:
        """Return the share of failed requests over a window that ends at `at`; None where nothing was counted."""
        inside = [each for each in self.scrapes if at - seconds <= each.at <= at]
        if len(inside) < 2:  # noqa: PLR2004 - a rate needs two points
            return None
        first, last = inside[0].counts.get(service), inside[-1].counts.get(service)
        if first is None or last is None or last[0] <= first[0]:
            return None
        return (last[1] - first[1]) / (last[0] - first[0])


def read_counts(text: str) -> Mapping[str, tuple[float, float]]:
    """Read the shop's counters from its metrics page."""
    totals: dict[str, tuple[float, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "shop_requests_total":
                service, failed = sample.labels["service"], sample.labels["code"].startswith("5")
                every, bad = totals.get(service, (0.0, 0.0))
                totals[service] = (every + sample.value, bad + (sample.value if failed else 0.0))
    return totals


class Standin:
    """Scrapes the shop each `every` seconds, tells Fireline when it fails and when it is well again, and answers queries."""

    def __init__(self, *, shop: str, webhook: str, token: str, every: float = 1.0) -> None:
        self._every = every
        self._shop = shop
        self._webhook = webhook
        self._token = token
        self._window = Window()
        self._over = 0
        self._firing_since: datetime | None = None
        self._told = False

    async def watch(self) -> None:
        """Scrape for as long as the process runs; a shop that is away, or says what can't be read, is asked again."""
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
            while True:
                with contextlib.suppress(httpx.HTTPError, ValueError):
                    answer = await client.get(f"{self._shop}/metrics")
                    answer.raise_for_status()
                    self._window.scrapes.append(Scrape(at=time.time(), counts=read_counts(answer.text)))
                    await self._judge(client)
                await asyncio.sleep(self._every)

    async def _judge(self, client: httpx.AsyncClient) -> None:
        share = self._window.share("checkout", 5, time.time())
        failing = share is not None and share > THRESHOLD
        self._over = self._over + 1 if failing else 0
        if self._over > HOLD and self._firing_since is None:
            self._firing_since = datetime.now(UTC)
        if self._firing_since is None:
            return
        if failing and not self._told:
            await self._deliver(client, "firing", self._firing_since)
            self._told = True
        elif share is not None and not failing:
            if self._told:
                await self._deliver(client, "resolved", self._firing_since)
            self._firing_since, self._told = None, False

    async def _deliver(self, client: httpx.AsyncClient, status: str, since: datetime) -> None:
        body = deepcopy(json.loads((RECORDED / f"{status}.json").read_text(encoding="utf-8")))
        for alert in body["alerts"]:
            alert["startsAt"] = since.isoformat().replace("+00:00", "Z")
            alert["endsAt"] = (
                NEVER if status == "firing" else datetime.now(UTC).isoformat().replace("+00:00", "Z")
            )
        answer = await client.post(
            self._webhook, json=body, headers={"Authorization": f"Bearer {self._token}"}
        )
        # As Alertmanager does: what was not taken is sent again; here, at the next scrape.
        answer.raise_for_status()

    # ---- the part of Prometheus' HTTP API that the demo's runbook uses

    async def query(self, request: Request) -> Response:
        """Answer an instant query."""
        wanted = await _parameters(request)
        found = _QUERY.search(wanted.get("query", ""))
        at = _number(wanted.get("time") or str(time.time()))
        if found is None or at is None:
            return _unknown()
        share = self._window.share(found["service"], float(found["window"]), at)
        result = [] if share is None else [{"metric": {}, "value": [at, str(share)]}]
        return JSONResponse({"status": "success", "data": {"resultType": "vector", "result": result}})

    async def query_range(self, request: Request) -> Response:
        """Answer a range query."""
        wanted = await _parameters(request)
        found = _QUERY.search(wanted.get("query", ""))
        start, end = _number(wanted.get("start")), _number(wanted.get("end"))
        step = _number(wanted.get("step", "").removesuffix("s"))
        if found is None or start is None or end is None or not step or (end - start) / step > MOST_POINTS:
            return _unknown()
        points = []
        for number in range(int((end - start) / step) + 1):
            at = start + number * step
            share = self._window.share(found["service"], float(found["window"]), at)
            if share is not None:
                points.append([at, str(share)])
        result = [{"metric": {}, "values": points}] if points else []
        return JSONResponse({"status": "success", "data": {"resultType": "matrix", "result": result}})


async def _parameters(request: Request) -> Mapping[str, str]:
    form = await request.form() if request.method == "POST" else {}
    return {**request.query_params, **{name: str(value) for name, value in form.items()}}


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _unknown() -> Response:
    problem = "the stand-in knows the demo's queries alone; install prometheus for the rest"
    return JSONResponse({"status": "error", "errorType": "bad_data", "error": problem}, status_code=400)


def build_app(standin: Standin) -> Starlette:
    """Make the stand-in's HTTP application; it watches the shop while it runs."""

    @contextlib.asynccontextmanager
    async def watching(_app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(standin.watch())
        yield
        task.cancel()

    async def ready(_request: Request) -> Response:
        return PlainTextResponse("ready: standing in for Prometheus and Alertmanager\n")

    routes: list[Any] = [
        Route("/-/ready", ready),
        Route("/api/v1/query", standin.query, methods=["GET", "POST"]),
        Route("/api/v1/query_range", standin.query_range, methods=["GET", "POST"]),
    ]
    return Starlette(routes=routes, lifespan=watching)


def main() -> None:
    """Run the stand-in as a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--shop", required=True)
    parser.add_argument("--webhook", required=True)
    parser.add_argument("--token", required=True)
    arguments = parser.parse_args()
    standin = Standin(shop=arguments.shop, webhook=arguments.webhook, token=arguments.token)
    uvicorn.run(
        build_app(standin),
        host="127.0.0.1",
        port=arguments.port,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
