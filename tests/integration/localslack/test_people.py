"""What people can and can't do through `/_local`, and how others see it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.integration.localslack.bench import Bench


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("message", {"user": "nobody", "channel": "general", "text": "x"}, "user_not_found"),
        ("message", {"user": "eve", "channel": "general", "text": "x"}, "not_a_person"),
        ("message", {"user": "fireline", "channel": "general", "text": "x"}, "not_a_person"),
        ("message", {"user": "ada", "channel": "nowhere", "text": "x"}, "channel_not_found"),
        ("message", {"user": "dana", "channel": "general", "text": "x"}, "not_in_channel"),
        ("message", {"user": "ada", "channel": "general", "text": " "}, "no_text"),
        ("message", {"user": "ada", "text": "x"}, "missing_field"),
        ("command", {"user": "ada", "channel": "general", "command": "/fly", "text": ""}, "unknown_command"),
        ("action", {"user": "ada", "channel": "general", "ts": "1.0", "action_id": "x"}, "message_not_found"),
        ("view/submit", {"user": "ada", "view_id": "V1", "values": {}}, "view_not_found"),
        ("clock", {"advance": -1}, "invalid_advance"),
        ("sockets", {"disconnect": "boredom"}, "unknown_reason"),
    ],
)
async def test_what_can_not_be_done_is_refused_with_a_word(
    local: Bench, path: str, body: dict[str, Any], error: str
) -> None:
    """HTTP 400, a word for programs, a sentence for people."""
    assert await local.refused(path, **body) == error


async def test_names_become_mentions_and_the_rest_is_escaped(local: Bench) -> None:
    """People, groups, channels and `@here`; everything else as it was typed."""
    await local.do(
        "message", user="ada", channel="general", text="@ben @sre #incidents @here a&b <i> mail@ben"
    )
    (message,) = await local.messages("general")
    assert message["text"] == (
        "<@U0BENRUIZ00> <!subteam^S0SRE000000> <#C0INCIDENTS|incidents> <!here> a&amp;b &lt;i&gt; mail@ben"
    )


async def test_only_one_person_sees_an_ephemeral(local: Bench) -> None:
    """It is in no history and no other person's view, and a stranger can't click it."""
    element = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    blocks = [{"type": "actions", "elements": [element]}]
    sent = await local.client.chat_postEphemeral(
        channel="C0INCIDENTS", user="U0ADAOKAFOR", text="x", blocks=blocks
    )
    assert len(await local.messages("incidents", "ada")) == 1
    assert await local.messages("incidents", "ben") == []
    assert (await local.client.conversations_history(channel="C0INCIDENTS"))["messages"] == []
    click = {"channel": "incidents", "ts": sent["message_ts"], "action_id": "go"}
    assert await local.refused("action", user="ben", **click) == "message_not_found"


async def test_reactions_edits_and_deletions(local: Bench) -> None:
    """A reaction toggles; a message is its author's to change."""
    ts = (await local.do("message", user="ada", channel="general", text="x"))["ts"]
    at = {"channel": "general", "ts": ts}
    assert (await local.do("reaction", user="ben", name="eyes", **at))["added"]
    assert not (await local.do("reaction", user="ben", name="eyes", **at))["added"]
    assert await local.refused("edit", user="ben", text="y", **at) == "cant_update_message"
    await local.do("edit", user="ada", text="y", **at)
    assert [m["text"] for m in await local.messages("general")] == ["y"]
    await local.do("delete", user="ada", **at)
    assert await local.messages("general") == []


async def test_the_live_feed_tells_each_person_what_they_may_know(local: Bench) -> None:
    """Ben hears of the post, not of Ada's ephemeral; and after a break he is told what he missed."""
    await local.client.chat_postEphemeral(channel="C0INCIDENTS", user="U0ADAOKAFOR", text="for ada")
    await local.client.chat_postMessage(channel="C0INCIDENTS", text="for all")

    async def first(user: str) -> dict[str, Any]:
        async with local.hands.stream("GET", "/_local/events", params={"user": user, "after": "0"}) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data:"):
                    found: dict[str, Any] = json.loads(line.removeprefix("data:"))
                    return found
        raise AssertionError

    async with asyncio.timeout(5):
        assert (await first("ada"))["seq"] == 1
        assert (await first("ben"))["seq"] == 2


async def test_unread_counts_and_mentions(local: Bench) -> None:
    """A mention of one's group counts; reading clears it."""

    async def marks() -> tuple[int, int]:
        state = (await local.hands.get("/_local/state", params={"user": "ada", "channel": "general"})).json()
        return state["channels"][0]["unread"], state["channels"][0]["mentions"]

    await local.do("message", user="cleo", channel="general", text="hello")
    last = await local.do("message", user="cleo", channel="general", text="@sre please")
    assert await marks() == (2, 1)
    await local.do("read", user="ada", channel="general", ts=last["ts"])
    assert await marks() == (0, 0)


async def test_no_other_site_can_act_here(local: Bench) -> None:
    """`/_local` takes JSON alone, which a browser does not send to another site without asking first."""
    answer = await local.hands.post("/_local/message", content="{}", headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_content_type")
