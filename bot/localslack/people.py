"""Acting as a person: typing a message, joining, reacting, sending a slash command.

The page, tests and the headless demo all come through here, so what one can do the others can too, and no more than Slack's own client lets
people do. Clicks and modals are in `interactions`.
"""

from __future__ import annotations

import re
from typing import Any

from bot.localslack.config import Person
from bot.localslack.delivery import LATE, OK, REFUSED, Ack, Delivery, Payload
from bot.localslack.handles import ResponseUrl
from bot.localslack.refusal import ApiRefusal, PersonRefused
from bot.localslack.responses import Responder
from bot.localslack.world import SLACKBOT, Channel, Message, World

Json = dict[str, Any]

WHY = {LATE: "operation_timeout", REFUSED: "dispatch_failed"}
"""The words that people see when the app did not answer well."""


def why(ack: Ack) -> str:
    """Slack's word for an answer that was none."""
    return WHY.get(ack.outcome, "dispatch_failed")


class People:
    """What people do in channels."""

    def __init__(self, world: World, delivery: Delivery, responder: Responder) -> None:
        self._world = world
        self._delivery = delivery
        self._responder = responder

    # --- who and where ---------------------------------------------------------------------------------------------------

    def person(self, wanted: str) -> Person:
        """A person by id or handle, who can act. Raises PersonRefused."""
        handle = wanted.removeprefix("@")
        for user in self._world.people.values():
            if wanted and (user.id == wanted or user.name == handle):
                if user.deleted or user.is_bot or user.id == SLACKBOT:
                    raise PersonRefused("not_a_person", f"{user.name} can't act")
                return user
        raise PersonRefused("user_not_found", f"there is nobody called {wanted!r}")

    def channel(self, wanted: str, user: Person) -> Channel:
        """A channel by id or name that the person can see. Raises PersonRefused."""
        found = self._world.channels.get(wanted) or self._world.channel_named(wanted)
        if found is None or (found.kind != "public" and user.id not in found.members):
            raise PersonRefused("channel_not_found", f"there is no channel {wanted!r} for {user.name}")
        return found

    def joined(self, wanted: str, user: Person) -> Channel:
        """A channel that the person may write in. Raises PersonRefused."""
        channel = self.channel(wanted, user)
        if channel.archived:
            raise PersonRefused("is_archived", f"#{channel.name} is archived")
        if user.id not in channel.members:
            raise PersonRefused("not_in_channel", f"{user.name} is not in #{channel.name}")
        return channel

    def message(self, channel: Channel, user: Person, ts: str) -> Message:
        """A message that the person can see. Raises PersonRefused."""
        found = channel.messages.get(ts)
        if found is None or found.visible_to not in {"", user.id}:
            raise PersonRefused("message_not_found", f"{user.name} sees no message {ts} in #{channel.name}")
        return found

    # --- acts ------------------------------------------------------------------------------------------------------------

    def say(
        self, user: str, channel: str, text: str, *, thread_ts: str = "", broadcast: bool = False
    ) -> Message:
        """Type a message; `@name` and `#channel` become mentions."""
        who = self.person(user)
        place = self.joined(channel, who)
        if not text.strip():
            raise PersonRefused("no_text", "there is nothing to send")
        if thread_ts:
            parent = self.message(place, who, thread_ts)
            if parent.ephemeral:
                raise PersonRefused("message_not_found", "nobody can reply to a message that only they see")
            thread_ts = parent.thread_ts or parent.ts
        typed = self._typed(text)
        return self._world.post(place, user=who.id, text=typed, thread_ts=thread_ts, broadcast=broadcast)

    def edit(self, user: str, channel: str, ts: str, text: str) -> Message:
        """Change one's own message."""
        who = self.person(user)
        place = self.joined(channel, who)
        message = self._own(place, who, ts)
        return self._world.edit(place, message, text=self._typed(text))

    def delete(self, user: str, channel: str, ts: str) -> None:
        """Delete one's own message."""
        who = self.person(user)
        place = self.joined(channel, who)
        self._world.delete(place, self._own(place, who, ts))

    def _own(self, channel: Channel, user: Person, ts: str) -> Message:
        message = self.message(channel, user, ts)
        if message.user != user.id:
            raise PersonRefused("cant_update_message", "only its author can change it")
        return message

    def join(self, user: str, channel: str) -> Channel:
        """Join a public channel."""
        who = self.person(user)
        place = self.channel(channel, who)
        if place.archived:
            raise PersonRefused("is_archived", f"#{place.name} is archived")
        if who.id not in place.members:
            self._world.add_member(place, who.id)
        return place

    def leave(self, user: str, channel: str) -> None:
        """Leave a channel."""
        who = self.person(user)
        place = self.channel(channel, who)
        if who.id in place.members:
            self._world.remove_member(place, who.id)

    def react(self, user: str, channel: str, ts: str, name: str) -> bool:
        """Add a reaction, or take one's own back; whether it stands now."""
        who = self.person(user)
        place = self.joined(channel, who)
        message = self.message(place, who, ts)
        if not re.fullmatch(r"[a-z0-9_+'\-]+", name) or message.ephemeral:
            raise PersonRefused("invalid_name", "that can't be a reaction here")
        add = who.id not in dict(message.reactions).get(name, ())
        self._world.react(place, message, name, who.id, add=add)
        return add

    def read(self, user: str, channel: str, ts: str) -> None:
        """Mark a channel as read up to a message."""
        who = self.person(user)
        self._world.mark_read(self.channel(channel, who), who.id, ts)

    async def command(self, user: str, channel: str, command: str, text: str) -> Ack:
        """Send a slash command and show the app's answer."""
        who = self.person(user)
        place = self.joined(channel, who)
        if command not in {known.name for known in self._world.app.commands}:
            said = f"`{escape(command)}` is not a valid command. In Slack, messages that start with “/” are commands."
            self._responder.notice(place, who.id, said)
            raise PersonRefused("unknown_command", f"no app has registered {command}")
        world = self._world
        key = world.handles.new_response(user=who.id, channel=place.id)
        body = {
            "token": world.app.verification_token,
            "team_id": world.config.team_id,
            "team_domain": world.config.team_domain,
            "channel_id": place.id,
            "channel_name": place.name or "directmessage",
            "user_id": who.id,
            "user_name": who.name,
            "command": command,
            "text": self._typed(text.strip(), names=False),
            "api_app_id": world.app.id,
            "is_enterprise_install": "false",
            "response_url": f"{world.base_url}/commands/{world.config.team_id}/{key}",
            "trigger_id": world.handles.new_trigger(who.id),
        }
        ack = await self._delivery.send(
            Payload(kind="slash_commands", what=command, body=body, accepts_response=True)
        )
        self._show_answer(place, who, command, ack)
        return ack

    def _show_answer(self, channel: Channel, user: Person, command: str, ack: Ack) -> None:
        error = "" if ack.outcome == OK else why(ack)
        if not error and ack.body:
            place = ResponseUrl(user=user.id, channel=channel.id, made=self._world.clock.now())
            try:
                self._responder.say(ack.body, place)
            except ApiRefusal as refusal:
                if refusal.code != "no_text":
                    error = refusal.code
        if error:
            self._responder.notice(channel, user.id, f"{command} failed with the error “{error}”")

    def _typed(self, text: str, *, names: bool = True) -> str:
        """Typed text as Slack stores it: escaped, names as mentions (a command's text keeps its names)."""
        escaped = escape(text)
        if not names:
            return escaped
        people = {user.name: f"<@{user.id}>" for user in self._world.people.values()}
        people |= {group.handle: f"<!subteam^{group.id}>" for group in self._world.groups.values()}
        people |= {word: f"<!{word}>" for word in ("here", "channel", "everyone")}
        escaped = re.sub(r"(?<![\w@])@([\w.-]*\w)", lambda m: people.get(m[1], m[0]), escaped)
        return re.sub(r"(?<![\w#&])#([\w-]+)", self._channel_mention, escaped)

    def _channel_mention(self, match: re.Match[str]) -> str:
        channel = self._world.channel_named(match[1])
        return match[0] if channel is None or channel.is_private else f"<#{channel.id}|{channel.name}>"


def as_typed(world: World, text: str) -> str:
    """A stored text as somebody would type it: mentions by name, links bare, nothing escaped."""

    def name(match: re.Match[str]) -> str:
        target, _, label = match[1].partition("|")
        if target.startswith("@"):
            person = world.people.get(target[1:])
            return f"@{person.name}" if person else target
        if target.startswith("!"):
            group = world.groups.get(target.removeprefix("!subteam^"))
            return f"@{group.handle}" if group else f"@{target[1:]}"
        return f"#{label}" if target.startswith("#") else target

    plain = re.sub(r"<([^<>]+)>", name, text)
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def escape(text: str) -> str:
    """The three characters that mean something in Slack's markup, escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
