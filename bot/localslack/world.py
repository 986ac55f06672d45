"""The workspace as it is now: people, channels, messages. One place holds the state, and tells whoever listens what changed.

It knows Slack's nouns and keeps them consistent (a `ts` is unique in its channel, a reply counts on its parent). It refuses to know
who may do what, the wire, the page or the app: `methods` and `people` decide that before they change anything here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.localslack.canvases import CanvasShelf
from bot.localslack.clock import Clock
from bot.localslack.config import Group, LocalSlackConfig, Person
from bot.localslack.files import FileCabinet
from bot.localslack.grants import Grants
from bot.localslack.handles import Handles
from bot.localslack.ids import Ids
from bot.localslack.views import ViewStore

Json = dict[str, Any]
SLACKBOT = "USLACKBOT"
"""Slack's own voice; `users.list` gives it with `is_bot: false`, as Slack does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message; an edit makes a new value under the same `ts`."""

    ts: str
    user: str
    text: str
    subtype: str = ""
    by_app: bool = False
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    metadata: Json | None = None
    details: Json = field(default_factory=dict)  # of the workspace's own lines: the old name, who invited
    thread_ts: str = ""
    broadcast: bool = False
    edited_ts: str = ""
    visible_to: str = ""  # the one person who sees an ephemeral message; empty for all
    username: str = ""
    icon_emoji: str = ""
    files: tuple[str, ...] = ()
    reactions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    reply_users: tuple[str, ...] = ()
    reply_count: int = 0
    latest_reply: str = ""

    @property
    def ephemeral(self) -> bool:
        """Whether one person alone sees it."""
        return bool(self.visible_to)

    @property
    def is_reply(self) -> bool:
        """Whether it lives in a thread below another message."""
        return bool(self.thread_ts) and self.thread_ts != self.ts

    @property
    def in_main_view(self) -> bool:
        """Whether the channel itself shows it."""
        return not self.is_reply or self.broadcast


@dataclass(slots=True, kw_only=True)
class Channel:
    """A public or private channel, or a direct message with the app."""

    id: str
    name: str
    created: int  # epoch seconds
    creator: str
    is_private: bool = False
    is_im: bool = False
    is_general: bool = False
    archived: bool = False
    topic: Json = field(default_factory=lambda: {"value": "", "creator": "", "last_set": 0})
    purpose: Json = field(default_factory=lambda: {"value": "", "creator": "", "last_set": 0})
    members: dict[str, None] = field(default_factory=dict)  # a set that remembers who came first
    messages: dict[str, Message] = field(default_factory=dict)  # by ts, oldest first
    pins: list[Json] = field(default_factory=list)
    bookmarks: list[Json] = field(default_factory=list)
    previous_names: list[str] = field(default_factory=list)
    last_read: dict[str, str] = field(default_factory=dict)
    last_ts: int = 0  # microseconds of the newest ts given out here

    @property
    def kind(self) -> str:
        """`public`, `private` or `im`."""
        if self.is_im:
            return "im"
        return "private" if self.is_private else "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something changed in the workspace. `kind` names it; the other fields say where."""

    kind: str
    channel: str = ""
    ts: str = ""
    user: str = ""
    visible_to: str = ""
    detail: Json = field(default_factory=dict)


class World:
    """All state of one workspace, and the only functions that change it."""

    def __init__(self, config: LocalSlackConfig, clock: Clock, ids: Ids | None = None) -> None:
        self.config = config
        self.app = config.app
        self.clock = clock
        self.base_url = "http://127.0.0.1"
        self.ids = ids or Ids(clock.now())
        self.people: dict[str, Person] = {person.id: person for person in config.people}
        self.people[self.app.bot_user_id] = Person(
            id=self.app.bot_user_id, name=self.app.bot_handle, real_name=self.app.name, email="", is_bot=True
        )
        self.people[SLACKBOT] = Person(id=SLACKBOT, name="slackbot", real_name="Slackbot", email="")
        self.groups = {group.id: group for group in config.groups}
        self.channels: dict[str, Channel] = {}
        self.revoked_tokens: set[str] = set()
        self.grants = Grants(self.app, clock, self.ids)
        self.handles = Handles(clock, self.ids)
        self.files = FileCabinet(clock, self.ids)
        self.canvases = CanvasShelf(clock, self.ids)
        self.views = ViewStore(self.ids)
        self._listeners: list[Callable[[Change], None]] = []
        for seed in config.channels:
            channel = self._add_channel(
                seed.id, seed.name, creator=config.people[0].id, is_private=seed.is_private
            )
            channel.is_general = seed.is_general
            channel.topic["value"], channel.purpose["value"] = seed.topic, seed.purpose
            members = (*seed.members, self.app.bot_user_id) if seed.bot_is_member else seed.members
            channel.members.update(dict.fromkeys(members))

    # --- listeners -----------------------------------------------------------------------------------------------------

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Call `listener` after each change, in order."""
        self._listeners.append(listener)

    def tell(self, change: Change) -> None:
        """Tell all listeners."""
        for listener in self._listeners:
            listener(change)

    # --- the app ---------------------------------------------------------------------------------------------------------

    def revoke(self, token: str) -> None:
        """Take a bot token away, and the app with it; it hears of both."""
        self.revoked_tokens.add(token)
        self.tell(Change(kind="tokens_revoked", user=self.app.bot_user_id))
        self.tell(Change(kind="app_uninstalled", user=self.app.bot_user_id))

    # --- time ----------------------------------------------------------------------------------------------------------

    def epoch(self) -> int:
        """Seconds since 1970, as Slack writes dates."""
        return int(self.clock.now().timestamp())

    def next_ts(self, channel: Channel) -> str:
        """A `ts` that no message of the channel has."""
        channel.last_ts = max(round(self.clock.now().timestamp() * 1_000_000), channel.last_ts + 1)
        seconds, micros = divmod(channel.last_ts, 1_000_000)
        return f"{seconds}.{micros:06d}"

    # --- channels ------------------------------------------------------------------------------------------------------

    def _add_channel(
        self, channel_id: str, name: str, *, creator: str, is_private: bool, is_im: bool = False
    ) -> Channel:
        channel = Channel(
            id=channel_id,
            name=name,
            created=self.epoch(),
            creator=creator,
            is_private=is_private,
            is_im=is_im,
        )
        self.channels[channel_id] = channel
        return channel

    def channel_named(self, name: str) -> Channel | None:
        """The channel with that name, with or without `#`, archived ones too (their names stay taken)."""
        wanted = name.removeprefix("#")
        return next((c for c in self.channels.values() if not c.is_im and c.name == wanted), None)

    def create_channel(self, name: str, *, creator: str, is_private: bool = False) -> Channel:
        """A new channel with its creator in it."""
        channel = self._add_channel(self.ids.make("C"), name, creator=creator, is_private=is_private)
        self.tell(Change(kind="channel_created", channel=channel.id, user=creator))
        self.add_member(channel, creator)
        return channel

    def direct_message(self, user: str) -> Channel:
        """The conversation between the app and that person, opened if need be."""
        for channel in self.channels.values():
            if channel.is_im and user in channel.members:
                return channel
        channel = self._add_channel(
            self.ids.make("D"), "", creator=self.app.bot_user_id, is_private=True, is_im=True
        )
        channel.members.update({self.app.bot_user_id: None, user: None})
        self.tell(Change(kind="channel_created", channel=channel.id, user=self.app.bot_user_id))
        return channel

    def add_member(self, channel: Channel, user: str, *, inviter: str = "") -> None:
        """Let `user` join, with the line in the channel that says so."""
        channel.members[user] = None
        details = {"inviter": inviter} if inviter else {}
        text = f"<@{user}> has joined the channel"
        self.post(channel, user=user, text=text, subtype="channel_join", details=details)
        self.tell(Change(kind="member_joined", channel=channel.id, user=user, detail={"inviter": inviter}))

    def remove_member(self, channel: Channel, user: str, *, by: str = "") -> None:
        """Let `user` leave, or be taken out `by` somebody."""
        channel.members.pop(user, None)
        self.post(channel, user=user, text=f"<@{user}> has left the channel", subtype="channel_leave")
        self.tell(Change(kind="member_left", channel=channel.id, user=user, detail={"by": by}))

    def rename(self, channel: Channel, name: str, *, by: str) -> None:
        """Give the channel another name."""
        old, channel.name = channel.name, name
        channel.previous_names.insert(0, old)
        text = f'<@{by}> has renamed the channel from "{old}" to "{name}"'
        details = {"name": name, "old_name": old}
        self.post(channel, user=by, text=text, subtype="channel_name", details=details)
        self.tell(Change(kind="channel_renamed", channel=channel.id, user=by, detail={"old_name": old}))

    def describe(self, channel: Channel, what: str, value: str, *, by: str) -> None:
        """Set the `topic` or the `purpose`."""
        entry = {"value": value, "creator": by, "last_set": self.epoch()}
        if what == "topic":
            channel.topic = entry
        else:
            channel.purpose = entry
        label = "topic" if what == "topic" else "description"
        text = (
            f"<@{by}> set the channel {label}: {value}" if value else f"<@{by}> cleared the channel {label}"
        )
        self.post(channel, user=by, text=text, subtype=f"channel_{what}", details={what: value})
        self.tell(Change(kind="channel_changed", channel=channel.id, user=by))

    def set_archived(self, channel: Channel, *, archived: bool, by: str) -> None:
        """Archive the channel, or bring it back."""
        verb = "archived" if archived else "un-archived"
        subtype = "channel_archive" if archived else "channel_unarchive"
        self.post(channel, user=by, text=f"<@{by}> {verb} the channel", subtype=subtype)
        channel.archived = archived
        self.tell(Change(kind=subtype, channel=channel.id, user=by))
        if archived:
            # Slack puts bots out of a channel that is archived, which is why none can bring one back (slack-go/slack issue 1066).
            channel.members.pop(self.app.bot_user_id, None)

    def remove_channel(self, channel: Channel, *, by: str) -> None:
        """Delete the channel with all that stands in it."""
        self.tell(Change(kind="channel_deleted", channel=channel.id, user=by))
        del self.channels[channel.id]

    def mark_read(self, channel: Channel, user: str, ts: str) -> None:
        """Remember that `user` has seen all up to `ts`."""
        channel.last_read[user] = max(ts, channel.last_read.get(user, ""))
        self.tell(Change(kind="read", channel=channel.id, ts=ts, user=user, visible_to=user))

    # --- people --------------------------------------------------------------------------------------------------------

    def change_person(self, user: Person) -> None:
        """Replace what is known of somebody."""
        self.people[user.id] = user
        self.tell(Change(kind="person_changed", user=user.id))

    def change_group(self, group: Group) -> None:
        """Replace a user group."""
        self.groups[group.id] = group
        self.tell(Change(kind="group_changed", detail={"group": group.id}))

    # --- messages ------------------------------------------------------------------------------------------------------

    def post(self, channel: Channel, *, user: str, text: str, **fields: Any) -> Message:
        """Put a message in the channel and count it on its parent."""
        message = Message(ts=self.next_ts(channel), user=user, text=text, **fields)
        if message.blocks:
            message = replace(message, blocks=tuple(self.with_block_ids(message.blocks)))
        channel.messages[message.ts] = message
        if message.is_reply and not message.ephemeral:
            self._recount(channel, message.thread_ts)
        self.tell(
            Change(kind="message_posted", channel=channel.id, ts=message.ts, visible_to=message.visible_to)
        )
        return message

    def edit(self, channel: Channel, message: Message, **fields: Any) -> Message:
        """Replace fields of a message; `blocks` without ids get some."""
        if fields.get("blocks"):
            fields["blocks"] = tuple(self.with_block_ids(fields["blocks"]))
        edited = replace(message, edited_ts=f"{self.epoch()}.000000", **fields)
        channel.messages[message.ts] = edited
        before = {"message": message}
        self.tell(
            Change(
                kind="message_changed",
                channel=channel.id,
                ts=message.ts,
                visible_to=message.visible_to,
                detail=before,
            )
        )
        return edited

    def delete(self, channel: Channel, message: Message) -> None:
        """Take a message away; its pins go with it."""
        del channel.messages[message.ts]
        channel.pins = [pin for pin in channel.pins if pin["ts"] != message.ts]
        if message.is_reply and not message.ephemeral:
            self._recount(channel, message.thread_ts)
        before = {"message": message}
        self.tell(
            Change(
                kind="message_deleted",
                channel=channel.id,
                ts=message.ts,
                visible_to=message.visible_to,
                detail=before,
            )
        )

    def react(self, channel: Channel, message: Message, name: str, user: str, *, add: bool) -> None:
        """Add or take back a reaction."""
        reactions = {emoji: dict.fromkeys(users) for emoji, users in message.reactions}
        users = reactions.setdefault(name, {})
        if add:
            users[user] = None
        else:
            users.pop(user, None)
        kept = tuple((emoji, tuple(who)) for emoji, who in reactions.items() if who)
        channel.messages[message.ts] = replace(message, reactions=kept)
        kind = "reaction_added" if add else "reaction_removed"
        self.tell(Change(kind=kind, channel=channel.id, ts=message.ts, user=user, detail={"reaction": name}))

    def pin(self, channel: Channel, message: Message, *, by: str) -> None:
        """Pin a message."""
        channel.pins.append({"ts": message.ts, "created": self.epoch(), "created_by": by})
        self.tell(Change(kind="pin_added", channel=channel.id, ts=message.ts, user=by))

    def unpin(self, channel: Channel, ts: str, *, by: str) -> None:
        """Take a pin away."""
        gone = [pin for pin in channel.pins if pin["ts"] == ts]
        channel.pins = [pin for pin in channel.pins if pin["ts"] != ts]
        self.tell(Change(kind="pin_removed", channel=channel.id, ts=ts, user=by, detail={"pins": gone}))

    def set_bookmarks(self, channel: Channel, bookmarks: list[Json]) -> None:
        """Put these bookmarks on the channel's bar, in this order."""
        channel.bookmarks = bookmarks
        self.tell(Change(kind="channel_changed", channel=channel.id))

    def replies(self, channel: Channel, thread_ts: str) -> list[Message]:
        """What stands below a message, oldest first, ephemerals not."""
        return [
            m
            for m in channel.messages.values()
            if m.is_reply and m.thread_ts == thread_ts and not m.ephemeral
        ]

    def with_block_ids(self, blocks: Iterable[Json]) -> list[Json]:
        """The blocks, those without a `block_id` with one made up, as Slack does."""
        return [
            block if block.get("block_id") else {**block, "block_id": self.ids.short()} for block in blocks
        ]

    def _recount(self, channel: Channel, thread_ts: str) -> None:
        parent = channel.messages.get(thread_ts)
        if parent is None:
            return
        replies = self.replies(channel, thread_ts)
        channel.messages[thread_ts] = replace(
            parent,
            thread_ts=thread_ts if replies else "",
            reply_count=len(replies),
            reply_users=tuple(dict.fromkeys(reply.user for reply in replies)),
            latest_reply=replies[-1].ts if replies else "",
        )
        self.tell(Change(kind="thread_changed", channel=channel.id, ts=thread_ts))
