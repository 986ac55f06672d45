"""`conversations.*` that read: lists, members, history, threads; and opening a direct message."""

from __future__ import annotations

from bot.localslack import wire
from bot.localslack.limits import TIER_2, TIER_3, TIER_4
from bot.localslack.methods.call import Call, Json, Method, family, takes
from bot.localslack.refusal import ApiRefusal
from bot.localslack.world import Message

_KINDS = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}
_HISTORY_ARGUMENTS = "channel cursor include_all_metadata inclusive latest oldest limit"


def list_channels(call: Call) -> Json:
    """The channels that the bot can see, by kind."""
    types = call.ids("types") or ["public_channel"]
    if any(kind not in _KINDS for kind in types):
        raise ApiRefusal("invalid_types")
    kinds = {_KINDS[kind] for kind in types}
    for kind in sorted(kinds & {"public", "private", "im"}):
        call.need(family("read")[kind])
    seen = [
        channel
        for channel in call.world.channels.values()
        if channel.kind in kinds
        and (channel.kind == "public" or call.caller in channel.members)
        and not (channel.archived and call.flag("exclude_archived"))
    ]
    page, metadata = call.page(seen)
    channels = [wire.channel(call.world, channel, with_members=not channel.is_im) for channel in page]
    return {"channels": channels, "response_metadata": metadata}


def info(call: Call) -> Json:
    """One channel."""
    return {
        "channel": wire.channel(call.world, call.channel(), with_members=call.flag("include_num_members"))
    }


def members(call: Call) -> Json:
    """Who is in a channel."""
    page, metadata = call.page(list(call.channel().members))
    return {"members": page, "response_metadata": metadata}


def _stamp(call: Call, name: str) -> str:
    value = call.text(name)
    if value in {"", "0"}:
        return ""
    if not value.replace(".", "", 1).isdigit():
        raise ApiRefusal(f"invalid_ts_{name}")
    seconds, _, micros = value.partition(".")
    return f"{seconds}.{micros.ljust(6, '0')}"


def _within(call: Call, messages: list[Message]) -> list[Message]:
    oldest, latest, inclusive = _stamp(call, "oldest"), _stamp(call, "latest"), call.flag("inclusive")
    return [
        message
        for message in messages
        if (not oldest or message.ts > oldest or (inclusive and message.ts == oldest))
        and (not latest or message.ts < latest or (inclusive and message.ts == latest))
    ]


def _shown(call: Call, messages: list[Message]) -> list[Json]:
    with_metadata = call.flag("include_all_metadata")
    return [wire.message(call.world, message, with_metadata=with_metadata) for message in messages]


def history(call: Call) -> Json:
    """The messages of a channel, newest first, without replies."""
    channel = call.joined(archived="")
    visible = [m for m in reversed(channel.messages.values()) if m.in_main_view and not m.ephemeral]
    page, metadata = call.page(_within(call, visible), most=999)
    return {
        "messages": _shown(call, page),
        "has_more": bool(metadata["next_cursor"]),
        "pin_count": len(channel.pins),
        "channel_actions_ts": None,
        "channel_actions_count": 0,
        "response_metadata": metadata,
    }


def replies(call: Call) -> Json:
    """A message and what stands below it, oldest first."""
    channel = call.joined(archived="")
    asked = channel.messages.get(call.text("ts"))
    if asked is None or asked.ephemeral:
        raise ApiRefusal("thread_not_found")
    parent = channel.messages.get(asked.thread_ts or asked.ts, asked)
    thread = _within(call, call.world.replies(channel, parent.ts))
    page, metadata = call.page([parent, *thread], default=1000)
    return {
        "messages": _shown(call, page),
        "has_more": bool(metadata["next_cursor"]),
        "response_metadata": metadata,
    }


def open_direct(call: Call) -> Json:
    """A direct message with one person."""
    if call.text("channel"):
        return {"channel": {"id": call.channel().id}}
    users = call.ids("users")
    if not users:
        raise ApiRefusal("users_list_not_supplied")
    user = call.world.people.get(users[0])
    if user is None:
        raise ApiRefusal("user_not_found")
    if user.deleted:
        raise ApiRefusal("user_disabled")
    if len(users) > 1:
        raise ApiRefusal("method_not_supported_for_channel_type")
    channel = call.world.direct_message(user.id)
    shown = wire.channel(call.world, channel) if call.flag("return_im") else {"id": channel.id}
    return {"channel": shown}


METHODS = (
    Method(
        name="conversations.list",
        handler=list_channels,
        tier=TIER_2,
        arguments=takes("cursor exclude_archived limit team_id types"),
    ),
    Method(
        name="conversations.info",
        handler=info,
        tier=TIER_3,
        by_kind=family("read"),
        arguments=takes("channel include_locale include_num_members"),
        required=("channel",),
    ),
    Method(
        name="conversations.members",
        handler=members,
        tier=TIER_4,
        by_kind=family("read"),
        arguments=takes("channel cursor limit"),
        required=("channel",),
    ),
    Method(
        name="conversations.history",
        handler=history,
        tier=TIER_3,
        by_kind=family("history"),
        arguments=takes(_HISTORY_ARGUMENTS),
        required=("channel",),
    ),
    Method(
        name="conversations.replies",
        handler=replies,
        tier=TIER_3,
        by_kind=family("history"),
        arguments=takes(_HISTORY_ARGUMENTS + " ts"),
        required=("channel", "ts"),
    ),
    Method(
        name="conversations.open",
        handler=open_direct,
        tier=TIER_3,
        scope="im:write",
        arguments=takes("channel users return_im prevent_creation"),
    ),
)
