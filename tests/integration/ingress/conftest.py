"""The ingress over a real store, on a real port; and the real Prometheus and Alertmanager in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from bot.domain.clock import SystemClock
from bot.domain.ids import Digest
from bot.ingress.alertmanager import AlertmanagerWebhook
from bot.ingress.app import StraightIn, ingress_routes
from bot.ingress.credentials import Credentials
from bot.ingress.health import journal_writes
from bot.telemetry import Metrics
from tests.fakes.books import book
from tests.fakes.http_server import serving
from tests.fakes.office import Office
from tests.fakes.store import open_test_store
from tests.parts import PARTS

BEARER = "test-token"
BASIC = ("alertmanager", "test-password")
BY_SERVICE: dict[str, Any] = {
    "match": 'alertname="CheckoutErrors"',
    "inputs": {"service": {"type": "string", "default": "{{ alert.labels.service }}"}},
    "concurrency": {"group": "service/{{ inputs.service }}"},
}


@dataclass
class Front:
    """A running ingress; `statuses` are its answers to deliveries, in order, and `sheds` makes it answer 503 so often first."""

    office: Office
    url: str = ""
    statuses: list[int] = field(default_factory=list)
    sheds: int = 0
    kept: list[bytes] = field(default_factory=list)

    def keep(self, raw: bytes) -> Digest:
        """Keep a body."""
        self.kept.append(raw)
        return Digest(hashlib.sha256(raw).hexdigest())

    async def until(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)


@pytest_asyncio.fixture
async def front(tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[Front]:
    """Give an ingress with a runbook for CheckoutErrors and the dispatcher running."""
    store = await open_test_store(tmp_path)
    made = Front(Office(store=store, clock=SystemClock(), books=[book(**BY_SERVICE)]))  # type: ignore[arg-type]
    metrics = Metrics(version="test", process=False)
    webhook = AlertmanagerWebhook(
        made.office.intake,
        credentials=Credentials(bearers=[BEARER], basics=[BASIC]),
        keep=made.keep,
        metrics=metrics,
    )
    alive = {"journal": journal_writes(store.journal)}
    app = Starlette(
        routes=ingress_routes(alertmanager=webhook, metrics=metrics, alive=alive, ready={}, info={})
    )
    straight = StraightIn(app, webhook, metrics)

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Any) -> None:
            if message["type"] == "http.response.start" and scope["path"].startswith("/webhooks"):
                if made.sheds > 0:
                    made.sheds -= 1
                    message = {**message, "status": 503}
                made.statuses.append(message["status"])
            await send(message)

        await straight(scope, receive, note)

    routing = asyncio.create_task(made.office.dispatcher.run())
    async with serving(watched, free_port()) as url:
        made.url = url
        yield made
    routing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await routing
    await store.close()


@dataclass
class Watch:
    """A running Alertmanager, and a Prometheus whose rule fires while the file says so."""

    alertmanager: str
    folder: Path

    async def send(self, *alerts: dict[str, Any]) -> None:
        """Post alerts to Alertmanager's own API."""
        async with httpx.AsyncClient() as client:
            answered = await client.post(f"{self.alertmanager}/api/v2/alerts", json=list(alerts))
            answered.raise_for_status()


StartWatch = Callable[..., Any]


@pytest_asyncio.fixture
async def start_alertmanager(tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[StartWatch]:
    """Start a real Alertmanager that delivers to a URL with these lines of `http_config`."""
    running: list[subprocess.Popen[bytes]] = []

    async def start(url: str, http_config: str, *, name: str = "am") -> Watch:
        port, folder = free_port(), tmp_path / name
        folder.mkdir()
        (folder / "alertmanager.yml").write_text(
            "route: {receiver: fireline, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}\n"
            "receivers:\n- name: fireline\n  webhook_configs:\n"
            f"  - url: {url}/webhooks/alertmanager\n    send_resolved: true\n    http_config: {http_config}\n"
        )
        program = PARTS["alertmanager"].find()
        assert program
        running.append(
            _spawn(
                [
                    program,
                    f"--config.file={folder}/alertmanager.yml",
                    f"--storage.path={folder}/data",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--cluster.listen-address=",
                ],
                folder,
            )
        )
        await _ready(f"http://127.0.0.1:{port}/-/ready")
        return Watch(f"http://127.0.0.1:{port}", folder)

    yield start
    _stop(running)


@pytest_asyncio.fixture
async def start_prometheus(tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[StartWatch]:
    """Start a real Prometheus that scrapes a URL's /metrics and sends what one rule finds to an Alertmanager."""
    running: list[subprocess.Popen[bytes]] = []

    async def start(alertmanager: str, scraped: str, rule: str) -> None:
        port, folder = free_port(), tmp_path / "prometheus"
        folder.mkdir()
        (folder / "rules.yml").write_text(rule)
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}\n"
            f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager.removeprefix('http://')}']}}]}}]}}\n"
            "rule_files: [rules.yml]\n"
            f"scrape_configs: [{{job_name: shop, static_configs: [{{targets: ['{scraped.removeprefix('http://')}']}}]}}]\n"
        )
        program = PARTS["prometheus"].find()
        assert program
        running.append(
            _spawn(
                [
                    program,
                    f"--config.file={folder}/prometheus.yml",
                    f"--storage.tsdb.path={folder}/data",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                folder,
            )
        )
        await _ready(f"http://127.0.0.1:{port}/-/ready")

    yield start
    _stop(running)


async def _ready(url: str) -> None:
    async with asyncio.timeout(30), httpx.AsyncClient() as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(url)).status_code == 200:
                    return
            await asyncio.sleep(0.05)


def _spawn(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)


def _stop(running: list[subprocess.Popen[bytes]]) -> None:
    for process in running:
        process.terminate()
    for process in running:
        process.wait(timeout=20)
