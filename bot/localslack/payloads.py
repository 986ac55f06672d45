"""What every payload of an interaction has around what was done: who, where, in which message or view, and with which handles to answer by.

Shapes: https://docs.slack.dev/reference/interaction-payloads. Each one hands out new handles; nothing else changes here.
"""

from __future__ import annotations

from typing import Any

from bot.localslack import wire
from bot.localslack.config import Person
from bot.localslack.views import OpenView
from bot.localslack.world import Channel, Message, World

Json = dict[str, Any]


class Payloads:
    """Makes them for one workspace."""

    def __init__(self, world: World) -> None:
        self._world = world

    def base(self, user: Person, kind: str) -> Json:
        """Who did it, in which workspace."""
        world = self._world
        return {
            "type": kind,
            "user": wire.short_person(world, user.id),
            "token": world.app.verification_token,
            "team": {"id": world.config.team_id, "domain": world.config.team_domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def trigger(self, user: Person, view_id: str = "") -> Json:
        """A new handle to open a view with."""
        return {"trigger_id": self._world.handles.new_trigger(user.id, view_id=view_id)}

    def in_view(self, user: Person, kind: str, view: OpenView) -> Json:
        """Something done in or to a view."""
        return self.base(user, kind) | {
            "api_app_id": self._world.app.id,
            "view": wire.view(self._world, view),
        }

    def at_message(self, user: Person, kind: str, channel: Channel, message: Message) -> Json:
        """Something done to a message, with handles to answer by."""
        world = self._world
        key = world.handles.new_response(
            user=user.id,
            channel=channel.id,
            message_ts=message.ts,
            thread_ts=message.thread_ts if message.is_reply else "",
        )
        return self.base(user, kind) | {
            **self.trigger(user),
            "channel": {"id": channel.id, "name": channel.name or "directmessage"},
            "message": wire.message(world, message, with_metadata=True),
            "response_url": f"{world.base_url}/actions/{world.config.team_id}/{key}",
        }

    def in_message(self, user: Person, kind: str, channel: Channel, message: Message) -> Json:
        """Something done with a block of a message."""
        return self.at_message(user, kind, channel, message) | {
            "api_app_id": self._world.app.id,
            "container": container(channel, message),
            "state": {"values": {}},
        }


def container(channel: Channel, message: Message) -> Json:
    """Where a block stands that is in a message."""
    where: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral,
    }
    return where | ({"thread_ts": message.thread_ts} if message.thread_ts else {})
