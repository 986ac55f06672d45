"""bolt-python over HTTP, unchanged, against the Local Slack."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from tests.integration.localslack.bench import Bench, asgi_server, bolt_app, over_http

Json = dict[str, Any]
BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}, "value": "7"}


async def test_a_command_is_acked_answered_and_clicked(local: Bench) -> None:
    """A slash command, its ack, a post with a button, the click, and an edit of the message all go round."""
    app = bolt_app(local)

    @app.command("/incident")
    async def incident(ack: Any, command: Json, say: Any) -> None:
        await ack(f"on it: {command['text']}")
        await say(text="choose", blocks=[{"type": "actions", "elements": [BUTTON]}])

    @app.action("go")
    async def go(ack: Any, body: Json, client: Any) -> None:
        await ack()
        text = f"clicked by <@{body['user']['id']}> with {body['actions'][0]['value']}"
        await client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text=text, blocks=[]
        )

    async with over_http(local, app):
        done = await local.do(
            "command", user="ada", channel="incidents", command="/incident", text="declare a < b"
        )
        assert done["ack"]["outcome"] == "ok"
        acked, post = sorted(await local.until(lambda seen: len(seen) == 2), key=lambda m: not m["ephemeral"])
        assert acked["text"] == "on it: declare a &lt; b"
        assert acked["ephemeral"]
        assert [m["text"] for m in await local.messages("incidents", "ben")] == ["choose"]
        await local.do("action", user="ben", channel="incidents", ts=post["ts"], action_id="go")
        await local.until(lambda seen: seen[0]["text"] == "clicked by <@U0BENRUIZ00> with 7", user="ben")


async def test_a_response_url_takes_five_messages(local: Bench) -> None:
    """`respond` works five times, ephemeral and in the channel; the sixth is refused with 404 `used_url`."""
    app = bolt_app(local)
    urls: list[str] = []

    @app.command("/incident")
    async def incident(ack: Any, respond: Any, body: Json) -> None:
        await ack()
        urls.append(body["response_url"])
        await respond("only you")
        await respond({"text": "all of you", "response_type": "in_channel"})

    async with over_http(local, app):
        await local.do("command", user="ada", channel="incidents", command="/incident", text="")
        await local.until(lambda seen: len(seen) == 2)
        for _ in range(3):
            assert (await local.hands.post(urls[0], json={"text": "more"})).status_code == 200
        sixth = await local.hands.post(urls[0], json={"text": "too much"})
        assert (sixth.status_code, sixth.json()["error"]) == (404, "used_url")
        assert [m["text"] for m in await local.messages("incidents", "ben")] == ["all of you"]
        assert len(await local.messages("incidents", "ada")) == 5


async def test_a_modal_opens_is_checked_and_submitted(local: Bench) -> None:
    """views.open by trigger id; a refused submission shows its error; the next one closes the modal."""
    app = bolt_app(local)
    submitted: list[Json] = []
    view = {
        "type": "modal",
        "callback_id": "declare",
        "title": {"type": "plain_text", "text": "Declare"},
        "submit": {"type": "plain_text", "text": "Declare"},
        "blocks": [
            {
                "type": "input",
                "block_id": "title",
                "label": {"type": "plain_text", "text": "Title"},
                "element": {"type": "plain_text_input", "action_id": "text"},
            }
        ],
    }

    @app.command("/incident")
    async def incident(ack: Any, body: Json, client: Any) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=view)
        await ack()

    @app.view("declare")
    async def declared(ack: Any, view: Json) -> None:
        title = view["state"]["values"]["title"]["text"]["value"]
        if title == "bad":
            await ack(response_action="errors", errors={"title": "a better one, please"})
            return
        await ack()
        submitted.append(title)

    async with over_http(local, app):
        await local.do("command", user="ada", channel="incidents", command="/incident", text="declare")
        state = (await local.hands.get("/_local/state", params={"user": "ada"})).json()
        view_id = state["view"]["id"]
        assert await local.refused("view/submit", user="ada", view_id=view_id, values={}) == "missing_input"
        await local.do("view/submit", user="ada", view_id=view_id, values={"text": "bad"})
        state = (await local.hands.get("/_local/state", params={"user": "ada"})).json()
        assert state["view"]["errors"] == {"title": "a better one, please"}
        await local.do("view/submit", user="ada", view_id=view_id, values={"text": "Checkout is down"})
        state = (await local.hands.get("/_local/state", params={"user": "ada"})).json()
        assert state["view"] is None
    assert submitted == ["Checkout is down"]


async def test_a_late_answer_is_seen_by_the_person(local: Bench) -> None:
    """An app that does not ack within 3 s: the person reads `operation_timeout`."""
    asked = asyncio.Event()

    async def slow(_scope: Any, receive: Any, _send: Any) -> None:
        asked.set()
        while (await receive())["type"] != "http.disconnect":
            continue

    async with asgi_server(slow) as url:
        local.slack.http.request_url = url
        sending = asyncio.create_task(
            local.do("command", user="ada", channel="incidents", command="/incident", text="list")
        )
        await asked.wait()
        local.clock.advance(3)
        assert (await sending)["ack"]["outcome"] == "late"
    (notice,) = await local.messages("incidents")
    assert notice["text"] == "/incident failed with the error “operation_timeout”"
    assert notice["ephemeral"]


async def test_without_an_app_the_person_reads_dispatch_failed(local: Bench) -> None:
    """Nobody at the request URL: the click and the command say so."""
    local.slack.http.request_url = "http://127.0.0.1:9/slack/events"
    await local.do("command", user="ada", channel="incidents", command="/incident", text="list")
    (notice,) = await local.messages("incidents")
    assert notice["text"] == "/incident failed with the error “dispatch_failed”"


async def test_callbacks_are_signed_as_slack_signs(local: Bench) -> None:
    """slack_sdk's own verifier takes every kind of callback, and refuses one with another body."""
    seen: list[tuple[bytes, dict[str, str]]] = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        seen.append((body, {k.decode(): v.decode() for k, v in _scope["headers"]}))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with asgi_server(app) as url:
        local.slack.http.request_url = url
        await local.client.chat_postMessage(
            channel="incidents", text="x", blocks=[{"type": "actions", "elements": [BUTTON]}]
        )
        await local.do("command", user="ada", channel="incidents", command="/incident", text="list")
        await local.do(
            "action",
            user="ada",
            channel="incidents",
            ts=(await local.messages("incidents"))[0]["ts"],
            action_id="go",
        )
        await local.slack.delivery.settle()
    verifier = SignatureVerifier(local.slack.config.app.signing_secret)
    assert len(seen) == 3
    for body, headers in seen:
        assert verifier.is_valid_request(body, headers)
        assert not verifier.is_valid_request(body + b" ", headers)


async def test_events_come_back_with_retries_of_their_own(local: Bench) -> None:
    """A message event is retried at once, after a minute and after five, with the number and the reason."""
    heard: list[dict[str, str]] = []
    times: list[float] = []

    async def failing(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        heard.append({k.decode(): v.decode() for k, v in scope["headers"] if k.startswith(b"x-slack-retry")})
        times.append(local.clock.now().timestamp())
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with asgi_server(failing) as url, asyncio.timeout(10):
        local.slack.http.request_url = url
        await local.do("message", user="ada", channel="incidents", text="hello")
        while len(heard) < 4:
            await local.slack.delivery.settle()
            local.clock.advance(5)
            await asyncio.sleep(0)
    retry = {"x-slack-retry-reason": "http_error"}
    assert heard == [{}, *({"x-slack-retry-num": str(n)} | retry for n in (1, 2, 3))]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert [round(wait / 30) * 30 for wait in waits] == [0, 60, 300]


async def test_own_posts_come_back_and_mentions_are_told(local: Bench) -> None:
    """The bot hears its own post with its bot_id, a person's message, and the mention in it."""
    app = AsyncApp(
        client=local.client,
        signing_secret=local.slack.config.app.signing_secret,
        ignoring_self_events_enabled=False,
    )
    heard: list[Json] = []

    @app.event("message")
    async def message(event: Json) -> None:
        heard.append(event)

    @app.event("app_mention")
    async def mention(event: Json) -> None:
        heard.append(event)

    async with over_http(local, app):
        await local.client.chat_postMessage(channel="incidents", text="mine")
        await local.do("message", user="ada", channel="incidents", text="@fireline look at <this>")
        await local.slack.delivery.settle()
    kinds = sorted((event["type"], event.get("bot_id", "")) for event in heard)
    assert kinds == [("app_mention", ""), ("message", ""), ("message", "B0FIRELINE0")]
    texts = {event["text"] for event in heard}
    assert texts == {"mine", "<@U0FIRELINE0> look at &lt;this&gt;"}


async def test_a_request_url_is_verified(local: Bench) -> None:
    """`url_verification` is sent to a new request URL, and bolt answers the challenge."""
    async with over_http(local, bolt_app(local)) as url:
        done = await local.do("request-url", url=f"{url}/slack/events")
        assert done["verified"]
    assert await local.refused("request-url", url="http://127.0.0.1:9/") == "url_verification_failed"


@pytest.mark.parametrize("copies", [2, 4])
async def test_a_duplicate_delivery_is_the_same_payload(local: Bench, copies: int) -> None:
    """The `duplicate` fault sends one payload several times, with the same event id."""
    heard: list[bytes] = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        heard.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with asgi_server(app) as url:
        local.slack.http.request_url = url
        await local.do("faults", kind="duplicate", target="events_api", copies=copies)
        await local.do("message", user="ada", channel="incidents", text="once")
        await local.slack.delivery.settle()
    assert len(heard) == copies
    assert len(set(heard)) == 1


async def test_events_out_of_order(local: Bench) -> None:
    """The `out_of_order` fault lets the second event overtake the first."""
    heard: list[str] = []
    app = bolt_app(local)

    @app.event("message")
    async def message(event: Json) -> None:
        heard.append(event["text"])

    async with over_http(local, app):
        await local.do("faults", kind="out_of_order", target="events_api")
        await local.do("message", user="ada", channel="incidents", text="first")
        await local.do("message", user="ada", channel="incidents", text="second")
        await local.slack.delivery.settle()
    assert heard == ["second", "first"]


async def test_apply_then_drop_makes_the_default_client_post_twice(local: Bench) -> None:
    """What makes an ambiguous post dangerous: applied, not answered, sent again."""
    await local.do("faults", kind="apply_then_drop", method="chat.postMessage")
    await local.client.chat_postMessage(channel="incidents", text="once?")
    assert [m["text"] for m in await local.messages("incidents")] == ["once?", "once?"]
    calls = (await local.hands.get("/_local/calls", params={"method": "chat.postMessage"})).json()["calls"]
    assert [(call["ok"], call["status"]) for call in calls] == [(True, 0), (True, 200)]
