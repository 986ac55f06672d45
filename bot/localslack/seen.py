"""The workspace as one person sees it: their channels, unread counts, messages with ephemerals that are theirs, the modal before them.

JSON for `/_local/state` and the page's templates alike. Pure: it reads the world and changes nothing.
"""

from __future__ import annotations

from typing import Any

from bot.localslack import wire
from bot.localslack.config import Person
from bot.localslack.views import OpenView
from bot.localslack.world import Channel, Message, World

Json = dict[str, Any]


def can_see(channel: Channel, user: str) -> bool:
    """Whether the person may know of the channel."""
    return channel.kind == "public" or user in channel.members


def people(world: World) -> list[Json]:
    """Everybody, with what the page needs to show them."""
    return [
        {
            "id": user.id,
            "name": user.name,
            "real_name": user.real_name,
            "title": user.title,
            "is_bot": user.is_bot,
            "is_guest": user.is_guest,
            "deleted": user.deleted,
        }
        for user in world.people.values()
    ]


def channel(world: World, found: Channel, user: str) -> Json:
    """A channel in the person's sidebar."""
    other = next((world.people[m] for m in found.members if m != user and m in world.people), None)
    unread = [m for m in found.messages.values() if _counts(m, user) and m.ts > found.last_read.get(user, "")]
    return {
        "id": found.id,
        "name": other.real_name if found.is_im and other is not None else found.name,
        "kind": found.kind,
        "is_member": user in found.members,
        "archived": found.archived,
        "topic": found.topic["value"],
        "purpose": found.purpose["value"],
        "members": list(found.members),
        "bookmarks": [{"title": b["title"], "link": b["link"], "emoji": b["emoji"]} for b in found.bookmarks],
        "pins": [pin["ts"] for pin in found.pins],
        "unread": len(unread) if user in found.members else 0,
        "mentions": sum(_mentions(world, found, m, user) for m in unread) if user in found.members else 0,
        "last_read": found.last_read.get(user, ""),
    }


def _counts(message: Message, user: str) -> bool:
    own = message.user == user and not message.by_app
    return not own and not message.subtype and message.visible_to in {"", user} and message.in_main_view


def _mentions(world: World, found: Channel, message: Message, user: str) -> bool:
    if found.is_im or message.ephemeral:
        return True
    wanted = [f"<@{user}>", "<!channel>", "<!here>", "<!everyone>"]
    wanted += [f"<!subteam^{group.id}" for group in world.groups.values() if user in group.members]
    said = message.text + str(message.blocks)
    return any(mark in said for mark in wanted)


def message(world: World, found: Message) -> Json:
    """A message as a person sees it: the wire's shape, and whether only they see it."""
    return wire.message(world, found, with_metadata=True) | {
        "ephemeral": found.ephemeral,
        "by_app": found.by_app,
    }


def messages(world: World, found: Channel, user: str, *, thread_ts: str = "") -> list[Json]:
    """The channel's main view, or one thread with its parent first."""
    seen = [m for m in found.messages.values() if m.visible_to in {"", user}]
    return [message(world, m) for m in seen if (_in_thread(m, thread_ts) if thread_ts else m.in_main_view)]


def _in_thread(found: Message, thread_ts: str) -> bool:
    return found.ts == thread_ts or (found.is_reply and found.thread_ts == thread_ts)


def view(world: World, found: OpenView | None) -> Json | None:
    """An open view with what was refused in it."""
    return None if found is None else wire.view(world, found) | {"errors": dict(found.errors)}


def state(world: World, me: Person, *, only: Channel | None = None) -> Json:
    """Everything that the person sees, or one channel of it."""
    visible = [c for c in world.channels.values() if can_see(c, me.id) and only in (None, c)]
    home = world.views.by_id.get(world.views.homes.get(me.id, ""))
    return {
        "ok": True,
        "now": world.clock.now().timestamp(),
        "team": {"id": world.config.team_id, "name": world.config.team_name},
        "me": {"id": me.id, "name": me.name, "real_name": me.real_name, "title": me.title},
        "people": people(world),
        "commands": [
            {"name": c.name, "description": c.description, "usage": c.usage, "words": list(c.words)}
            for c in world.app.commands
        ],
        "channels": [channel(world, c, me.id) for c in visible],
        "messages": {c.id: messages(world, c, me.id) for c in visible},
        "threads": {c.id: _threads(world, c, me.id) for c in visible},
        "view": view(world, world.views.top(me.id)),
        "home": view(world, home),
    }


def _threads(world: World, found: Channel, user: str) -> Json:
    parents = [m.ts for m in found.messages.values() if m.reply_count]
    return {ts: messages(world, found, user, thread_ts=ts)[1:] for ts in parents}
