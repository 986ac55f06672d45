"""The workspace's things in the JSON shapes that Slack gives them on the wire.

Shapes follow https://docs.slack.dev/reference/objects; fields that no client here could read are left out. Pure: it reads the world and
changes nothing.
"""

from __future__ import annotations

from typing import Any

from bot.localslack.canvases import Canvas
from bot.localslack.files import StoredFile
from bot.localslack.views import OpenView
from bot.localslack.world import Channel, Message, World

Json = dict[str, Any]


def team(world: World) -> Json:
    """The workspace."""
    return {
        "id": world.config.team_id,
        "name": world.config.team_name,
        "domain": world.config.team_domain,
        "email_domain": "",
        "icon": {"image_default": True},
        "url": f"{world.base_url}/",
    }


def bot(world: World) -> Json:
    """A bot object, as `bots.info` gives it."""
    return {
        "id": world.app.bot_id,
        "deleted": False,
        "name": world.app.name,
        "updated": 0,
        "app_id": world.app.id,
        "user_id": world.app.bot_user_id,
        "icons": {"image_48": f"{world.base_url}/static/app.svg"},
    }


def channel(world: World, found: Channel, *, viewer: str = "", with_members: bool = False) -> Json:
    """A conversation object as `viewer` (the bot by default) gets it."""
    me = viewer or world.app.bot_user_id
    if found.is_im:
        other = next((user for user in found.members if user != world.app.bot_user_id), "")
        return {
            "id": found.id,
            "created": found.created,
            "is_im": True,
            "is_org_shared": False,
            "is_archived": found.archived,
            "user": other,
            "is_user_deleted": False,
            "priority": 0,
        }
    body: Json = {
        "id": found.id,
        "name": found.name,
        "name_normalized": found.name,
        "is_channel": not found.is_private,
        "is_group": found.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": found.is_private,
        "created": found.created,
        "updated": found.created * 1000,
        "creator": found.creator,
        "is_archived": found.archived,
        "is_general": found.is_general,
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "unlinked": 0,
        "context_team_id": world.config.team_id,
        "shared_team_ids": [world.config.team_id],
        "is_member": me in found.members,
        "topic": dict(found.topic),
        "purpose": dict(found.purpose),
        "previous_names": list(found.previous_names),
    }
    canvas = world.canvases.of_channel(found.id)
    if canvas is not None:
        body["properties"] = {"canvas": {"file_id": canvas.id, "is_empty": not canvas.sections}}
    if with_members:
        body["num_members"] = len(found.members)
    return body


def message(world: World, found: Message, *, with_metadata: bool = False) -> Json:
    """A message as `conversations.history` gives it."""
    body: Json = {"type": "message", "user": found.user, "text": found.text, "ts": found.ts}
    if found.subtype or (found.is_reply and found.broadcast):
        body["subtype"] = found.subtype or "thread_broadcast"
    body |= {"team": world.config.team_id, **found.details}
    if found.by_app:
        body |= {"bot_id": world.app.bot_id, "app_id": world.app.id, "bot_profile": _bot_profile(world)}
    if found.username:
        body["username"] = found.username
    if found.blocks:
        body["blocks"] = list(found.blocks)
    if found.attachments:
        body["attachments"] = list(found.attachments)
    if found.edited_ts:
        body["edited"] = {"user": found.user, "ts": found.edited_ts}
    if found.files:
        body["files"] = [file(world, world.files.by_id[file_id]) for file_id in found.files]
    if found.metadata is not None and with_metadata:
        body["metadata"] = found.metadata
    return body | _reactions(found) | _thread_fields(found)


def permalink(world: World, channel: Channel, found: Message) -> str:
    """A link to a message, which the page understands."""
    link = f"{world.base_url}/archives/{channel.id}/p{found.ts.replace('.', '')}"
    return f"{link}?thread_ts={found.thread_ts}&cid={channel.id}" if found.is_reply else link


def _reactions(found: Message) -> Json:
    if not found.reactions:
        return {}
    return {
        "reactions": [
            {"name": name, "users": list(users), "count": len(users)} for name, users in found.reactions
        ]
    }


THREAD_FIELDS = (
    "thread_ts",
    "reply_count",
    "reply_users",
    "reply_users_count",
    "latest_reply",
    "is_locked",
    "subscribed",
)
"""How a message of the history says that it is in a thread, or begins one."""


def _thread_fields(found: Message) -> Json:
    if not found.thread_ts:
        return {}
    if found.is_reply:
        return {"thread_ts": found.thread_ts}
    return {
        "thread_ts": found.ts,
        "reply_count": found.reply_count,
        "reply_users": list(found.reply_users),
        "reply_users_count": len(found.reply_users),
        "latest_reply": found.latest_reply,
        "is_locked": False,
        "subscribed": False,
    }


def _bot_profile(world: World) -> Json:
    return {
        "id": world.app.bot_id,
        "app_id": world.app.id,
        "name": world.app.name,
        "icons": {"image_48": f"{world.base_url}/static/app.svg"},
        "deleted": False,
        "updated": 0,
        "team_id": world.config.team_id,
    }


def file(world: World, found: StoredFile) -> Json:
    """A file object; of a deleted one there is only a stone."""
    if found.deleted:
        return {"id": found.id, "mode": "tombstone"}
    return {
        "id": found.id,
        "created": found.created,
        "timestamp": found.created,
        "name": found.name,
        "title": found.title,
        "mimetype": found.mimetype,
        "filetype": found.name.rpartition(".")[2] or "text",
        "pretty_type": found.mimetype,
        "user": found.user,
        "size": len(found.content or b""),
        "mode": "hosted",
        "editable": found.mimetype.startswith("text/"),
        "is_external": False,
        "external_type": "",
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "is_public": bool(found.channels),
        "channels": list(found.channels),
        "groups": [],
        "ims": [],
        "url_private": f"{world.base_url}/files-pri/{found.id}",
        "url_private_download": f"{world.base_url}/files-pri/{found.id}?download=1",
        "permalink": f"{world.base_url}/files/{found.id}",
    }


def canvas(world: World, found: Canvas) -> Json:
    """A canvas as the file that it is to `files.info`."""
    link = f"{world.base_url}/docs/{world.config.team_id}/{found.id}"
    return {
        "id": found.id,
        "created": found.created,
        "timestamp": found.created,
        "name": found.title or "Untitled",
        "title": found.title or "Untitled",
        "mimetype": "application/vnd.slack-docs",
        "filetype": "quip",
        "pretty_type": "Canvas",
        "user": found.user,
        "size": len(found.markdown.encode()),
        "mode": "quip",
        "is_external": False,
        "is_public": bool(found.channel),
        "channels": [found.channel] if found.channel else [],
        "groups": [],
        "ims": [],
        "url_private": link,
        "permalink": link,
    }


def view(world: World, found: OpenView) -> Json:
    """A view object: what the app sent, and what the workspace added."""
    payload = found.payload
    return {
        "id": found.id,
        "team_id": world.config.team_id,
        "type": payload.get("type", "modal"),
        "title": payload.get("title"),
        "submit": payload.get("submit"),
        "close": payload.get("close"),
        "blocks": payload.get("blocks", []),
        "private_metadata": payload.get("private_metadata", ""),
        "callback_id": payload.get("callback_id", ""),
        "external_id": payload.get("external_id", ""),
        "state": {"values": found.values},
        "hash": found.hash,
        "clear_on_close": payload.get("clear_on_close", False),
        "notify_on_close": payload.get("notify_on_close", False),
        "root_view_id": found.root_id,
        "previous_view_id": found.previous_id or None,
        "app_id": world.app.id,
        "app_installed_team_id": world.config.team_id,
        "bot_id": world.app.bot_id,
    }


def short_person(world: World, user_id: str) -> Json:
    """A user as payloads of commands and interactions carry it."""
    user = world.people[user_id]
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": world.config.team_id}
