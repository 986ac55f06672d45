"""`/_local/…`: the wire API with which the page, tests and the headless demo act as people and steer the Local Slack.

Every route is documented in docs/local-slack.md. It parses and answers; acts are in `acting`, what happens is done in `faults` and the clock.
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
from bot.localslack.acting import Act, Acts, text_of
from bot.localslack.clock import LocalClock
from bot.localslack.faults import CALL_FAULTS, DELIVERY_FAULTS, Faults
from bot.localslack.httpmode import HttpCourier
from bot.localslack.interactions import Interactions
from bot.localslack.journal import WireLog
from bot.localslack.limits import RateBuckets
from bot.localslack.live import LiveFeed
from bot.localslack.people import People
from bot.localslack.refusal import PersonRefused
from bot.localslack.socketmode import REASONS, SocketHub
from bot.localslack.stewards import Stewards
from bot.localslack.world import World

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything that can be steered."""

    world: World
    people: People
    interactions: Interactions
    stewards: Stewards
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
        self._acts = Acts(desk.people, desk.interactions, desk.stewards)
        self._faults = desk.faults
        self._log = desk.log
        self._live = desk.live
        self._limits = desk.limits
        self._sockets = desk.sockets
        self._http = desk.http

    def routes(self) -> list[Route]:
        """The routes, to be mounted at `/_local`."""
        acts: dict[str, Act] = self._acts.routes() | {
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
        verified = await self._http.verify_url(text_of(body, "url"))
        if not verified:
            raise PersonRefused("url_verification_failed", "the app did not answer the challenge")
        return {"verified": True}

    async def _add_fault(self, body: Json) -> Json:
        options = {key: value for key, value in body.items() if key not in {"kind", "target", "method"}}
        target = str(body.get("target") or body.get("method") or "*")
        return {"fault": self._faults.add(text_of(body, "kind"), target=target, **options).as_json()}

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
