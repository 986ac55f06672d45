"""Slack's own clients for Node, unchanged, against the Local Slack: `@slack/web-api`, and `@slack/bolt` in both modes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.localslack import LocalSlackConfig
from tests.integration.localslack.bench import Bench, bench
from tests.integration.localslack.node import Program, running

pytestmark = pytest.mark.needs("node", "npm")

Json = dict[str, Any]


async def test_the_web_client_posts_pages_uploads_and_waits_when_told() -> None:
    """It edits what it posted, is told 429 and tries again by itself, uploads in three calls, follows cursors, and reads refusals."""
    async with bench(LocalSlackConfig()) as local:
        token = local.slack.config.app.bot_token
        async with running("web.mjs", url=local.url, token=token, channel="C0INCIDENTS") as client:
            assert await client.said("auth") == {"team": "Demo Shop", "user": "fireline"}
            assert await client.said("history") == {"sent": True, "text": "updated", "key": "k1"}
            assert await client.said("limited") == {"seconds": 1, "posts": 2}
            assert await client.said("file") == {"title": "Evidence", "size": 7, "mode": "hosted"}
            assert await client.said("pages") == {"sizes": [2, 2, 2, 1]}
            refusals = await client.said("refusals")
    assert {name: found["error"] for name, found in refusals.items()} == {
        "nowhere": "channel_not_found",
        "long": "invalid_blocks",
        "tampered": "invalid_auth",
    }
    assert {found["code"] for found in refusals.values()} == {"slack_webapi_platform_error"}
    (message,) = refusals["long"]["messages"]
    assert message.endswith("[json-pointer:/blocks/0/text/text]")


async def test_bolt_over_http(local: Bench) -> None:
    """Signed callbacks to the request URL that it listens on, taken after `url_verification`."""
    app = local.slack.config.app
    secrets = {"token": app.bot_token, "signingSecret": app.signing_secret}
    async with running("bolt.mjs", url=local.url, **secrets) as program:
        port = (await program.said("ready"))["port"]
        await local.do("request-url", url=f"http://127.0.0.1:{port}/slack/events")
        await _a_day_with(program, local)
        assert {each["via"] for each in await _deliveries(local)} == {"http"}


async def test_bolt_over_socket_mode(local: Bench) -> None:
    """The same over a WebSocket; asked to come again, it does, and misses nothing."""
    app = local.slack.config.app
    tokens = {"token": app.bot_token, "appToken": app.app_token}
    async with running("bolt.mjs", url=local.url, **tokens) as program:
        await program.said("ready")
        await _a_day_with(program, local)
        await local.do("sockets", disconnect="refresh_requested")
        async with asyncio.timeout(20):
            while not local.slack.sockets.connected:
                await asyncio.sleep(0.01)
        await local.do("message", user="ben", channel="incidents", text="hello again")
        assert await program.said("message") == {"text": "hello again", "by": "U0BENRUIZ00"}
        assert {each["via"] for each in await _deliveries(local)} == {"socket"}


async def _a_day_with(program: Program, local: Bench) -> None:
    """A command, a modal refused, submitted and closed, a click, a shortcut, a reaction, App Home."""
    place: Json = {"user": "ada", "channel": "incidents"}
    await local.do("message", **place, text="hello app")
    assert await program.said("message") == {"text": "hello app", "by": "U0ADAOKAFOR"}

    view = {"user": "ada", "view_id": await _opened(program, local)}
    refused = await local.do("view/submit", **view, values={"text": "no"})
    assert refused["ack"]["body"] == {"response_action": "errors", "errors": {"title": "too short"}}
    await local.do("view/submit", **view, values={"text": "Checkout is down"})
    assert await program.said("submitted") == {"title": "Checkout is down", "by": "U0ADAOKAFOR"}
    await local.do("view/close", user="ada", view_id=await _opened(program, local))
    assert await program.said("closed") == {}

    seen = await local.until(lambda seen: seen[-1]["text"] == "Checkout is down")
    mark = place | {"ts": seen[-1]["ts"]}
    await local.do("shortcut", **mark, callback_id="add_to_timeline")
    assert await program.said("shortcut") == {"type": "message_action", "text": "Checkout is down"}
    await local.do("reaction", **mark, name="pushpin")
    assert await program.said("reaction") == {"name": "pushpin", "of": "message"}
    await local.do("action", **mark, action_id="approve")
    assert await program.said("approved") == {"value": "run-7", "block": "choice"}
    await local.until(lambda seen: seen[-1]["text"] == "approved by <@U0ADAOKAFOR>")
    await local.do("home", user="ada")
    await program.said("home")


async def _opened(program: Program, local: Bench) -> str:
    await local.do("command", user="ada", channel="incidents", command="/incident", text="declare")
    await program.said("opened")
    state = (await local.hands.get("/_local/state", params={"user": "ada"})).json()
    return str(state["view"]["id"])


async def _deliveries(local: Bench) -> list[Json]:
    found: list[Json] = (await local.hands.get("/_local/deliveries")).json()["deliveries"]
    return [each for each in found if each["what"] != "url_verification"]
