"""`pins.*`, `bookmarks.*`, `reactions.*`: marks that people and apps leave on channels and messages."""

from __future__ import annotations

import re

from bot.localslack import wire
from bot.localslack.limits import TIER_2, TIER_3
from bot.localslack.methods.call import Call, Json, Method, takes
from bot.localslack.refusal import ApiRefusal
from bot.localslack.world import Channel, Message

PIN_LIMIT = 100
BOOKMARK_LIMIT = 100
EMOJI_LIMIT = 23  # different reactions on one message


def _marked(call: Call, channel: Channel) -> Message:
    ts = call.text("timestamp")
    if not ts:
        raise ApiRefusal("no_item_specified")
    if not re.fullmatch(r"\d+\.\d+", ts):
        raise ApiRefusal("bad_timestamp")
    return call.message(channel, ts)


def pins_add(call: Call) -> Json:
    """Pin a message."""
    channel = call.joined()
    message = _marked(call, channel)
    if any(pin["ts"] == message.ts for pin in channel.pins):
        raise ApiRefusal("already_pinned")
    if len(channel.pins) >= PIN_LIMIT:
        raise ApiRefusal("too_many_pins")
    call.world.pin(channel, message, by=call.caller)
    return {}


def pins_remove(call: Call) -> Json:
    """Take a pin away."""
    channel = call.joined()
    message = _marked(call, channel)
    if not any(pin["ts"] == message.ts for pin in channel.pins):
        raise ApiRefusal("no_pin")
    call.world.unpin(channel, message.ts, by=call.caller)
    return {}


def pins_list(call: Call) -> Json:
    """The pins of a channel."""
    channel = call.channel()
    items = [
        {
            "type": "message",
            "channel": channel.id,
            "created": pin["created"],
            "created_by": pin["created_by"],
            "message": wire.message(call.world, channel.messages[pin["ts"]])
            | {"permalink": f"{call.world.base_url}/archives/{channel.id}/p{pin['ts'].replace('.', '')}"},
        }
        for pin in channel.pins
    ]
    return {"items": items}


def bookmarks_add(call: Call) -> Json:
    """Put a link on a channel's bar."""
    channel = call.joined("channel_id")
    if call.text("type") != "link":
        raise ApiRefusal("invalid_bookmark_type")
    if not re.match(r"https?://", call.text("link")):
        raise ApiRefusal("invalid_link")
    if len(channel.bookmarks) >= BOOKMARK_LIMIT:
        raise ApiRefusal("too_many_bookmarks")
    bookmark = {
        "id": call.world.ids.make("Bk"),
        "channel_id": channel.id,
        "title": call.text("title"),
        "link": call.text("link"),
        "emoji": call.text("emoji"),
        "icon_url": None,
        "type": "link",
        "entity_id": None,
        "date_created": call.world.epoch(),
        "date_updated": 0,
        "rank": str(len(channel.bookmarks)),
        "last_updated_by_user_id": call.caller,
        "last_updated_by_team_id": call.world.config.team_id,
        "shortcut_id": None,
        "app_id": call.world.app.id,
    }
    call.world.add_bookmark(channel, bookmark)
    return {"bookmark": bookmark}


def bookmarks_list(call: Call) -> Json:
    """The links on a channel's bar."""
    return {"bookmarks": list(call.channel("channel_id").bookmarks)}


def reactions_add(call: Call) -> Json:
    """React to a message."""
    channel = call.joined()
    message = _marked(call, channel)
    name = call.text("name").strip(":")
    if not re.fullmatch(r"[a-z0-9_+'\-]+(::skin-tone-[2-6])?", name):
        raise ApiRefusal("invalid_name")
    reactions = dict(message.reactions)
    if call.caller in reactions.get(name, ()):
        raise ApiRefusal("already_reacted")
    if name not in reactions and len(reactions) >= EMOJI_LIMIT:
        raise ApiRefusal("too_many_emoji")
    call.world.react(channel, message, name, call.caller, add=True)
    return {}


def reactions_remove(call: Call) -> Json:
    """Take a reaction back."""
    channel = call.joined()
    message = _marked(call, channel)
    name = call.text("name").strip(":")
    if call.caller not in dict(message.reactions).get(name, ()):
        raise ApiRefusal("no_reaction")
    call.world.react(channel, message, name, call.caller, add=False)
    return {}


def reactions_get(call: Call) -> Json:
    """A message with its reactions."""
    channel = call.channel()
    return {
        "type": "message",
        "channel": channel.id,
        "message": wire.message(call.world, _marked(call, channel)),
    }


METHODS = (
    Method(
        name="pins.add",
        handler=pins_add,
        tier=TIER_2,
        scope="pins:write",
        arguments=takes("channel timestamp"),
        required=("channel",),
    ),
    Method(
        name="pins.remove",
        handler=pins_remove,
        tier=TIER_2,
        scope="pins:write",
        arguments=takes("channel timestamp"),
        required=("channel",),
    ),
    Method(
        name="pins.list",
        handler=pins_list,
        tier=TIER_2,
        scope="pins:read",
        arguments=takes("channel"),
        required=("channel",),
    ),
    Method(
        name="bookmarks.add",
        handler=bookmarks_add,
        tier=TIER_2,
        scope="bookmarks:write",
        arguments=takes("channel_id title link type emoji entity_id access_level parent_id"),
        required=("channel_id", "title", "type"),
    ),
    Method(
        name="bookmarks.list",
        handler=bookmarks_list,
        tier=TIER_3,
        scope="bookmarks:read",
        arguments=takes("channel_id"),
        required=("channel_id",),
    ),
    Method(
        name="reactions.add",
        handler=reactions_add,
        tier=TIER_3,
        scope="reactions:write",
        arguments=takes("channel name timestamp"),
        required=("channel", "name"),
    ),
    Method(
        name="reactions.remove",
        handler=reactions_remove,
        tier=TIER_2,
        scope="reactions:write",
        arguments=takes("channel name timestamp"),
        required=("channel", "name"),
    ),
    Method(
        name="reactions.get",
        handler=reactions_get,
        tier=TIER_3,
        scope="reactions:read",
        arguments=takes("channel timestamp full"),
        required=("channel",),
    ),
)
