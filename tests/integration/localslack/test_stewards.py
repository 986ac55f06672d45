"""What people change under the app's feet: its channel, its messages, its place in a channel, who works here."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from tests.integration.localslack.bench import Bench, bolt_app, over_http

HERE = "C0INCIDENTS"
APP = "U0FIRELINE0"


async def _heard(local: Bench, count: int) -> list[str]:
    """The first `count` events that were delivered, retries not counted."""
    async with asyncio.timeout(5):
        while len(heard := [each.what for each in local.slack.log.deliveries if not each.retry_num]) < count:
            await asyncio.sleep(0.01)
    return heard


async def test_an_archived_channel_puts_the_app_out(local: Bench) -> None:
    """No bot can bring it back; a person can, and has to invite the app again."""
    client = local.client
    await local.do("archive", user="ada", channel="incidents")
    for call in (
        client.chat_postMessage(channel=HERE, text="x"),
        client.conversations_unarchive(channel=HERE),
    ):
        with pytest.raises(SlackApiError) as refused:
            await call
        assert refused.value.response["error"] in {"is_archived", "not_in_channel"}
    assert await local.refused("archive", user="ada", channel="incidents") == "is_archived"
    await local.do("unarchive", user="ada", channel="incidents")
    assert await local.refused("unarchive", user="ada", channel="incidents") == "not_archived"
    with pytest.raises(SlackApiError) as outside:
        await client.chat_postMessage(channel=HERE, text="x")
    assert outside.value.response["error"] == "not_in_channel"
    await local.do("invite", user="ada", channel="incidents", member=APP)
    assert (await client.chat_postMessage(channel=HERE, text="x"))["ok"]


async def test_a_channel_that_was_deleted_is_found_by_nobody(local: Bench) -> None:
    """The app hears of it, by the event that fits its kind; its name is free again."""
    async with over_http(local, bolt_app(local)):
        await local.do("invite", user="ada", channel="general", member=APP)
        hidden = (await local.do("channel", user="ada", name="war-room", is_private=True))["channel"]
        await local.do("invite", user="ada", channel=hidden, member=APP)
        for channel in (hidden, "general"):
            await local.do("channel/delete", user="ada", channel=channel)
        await local.slack.delivery.settle()
        heard = await _heard(local, 5)
    assert {"group_deleted", "channel_deleted"} < set(heard)
    with pytest.raises(SlackApiError) as refused:
        await local.client.chat_postMessage(channel=hidden, text="x")
    assert refused.value.response["error"] == "channel_not_found"
    assert await local.refused("channel/delete", user="ada", channel=hidden) == "channel_not_found"
    await local.do("channel", user="ada", name="war-room")


async def test_the_app_hears_what_happens_to_it(local: Bench) -> None:
    """Renamed, its message erased, a pin taken, kicked out: an event each, in order; after that it hears no more."""
    async with over_http(local, bolt_app(local)):
        channel = (await local.do("channel", user="ada", name="war-room", is_private=True))["channel"]
        await local.do("invite", user="ada", channel=channel, member=APP)
        ts = (await local.client.chat_postMessage(channel=channel, text="x"))["ts"]
        assert (await local.do("pin", user="ada", channel=channel, ts=ts))["pinned"]
        assert not (await local.do("pin", user="ada", channel=channel, ts=ts))["pinned"]
        await local.do("rename", user="ada", channel=channel, name="war-room-2")
        await local.do("erase", user="ada", channel=channel, ts=ts)
        await local.do("kick", user="ada", channel=channel, member="fireline")
        await local.do("message", user="ada", channel=channel, text="unheard")
        await local.slack.delivery.settle()
        heard = await _heard(local, 9)
    assert sorted(set(heard)) == [
        "group_left",
        "group_rename",
        "member_joined_channel",
        "message",
        "message.channel_join",
        "message.channel_name",
        "message.message_deleted",
        "pin_added",
        "pin_removed",
    ]
    assert heard.count("message") == 1


async def test_people_and_groups_change(local: Bench) -> None:
    """Somebody leaves, a group goes away: the lists say so, and the app hears of it."""
    async with over_http(local, bolt_app(local)):
        await local.do("person", member="ben", deleted=True)
        await local.do("group", group="sre", members=["ada", "cleo"])
        await local.do("group", group="sre", deleted=True)
        heard = await _heard(local, 3)
    assert heard == ["user_change", "subteam_updated", "subteam_updated"]
    assert (await local.client.users_info(user="U0BENRUIZ00"))["user"]["deleted"]
    assert (await local.client.usergroups_list())["usergroups"] == []
    (group,) = (await local.client.usergroups_list(include_disabled=True, include_users=True))["usergroups"]
    assert group["users"] == ["U0ADAOKAFOR", "U0CLEOTRAN0"]
    assert await local.refused("message", user="ben", channel="incidents", text="x") == "not_a_person"


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("invite", {"channel": "incidents", "member": "nobody"}, "user_not_found"),
        ("kick", {"channel": "incidents", "member": "dana"}, "not_in_channel"),
        ("channel", {"name": "general"}, "name_taken"),
        ("rename", {"channel": "incidents", "name": "general"}, "name_taken"),
        ("person", {"member": "ada"}, "invalid_fields"),
        ("person", {"member": "ada", "deleted": "yes"}, "invalid_fields"),
        ("group", {"group": "dev", "deleted": True}, "no_such_subteam"),
    ],
)
async def test_what_can_not_be_changed(local: Bench, path: str, body: dict[str, Any], error: str) -> None:
    """Each refusal has its word."""
    assert await local.refused(path, user="ada", **body) == error
