"""How soon a click is acknowledged: 50 a second, signed as Slack signs, over HTTP into the surface with its real store; durable before the ack.

Beside it stands a POST of the same body to an endpoint that does nothing, in the same loop.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.localslack import LocalClock, LocalSlack, LocalSlackConfig, serving
from tests.benchmarks.figures import Figures, bar, show
from tests.integration.chat.conftest import ADA, Workplace, make, until

A_SECOND, SECONDS = 50, 8
MOST = 0.5
"""Seconds: 99 of 100 clicks must be acknowledged by then."""
MOST_TIMES = 5
"""As many POSTs to nowhere at their own p99, where the machine is so busy that the milliseconds say nothing of us."""


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Workplace]:
    """A workplace in HTTP mode with one incident that waits for an approval of many."""
    slack = LocalSlack(LocalSlackConfig(), LocalClock())
    async with serving(slack) as url:
        made = await make(tmp_path, slack, url, "http")
        await made.start()
        await until(lambda: made.surface.ready() is None)
        yield made
        await made.stop()
        await made.people.aclose()


@pytest.fixture
async def nowhere() -> AsyncIterator[str]:
    """Give the address of an endpoint that reads a body and says nothing."""

    async def answer(request: Request) -> Response:
        await request.body()
        return Response()

    app = Starlette(routes=[Route("/", answer, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    await task


async def test_fifty_clicks_a_second(place: Workplace, nowhere: str) -> None:
    """Each click is its own payload; every one of them is durable when it is acknowledged, and none is lost."""
    incident = await place.open_incident()
    await until(lambda: place.channel_of(incident))
    await place.settled()
    address = place.slack.http.request_url
    assert address is not None
    acks, bare = Figures("click → ack"), Figures("a POST to nowhere")
    kept = len(place.store.records.inbox_waiting(limit=10_000))
    async with aiohttp.ClientSession() as client:

        async def post(url: str, body: bytes, headers: dict[str, str], figures: Figures) -> None:
            began = time.perf_counter()
            async with client.post(url, data=body, headers=headers) as answer:
                await answer.read()
                assert answer.status == 200
            figures.add(time.perf_counter() - began)

        async def click(number: int) -> None:
            body, headers = _signed(place, number)
            await post(address, body, headers, acks)
            await post(nowhere, body, headers, bare)

        async with asyncio.TaskGroup() as clicks:
            began = time.perf_counter()
            for number in range(A_SECOND * SECONDS):
                await asyncio.sleep(max(0.0, began + number / A_SECOND - time.perf_counter()))
                clicks.create_task(click(number))
    show(f"{A_SECOND} clicks a second, for {SECONDS} s", [acks, bare], beside=bare)
    assert kept == 0
    most = bar(MOST, when_busy=MOST_TIMES * bare.percentile(99))
    assert acks.percentile(99) < most
    await until(lambda: not place.store.records.inbox_waiting(), seconds=60)


def _signed(place: Workplace, number: int) -> tuple[bytes, dict[str, str]]:
    """Make a click on Acknowledge, as Slack sends it."""
    payload = {
        "type": "block_actions",
        "team": {"id": "T1"},
        "user": {"id": ADA},
        "channel": {"id": "C1"},
        "container": {"message_ts": "1.0", "channel_id": "C1"},
        "trigger_id": f"t{number}",
        "actions": [
            {"action_id": "acknowledge", "value": json.dumps({"incident": 1}), "action_ts": f"{number}.0"}
        ],
    }
    body = urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(time.time()))
    secret = place.config.signing_secret.encode()
    digest = hmac.new(secret, b"v0:%s:%s" % (stamp.encode(), body), hashlib.sha256).hexdigest()
    return body, {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={digest}",
    }
