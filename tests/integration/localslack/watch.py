"""A witness beside the Local Slack: all that it says to the app is held to Slack's types and to what Slack publishes."""

from __future__ import annotations

import json
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.localslack import LocalSlack
from bot.localslack.delivery import Ack, Courier, Payload
from bot.localslack.faults import Fault
from tests import published, schemas
from tests.schemas import events

Json = dict[str, Any]

INTERACTIVE = {
    "block_actions": "sent-actions",
    "block_suggestion": "sent-suggestion",
    "view_submission": "sent-submission",
    "view_closed": "sent-closing",
    "shortcut": "sent-shortcut",
    "message_action": "sent-message-action",
}
SHAPES = {"slash_commands": "sent-command"}
EVENT = {"type": "channel_left", "channel": "C1", "actor_id": "U1", "event_ts": "1.000001"}
"""Any event that its type allows: what is around one is checked with this one in it."""


class Witness:
    """Sees every payload to the app and every answer of the Web API."""

    def __init__(self, slack: LocalSlack) -> None:
        self.problems: list[str] = []
        self._log = slack.log
        self.payloads = 0
        self.answers = 0
        slack.delivery._http = _Watched(slack.delivery._http, self)
        slack.delivery._sockets = _WatchedSockets(slack.delivery._sockets, self)
        slack._starlette = _Overheard(slack._starlette, self)  # type: ignore[assignment]

    def sent(self, payload: Payload) -> None:
        """Hold a payload to the type that bolt has for it."""
        if payload.what == "url_verification":
            return
        self.payloads += 1
        body = json.loads(json.dumps(payload.body))
        if payload.kind == "events_api":
            found = events.problems(body["event"])
            body["event"] = EVENT
            found += schemas.problems("sent-event", body)
        else:
            if payload.kind == "interactive":
                _without_what_bolt_lacks(body)
            found = schemas.problems(SHAPES.get(payload.kind) or INTERACTIVE[body["type"]], body)
        self.problems += [f"{payload.what}: {problem}" for problem in found]

    def answered(self, method: str, body: Json) -> None:
        """Hold an answer to web-api's type, and a refusal to the published words."""
        if not schemas.has_response(method):
            return
        self.answers += 1
        found = schemas.response_problems(method, body)
        self.problems += [f"{method}: {problem}" for problem in found]
        if not body["ok"] and body["error"] not in self._words(method):
            self.problems.append(f"{method}: {body['error']} is not among the published errors")

    def _words(self, method: str) -> frozenset[str]:
        asked_for = {call.error for call in self._log.calls if call.fault in {"error", "server_error"}}
        seen = published.SEEN.get(method, frozenset())
        return published.methods()[method].errors | seen | asked_for


def _without_what_bolt_lacks(body: Json) -> None:
    """Take out what Slack sends and bolt has no type for: who, by name, in what becomes of a view; the look of the button clicked.

    And put in what bolt asks for and a click in a view has not, since there is no message to respond to.
    """
    if body["type"].startswith("view_"):
        body["user"].pop("username")
    elif body["type"] == "block_suggestion":
        # Null, which is no fault; in one of several alternatives it would pass for one.
        body.pop("enterprise")
    elif "view" in body:
        body.setdefault("response_url", "")
    for action in body.get("actions", []):
        action.pop("style", None)


class _Watched:
    """A courier that shows what it carries."""

    def __init__(self, courier: Courier, witness: Witness) -> None:
        self._courier = courier
        self._witness = witness

    async def send(self, payload: Payload, *, fault: Fault | None = None) -> Ack:
        self._witness.sent(payload)
        return await self._courier.send(payload, fault=fault)


class _WatchedSockets(_Watched):
    @property
    def connected(self) -> int:
        found: int = self._courier.connected  # type: ignore[attr-defined]
        return found


class _Overheard:
    """The application, its answers to `/api/…` read on their way."""

    def __init__(self, app: ASGIApp, witness: Witness) -> None:
        self._app = app
        self._witness = witness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        body = b""

        async def overhear(message: Message) -> None:
            nonlocal body
            body += message.get("body", b"")
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self._witness.answered(scope["path"].removeprefix("/api/"), json.loads(body))
            await send(message)

        await self._app(scope, receive, overhear)
