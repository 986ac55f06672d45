"""`pins.*` and `reactions.*`: marks that people and apps leave on messages."""

from __future__ import annotations

import re

from bot.localslack import wire
from bot.localslack.limits import TIER_2, TIER_3
from bot.localslack.methods.call import Call, Json, Method, takes
from bot.localslack.refusal import ApiRefusal
from bot.localslack.world import Channel, Message

PIN_LIMIT = 100
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
            | {"permalink": wire.permalink(call.world, channel, channel.messages[pin["ts"]])},
        }
        for pin in channel.pins
    ]
    return {"items": items}


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
