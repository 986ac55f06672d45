"""`conversations.*` that change a channel: create, rename, describe, invite, archive."""

from __future__ import annotations

import re

from bot.localslack import wire
from bot.localslack.limits import TIER_2, TIER_3
from bot.localslack.methods.call import Call, Json, Method, family, takes
from bot.localslack.refusal import ApiRefusal
from bot.localslack.world import Channel

NAME_LIMIT = 80
DESCRIPTION_LIMIT = 250
INVITE_LIMIT = 100


def _checked_name(call: Call) -> str:
    name = call.text("name").removeprefix("#")
    if not name:
        raise ApiRefusal("invalid_name_required")
    if len(name) > NAME_LIMIT:
        raise ApiRefusal("invalid_name_maxlength")
    if not re.sub(r"\W|_", "", name):
        raise ApiRefusal("invalid_name_punctuation")
    if not re.fullmatch(r"[\w-]+", name) or name != name.lower():
        raise ApiRefusal("invalid_name_specials")
    if call.world.channel_named(name) is not None:
        raise ApiRefusal("name_taken")
    return name


def _shown(call: Call, channel: Channel) -> Json:
    return {"channel": wire.channel(call.world, channel)}


def create(call: Call) -> Json:
    """A new public or private channel with the bot in it."""
    call.need("groups:write" if call.flag("is_private") else "channels:manage")
    name = _checked_name(call)
    return _shown(
        call, call.world.create_channel(name, creator=call.caller, is_private=call.flag("is_private"))
    )


def archive(call: Call) -> Json:
    """Archive a channel that the bot is in."""
    channel = call.joined(archived="already_archived")
    if channel.is_general:
        raise ApiRefusal("cant_archive_general")
    if channel.is_im:
        raise ApiRefusal("method_not_supported_for_channel_type")
    call.world.set_archived(channel, archived=True, by=call.caller)
    return {}


def unarchive(call: Call) -> Json:
    """Bring an archived channel back: which no bot can, for none is in one (slack-go/slack issue 1066)."""
    channel = call.channel()
    if not channel.archived:
        raise ApiRefusal("not_archived")
    if call.caller not in channel.members:
        raise ApiRefusal("not_in_channel")
    call.world.set_archived(channel, archived=False, by=call.caller)
    return {}


def rename(call: Call) -> Json:
    """Give a channel of the bot's own another name."""
    channel = call.joined()
    if channel.creator != call.caller:
        raise ApiRefusal("not_authorized")
    call.world.rename(channel, _checked_name(call), by=call.caller)
    return _shown(call, channel)


def _describe(call: Call, what: str) -> Json:
    channel = call.joined()
    value = call.text(what)
    if len(value) > DESCRIPTION_LIMIT:
        raise ApiRefusal("too_long")
    call.world.describe(channel, what, value, by=call.caller)
    return _shown(call, channel)


def set_topic(call: Call) -> Json:
    """Set the topic."""
    return _describe(call, "topic")


def set_purpose(call: Call) -> Json:
    """Set the purpose."""
    return _describe(call, "purpose")


def _invite_fault(call: Call, channel: Channel, user_id: str) -> str:
    user = call.world.people.get(user_id)
    if user is None or user.deleted:
        return "user_not_found"
    if user_id == call.caller:
        return "cant_invite_self"
    if user_id in channel.members:
        return "already_in_channel"
    return ""


def invite(call: Call) -> Json:
    """Invite people; all or none, unless `force`."""
    channel = call.joined()
    users = list(dict.fromkeys(call.ids("users")))
    if not users or len(users) > INVITE_LIMIT:
        raise ApiRefusal("no_user" if not users else "invalid_arguments")
    faults = {user: fault for user in users if (fault := _invite_fault(call, channel, user))}
    welcome = [user for user in users if user not in faults]
    errors = [{"user": user, "ok": False, "error": fault} for user, fault in faults.items()]
    if faults and not (call.flag("force") and welcome):
        raise ApiRefusal(next(iter(faults.values())), errors=errors)
    for user in welcome:
        call.world.add_member(channel, user, inviter=call.caller)
    return _shown(call, channel) | ({"errors": errors} if errors else {})


def join(call: Call) -> Json:
    """The bot joins a public channel."""
    channel = call.channel()
    if channel.archived:
        raise ApiRefusal("is_archived")
    if channel.kind != "public":
        raise ApiRefusal("method_not_supported_for_channel_type")
    if call.caller in channel.members:
        return _shown(call, channel) | {
            "warning": "already_in_channel",
            "response_metadata": {"warnings": ["already_in_channel"]},
        }
    call.world.add_member(channel, call.caller)
    return _shown(call, channel)


def leave(call: Call) -> Json:
    """The bot leaves a channel."""
    channel = call.channel()
    if channel.is_general:
        raise ApiRefusal("cant_leave_general")
    if call.caller not in channel.members:
        return {"not_in_channel": True}
    call.world.remove_member(channel, call.caller)
    return {}


def kick(call: Call) -> Json:
    """Take somebody out of a channel."""
    channel = call.joined(archived="")
    user = call.text("user")
    if user == call.caller:
        raise ApiRefusal("cant_kick_self")
    if channel.is_general:
        raise ApiRefusal("cant_kick_from_general")
    if user not in call.world.people:
        raise ApiRefusal("user_not_found")
    if user not in channel.members:
        raise ApiRefusal("not_in_channel")
    call.world.remove_member(channel, user, by=call.caller)
    return {"errors": {}}


_MANAGE = family("manage")

METHODS = (
    Method(
        name="conversations.create",
        handler=create,
        tier=TIER_2,
        arguments=takes("name is_private team_id"),
    ),
    Method(
        name="conversations.archive",
        handler=archive,
        tier=TIER_2,
        by_kind=_MANAGE,
        arguments=takes("channel"),
        required=("channel",),
    ),
    Method(
        name="conversations.unarchive",
        handler=unarchive,
        tier=TIER_2,
        by_kind=_MANAGE,
        arguments=takes("channel"),
        required=("channel",),
    ),
    Method(
        name="conversations.rename",
        handler=rename,
        tier=TIER_2,
        by_kind=_MANAGE,
        arguments=takes("channel name"),
        required=("channel",),
    ),
    Method(
        name="conversations.setTopic",
        handler=set_topic,
        tier=TIER_2,
        by_kind=_MANAGE,
        arguments=takes("channel topic"),
        required=("channel", "topic"),
    ),
    Method(
        name="conversations.setPurpose",
        handler=set_purpose,
        tier=TIER_2,
        by_kind=_MANAGE,
        arguments=takes("channel purpose"),
        required=("channel", "purpose"),
    ),
    Method(
        name="conversations.invite",
        handler=invite,
        tier=TIER_3,
        by_kind=_MANAGE,
        arguments=takes("channel users force"),
        required=("channel", "users"),
    ),
    Method(
        name="conversations.join",
        handler=join,
        tier=TIER_3,
        scope="channels:join",
        arguments=takes("channel"),
        required=("channel",),
    ),
    Method(
        name="conversations.leave",
        handler=leave,
        tier=TIER_3,
        by_kind=_MANAGE,
        arguments=takes("channel"),
        required=("channel",),
    ),
    Method(
        name="conversations.kick",
        handler=kick,
        tier=TIER_3,
        by_kind=family("manage", im=False),
        arguments=takes("channel user"),
        required=("channel", "user"),
    ),
)
