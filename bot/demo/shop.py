"""The demo shop: a real HTTP service with two backends, one of which can be broken.

    GET  /metrics                 Prometheus text: shop_requests_total{service,backend,code}, shop_backend_weight{service,backend}
    GET  /logs?service=&limit=    the newest log lines, JSON lines
    GET  /admin/weights/{service} where traffic goes: {"primary": 100, "standby": 0}
    PUT  /admin/weights/{service} shift it; weights are percentages that add up to 100; obeys `Idempotency-Key`
    POST /admin/faults/{backend}  {"failing": true|false, "stall": seconds}: break or mend a backend; `stall` delays answers to PUT
    GET  /admin/calls             every PUT that was taken, with its key: what the tests count

It serves imaginary customers by itself, `CUSTOMERS` requests a second, so that metrics move as they do in production. Nothing is kept over a restart.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

BACKENDS = ("primary", "standby")
SERVICES = ("checkout", "search")
CUSTOMERS = 40
"""Imaginary requests a second and service."""
FAILING_SHARE = 0.6
"""Share of requests that a broken backend fails."""
LOG_LINES = 500


@dataclass(slots=True)
class Shop:
    """The shop's state: who serves, what is broken, what was asked of it."""

    dice: random.Random
    weights: dict[str, dict[str, int]] = field(
        default_factory=lambda: {service: {"primary": 100, "standby": 0} for service in SERVICES}
    )
    failing: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(BACKENDS, False))
    stall: float = 0.0
    calls: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, dict[str, int]] = field(default_factory=dict)
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    requests: Counter = field(init=False)
    weight: Gauge = field(init=False)

    def __post_init__(self) -> None:
        self.requests = Counter(
            "shop_requests",
            "Customer requests by outcome.",
            ["service", "backend", "code"],
            registry=self.registry,
        )
        self.weight = Gauge(
            "shop_backend_weight",
            "Share of traffic, percent.",
            ["service", "backend"],
            registry=self.registry,
        )
        for service in SERVICES:
            for backend in BACKENDS:
                # A series that starts at its first failure would hide that failure from rate().
                for code in ("200", "500"):
                    self.requests.labels(service, backend, code)
            self.shift(service, self.weights[service])

    def shift(self, service: str, weights: Mapping[str, int]) -> None:
        """Send a service's traffic elsewhere."""
        self.weights[service] = dict(weights)
        for backend, share in weights.items():
            self.weight.labels(service, backend).set(share)

    def serve_one(self, service: str) -> None:
        """Serve one imaginary customer."""
        shares = self.weights[service]
        backend = self.dice.choices(list(shares), weights=list(shares.values()))[0]
        # Only checkout runs on the part of the primary that breaks.
        broken = self.failing[backend] and service == "checkout"
        failed = broken and self.dice.random() < FAILING_SHARE
        code = "500" if failed else "200"
        self.requests.labels(service, backend, code).inc()
        if failed:
            self.note(
                service, backend, "error", "payment session lost: connection pool exhausted (50/50 in use)"
            )
        elif self.dice.random() < 0.02:  # noqa: PLR2004 - one line in fifty keeps a quiet log readable
            self.note(service, backend, "info", "order accepted")

    def note(self, service: str, backend: str, level: str, message: str) -> None:
        """Write a log line."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.log.append(
            {"at": at, "level": level, "service": service, "backend": backend, "message": message}
        )


def build_app(shop: Shop) -> Starlette:
    """Make the shop's HTTP application; its customers arrive while it runs."""

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(shop.registry), media_type=CONTENT_TYPE_LATEST)

    async def logs(request: Request) -> Response:
        service = request.query_params.get("service", "")
        limit = request.query_params.get("limit", "100")
        if not limit.isdecimal():
            return JSONResponse({"error": "limit is a number"}, status_code=422)
        lines = deque((line for line in shop.log if service in ("", line["service"])), maxlen=int(limit))
        return PlainTextResponse("".join(json.dumps(line) + "\n" for line in lines))

    async def calls(_request: Request) -> Response:
        return JSONResponse(shop.calls)

    routes = [
        Route("/metrics", metrics),
        Route("/logs", logs),
        Route("/admin/weights/{service}", _Weights(shop).answer, methods=["GET", "PUT"]),
        Route("/admin/faults/{backend}", _Faults(shop).answer, methods=["POST"]),
        Route("/admin/calls", calls),
    ]
    return Starlette(routes=routes, lifespan=lambda _app: _customers(shop))


@dataclass(frozen=True, slots=True)
class _Weights:
    shop: Shop

    async def answer(self, request: Request) -> Response:
        service = request.path_params["service"]
        if service not in self.shop.weights:
            return JSONResponse({"error": f"no such service: {service}"}, status_code=404)
        if request.method == "GET":
            return JSONResponse(self.shop.weights[service])
        return await self._put(service, request)

    async def _put(self, service: str, request: Request) -> Response:
        weights = _weights(await _body(request))
        if weights is None:
            return JSONResponse(
                {"error": "weights are percentages of primary and standby, 100 in all"}, status_code=422
            )
        key = request.headers.get("idempotency-key", "")
        repeated = bool(key) and key in self.shop.answers
        self.shop.calls.append({"service": service, "weights": weights, "key": key, "repeated": repeated})
        if not repeated:
            self.shop.shift(service, weights)
            if key:
                self.shop.answers[key] = weights
            self.shop.note(service, "router", "info", f"weights are now {weights}")
        # The stall comes after the change, so that a client that gives up can't know whether it happened.
        await asyncio.sleep(self.shop.stall)
        return JSONResponse(self.shop.answers.get(key, weights))


@dataclass(frozen=True, slots=True)
class _Faults:
    shop: Shop

    async def answer(self, request: Request) -> Response:
        backend = request.path_params["backend"]
        if backend not in BACKENDS:
            return JSONResponse({"error": f"no such backend: {backend}"}, status_code=404)
        # Any web site may have a browser here post a text, but JSON only where we let it.
        if not request.headers.get("content-type", "").startswith("application/json"):
            return JSONResponse(
                {"error": "a fault is JSON, and says so in its content type"}, status_code=415
            )
        wanted = await _body(request)
        if not isinstance(wanted, Mapping):
            return JSONResponse({"error": "a fault is an object"}, status_code=422)
        self.shop.failing[backend] = bool(wanted.get("failing", self.shop.failing[backend]))
        self.shop.stall = float(wanted.get("stall", self.shop.stall))
        return JSONResponse(
            {"backend": backend, "failing": self.shop.failing[backend], "stall": self.shop.stall}
        )


async def _body(request: Request) -> object:
    try:
        return await request.json()
    except ValueError:
        return None


def _weights(wanted: object) -> dict[str, int] | None:
    """Read percentages, 100 in all; None for anything else."""
    if not isinstance(wanted, Mapping) or set(wanted) - set(BACKENDS):
        return None
    weights = {backend: wanted.get(backend, 0) for backend in BACKENDS}
    whole = all(isinstance(share, int) and share >= 0 for share in weights.values())
    return weights if whole and sum(weights.values()) == 100 else None  # noqa: PLR2004 - percent


@contextlib.asynccontextmanager
async def _customers(shop: Shop) -> AsyncIterator[None]:
    async def arrive() -> None:
        while True:
            for service in SERVICES:
                shop.serve_one(service)
            await asyncio.sleep(1 / CUSTOMERS)

    arriving = asyncio.create_task(arrive())
    yield
    arriving.cancel()


def main() -> None:
    """Run the shop as a process of its own."""
    parser = argparse.ArgumentParser(description="The demo shop.")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    # The shop's luck decides nothing but its own error rate.
    shop = Shop(dice=random.Random())  # noqa: S311
    uvicorn.run(
        build_app(shop),
        host="127.0.0.1",
        port=arguments.port,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
