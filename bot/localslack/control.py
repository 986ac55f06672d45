"""`/_local/…`: the wire API with which the page, tests and the headless demo act as people and steer the Local Slack.

Every route is documented in docs/local-slack.md. It parses and answers; what happens is done in `people`, `interactions`, `faults` and the clock.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.localslack import seen
from bot.localslack.clock import LocalClock
from bot.localslack.delivery import Ack
from bot.localslack.faults import CALL_FAULTS, DELIVERY_FAULTS, Faults
from bot.localslack.httpmode import HttpCourier
from bot.localslack.interactions import Interactions
from bot.localslack.journal import WireLog
from bot.localslack.limits import RateBuckets
from bot.localslack.live import LiveFeed
from bot.localslack.people import People
from bot.localslack.refusal import PersonRefused
from bot.localslack.socketmode import REASONS, SocketHub
from bot.localslack.world import World

Json = dict[str, Any]
Act = Callable[[Json], Awaitable[Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything that can be steered."""

    world: World
    people: People
    interactions: Interactions
    faults: Faults
    log: WireLog
    live: LiveFeed
    limits: RateBuckets
    sockets: SocketHub
    http: HttpCourier


class Control:
    """The routes below `/_local`."""

    def __init__(self, desk: Desk) -> None:
        self._world = desk.world
        self._people = desk.people
        self._interactions = desk.interactions
        self._faults = desk.faults
        self._log = desk.log
        self._live = desk.live
        self._limits = desk.limits
        self._sockets = desk.sockets
        self._http = desk.http

    def routes(self) -> list[Route]:
        """The routes, to be mounted at `/_local`."""
        acts: dict[str, Act] = {
            "/command": self._command,
            "/action": self._action,
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
            "/clock": self._clock,
            "/limits": self._set_limits,
            "/tokens": self._tokens,
            "/sockets": self._socket_act,
            "/request-url": self._request_url,
            "/faults": self._add_fault,
        }
        gets: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "/state": self._state,
            "/events": self._events,
            "/calls": self._calls,
            "/deliveries": self._deliveries,
            "/clock": self._now,
            "/faults": self._list_faults,
            "/health": self._health,
        }
        routes = [Route(path, _guarded(act), methods=["POST"]) for path, act in acts.items()]
        routes += [Route(path, _refusing(get), methods=["GET"]) for path, get in gets.items()]
        return [*routes, Route("/faults", _refusing(self._clear_faults), methods=["DELETE"])]

    # --- acting as a person ----------------------------------------------------------------------------------------------

    async def _command(self, body: Json) -> Json:
        typed = str(body.get("text") or "")
        command = str(body.get("command") or "")
        return _acked(await self._people.command(_text(body, "user"), _text(body, "channel"), command, typed))

    async def _action(self, body: Json) -> Json:
        where: Json = {"block_id": str(body.get("block_id") or ""), "value": body.get("value")}
        user, action_id = _text(body, "user"), _text(body, "action_id")
        if body.get("view_id"):
            return _acked(
                await self._interactions.act_in_view(user, _text(body, "view_id"), action_id, **where)
            )
        channel, ts = _text(body, "channel"), _text(body, "ts")
        return _acked(await self._interactions.act(user, channel, ts, action_id, **where))

    async def _shortcut(self, body: Json) -> Json:
        place = {"channel": str(body.get("channel") or ""), "ts": str(body.get("ts") or "")}
        return _acked(
            await self._interactions.shortcut(_text(body, "user"), _text(body, "callback_id"), **place)
        )

    async def _message(self, body: Json) -> Json:
        message = self._people.say(
            _text(body, "user"),
            _text(body, "channel"),
            str(body.get("text") or ""),
            thread_ts=str(body.get("thread_ts") or ""),
            broadcast=bool(body.get("broadcast")),
        )
        return {"ts": message.ts}

    async def _edit(self, body: Json) -> Json:
        text = str(body.get("text") or "")
        return {
            "ts": self._people.edit(_text(body, "user"), _text(body, "channel"), _text(body, "ts"), text).ts
        }

    async def _delete(self, body: Json) -> Json:
        self._people.delete(_text(body, "user"), _text(body, "channel"), _text(body, "ts"))
        return {}

    async def _reaction(self, body: Json) -> Json:
        added = self._people.react(
            _text(body, "user"), _text(body, "channel"), _text(body, "ts"), _text(body, "name").strip(":")
        )
        return {"added": added}

    async def _join(self, body: Json) -> Json:
        return {"channel": self._people.join(_text(body, "user"), _text(body, "channel")).id}

    async def _leave(self, body: Json) -> Json:
        self._people.leave(_text(body, "user"), _text(body, "channel"))
        return {}

    async def _read(self, body: Json) -> Json:
        self._people.read(_text(body, "user"), _text(body, "channel"), _text(body, "ts"))
        return {}

    async def _home(self, body: Json) -> Json:
        self._interactions.open_home(_text(body, "user"))
        return {}

    async def _submit(self, body: Json) -> Json:
        values = body.get("values") or {}
        if not isinstance(values, dict):
            raise PersonRefused(
                "invalid_values", "`values` is an object: block or action id → what was entered"
            )
        return _acked(await self._interactions.submit(_text(body, "user"), _text(body, "view_id"), values))

    async def _close(self, body: Json) -> Json:
        everything = bool(body.get("everything"))
        return _acked(
            await self._interactions.close(_text(body, "user"), _text(body, "view_id"), everything=everything)
        )

    # --- steering --------------------------------------------------------------------------------------------------------

    async def _clock(self, body: Json) -> Json:
        clock = self._world.clock
        if not isinstance(clock, LocalClock):
            raise PersonRefused("clock_fixed", "this Local Slack runs on a clock that it can't move")
        if "stopped" in body:
            (clock.stop if body["stopped"] else clock.go)()
        try:
            clock.advance(float(body.get("advance") or 0))
        except ValueError as error:
            raise PersonRefused("invalid_advance", str(error)) from error
        return {"now": clock.now().isoformat(), "stopped": clock.stopped}

    async def _set_limits(self, body: Json) -> Json:
        self._limits.enabled = bool(body.get("enabled", True))
        return {"enabled": self._limits.enabled}

    async def _tokens(self, body: Json) -> Json:
        """Revoke the app's tokens, or give them back."""
        tokens = {self._world.app.bot_token, self._world.app.app_token}
        self._world.revoked_tokens = tokens if body.get("revoked", True) else set()
        return {"revoked": bool(self._world.revoked_tokens)}

    async def _socket_act(self, body: Json) -> Json:
        reason = str(body.get("disconnect") or "")
        if not reason:
            return {"told": await self._sockets.drop()}
        if reason not in REASONS:
            raise PersonRefused("unknown_reason", f"a reason is one of {', '.join(sorted(REASONS))}")
        return {"told": await self._sockets.disconnect(reason, close=reason != "warning")}

    async def _request_url(self, body: Json) -> Json:
        verified = await self._http.verify_url(_text(body, "url"))
        if not verified:
            raise PersonRefused("url_verification_failed", "the app did not answer the challenge")
        return {"verified": True}

    async def _add_fault(self, body: Json) -> Json:
        options = {key: value for key, value in body.items() if key not in {"kind", "target", "method"}}
        target = str(body.get("target") or body.get("method") or "*")
        return {"fault": self._faults.add(_text(body, "kind"), target=target, **options).as_json()}

    # --- looking ---------------------------------------------------------------------------------------------------------

    async def _list_faults(self, _request: Request) -> Response:
        waiting = [fault.as_json() for fault in self._faults.waiting()]
        return JSONResponse({"ok": True, "faults": waiting, "kinds": CALL_FAULTS | DELIVERY_FAULTS})

    async def _clear_faults(self, request: Request) -> Response:
        wanted = request.query_params.get("id")
        self._faults.clear(int(wanted) if wanted and wanted.isdigit() else None)
        return JSONResponse({"ok": True})

    async def _state(self, request: Request) -> Response:
        me = self._people.person(request.query_params.get("user") or self._world.config.people[0].id)
        wanted = request.query_params.get("channel")
        only = self._people.channel(wanted, me) if wanted else None
        return JSONResponse(seen.state(self._world, me, only=only))

    async def _events(self, request: Request) -> Response:
        me = self._people.person(request.query_params.get("user") or self._world.config.people[0].id)
        last = request.headers.get("last-event-id") or request.query_params.get("after") or ""
        stream = self._live.stream(me.id, after=int(last) if last.isdigit() else None)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    async def _calls(self, request: Request) -> Response:
        calls = self._log.calls_as_json(method=request.query_params.get("method", ""), since=_since(request))
        return JSONResponse({"ok": True, "calls": calls})

    async def _deliveries(self, request: Request) -> Response:
        kind = request.query_params.get("kind", "")
        return JSONResponse(
            {"ok": True, "deliveries": self._log.deliveries_as_json(kind=kind, since=_since(request))}
        )

    async def _now(self, _request: Request) -> Response:
        clock = self._world.clock
        stopped = clock.stopped if isinstance(clock, LocalClock) else False
        return JSONResponse({"ok": True, "now": clock.now().isoformat(), "stopped": stopped})

    async def _health(self, _request: Request) -> Response:
        return JSONResponse(
            {"ok": True, "sockets": self._sockets.connected, "request_url": self._http.request_url}
        )


def _acked(ack: Ack) -> Json:
    return {"ack": {"outcome": ack.outcome, "status": ack.status, "body": ack.body}}


def _text(body: Json, key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise PersonRefused("missing_field", f"`{key}` is needed")
    return value


def _since(request: Request) -> int:
    value = request.query_params.get("since", "0")
    return int(value) if value.isdigit() else 0


def _refused(refusal: PersonRefused) -> Response:
    return JSONResponse({"ok": False, "error": refusal.code, "message": str(refusal)}, status_code=400)


def _refusing(get: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await get(request)
        except PersonRefused as refusal:
            return _refused(refusal)

    return endpoint


def _guarded(act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse({"ok": True} | await act(await _body(request)))
        except PersonRefused as refusal:
            return _refused(refusal)

    return endpoint


async def _body(request: Request) -> Json:
    # A JSON content type can't be sent from another site without asking first, so no page elsewhere can act here.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise PersonRefused("invalid_content_type", "send JSON, and say so in the content type")
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise PersonRefused("invalid_json", f"the body can't be read: {error}") from error
    if not isinstance(body, dict):
        raise PersonRefused("invalid_json", "the body is a JSON object")
    return body
