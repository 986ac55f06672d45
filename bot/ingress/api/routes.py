"""A request to the API, from its token to its answer. Whoever shows no token learns nothing, not even which verbs there are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.domain.ids import ApprovalId
from bot.errors import FirelineError
from bot.ingress.api.answers import AGAIN_IN, Redact, done, misfit, refusal_of, refused
from bot.ingress.api.doing import Doer
from bot.ingress.api.holders import Holder, Holders
from bot.ingress.api.looking import Onlooker
from bot.ingress.api.verbs import Verb

API_PATH = "/api/v1"
MOST_BODY = 256 * 1024
"""Bytes of the largest body: a note of 40,000 characters, however it is written."""
SLOWEST_BODY = 10.0
"""Seconds in which a body must have come whole."""
_ANY = ("GET", "POST", "PUT", "PATCH", "DELETE")

_log = structlog.get_logger(__name__)

Question = Callable[[Request, Holder], Awaitable[Mapping[str, Any]]]


class Api:
    """The routes of the process that leads."""

    def __init__(self, *, holders: Holders, doer: Doer, onlooker: Onlooker, redact: Redact) -> None:
        self._holders = holders
        self._doer = doer
        self._onlooker = onlooker
        self._redact = redact

    def routes(self) -> list[BaseRoute]:
        """Return every route; the last one answers for what is none."""
        return [
            *(self._doing(name, verb) for name, verb in self._doer.verbs.items()),
            self._asking("/waiting", lambda _request, holder: self._onlooker.waiting(holder)),
            self._asking("/dead-letters", lambda _request, holder: self._onlooker.letters(holder)),
            self._asking("/approvals/{approval:path}", self._approval),
            Route(f"{API_PATH}/me", self._me, methods=["GET"]),
            Route(f"{API_PATH}/{{rest:path}}", self._nothing, methods=_ANY),
        ]

    def _doing(self, name: str, verb: Verb) -> BaseRoute:
        async def do(request: Request) -> Response:
            holder = self._holders.of(request.headers)
            if holder is None:
                return unauthorized()
            return await self._do(request, name, verb, holder)

        return Route(f"{API_PATH}/{name}", do, methods=["POST"])

    async def _do(self, request: Request, name: str, verb: Verb, holder: Holder) -> Response:
        body = await read(request)
        if isinstance(body, Response):
            return body
        try:
            holder.must(verb.right)
            answer = await verb.does(holder, verb.body.model_validate_json(body))
        except ValidationError as problem:
            return misfit(problem)
        except FirelineError as problem:
            _log.info("api.refused", verb=name, holder=holder.name, reason=str(problem))
            return refusal_of(problem, self._redact)
        _log.info("api.done", verb=name, holder=holder.name, actor=str(holder.actor))
        return done(answer)

    def _asking(self, path: str, question: Question) -> BaseRoute:
        async def ask(request: Request) -> Response:
            holder = self._holders.of(request.headers)
            if holder is None:
                return unauthorized()
            try:
                return done(await question(request, holder))
            except FirelineError as problem:
                return refusal_of(problem, self._redact)

        return Route(f"{API_PATH}{path}", ask, methods=["GET"])

    async def _approval(self, request: Request, holder: Holder) -> Mapping[str, Any]:
        return await self._onlooker.approval(ApprovalId(request.path_params["approval"]), holder)

    async def _me(self, request: Request) -> Response:
        holder = self._holders.of(request.headers)
        if holder is None:
            return unauthorized()
        told = {"token": holder.name, "actor": str(holder.actor)}
        return done({**told, "groups": sorted(holder.groups), "may": sorted(holder.may)})

    async def _nothing(self, request: Request) -> Response:
        if self._holders.of(request.headers) is None:
            return unauthorized()
        return refused(404, "not_found", "There is nothing here.", "docs/api.md has every address.")


def standby_api(holders: Holders, leader: Callable[[], str]) -> list[BaseRoute]:
    """Return the route of a process that stands by: whoever decides must hear what came of it, so they are sent to the one that leads."""

    async def elsewhere(request: Request) -> Response:
        if holders.of(request.headers) is None:
            return unauthorized()
        return refused(
            503,
            "standing_by",
            f"This process stands by; the one that leads is {leader() or 'not known yet'}. Nothing was recorded.",
            "Ask the process whose `/leaderz` answers 200.",
            retry_after=AGAIN_IN,
        )

    return [Route(f"{API_PATH}/{{rest:path}}", elsewhere, methods=_ANY)]


def unauthorized() -> Response:
    """Refuse whoever shows no token that stands in the settings."""
    return refused(
        401,
        "unauthorized",
        "This takes a bearer token that stands in the settings.",
        "`api.tokens` names each token, its holder and what it may do.",
        www_authenticate="Bearer",
    )


async def read(request: Request) -> bytes | Response:
    """Return a JSON body whole, or the answer to one that is none, is too large, or does not come."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return refused(415, "unreadable", "The content type must be application/json.")
    parts, size = [], 0
    try:
        async with asyncio.timeout(SLOWEST_BODY):
            async for part in request.stream():
                size += len(part)
                if size > MOST_BODY:
                    return refused(
                        413, "too_large", f"The body is larger than {MOST_BODY} bytes.", connection="close"
                    )
                parts.append(part)
    except TimeoutError:
        return refused(408, "too_slow", "The body did not come in time.", connection="close")
    except ClientDisconnect:
        return Response(status_code=400)
    return b"".join(parts)
