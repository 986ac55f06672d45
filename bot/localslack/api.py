"""`/api/{method}`: from the HTTP request to the method's handler and back, in the order in which Slack checks a call.

Token, method, scope, rate, arguments, then the handler; every refusal is HTTP 200 with `ok: false`, except 429. Faults strike here. No
method's own rule lives here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from bot.localslack.faults import Faults
from bot.localslack.journal import WireLog
from bot.localslack.limits import RateBuckets
from bot.localslack.methods.call import Call, Json, Method
from bot.localslack.methods.registry import REGISTRY
from bot.localslack.refusal import ApiRefusal, ConnectionCut, RateLimited, ServerFailure
from bot.localslack.world import World

ABORT = "localslack.abort"
"""Where the server's way to cut a connection stands in the ASGI scope."""


class CutConnection(Response):
    """No answer at all: the connection is closed under the caller."""

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        """Cut, then wait until the server has noticed."""
        abort = scope.get(ABORT)
        if abort is None:
            raise ConnectionCut("this server has no way to cut a connection")
        abort()
        while (await receive())["type"] != "http.disconnect":
            continue


@dataclass(frozen=True, slots=True, kw_only=True)
class _Caller:
    kind: str  # bot, app or nobody
    scopes: frozenset[str]


class WebApi:
    """Answers Web API calls."""

    def __init__(
        self,
        world: World,
        *,
        limits: RateBuckets,
        faults: Faults,
        log: WireLog,
        socket_url: Callable[[], str],
    ) -> None:
        self._world = world
        self._limits = limits
        self._faults = faults
        self._log = log
        self._socket_url = socket_url
        self.beside: list[WebApi] = []
        """Other workspaces that answer at this address; a call is for the one whose token, code or refresh token it shows."""

    async def endpoint(self, request: Request) -> Response:
        """The ASGI endpoint."""
        args, readable = await _arguments(request)
        token = _token(request, args)
        shown = (token, str(args.get("code", "")), str(args.get("refresh_token", "")))
        api = next((each for each in self.beside if each.gave(*shown)), self)
        return await api.answer(request.path_params["method"], token, args, readable=readable)

    def gave(self, *shown: str) -> bool:
        """Whether one of these came from this workspace."""
        return any(self._world.grants.gave(each) for each in shown)

    async def answer(self, name: str, token: str, args: Json, *, readable: bool) -> Response:
        """Answer one call."""
        slow = self._faults.take(name, "slow")
        if slow is not None:
            await self._world.clock.sleep(slow.seconds)
        fault = self._faults.take(name, "drop", "apply_then_drop", "ratelimited", "server_error", "error")
        kind = fault.kind if fault is not None else ""
        status = 200
        body: Json = {"ok": True}
        headers: dict[str, str] = {}
        try:
            if fault is not None and kind != "apply_then_drop":
                self._strike(kind, retry_after=fault.retry_after, status=fault.status, error=fault.error)
            body |= self._answer(name, token, args if readable else None)
        except ApiRefusal as refusal:
            body = refusal.body()
        except RateLimited as limited:
            status, body = 429, {"ok": False, "error": "ratelimited"}
            headers["retry-after"] = str(limited.retry_after)
        except ServerFailure as failure:
            status, body = failure.status, {"ok": False, "error": "internal_error"}
        except ConnectionCut:
            status, body = 0, {"ok": False, "error": "connection_cut"}
        cut = status == 0 or kind == "apply_then_drop"
        self._log.call(
            at=self._world.clock.now().timestamp(),
            method=name,
            args={key: value for key, value in args.items() if key not in _SECRET},
            ok=bool(body["ok"]),
            error=str(body.get("error", "")),
            status=0 if cut else status,
            fault=kind or ("slow" if slow is not None else ""),
            ts=str(body.get("ts") or body.get("message_ts") or ""),
        )
        return CutConnection() if cut else self._response(name, status, body, headers)

    def _strike(self, kind: str, *, retry_after: int, status: int, error: str) -> None:
        if kind == "drop":
            raise ConnectionCut("asked for")
        if kind == "ratelimited":
            raise RateLimited(retry_after)
        if kind == "server_error":
            raise ServerFailure(status)
        raise ApiRefusal(error)

    def _answer(self, name: str, token: str, args: Json | None) -> Json:
        if args is None:
            raise ApiRefusal("invalid_json")
        method = REGISTRY.get(name)
        if method is None:
            raise ApiRefusal("unknown_method", req_method=name)
        caller = self._caller(token, method)
        call = Call(
            world=self._world,
            caller=self._world.app.bot_user_id,
            scopes=caller.scopes,
            token=token,
            args=args,
            socket_url=self._socket_url,
        )
        if method.scope:
            call.need(method.scope)
        if method.by_kind:
            channel = self._world.channels.get(call.text("channel"))
            call.need(
                method.by_kind.get(
                    channel.kind if channel is not None else "public", method.by_kind["public"]
                )
            )
        place = call.text("channel") if method.per_channel else ""
        self._limits.take(name, place, method.tier)
        if any(
            call.text(wanted) == "" and not args.get(wanted)
            for wanted in method.required
            if wanted != "channel"
        ):
            missing = [w for w in method.required if w != "channel" and call.text(w) == ""]
            raise _missing(missing)
        if "channel" in method.required and not call.text("channel"):
            raise ApiRefusal("channel_not_found")
        return method.handler(call)

    def _caller(self, token: str, method: Method) -> _Caller:
        app = self._world.app
        if method.token == "none":  # noqa: S105  a kind of token
            return _Caller(kind="nobody", scopes=frozenset())
        if not token:
            raise ApiRefusal("not_authed")
        if token in self._world.revoked_tokens:
            raise ApiRefusal("token_revoked")
        if token == app.app_token:
            caller = _Caller(kind="app", scopes=frozenset({"connections:write"}))
        else:
            caller = _Caller(kind="bot", scopes=self._world.grants.scopes(token))
        if caller.kind != method.token:
            raise ApiRefusal("not_allowed_token_type")
        return caller

    def _response(self, name: str, status: int, body: Json, headers: dict[str, str]) -> Response:
        method = REGISTRY.get(name)
        headers["x-oauth-scopes"] = ",".join(sorted(self._world.app.bot_scopes))
        if method is not None and method.scope:
            headers["x-accepted-oauth-scopes"] = method.scope
        headers["x-slack-req-id"] = self._world.ids.short()
        return JSONResponse(body, status_code=status, headers=headers)


_SECRET = frozenset({"client_secret", "refresh_token", "code"})
"""Arguments that the log of calls does not keep."""


def _missing(names: list[str]) -> ApiRefusal:
    messages = [f"[ERROR] missing required field: {name}" for name in names]
    return ApiRefusal("invalid_arguments", response_metadata={"messages": messages})


def _token(request: Request, args: Json) -> str:
    given = str(args.pop("token", "") or "")
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":  # how a client shows that it is the app: its id and its secret
        args |= _basic(bearer)
    return bearer.strip() if scheme.lower() == "bearer" else given


def _basic(encoded: str) -> Json:
    try:
        client_id, _, secret = base64.b64decode(encoded).decode().partition(":")
    except ValueError:  # not base 64, or not text: as if nothing had been sent
        return {}
    return {"client_id": client_id, "client_secret": secret}


async def _arguments(request: Request) -> tuple[Json, bool]:
    """The arguments from the query and the body, and whether the body could be read."""
    args: Json = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind == "application/json":
        try:
            body: Any = json.loads(await request.body() or b"{}")
        except ValueError:
            return args, False
        if not isinstance(body, dict):
            return args, False
        return args | body, True
    async with request.form() as form:
        args |= {key: value for key, value in form.items() if not isinstance(value, UploadFile)}
    return args, True
