"""`/_local/…` where somebody acts: typing, clicking, inviting, archiving. Every route is documented in docs/local-slack.md.

It parses and answers; what happens is done in `people`, `interactions` and `stewards`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bot.localslack.delivery import Ack
from bot.localslack.interactions import Interactions
from bot.localslack.people import People
from bot.localslack.refusal import PersonRefused
from bot.localslack.stewards import Stewards

Json = dict[str, Any]
Act = Callable[[Json], Awaitable[Json]]


class Acts:
    """What each route for acting does with its body."""

    def __init__(self, people: People, interactions: Interactions, stewards: Stewards) -> None:
        self._people = people
        self._interactions = interactions
        self._stewards = stewards

    def routes(self) -> dict[str, Act]:
        """A path below `/_local` and what a POST to it does."""
        return {
            "/command": self._command,
            "/action": self._action,
            "/suggest": self._suggest,
            "/shortcut": self._shortcut,
            "/message": self._message,
            "/edit": self._edit,
            "/delete": self._delete,
            "/reaction": self._reaction,
            "/join": self._join,
            "/leave": self._leave,
            "/read": self._read,
            "/home": self._home,
            "/view/submit": self._submit,
            "/view/close": self._close,
            "/channel": self._create,
            "/invite": self._invite,
            "/kick": self._kick,
            "/archive": self._archive,
            "/unarchive": self._unarchive,
            "/channel/delete": self._remove,
            "/rename": self._rename,
            "/erase": self._erase,
            "/pin": self._pin,
            "/person": self._person,
            "/group": self._group,
        }

    # --- a person ----------------------------------------------------------------------------------------------

    async def _command(self, body: Json) -> Json:
        typed = str(body.get("text") or "")
        command = str(body.get("command") or "")
        return _acked(
            await self._people.command(text_of(body, "user"), text_of(body, "channel"), command, typed)
        )

    async def _action(self, body: Json) -> Json:
        where: Json = {"block_id": str(body.get("block_id") or ""), "value": body.get("value")}
        user, action_id = text_of(body, "user"), text_of(body, "action_id")
        if body.get("view_id"):
            return _acked(
                await self._interactions.act_in_view(user, text_of(body, "view_id"), action_id, **where)
            )
        channel, ts = text_of(body, "channel"), text_of(body, "ts")
        return _acked(await self._interactions.act(user, channel, ts, action_id, **where))

    async def _suggest(self, body: Json) -> Json:
        where = {key: str(body.get(key) or "") for key in ("channel", "ts", "view_id", "block_id")}
        found = await self._interactions.suggest(
            text_of(body, "user"), text_of(body, "action_id"), str(body.get("value") or ""), **where
        )
        offered = [
            {"group": group, "text": option["text"]["text"], "value": option["value"]}
            for group, option in found.options
        ]
        return _acked(found.ack) | {"options": offered, "problem": found.problem}

    async def _shortcut(self, body: Json) -> Json:
        place = {"channel": str(body.get("channel") or ""), "ts": str(body.get("ts") or "")}
        return _acked(
            await self._interactions.shortcut(text_of(body, "user"), text_of(body, "callback_id"), **place)
        )

    async def _message(self, body: Json) -> Json:
        message = self._people.say(
            text_of(body, "user"),
            text_of(body, "channel"),
            str(body.get("text") or ""),
            thread_ts=str(body.get("thread_ts") or ""),
            broadcast=bool(body.get("broadcast")),
        )
        return {"ts": message.ts}

    async def _edit(self, body: Json) -> Json:
        text = str(body.get("text") or "")
        return {
            "ts": self._people.edit(
                text_of(body, "user"), text_of(body, "channel"), text_of(body, "ts"), text
            ).ts
        }

    async def _delete(self, body: Json) -> Json:
        self._people.delete(text_of(body, "user"), text_of(body, "channel"), text_of(body, "ts"))
        return {}

    async def _reaction(self, body: Json) -> Json:
        added = self._people.react(
            text_of(body, "user"),
            text_of(body, "channel"),
            text_of(body, "ts"),
            text_of(body, "name").strip(":"),
        )
        return {"added": added}

    async def _join(self, body: Json) -> Json:
        return {"channel": self._people.join(text_of(body, "user"), text_of(body, "channel")).id}

    async def _leave(self, body: Json) -> Json:
        self._people.leave(text_of(body, "user"), text_of(body, "channel"))
        return {}

    async def _read(self, body: Json) -> Json:
        self._people.read(text_of(body, "user"), text_of(body, "channel"), text_of(body, "ts"))
        return {}

    async def _home(self, body: Json) -> Json:
        self._interactions.open_home(text_of(body, "user"), str(body.get("tab") or "home"))
        return {}

    async def _submit(self, body: Json) -> Json:
        values = body.get("values") or {}
        if not isinstance(values, dict):
            raise PersonRefused(
                "invalid_values", "`values` is an object: block or action id → what was entered"
            )
        return _acked(
            await self._interactions.submit(text_of(body, "user"), text_of(body, "view_id"), values)
        )

    async def _close(self, body: Json) -> Json:
        everything = bool(body.get("everything"))
        return _acked(
            await self._interactions.close(
                text_of(body, "user"), text_of(body, "view_id"), everything=everything
            )
        )

    # --- a channel, the workspace ----------------------------------------------------------------------------------------

    async def _create(self, body: Json) -> Json:
        private = bool(body.get("is_private"))
        return {
            "channel": self._stewards.create(text_of(body, "user"), text_of(body, "name"), private=private).id
        }

    async def _invite(self, body: Json) -> Json:
        self._stewards.invite(text_of(body, "user"), text_of(body, "channel"), text_of(body, "member"))
        return {}

    async def _kick(self, body: Json) -> Json:
        self._stewards.kick(text_of(body, "user"), text_of(body, "channel"), text_of(body, "member"))
        return {}

    async def _archive(self, body: Json) -> Json:
        self._stewards.archive(text_of(body, "user"), text_of(body, "channel"))
        return {}

    async def _unarchive(self, body: Json) -> Json:
        self._stewards.unarchive(text_of(body, "user"), text_of(body, "channel"))
        return {}

    async def _remove(self, body: Json) -> Json:
        self._stewards.remove(text_of(body, "user"), text_of(body, "channel"))
        return {}

    async def _rename(self, body: Json) -> Json:
        self._stewards.rename(text_of(body, "user"), text_of(body, "channel"), text_of(body, "name"))
        return {}

    async def _erase(self, body: Json) -> Json:
        self._stewards.erase(text_of(body, "user"), text_of(body, "channel"), text_of(body, "ts"))
        return {}

    async def _pin(self, body: Json) -> Json:
        return {
            "pinned": self._stewards.pin(text_of(body, "user"), text_of(body, "channel"), text_of(body, "ts"))
        }

    async def _person(self, body: Json) -> Json:
        return {"person": self._stewards.change_person(text_of(body, "member"), body).id}

    async def _group(self, body: Json) -> Json:
        return {"group": self._stewards.change_group(text_of(body, "group"), body).id}


def _acked(ack: Ack) -> Json:
    return {"ack": {"outcome": ack.outcome, "status": ack.status, "body": ack.body}}


def text_of(body: Json, key: str) -> str:
    """A field that must be there. Raises PersonRefused."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise PersonRefused("missing_field", f"`{key}` is needed")
    return value
