"""The two servers that are measured side by side: a bare Starlette endpoint, and the ingress over a real store.

python -m tests.benchmarks.intake_servers bare PORT                 reads the body, answers 200
python -m tests.benchmarks.intake_servers fireline PORT FOLDER      every alert on disk first; routed beside it
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import sys
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.domain.clock import SystemClock
from bot.domain.ids import Digest
from bot.incidents.dispatch import Dispatcher
from bot.incidents.intake import Intake
from bot.incidents.routing import choose
from bot.ingress.alertmanager import AlertmanagerWebhook
from bot.ingress.app import ALERTMANAGER_PATH, StraightIn, ingress_routes
from bot.ingress.credentials import Credentials
from bot.ingress.health import journal_writes
from bot.telemetry import Metrics
from bot.telemetry.requests import CountRequests
from bot.wiring.interpreter import settle_in
from bot.wiring.whole_answers import WholeAnswers
from tests.fakes.books import book
from tests.fakes.idle_runs import IdleRuns
from tests.fakes.store import open_test_store

TOKEN = "benchmark"


async def bare(port: int) -> None:
    """Serve the endpoint that only reads the body."""

    async def endpoint(request: Request) -> Response:
        await request.body()
        return Response(b'{"status": "ok"}', media_type="application/json")

    await _serve(Starlette(routes=[Route(ALERTMANAGER_PATH, endpoint, methods=["POST"])]), port, "httptools")


async def fireline(port: int, folder: Path) -> None:
    """Serve the ingress. Alerts named Attached belong to one incident, all others to none."""
    metrics = Metrics(version="bench")
    store = await open_test_store(folder)
    books = [
        book("a-disk", match='alertname="DiskFull"'),
        book("b-attached", match='alertname="Attached"', concurrency={"group": "one"}),
    ]
    dispatcher = Dispatcher(
        store.journal,
        IdleRuns(),
        runbooks=lambda: books,
        clock=SystemClock(),
        tokens=lambda: secrets.token_hex(16),
        variables={},
    )
    webhook = AlertmanagerWebhook(
        Intake(store.journal, wake=dispatcher.wake, wanted=lambda labels: choose(books, labels) is not None),
        credentials=Credentials(bearers=[TOKEN]),
        keep=lambda raw: Digest(str(len(raw))),
        metrics=metrics,
    )
    alive = {"journal": journal_writes(store.journal)}
    app = Starlette(
        routes=ingress_routes(alertmanager=webhook, metrics=metrics, alive=alive, ready={}, info={})
    )
    app.add_middleware(CountRequests, metrics=metrics)  # type: ignore[arg-type]
    routing = asyncio.create_task(dispatcher.run())
    await _serve(StraightIn(app, webhook, metrics), port, WholeAnswers)
    routing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await routing
    await store.close()


async def _serve(app: ASGIApp, port: int, http: Any) -> None:
    settle_in()
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        loop="none",
        http=http,
        access_log=False,
        lifespan="off",
        log_level="warning",
        proxy_headers=False,
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    name, port = sys.argv[1:3]
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(bare(int(port)) if name == "bare" else fireline(int(port), Path(sys.argv[3])))
