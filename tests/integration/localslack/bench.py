"""What the tests of the Local Slack stand on: one on a free port, apps that talk to it, a person's hands."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import LocalClock, LocalSlack, LocalSlackConfig, serving
from tests.integration.localslack.watch import Witness

Json = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Bench:
    """A running Local Slack, a client of it and a person's wire API."""

    slack: LocalSlack
    clock: LocalClock
    url: str
    client: AsyncWebClient
    hands: httpx.AsyncClient

    async def do(self, path: str, **body: Any) -> Json:
        """POST to `/_local/<path>` and expect it to work."""
        response = await self.hands.post(f"/_local/{path}", json=body)
        assert response.status_code == 200, response.text
        found: Json = response.json()
        return found

    async def refused(self, path: str, **body: Any) -> str:
        """POST to `/_local/<path>` and expect a refusal; its word."""
        response = await self.hands.post(f"/_local/{path}", json=body)
        assert response.status_code == 400, response.text
        return str(response.json()["error"])

    async def until(
        self, holds: Callable[[list[Json]], bool], *, channel: str = "incidents", user: str = "ada"
    ) -> list[Json]:
        """The messages that a person sees in a channel, once `holds` is true of them."""
        async with asyncio.timeout(5):
            while not holds(found := await self.messages(channel, user)):
                await asyncio.sleep(0.01)
        return found

    async def messages(self, channel: str, user: str = "ada") -> list[Json]:
        """What a person sees in a channel."""
        response = await self.hands.get("/_local/state", params={"user": user, "channel": channel})
        state = response.json()
        found: list[Json] = state["messages"][state["channels"][0]["id"]]
        return found


@asynccontextmanager
async def bench(
    config: LocalSlackConfig | None = None, clock: LocalClock | None = None
) -> AsyncIterator[Bench]:
    """A Local Slack for the length of a block; all that it says to the app must be as Slack says it."""
    clock = clock or LocalClock()
    slack = LocalSlack(config or LocalSlackConfig(rate_limits=False), clock)
    witness = Witness(slack)
    async with serving(slack) as url, httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as hands:
        client = AsyncWebClient(token=slack.config.app.bot_token, base_url=f"{url}/api/")
        yield Bench(slack=slack, clock=clock, url=url, client=client, hands=hands)
    assert not witness.problems, "\n".join(sorted(set(witness.problems)))


def bolt_app(local: Bench) -> AsyncApp:
    """A bolt app with the Local Slack's tokens."""
    return AsyncApp(client=local.client, signing_secret=local.slack.config.app.signing_secret)


@asynccontextmanager
async def over_http(local: Bench, app: AsyncApp) -> AsyncIterator[str]:
    """The app behind a request URL of its own, known to the Local Slack."""
    handler = AsyncSlackRequestHandler(app, path="/slack/events")
    async with asgi_server(handler) as url:
        local.slack.http.request_url = f"{url}/slack/events"
        yield url


@asynccontextmanager
async def asgi_server(app: Callable[..., Awaitable[None]]) -> AsyncIterator[str]:
    """Any ASGI app on a free port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()
