"""One Web API call: who calls, with which arguments, and how a handler reads them.

Arguments come as form fields (all text, nested values as JSON text) or as a JSON body; a handler sees no difference. It holds no method.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.localslack.limits import Tier
from bot.localslack.refusal import ApiRefusal
from bot.localslack.world import Channel, Message, World

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call on its way through its handler."""

    world: World
    caller: str  # user id of the bot
    scopes: frozenset[str]
    token: str
    args: Mapping[str, Any]
    socket_url: Callable[[], str]  # a fresh Socket Mode URL

    # --- arguments -----------------------------------------------------------------------------------------------------

    def text(self, name: str, default: str = "") -> str:
        """An argument as text."""
        value = self.args.get(name)
        return default if value is None else str(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """An argument as true or false."""
        value = self.args.get(name)
        return default if value is None else str(value).lower() in {"1", "true", "yes"}

    def number(self, name: str, default: int, *, most: int) -> int:
        """An argument as a whole number between 1 and `most`."""
        try:
            value = int(self.text(name) or default)
        except ValueError:
            raise ApiRefusal("invalid_arguments") from None
        return min(value, most) if value > 0 else default

    def nested(self, name: str, *, error: str) -> Any:
        """An argument that is JSON; None where it is not given. Raises ApiRefusal with `error` if it can't be read."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise ApiRefusal(error) from None

    def ids(self, name: str) -> list[str]:
        """An argument that lists ids, separated by commas or as a JSON array."""
        value = self.args.get(name)
        parts = value if isinstance(value, list) else self.text(name).split(",")
        return [str(part).strip() for part in parts if str(part).strip()]

    # --- permissions ---------------------------------------------------------------------------------------------------

    def need(self, scope: str) -> None:
        """Raises ApiRefusal with `missing_scope` if the token lacks it."""
        if scope not in self.scopes:
            raise ApiRefusal("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))

    # --- places --------------------------------------------------------------------------------------------------------

    def channel(self, name: str = "channel") -> Channel:
        """The channel named by an argument. Raises ApiRefusal: what the bot can't see isn't there."""
        found = self.world.channels.get(self.text(name))
        if found is None or (found.kind != "public" and self.caller not in found.members):
            raise ApiRefusal("channel_not_found")
        return found

    def joined(self, name: str = "channel", *, archived: str = "is_archived") -> Channel:
        """The channel, which the bot is in and which is not archived (`archived` is the error otherwise; empty: may be)."""
        found = self.channel(name)
        if found.archived and archived:
            raise ApiRefusal(archived)
        if self.caller not in found.members:
            raise ApiRefusal("not_in_channel")
        return found

    def message(self, channel: Channel, ts: str) -> Message:
        """A message that all can see. Raises ApiRefusal with `message_not_found`."""
        found = channel.messages.get(ts)
        if found is None or found.ephemeral:
            raise ApiRefusal("message_not_found")
        return found

    # --- pages ---------------------------------------------------------------------------------------------------------

    def page(self, items: list[Any], *, default: int = 100, most: int = 1000) -> tuple[list[Any], Json]:
        """The part of `items` that this call asks for, and its `response_metadata`."""
        size = self.number("limit", default, most=most)
        cursor = self.text("cursor")
        try:
            start = int(cursor.removeprefix("next:").removesuffix("=")) if cursor else 0
        except ValueError:
            raise ApiRefusal("invalid_cursor") from None
        following = f"next:{start + size}=" if start + size < len(items) else ""
        return items[start : start + size], {"next_cursor": following}


Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method of the Web API."""

    name: str
    handler: Handler
    tier: Tier
    arguments: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    scope: str = ""  # needed whatever the call is about
    by_kind: Mapping[str, str] = field(
        default_factory=dict
    )  # needed by the channel's kind: public, private, im
    token: str = "bot"  # bot, app or none  # noqa: S105  a kind, no secret
    per_channel: bool = False  # whether each channel has a rate bucket of its own


def family(action: str, *, im: bool = True) -> dict[str, str]:
    """The scopes of a conversation method: `family("read")` is channels:read, groups:read, im:read by the channel's kind."""
    scopes = {
        "public": f"channels:{action}",
        "private": f"groups:{'write' if action == 'manage' else action}",
    }
    return scopes | ({"im": f"im:{'write' if action == 'manage' else action}"} if im else {})


def takes(names: str) -> frozenset[str]:
    """Argument names from one line of text."""
    return frozenset(names.split())
