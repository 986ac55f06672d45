"""The service outside: it does what it is asked to do, counts it by idempotency key, and keeps its answer to itself for a moment.

PUT /do/… and /undo/… does it     GET tells whether it was done     GET /flaky/… refuses the first time     GET /ripe/… says yes at the third look
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

STALL = 0.02
"""Seconds for which it keeps its answer after it did what it was asked to do."""
RIPE_AT = 3


@dataclass
class Ledger:
    """What was done, in order, and under which keys."""

    done: list[str] = field(default_factory=list)
    keys: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    looks: Counter[str] = field(default_factory=Counter)
    strike: Callable[[str, str], None] = lambda _path, _moment: None
    """Hears of every request in the middle of it, before and after it is carried out: what happens to the one who asks then, is up to the test."""

    def count(self, path: str) -> int:
        """How often something was done."""
        return self.done.count(path)

    def app(self) -> Starlette:
        """Return it as an application."""
        return Starlette(routes=[Route("/{kind}/{run}/{step}", self._answer, methods=["GET", "PUT"])])

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        if request.method == "PUT":
            return await self._do(path, request.headers.get("idempotency-key", ""))
        self.looks[path] += 1
        if request.path_params["kind"] == "flaky" and self.looks[path] == 1:
            return JSONResponse({"error": "not now"}, status_code=503)
        return JSONResponse({"done": path in self.done, "ripe": self.looks[path] >= RIPE_AT})

    async def _do(self, path: str, key: str) -> Response:
        self.strike(path, "before")
        self.done.append(path)
        self.keys[path][key] += 1
        self.strike(path, "after")
        await asyncio.sleep(STALL)
        return JSONResponse({"done": True})
