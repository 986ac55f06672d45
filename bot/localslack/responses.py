"""What the app says back where a person acted: ack bodies of commands, and response URLs.

Rules: https://docs.slack.dev/interactivity/handling-user-interaction (ephemeral unless `in_channel`; `replace_original`, `delete_original`). Notices
that Slack itself would show (an ack too late, blocks refused) are posted here too, as Slackbot.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.localslack.api import CutConnection
from bot.localslack.faults import Faults
from bot.localslack.handles import ResponseUrl
from bot.localslack.journal import WireLog
from bot.localslack.methods.call import Call
from bot.localslack.methods.chat import content, require_something
from bot.localslack.refusal import ApiRefusal
from bot.localslack.world import SLACKBOT, Channel, Message, World

Json = dict[str, Any]
METHOD = "response_url"
"""The name under which uses of a response URL stand in the log of calls, and under which faults strike them."""


class Responder:
    """Puts what the app answers in front of people."""

    def __init__(self, world: World, *, faults: Faults, log: WireLog) -> None:
        self._world = world
        self._faults = faults
        self._log = log

    def notice(self, channel: Channel, user: str, text: str, *, thread_ts: str = "") -> Message:
        """A line from Slackbot that only `user` sees."""
        return self._world.post(channel, user=SLACKBOT, text=text, visible_to=user, thread_ts=thread_ts)

    def say(self, body: Any, place: ResponseUrl) -> None:
        """Show an ack body or a response. Raises ApiRefusal for content that Slack would refuse."""
        if isinstance(body, str):
            body = {"text": body}
        if not isinstance(body, dict):
            raise ApiRefusal("invalid_payload")
        channel = self._world.channels.get(place.channel)
        if channel is None:
            raise ApiRefusal("channel_not_found")
        original = channel.messages.get(place.message_ts)
        if body.get("delete_original"):
            if original is not None:
                self._world.delete(channel, original)
            return
        fields = self._content(body)
        if body.get("replace_original") and original is not None:
            self._world.edit(channel, original, **({"blocks": (), "attachments": ()} | fields))
            return
        ephemeral = body.get("response_type", "ephemeral") != "in_channel"
        text = fields.pop("text", "")
        self._world.post(
            channel,
            user=self._world.app.bot_user_id,
            text=text,
            by_app=True,
            visible_to=place.user if ephemeral else "",
            thread_ts=str(body.get("thread_ts") or place.thread_ts),
            **fields,
        )

    def _content(self, body: Json) -> Json:
        call = Call(
            world=self._world,
            caller=self._world.app.bot_user_id,
            scopes=frozenset(),
            token="",
            args=body,
            socket_url=str,
        )
        fields = content(call)
        require_something(fields)
        return fields

    async def endpoint(self, request: Request) -> Response:
        """A POST to a response URL."""
        raw = await request.body()
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        slow = self._faults.take(METHOD, "slow")
        if slow is not None:
            await self._world.clock.sleep(slow.seconds)
        fault = self._faults.take(METHOD, "drop", "apply_then_drop", "ratelimited", "server_error")
        kind = fault.kind if fault is not None else ""
        error, status = "", 200
        if fault is not None and kind in {"ratelimited", "server_error"}:
            error, status = kind, 429 if kind == "ratelimited" else fault.status
        elif kind != "drop":
            try:
                self.say(body, self._world.handles.use_response(request.path_params["key"]))
            except ApiRefusal as refusal:
                error, status = refusal.code, 404 if refusal.code in {"expired_url", "used_url"} else 400
        cut = kind in {"drop", "apply_then_drop"}
        self._log.call(
            at=self._world.clock.now().timestamp(),
            method=METHOD,
            args=body if isinstance(body, dict) else {},
            ok=not error,
            error=error,
            status=0 if cut else status,
            fault=kind,
            ts="",
        )
        if cut:
            return CutConnection()
        if error:
            return JSONResponse({"ok": False, "error": error}, status_code=status)
        return PlainTextResponse("ok")
