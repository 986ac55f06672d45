"""What tells others how the process is: `/healthz`, `/readyz`, `/leaderz`, `/metrics`.

Restart me when `/healthz` fails; send me work when `/readyz` is 200; I am the one that leads when `/leaderz` is 200; Prometheus reads `/metrics`.
A process that stands by takes deliveries in for the one that leads, so it is ready too: it says `standing by` where the other says `ok`.

The routes know no part of the process: the wiring gives a check for each, and its name stands in the answer. Checks run side by side, each with
the same time limit; one that raises or hangs has failed, and says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.domain.ports import Journal
from bot.telemetry import Metrics
from bot.telemetry.metrics import CONTENT_TYPE

PATIENCE = 2.0
"""Seconds that a check may take; Kubernetes' probes give up after one unless told otherwise, so tell them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How one part is; `detail` is a sentence, and never a secret."""

    ok: bool
    detail: str = ""


Check = Callable[[], Awaitable[Health]]


def journal_writes(journal: Journal) -> Check:
    """Make the check that the journal's thread runs and takes a unit of work to its end."""

    async def check() -> Health:
        place, _ = await journal.submit(lambda tx: tx.head())
        return Health(ok=True, detail=f"{place} events, {journal.waiting} units waiting")

    return check


def flag(is_set: Callable[[], bool], *, yes: str, no: str) -> Check:
    """Make a check of something that is simply so or not: migrations in force, runbooks loaded, recovery finished."""

    async def check() -> Health:
        return Health(ok=True, detail=yes) if is_set() else Health(ok=False, detail=no)

    return check


def health_routes(
    *,
    alive: Mapping[str, Check],
    ready: Mapping[str, Check],
    info: Mapping[str, Check],
    metrics: Metrics,
    leads: Check | None = None,
    patience: float = PATIENCE,
) -> list[BaseRoute]:
    """Make the four routes. `info` is told by `/readyz` and decides nothing: Slack may be down for an hour.

    `leads` is given where the process stands by: it fails, and says who leads instead.
    """
    well = "ok" if leads is None else "standing by"
    roles = {"lead": leads or flag(lambda: True, yes="this process leads", no="")}

    async def healthz(_request: Request) -> Response:
        return _told(await _all(alive, patience), {}, well)

    async def readyz(_request: Request) -> Response:
        besides = info if leads is None else {**info, **roles}
        found, told = await asyncio.gather(_all({**alive, **ready}, patience), _all(besides, patience))
        return _told(found, told, well)

    async def leaderz(_request: Request) -> Response:
        return _told(await _all({**alive, **roles}, patience), {}, well)

    async def render(_request: Request) -> Response:
        return Response(await asyncio.to_thread(metrics.render), headers={"content-type": CONTENT_TYPE})

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/leaderz", leaderz),
        Route("/metrics", render),
    ]


async def _all(checks: Mapping[str, Check], patience: float) -> Mapping[str, Health]:
    results = await asyncio.gather(*(_one(check, patience) for check in checks.values()))
    return dict(zip(checks, results, strict=True))


async def _one(check: Check, patience: float) -> Health:
    try:
        async with asyncio.timeout(patience):
            return await check()
    except TimeoutError:
        return Health(ok=False, detail=f"no answer within {patience:g} s")
    except Exception as error:  # noqa: BLE001 - the boundary: whatever ails a part is its health
        return Health(ok=False, detail=str(error) or type(error).__name__)


def _told(found: Mapping[str, Health], besides: Mapping[str, Health], well: str) -> Response:
    ok = all(each.ok for each in found.values())
    content = {
        "status": well if ok else "failing",
        "checks": {name: {"ok": each.ok, "detail": each.detail} for name, each in found.items()},
    }
    if besides:
        content["info"] = {name: {"ok": each.ok, "detail": each.detail} for name, each in besides.items()}
    return JSONResponse(content, status_code=200 if ok else 503, headers={"cache-control": "no-store"})
