"""What people do to channels, to other people's messages and, as the workspace's owners do, to people and groups.

Whoever is in a channel may invite, rename, archive; what Slack leaves to admins is done here by anybody, for a test or a demo needs it done, and
not a rule on who does it. Typing and clicking are in `people` and `interactions`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.localslack.config import Group, Person
from bot.localslack.people import People
from bot.localslack.refusal import PersonRefused
from bot.localslack.world import SLACKBOT, Channel, World

Json = dict[str, Any]


class Stewards:
    """Acts that change the workspace around the app, at times under its feet."""

    def __init__(self, world: World, people: People) -> None:
        self._world = world
        self._people = people

    # --- channels --------------------------------------------------------------------------------------------------------

    def create(self, user: str, name: str, *, private: bool = False) -> Channel:
        """Make a channel with oneself in it."""
        who = self._people.person(user)
        if self._world.channel_named(name) is not None:
            raise PersonRefused("name_taken", f"there is a channel #{name} already")
        return self._world.create_channel(name, creator=who.id, is_private=private)

    def invite(self, user: str, channel: str, member: str) -> None:
        """Bring somebody into a channel, the app too."""
        who = self._people.person(user)
        place = self._people.joined(channel, who)
        self._world.add_member(place, self._member(member).id, inviter=who.id)

    def kick(self, user: str, channel: str, member: str) -> None:
        """Take somebody out of a channel, the app too."""
        who = self._people.person(user)
        place = self._people.joined(channel, who)
        gone = self._member(member)
        if gone.id not in place.members:
            raise PersonRefused("not_in_channel", f"{gone.name} is not in #{place.name}")
        self._world.remove_member(place, gone.id, by=who.id)

    def archive(self, user: str, channel: str) -> None:
        """Archive a channel."""
        who = self._people.person(user)
        self._world.set_archived(self._people.joined(channel, who), archived=True, by=who.id)

    def unarchive(self, user: str, channel: str) -> None:
        """Bring a channel back; who does it is in it."""
        who = self._people.person(user)
        place = self._people.channel(channel, who)
        if not place.archived:
            raise PersonRefused("not_archived", f"#{place.name} is not archived")
        self._world.set_archived(place, archived=False, by=who.id)
        if who.id not in place.members:
            self._world.add_member(place, who.id)

    def remove(self, user: str, channel: str) -> None:
        """Delete a channel, as an owner can: nobody can bring it back."""
        who = self._people.person(user)
        self._world.remove_channel(self._people.channel(channel, who), by=who.id)

    def rename(self, user: str, channel: str, name: str) -> None:
        """Give a channel another name."""
        who = self._people.person(user)
        place = self._people.joined(channel, who)
        if self._world.channel_named(name) is not None:
            raise PersonRefused("name_taken", f"there is a channel #{name} already")
        self._world.rename(place, name, by=who.id)

    def erase(self, user: str, channel: str, ts: str) -> None:
        """Delete anybody's message, as an admin can."""
        who = self._people.person(user)
        place = self._people.channel(channel, who)
        self._world.delete(place, self._people.message(place, who, ts))

    def pin(self, user: str, channel: str, ts: str) -> bool:
        """Pin a message, or take its pin away; whether it is pinned now."""
        who = self._people.person(user)
        place = self._people.joined(channel, who)
        message = self._people.message(place, who, ts)
        if any(pin["ts"] == message.ts for pin in place.pins):
            self._world.unpin(place, message.ts, by=who.id)
            return False
        self._world.pin(place, message, by=who.id)
        return True

    # --- people and groups -----------------------------------------------------------------------------------------------

    def change_person(self, member: str, fields: Json) -> Person:
        """Change what is known of somebody: `deleted`, `is_guest`, `email`, `real_name`, `title`."""
        person = self._member(member)
        allowed = {"deleted": bool, "is_guest": bool, "email": str, "real_name": str, "title": str}
        changed = replace(person, **_taken(fields, allowed))
        self._world.change_person(changed)
        return changed

    def change_group(self, handle: str, fields: Json) -> Group:
        """Change a user group: `deleted`, or its `members` by id or handle."""
        wanted = handle.removeprefix("@")
        for group in self._world.groups.values():
            if wanted in {group.id, group.handle}:
                break
        else:
            raise PersonRefused("no_such_subteam", f"there is no user group {handle!r}")
        given = _taken(fields, {"deleted": bool, "members": list})
        if "members" in given:
            given["members"] = tuple(self._member(str(member)).id for member in given["members"])
        changed = replace(group, **given)
        self._world.change_group(changed)
        return changed

    def _member(self, wanted: str) -> Person:
        """Anybody by id or handle, bots and those who left too. Raises PersonRefused."""
        handle = wanted.removeprefix("@")
        for person in self._world.people.values():
            if wanted and person.id != SLACKBOT and handle in {person.id, person.name}:
                return person
        raise PersonRefused("user_not_found", f"there is nobody called {wanted!r}")


def _taken(fields: Json, allowed: dict[str, type]) -> Json:
    """The fields that were given. Raises PersonRefused for none, or for one of another type."""
    given = {name: fields[name] for name in allowed if name in fields}
    wrong = [name for name, value in given.items() if not isinstance(value, allowed[name])]
    if wrong or not given:
        raise PersonRefused("invalid_fields", f"give one or more of {', '.join(allowed)}, each of its type")
    return given
