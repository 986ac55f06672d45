"""The Events API: what changed in the workspace, told to the app as `event_callback`s.

Only what the app subscribed to, and only of channels that its bot is in; its own posts come back with their `bot_id`, as they do at Slack.
Shapes: https://docs.slack.dev/reference/events. Sending is `delivery`'s.
"""

from __future__ import annotations

from typing import Any

from bot.localslack import wire, wirepeople
from bot.localslack.delivery import Delivery, Payload
from bot.localslack.world import Change, Channel, Message, World

Json = dict[str, Any]
_CHANNEL_TYPES = {"public": "channel", "private": "group", "im": "im"}
_SUBSCRIPTION = {"public": "message.channels", "private": "message.groups", "im": "message.im"}


class EventFeed:
    """Listens to the world and tells the app."""

    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery
        self._makers = {
            "message_posted": self._posted,
            "message_changed": self._changed,
            "message_deleted": self._deleted,
            "channel_created": self._channel_created,
            "channel_renamed": self._channel_renamed,
            "channel_archive": self._archived,
            "channel_unarchive": self._archived,
            "channel_deleted": self._channel_deleted,
            "member_joined": self._member,
            "member_left": self._member,
            "reaction_added": self._reaction,
            "reaction_removed": self._reaction,
            "pin_added": self._pin,
            "pin_removed": self._pin,
        }
        self._everywhere = {
            "person_changed": self._person,
            "group_changed": self._group,
            "tokens_revoked": self._revoked,
            "app_uninstalled": self._uninstalled,
        }

    def changed(self, change: Change) -> None:
        """Tell the app of a change, if it should hear of it."""
        if change.kind in self._everywhere:
            self.send(self._everywhere[change.kind](change))
            return
        maker = self._makers.get(change.kind)
        channel = self._world.channels.get(change.channel)
        if maker is None or channel is None or change.visible_to:
            return
        if self._world.app.bot_user_id not in channel.members and change.kind not in {
            "channel_created",
            "member_left",
        }:
            return
        for event in maker(change, channel):
            self.send(event)

    def home_opened(self, user: str, tab: str = "home") -> None:
        """Somebody looked at the app's `home` or `messages` tab."""
        channel = self._world.direct_message(user)
        home = self._world.views.by_id.get(self._world.views.homes.get(user, ""))
        event: Json = {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": tab}
        if home is not None and tab == "home":
            event["view"] = wire.view(self._world, home)
        self.send(event)

    def send(self, event: Json) -> None:
        """Wrap an event and hand it to delivery, if the app subscribed to it."""
        subscription = event["type"]
        if subscription == "message":
            subscription = _SUBSCRIPTION[self._world.channels[event["channel"]].kind]
        if subscription not in self._world.app.subscriptions:
            return
        world = self._world
        event.setdefault("event_ts", f"{world.clock.now().timestamp():.6f}")
        body = {
            "token": world.app.verification_token,
            "team_id": world.config.team_id,
            "context_team_id": world.config.team_id,
            "context_enterprise_id": None,
            "api_app_id": world.app.id,
            "event": event,
            "type": "event_callback",
            "event_id": world.ids.make("Ev"),
            "event_time": world.epoch(),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": world.config.team_id,
                    "user_id": world.app.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": world.ids.make("EC"),
        }
        what = ".".join(filter(None, (event["type"], event.get("subtype", ""))))
        self._delivery.send_event(Payload(kind="events_api", what=what, body=body))

    # --- makers: a change to the events that it is -----------------------------------------------------------------------

    def _message(self, channel: Channel, message: Message) -> Json:
        shown = wire.message(self._world, message, with_metadata=True)
        return shown | {
            "channel": channel.id,
            "channel_type": _CHANNEL_TYPES[channel.kind],
            "event_ts": message.ts,
        }

    def _posted(self, change: Change, channel: Channel) -> list[Json]:
        message = channel.messages[change.ts]
        shown = self._message(channel, message)
        events = [shown | {"subtype": "file_share"} if message.files else shown]
        events += [self._file_shared(channel, message, file_id) for file_id in message.files]
        if f"<@{self._world.app.bot_user_id}>" in message.text and not message.by_app and not message.subtype:
            keys = ("user", "text", "ts", "team", "channel", "event_ts", "thread_ts", "blocks")
            mention = {key: events[0][key] for key in keys if key in events[0]}
            events.append({"type": "app_mention", **mention})
        return events

    def _file_shared(self, channel: Channel, message: Message, file_id: str) -> Json:
        return {
            "type": "file_shared",
            "file_id": file_id,
            "user_id": message.user,
            "file": {"id": file_id},
            "channel_id": channel.id,
            "event_ts": message.ts,
        }

    def _edited(self, change: Change, channel: Channel, subtype: str) -> Json:
        now = self._world.next_ts(channel)
        return {
            "type": "message",
            "subtype": subtype,
            "hidden": True,
            "channel": channel.id,
            "channel_type": _CHANNEL_TYPES[channel.kind],
            "ts": now,
            "event_ts": now,
            "previous_message": wire.message(self._world, change.detail["message"]),
        }

    def _changed(self, change: Change, channel: Channel) -> list[Json]:
        message = wire.message(self._world, channel.messages[change.ts], with_metadata=True)
        return [self._edited(change, channel, "message_changed") | {"message": message}]

    def _deleted(self, change: Change, channel: Channel) -> list[Json]:
        return [self._edited(change, channel, "message_deleted") | {"deleted_ts": change.ts}]

    def _channel_created(self, change: Change, channel: Channel) -> list[Json]:
        if channel.kind != "public":
            return []
        shown = {
            "id": channel.id,
            "is_channel": True,
            "name": channel.name,
            "name_normalized": channel.name,
            "created": channel.created,
            "creator": change.user,
            "is_shared": False,
            "is_org_shared": False,
            "context_team_id": self._world.config.team_id,
            "is_archived": False,
            "is_frozen": False,
            "is_general": False,
            "is_group": False,
            "is_private": False,
            "is_ext_shared": False,
            "is_im": False,
            "is_mpim": False,
            "is_pending_ext_shared": False,
        }
        return [{"type": "channel_created", "channel": shown}]

    def _channel_renamed(self, _change: Change, channel: Channel) -> list[Json]:
        kind = "group_rename" if channel.is_private else "channel_rename"
        shown = {
            "id": channel.id,
            "name": channel.name,
            "name_normalized": channel.name,
            "created": channel.created,
            "is_channel": not channel.is_private,
            "is_mpim": False,
        }
        return [{"type": kind, "channel": shown}]

    def _archived(self, change: Change, channel: Channel) -> list[Json]:
        kind = change.kind.replace("channel", "group") if channel.is_private else change.kind
        moved = {"is_moved": 0} if kind.endswith("_archive") else {}
        return [{"type": kind, "channel": channel.id, "user": change.user, **moved}]

    def _channel_deleted(self, change: Change, channel: Channel) -> list[Json]:
        if not channel.is_private:
            return [{"type": "channel_deleted", "channel": channel.id}]
        when = {"date_deleted": self._world.epoch(), "actor_id": change.user}
        return [{"type": "group_deleted", "channel": channel.id, **when}]

    def _member(self, change: Change, channel: Channel) -> list[Json]:
        joined = change.kind == "member_joined"
        event: Json = {
            "type": "member_joined_channel" if joined else "member_left_channel",
            "user": change.user,
            "channel": channel.id,
            "channel_type": "G" if channel.is_private else "C",
            "team": self._world.config.team_id,
        }
        if joined and change.detail.get("inviter"):
            event["inviter"] = change.detail["inviter"]
        if not joined and change.user == self._world.app.bot_user_id:
            left = "group_left" if channel.is_private else "channel_left"
            return [{"type": left, "channel": channel.id, "actor_id": change.detail.get("by", "")}]
        return [event] if self._world.app.bot_user_id in channel.members else []

    def _reaction(self, change: Change, channel: Channel) -> list[Json]:
        item = {"type": "message", "channel": channel.id, "ts": change.ts}
        return [
            {
                "type": change.kind,
                "user": change.user,
                "reaction": change.detail["reaction"],
                "item": item,
                "item_user": channel.messages[change.ts].user,
            }
        ]

    def _pin(self, change: Change, channel: Channel) -> list[Json]:
        found = channel.messages[change.ts]
        (pin,) = change.detail.get("pins") or [pin for pin in channel.pins if pin["ts"] == change.ts]
        event: Json = {
            "type": change.kind,
            "user": change.user,
            "channel_id": channel.id,
            "item": {
                "type": "message",
                "channel": channel.id,
                "created": pin["created"],
                "created_by": pin["created_by"],
                "message": wire.message(self._world, found)
                | {"permalink": wire.permalink(self._world, channel, found)},
            },
            "item_user": found.user,
            "pin_count": str(len(channel.pins)),
            "pinned_info": {
                "channel": channel.id,
                "pinned_by": pin["created_by"],
                "pinned_ts": pin["created"],
            },
        }
        return [event | ({"has_pins": bool(channel.pins)} if change.kind == "pin_removed" else {})]

    def _revoked(self, change: Change) -> Json:
        return {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [change.user]}}

    def _uninstalled(self, _change: Change) -> Json:
        return {"type": "app_uninstalled"}

    def _person(self, change: Change) -> Json:
        user = wirepeople.person(self._world, self._world.people[change.user], whole=True)
        return {"type": "user_change", "user": user, "cache_ts": self._world.epoch()}

    def _group(self, change: Change) -> Json:
        group = self._world.groups[change.detail["group"]]
        return {"type": "subteam_updated", "subteam": wirepeople.group(self._world, group, with_users=True)}
