"""What the bot relies on at Slack, asked of a workspace: the local Slack may claim nothing that a real one would deny."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.conftest import Workspace, unheard_of


def section(text: str) -> dict[str, Any]:
    """A section block."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


async def test_a_channel_is_made_once_described_renamed_and_closed(workspace: Workspace) -> None:
    """Slack's name is the name; a second one is refused; nobody writes into an archived one."""
    name = unheard_of()
    made = (await workspace.done("conversations.create", name=name))["channel"]
    assert made["name"] == name
    assert await workspace.refused("conversations.create", name=name) == "name_taken"
    place = {"channel": made["id"]}
    await workspace.done("conversations.setTopic", **place, topic="Checkout is failing")
    renamed = await workspace.done("conversations.rename", **place, name=f"{name}-2")
    assert renamed["channel"]["name"] == f"{name}-2"
    shown = (await workspace.done("conversations.info", **place))["channel"]
    assert (shown["topic"]["value"], shown["is_archived"]) == ("Checkout is failing", False)
    me = (await workspace.done("auth.test"))["user_id"]
    assert await workspace.refused("conversations.invite", **place, users=me) == "cant_invite_self"
    await workspace.done("conversations.archive", **place)
    assert await workspace.refused("chat.postMessage", **place, text="x") in {
        "is_archived",
        "not_in_channel",
    }


async def test_a_post_keeps_its_key_is_changed_and_goes(workspace: Workspace, channel: str) -> None:
    """Metadata comes back in the history, which is how a lost answer is settled; an update keeps the place, a deletion ends it."""
    metadata = {"event_type": "fireline", "event_payload": {"key": "k1"}}
    posted = await workspace.done(
        "chat.postMessage", channel=channel, text="one", blocks=[section("*one*")], metadata=metadata
    )
    read = await workspace.done("conversations.history", channel=channel, include_all_metadata=True)
    (found,) = [each for each in read["messages"] if each["ts"] == posted["ts"]]
    assert found["metadata"]["event_payload"] == {"key": "k1"}
    place = {"channel": channel, "ts": posted["ts"]}
    changed = await workspace.done("chat.update", **place, text="two", blocks=[section("*two*")])
    assert changed["ts"] == posted["ts"]
    reply = await workspace.done("chat.postMessage", channel=channel, text="below", thread_ts=posted["ts"])
    replies = await workspace.done("conversations.replies", **place)
    assert [each["ts"] for each in replies["messages"]] == [posted["ts"], reply["ts"]]
    await workspace.done("chat.delete", channel=channel, ts=reply["ts"])
    gone = await workspace.refused("chat.update", channel=channel, ts=reply["ts"], text="three")
    assert gone == "message_not_found"


@pytest.mark.parametrize(
    ("blocks", "place"),
    [
        ([section("x" * 3001)], "/blocks/0/text/text"),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "/blocks/0/text/text"),
        ([{"type": "section"}], "/blocks/0"),
        ([{"type": "invented"}], "/blocks/0"),
    ],
    ids=["long-section", "long-header", "empty-section", "unknown-block"],
)
async def test_blocks_are_refused_with_their_place(
    workspace: Workspace, channel: str, blocks: list[dict[str, Any]], place: str
) -> None:
    """`invalid_blocks`, and a pointer to what is wrong."""
    body = await workspace.call("chat.postMessage", channel=channel, text="x", blocks=blocks)
    assert body["error"] in {"invalid_blocks", "invalid_blocks_format"}
    assert any(f"[json-pointer:{place}" in each for each in body["response_metadata"]["messages"])


async def test_marks_are_set_once(workspace: Workspace, channel: str) -> None:
    """A pin, a reaction and a bookmark; the second pin and reaction are refused."""
    ts = (await workspace.done("chat.postMessage", channel=channel, text="mark me"))["ts"]
    mark = {"channel": channel, "timestamp": ts}
    await workspace.done("pins.add", **mark)
    assert await workspace.refused("pins.add", **mark) == "already_pinned"
    await workspace.done("reactions.add", **mark, name="eyes")
    assert await workspace.refused("reactions.add", **mark, name="eyes") == "already_reacted"
    bookmark = {"title": "Console", "type": "link", "link": "https://fireline.example/incidents/1"}
    await workspace.done("bookmarks.add", channel_id=channel, **bookmark)


async def test_a_file_goes_up_in_three_calls(workspace: Workspace, channel: str) -> None:
    """A URL, the content, and the sharing."""
    content = b"evidence\n"
    asked = await workspace.done(
        "files.getUploadURLExternal", filename="evidence.txt", length=str(len(content))
    )
    sent = await workspace.client.post(asked["upload_url"], content=content)
    assert sent.status_code == 200
    files = [{"id": asked["file_id"], "title": "Evidence"}]
    shared = await workspace.done("files.completeUploadExternal", files=files, channel_id=channel)
    assert [each["id"] for each in shared["files"]] == [asked["file_id"]]


async def test_people_come_in_pages(workspace: Workspace) -> None:
    """A cursor leads to the next page, and an empty one ends it."""
    first = await workspace.done("users.list", limit=1)
    cursor = first["response_metadata"]["next_cursor"]
    assert cursor
    second = await workspace.done("users.list", limit=1, cursor=cursor)
    assert first["members"][0]["id"] != second["members"][0]["id"]


async def test_what_is_not_there_is_said_so(workspace: Workspace, channel: str) -> None:
    """Slack's words for a channel, a person, a message and a trigger that nobody knows."""
    assert await workspace.refused("conversations.info", channel="C0000000000") == "channel_not_found"
    assert await workspace.refused("users.info", user="U0000000000") == "user_not_found"
    assert (
        await workspace.refused("users.lookupByEmail", email="nobody@fireline.invalid") == "users_not_found"
    )
    lost = {"channel": channel, "timestamp": "1.000001"}
    assert await workspace.refused("pins.add", **lost) in {
        "message_not_found",
        "no_item_specified",
        "bad_timestamp",
    }
    view = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": [section("x")]}
    refused = await workspace.refused("views.open", trigger_id="1.2.abc", view=view)
    assert refused in {"invalid_trigger", "invalid_trigger_id", "expired_trigger_id", "invalid_arguments"}
