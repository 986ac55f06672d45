"""Two workspaces, one after the other: the local Slack always, a real one where its tokens are set."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from bot.localslack import LocalClock, LocalSlack, LocalSlackConfig, serving
from tests import published, schemas
from tests.live import tokens

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace with the app in it, and a client that holds every answer to what Slack publishes."""

    slack: LocalSlack  # serves the local one; for a real one it only carries the tokens
    url: str
    client: httpx.AsyncClient
    problems: list[str] = field(default_factory=list)

    async def call(self, method: str, **arguments: Any) -> Json:
        """Call a method as a form, which every method takes; wait where Slack says so."""
        form = {key: each if isinstance(each, str) else json.dumps(each) for key, each in arguments.items()}
        headers = {"authorization": f"Bearer {self.slack.config.app.bot_token}"}
        answer = await self.client.post(f"{self.url}/api/{method}", data=form, headers=headers)
        while answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            await asyncio.sleep(int(answer.headers["retry-after"]))
            answer = await self.client.post(f"{self.url}/api/{method}", data=form, headers=headers)
        body: Json = answer.json()
        found = schemas.response_problems(method, body) if schemas.has_response(method) else []
        known = published.methods()[method].errors | published.SEEN.get(method, frozenset())
        if not body["ok"] and body["error"] not in known:
            found.append(f"{body['error']} is not among the published errors")
        self.problems.extend(f"{method}: {problem}" for problem in found)
        return body

    async def done(self, method: str, **arguments: Any) -> Json:
        """Call a method that must work."""
        body = await self.call(method, **arguments)
        assert body["ok"], (method, body)
        return body

    async def refused(self, method: str, **arguments: Any) -> str:
        """Call a method that must not work; Slack's word for it."""
        body = await self.call(method, **arguments)
        assert not body["ok"], (method, body)
        return str(body["error"])


@pytest.fixture(params=["local", "slack"])
async def workspace(request: pytest.FixtureRequest) -> AsyncIterator[Workspace]:
    """The local Slack; then the real one, or a word on what to set."""
    async with httpx.AsyncClient(trust_env=request.param == "slack", timeout=30) as client:
        if request.param == "local":
            slack = LocalSlack(LocalSlackConfig(rate_limits=False), LocalClock())
            async with serving(slack) as url:
                made = Workspace(slack=slack, url=url, client=client)
                yield made
        else:
            if not tokens.asked():
                pytest.skip(tokens.HOW)
            bot, app = tokens.given()
            config = LocalSlackConfig()
            config = replace(config, app=replace(config.app, bot_token=bot, app_token=app))
            made = Workspace(slack=LocalSlack(config), url="https://slack.com", client=client)
            yield made
    assert not made.problems, "\n".join(sorted(set(made.problems)))


@pytest.fixture
async def channel(workspace: Workspace) -> AsyncIterator[str]:
    """A channel of the test's own, archived when it is over."""
    made = await workspace.done("conversations.create", name=unheard_of())
    yield made["channel"]["id"]
    await workspace.call("conversations.archive", channel=made["channel"]["id"])


def unheard_of() -> str:
    """A channel's name that no workspace has."""
    return f"fireline-live-{secrets.token_hex(6)}"
