"""slack-sdk's own client against the Web API: what each method does, and how it refuses."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import LocalSlackConfig
from bot.localslack.methods.registry import REGISTRY
from tests.integration.localslack.bench import Bench, bench

Json = dict[str, Any]


async def refusal(call: Awaitable[Any]) -> Json:
    """The answer of a call that Slack refuses, always with HTTP 200."""
    with pytest.raises(SlackApiError) as refused:
        await call
    assert refused.value.response.status_code == 200
    body: Json = refused.value.response.data
    return body


async def code(call: Awaitable[Any]) -> str:
    """Only its word."""
    return str((await refusal(call))["error"])


async def test_a_channel_lives_its_life(local: Bench) -> None:
    """Create, describe, invite, rename, archive: each works once and is refused the second time as Slack refuses it."""
    client = local.client
    channel = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    assert await code(client.conversations_create(name="inc-1")) == "name_taken"
    await client.conversations_setTopic(channel=channel, topic="SEV1")
    assert await code(client.conversations_setTopic(channel=channel, topic="x" * 251)) == "too_long"
    await client.conversations_invite(channel=channel, users=["U0ADAOKAFOR", "U0BENRUIZ00"])
    assert (
        await code(client.conversations_invite(channel=channel, users="U0ADAOKAFOR")) == "already_in_channel"
    )
    assert await code(client.conversations_invite(channel=channel, users="U0FIRELINE0")) == "cant_invite_self"
    assert await code(client.conversations_invite(channel=channel, users="U0NOBODY")) == "user_not_found"
    renamed = await client.conversations_rename(channel=channel, name="inc-1-checkout")
    assert renamed["channel"]["previous_names"] == ["inc-1"]
    members = (await client.conversations_members(channel=channel))["members"]
    assert members == ["U0FIRELINE0", "U0ADAOKAFOR", "U0BENRUIZ00"]
    await client.conversations_archive(channel=channel)
    assert await code(client.conversations_archive(channel=channel)) == "already_archived"
    assert await code(client.chat_postMessage(channel=channel, text="x")) == "is_archived"
    assert await code(client.conversations_archive(channel="C0GENERAL00")) == "not_in_channel"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "invalid_name_required"),
        ("x" * 81, "invalid_name_maxlength"),
        ("Upper", "invalid_name_specials"),
        ("a b", "invalid_name_specials"),
        ("---", "invalid_name_punctuation"),
        ("general", "name_taken"),
    ],
)
async def test_channel_names(local: Bench, name: str, error: str) -> None:
    """Each bad name has its own word."""
    assert await code(local.client.conversations_create(name=name)) == error


async def test_messages_are_posted_edited_found_and_deleted(local: Bench) -> None:
    """Metadata comes back from the history only when asked for; an edit keeps it."""
    client = local.client
    metadata = {"event_type": "fireline", "event_payload": {"key": "run-1"}}
    posted = await client.chat_postMessage(channel="C0INCIDENTS", text="one", metadata=metadata)
    await client.chat_update(channel="C0INCIDENTS", ts=posted["ts"], text="two")
    bare = (await client.conversations_history(channel="C0INCIDENTS"))["messages"][0]
    assert bare["text"] == "two"
    assert "metadata" not in bare
    full = (await client.conversations_history(channel="C0INCIDENTS", include_all_metadata=True))["messages"][
        0
    ]
    assert full["metadata"] == metadata
    link = (await client.chat_getPermalink(channel="C0INCIDENTS", message_ts=posted["ts"]))["permalink"]
    assert (await local.hands.get(link)).status_code == 307
    await client.chat_delete(channel="C0INCIDENTS", ts=posted["ts"])
    assert await code(client.chat_delete(channel="C0INCIDENTS", ts=posted["ts"])) == "message_not_found"


async def test_an_edit_keeps_what_it_does_not_name(local: Bench) -> None:
    """A new text alone leaves the blocks, as Slack does; an empty array takes them away."""
    client, here = local.client, "C0INCIDENTS"
    blocks = [{"type": "divider", "block_id": "d"}]
    ts = (await client.chat_postMessage(channel=here, text="one", blocks=blocks))["ts"]
    assert (await client.chat_update(channel=here, ts=ts, text="two"))["message"]["blocks"] == blocks
    assert "blocks" not in (await client.chat_update(channel=here, ts=ts, text="two", blocks=[]))["message"]


async def test_an_edit_answers_with_what_was_edited(local: Bench) -> None:
    """The history tells of the thread and of who reacted, the answer does not: Slack's type of it has no place for that."""
    client, here = local.client, "C0INCIDENTS"
    ts = (await client.chat_postMessage(channel=here, text="one"))["ts"]
    await client.chat_postMessage(channel=here, text="below", thread_ts=ts)
    await local.do("reaction", user="ada", channel="incidents", ts=ts, name="eyes")
    answer = await client.chat_update(channel=here, ts=ts, text="two")
    assert (answer["ts"], answer["message"]["text"]) == (ts, "two")
    assert not {"ts", "reactions", "thread_ts", "reply_count"} & answer["message"].keys()
    (parent,) = (await client.conversations_history(channel=here))["messages"]
    assert (parent["reply_count"], parent["reactions"][0]["name"]) == (1, "eyes")


async def test_what_can_not_be_posted_or_edited(local: Bench) -> None:
    """Each refusal of chat.* that the bot can meet."""
    client = local.client
    own = (await client.chat_postMessage(channel="incidents", text="own"))["ts"]
    theirs = (await local.do("message", user="ada", channel="incidents", text="theirs"))["ts"]
    ephemeral = (await client.chat_postEphemeral(channel="C0INCIDENTS", user="U0ADAOKAFOR", text="x"))[
        "message_ts"
    ]
    here = "C0INCIDENTS"
    assert await code(client.chat_postMessage(channel="C0NOWHERE", text="x")) == "channel_not_found"
    assert await code(client.chat_postMessage(channel="C0GENERAL00", text="x")) == "not_in_channel"
    assert await code(client.api_call("chat.postMessage", json={"channel": here, "text": " "})) == "no_text"
    assert await code(client.chat_postMessage(channel=here, text="x" * 40_001)) == "msg_too_long"
    assert await code(client.chat_update(channel=here, ts=own, text="x" * 4_001)) == "msg_too_long"
    assert await code(client.chat_update(channel=here, ts=theirs, text="x")) == "cant_update_message"
    assert await code(client.chat_update(channel=here, ts=ephemeral, text="x")) == "message_not_found"
    assert (
        await code(client.chat_postEphemeral(channel=here, user="U0DANAWEBER", text="x"))
        == "user_not_in_channel"
    )
    bad_metadata = {"event_type": "x"}
    assert (
        await code(client.chat_postMessage(channel=here, text="x", metadata=bad_metadata))
        == "invalid_metadata_format"
    )


async def test_bad_blocks_come_back_with_their_places(local: Bench) -> None:
    """`invalid_blocks` carries `errors` and `response_metadata.messages`, as Slack's answer does."""
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]
    body = await refusal(local.client.chat_postMessage(channel="incidents", text="x", blocks=blocks))
    assert body["error"] == "invalid_blocks"
    assert body["errors"] == [
        "failed to match all allowed schemas [json-pointer:/blocks/0/text]",
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ]
    assert body["response_metadata"]["messages"] == [f"[ERROR] {error}" for error in body["errors"]]
    many = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 5
    assert (
        await code(local.client.chat_postMessage(channel="incidents", text="x", blocks=many))
        == "msg_blocks_too_long"
    )


async def test_threads(local: Bench) -> None:
    """Replies stay out of the history, count on their parent and page in order."""
    client, here = local.client, "C0INCIDENTS"
    parent = (await client.chat_postMessage(channel=here, text="parent"))["ts"]
    for n in range(3):
        await client.chat_postMessage(channel=here, text=f"reply {n}", thread_ts=parent)
    (shown,) = (await client.conversations_history(channel=here))["messages"]
    assert shown["reply_count"] == 3
    texts: list[str] = []
    async for page in await client.conversations_replies(channel=here, ts=parent, limit=2):
        texts += [message["text"] for message in page["messages"]]
    assert texts == ["parent", "reply 0", "reply 1", "reply 2"]
    assert await code(client.conversations_replies(channel=here, ts="1.000000")) == "thread_not_found"


async def test_history_pages_and_windows(local: Bench) -> None:
    """Newest first, by cursor, and between two timestamps."""
    client, here = local.client, "C0INCIDENTS"
    stamps = [(await client.chat_postMessage(channel=here, text=str(n)))["ts"] for n in range(5)]
    pages = [page["messages"] async for page in await client.conversations_history(channel=here, limit=2)]
    assert [[message["text"] for message in page] for page in pages] == [["4", "3"], ["2", "1"], ["0"]]
    window = await client.conversations_history(
        channel=here, oldest=stamps[1], latest=stamps[3], inclusive=True
    )
    assert [message["text"] for message in window["messages"]] == ["3", "2", "1"]


async def test_pins_bookmarks_and_reactions(local: Bench) -> None:
    """Each mark can be made once."""
    client, here = local.client, "C0INCIDENTS"
    ts = (await client.chat_postMessage(channel=here, text="x"))["ts"]
    await client.pins_add(channel=here, timestamp=ts)
    assert await code(client.pins_add(channel=here, timestamp=ts)) == "already_pinned"
    assert (await client.pins_list(channel=here))["items"][0]["message"]["ts"] == ts
    await client.bookmarks_add(channel_id=here, title="Console", type="link", link="http://127.0.0.1/1")
    assert (
        await code(client.bookmarks_add(channel_id=here, title="x", type="link", link="nope"))
        == "invalid_link"
    )
    assert [b["title"] for b in (await client.bookmarks_list(channel_id=here))["bookmarks"]] == ["Console"]
    await client.reactions_add(channel=here, timestamp=ts, name="eyes")
    assert await code(client.reactions_add(channel=here, timestamp=ts, name="eyes")) == "already_reacted"
    assert await code(client.reactions_add(channel=here, timestamp=ts, name="no such")) == "invalid_name"


async def test_a_file_goes_up_in_three_steps(local: Bench) -> None:
    """slack-sdk's `files_upload_v2` works; people see the file and can't run it."""
    done = await local.client.files_upload_v2(
        channel="C0INCIDENTS", filename="evidence.html", content="<script>1</script>", title="Evidence"
    )
    file_id = done["file"]["id"]
    (message,) = await local.messages("incidents")
    assert message["files"][0]["title"] == "Evidence"
    shown = await local.hands.get(f"/files/{file_id}")
    assert shown.text == "<script>1</script>"
    assert shown.headers["content-type"].startswith("text/plain")
    assert "sandbox" in shown.headers["content-security-policy"]


async def test_who_works_here(local: Bench) -> None:
    """People, the group, the one who left and the bot."""
    client = local.client
    people = {user["id"]: user for user in (await client.users_list())["members"]}
    assert people["U0EVELEFT00"]["deleted"]
    assert people["U0DANAWEBER"]["is_restricted"]
    assert people["U0FIRELINE0"]["is_bot"]
    assert (await client.users_lookupByEmail(email="BEN@example.com"))["user"]["id"] == "U0BENRUIZ00"
    assert await code(client.users_lookupByEmail(email="eve@example.com")) == "users_not_found"
    assert await code(client.users_info(user="U0NOBODY")) == "user_not_found"
    users = (await client.usergroups_users_list(usergroup="S0SRE000000"))["users"]
    assert users == ["U0ADAOKAFOR", "U0BENRUIZ00"]


async def test_tokens_and_scopes(local: Bench) -> None:
    """No token, a wrong one, a revoked one, one without the scope: four words."""
    assert await code(AsyncWebClient(base_url=f"{local.url}/api/").auth_test()) == "not_authed"
    assert (
        await code(AsyncWebClient(token="xoxb-x", base_url=f"{local.url}/api/").auth_test()) == "invalid_auth"
    )
    assert await code(local.client.api_call("chat.fly")) == "unknown_method"
    await local.do("tokens", revoked=True)
    assert await code(local.client.auth_test()) == "token_revoked"
    config = LocalSlackConfig()
    few = replace(config, app=replace(config.app, bot_scopes=frozenset({"chat:write", "channels:manage"})))
    async with bench(few) as other:
        body = await refusal(other.client.pins_add(channel="C0INCIDENTS", timestamp="1.0"))
        assert (body["error"], body["needed"]) == ("missing_scope", "pins:write")
        assert body["provided"] == "channels:manage,chat:write"
        body = await refusal(other.client.conversations_create(name="secret", is_private=True))
        assert (body["error"], body["needed"]) == ("missing_scope", "groups:write")


async def test_posting_too_fast_is_429(strict: Bench) -> None:
    """A second post in a second in one channel is refused; another channel and the next second are not."""
    await strict.client.chat_postMessage(channel="C0INCIDENTS", text="1")
    headers = {"authorization": f"Bearer {strict.slack.config.app.bot_token}"}
    body = {"channel": "C0INCIDENTS", "text": "2"}
    answer = await strict.hands.post("/api/chat.postMessage", json=body, headers=headers)
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["error"]) == (
        429,
        "1",
        "ratelimited",
    )
    await strict.do("clock", advance=1)
    answer = await strict.hands.post("/api/chat.postMessage", json=body, headers=headers)
    assert answer.json()["ok"]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "ratelimited", "retry_after": 7}, 429),
        ({"kind": "server_error", "status": 503}, 503),
        ({"kind": "error", "error": "fatal_error"}, 200),
    ],
)
async def test_faults_strike_as_often_as_asked(local: Bench, fault: Json, status: int) -> None:
    """After `skip` calls, `count` times, only the method that was named."""
    await local.do("faults", **fault, method="auth.test", count=2, skip=1)
    headers = {"authorization": f"Bearer {local.slack.config.app.bot_token}"}
    answers = [await local.hands.post("/api/auth.test", headers=headers) for _ in range(4)]
    assert [answer.json()["ok"] for answer in answers] == [True, False, False, True]
    assert answers[1].status_code == status
    assert await local.refused("faults", kind="meteor") == "unknown_fault"


async def test_a_private_channel_is_unseen_elsewhere(local: Bench) -> None:
    """Those outside see neither the channel nor what is said in it."""
    created = await local.client.conversations_create(name="inc-secret", is_private=True)
    channel = created["channel"]["id"]
    await local.client.conversations_invite(channel=channel, users="U0ADAOKAFOR")
    for user, seen in (("ada", True), ("ben", False)):
        state = (await local.hands.get("/_local/state", params={"user": user})).json()
        assert (channel in {c["id"] for c in state["channels"]}) is seen
        assert (await local.hands.get("/", params={"user": user, "channel": channel})).status_code == (
            200 if seen else 404
        )
    listed = await local.client.conversations_list(types="public_channel,private_channel")
    assert channel in {c["id"] for c in listed["channels"]}


def test_every_method_names_what_it_takes() -> None:
    """A row's required arguments are among its arguments, and its name is its key."""
    for name, method in REGISTRY.items():
        assert name == method.name
        assert set(method.required) <= method.arguments
