"""`bookmarks.*`: the links on a channel's bar."""

from __future__ import annotations

import re

from bot.localslack.limits import TIER_2, TIER_3
from bot.localslack.methods.call import Call, Json, Method, takes
from bot.localslack.refusal import ApiRefusal
from bot.localslack.world import Channel

BOOKMARK_LIMIT = 100
TITLE_LIMIT = 256
LINK_LIMIT = 2048


def _place(call: Call) -> Channel:
    """The channel, which the bot is in: what it isn't in, it may not mark."""
    channel = call.channel("channel_id")
    if channel.archived or call.caller not in channel.members:
        raise ApiRefusal("permission_denied")
    return channel


def _checked(call: Call) -> None:
    if "link" in call.args and (
        not re.match(r"https?://\S", call.text("link")) or len(call.text("link")) > LINK_LIMIT
    ):
        raise ApiRefusal("invalid_link")
    if call.text("emoji") and not re.fullmatch(r":[\w+'-]+:", call.text("emoji")):
        raise ApiRefusal("invalid_emoji")
    if len(call.text("title")) > TITLE_LIMIT:
        raise ApiRefusal("invalid_arguments")


def add(call: Call) -> Json:
    """Put a link on a channel's bar."""
    channel = _place(call)
    if call.text("type") != "link":
        raise ApiRefusal("invalid_bookmark_type")
    if not call.text("link"):
        raise ApiRefusal("invalid_link")
    _checked(call)
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
    call.world.set_bookmarks(channel, [*channel.bookmarks, bookmark])
    return {"bookmark": bookmark}


def edit(call: Call) -> Json:
    """Change a bookmark's title, link or emoji; what is not given stays."""
    channel = _place(call)
    _checked(call)
    given = {name: call.text(name) for name in ("title", "link", "emoji") if name in call.args}
    changed = {"date_updated": call.world.epoch(), "last_updated_by_user_id": call.caller}
    wanted = call.text("bookmark_id")
    bookmarks = [
        bookmark | given | changed if bookmark["id"] == wanted else bookmark for bookmark in channel.bookmarks
    ]
    found = [bookmark for bookmark in bookmarks if bookmark["id"] == wanted]
    if not found:
        raise ApiRefusal("not_found")
    call.world.set_bookmarks(channel, bookmarks)
    return {"bookmark": found[0]}


def remove(call: Call) -> Json:
    """Take a bookmark away."""
    channel = _place(call)
    kept = [bookmark for bookmark in channel.bookmarks if bookmark["id"] != call.text("bookmark_id")]
    if len(kept) == len(channel.bookmarks):
        raise ApiRefusal("not_found")
    call.world.set_bookmarks(channel, kept)
    return {}


def list_all(call: Call) -> Json:
    """The links on a channel's bar."""
    return {"bookmarks": list(call.channel("channel_id").bookmarks)}


METHODS = (
    Method(
        name="bookmarks.add",
        handler=add,
        tier=TIER_2,
        scope="bookmarks:write",
        arguments=takes("channel_id title link type emoji entity_id access_level parent_id"),
        required=("channel_id", "title", "type"),
    ),
    Method(
        name="bookmarks.edit",
        handler=edit,
        tier=TIER_2,
        scope="bookmarks:write",
        arguments=takes("channel_id bookmark_id title link emoji"),
        required=("channel_id", "bookmark_id"),
    ),
    Method(
        name="bookmarks.remove",
        handler=remove,
        tier=TIER_2,
        scope="bookmarks:write",
        arguments=takes("channel_id bookmark_id quip_section_id"),
        required=("channel_id", "bookmark_id"),
    ),
    Method(
        name="bookmarks.list",
        handler=list_all,
        tier=TIER_3,
        scope="bookmarks:read",
        arguments=takes("channel_id"),
        required=("channel_id",),
    ),
)
