"""Health: what `/healthz`, `/readyz` and `/metrics` answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from starlette.applications import Starlette

from bot.ingress.health import Check, Health, flag, health_routes
from bot.telemetry import Metrics
from tests.fakes.asgi import Answered, request


async def well() -> Health:
    """Be well."""
    return Health(ok=True, detail="fine")


async def ill() -> Health:
    """Be ill."""
    return Health(ok=False, detail="the disk is full")


async def raising() -> Health:
    """Break."""
    raise RuntimeError("no such table: events")


async def raising_nothing() -> Health:
    """Break without words."""
    raise RuntimeError


async def hanging() -> Health:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


async def ask(path: str, method: str = "GET", **checks: Mapping[str, Check]) -> Answered:
    """Ask an ingress with these checks."""
    given = {"alive": {}, "ready": {}, "info": {}, **checks}
    routes = health_routes(metrics=Metrics(version="1.2.3", process=False), patience=0.05, **given)  # type: ignore[arg-type]
    return await request(Starlette(routes=routes), path, method=method)


async def test_alive() -> None:
    """Parts that are well make a process that is."""
    answered = await ask("/healthz", alive={"journal": well}, ready={"runbooks": ill})
    assert answered.status == 200
    assert answered.json == {"status": "ok", "checks": {"journal": {"ok": True, "detail": "fine"}}}
    assert answered.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("check", "detail"),
    [
        (ill, "the disk is full"),
        (raising, "no such table: events"),
        (raising_nothing, "RuntimeError"),
        (hanging, "no answer within 0.05 s"),
    ],
)
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_failing(path: str, check: Check, detail: str) -> None:
    """One part that is ill, breaks or hangs makes 503, and the answer names it."""
    answered = await ask(path, alive={"journal": check, "loop": well})
    assert answered.status == 503
    assert answered.json["status"] == "failing"
    assert answered.json["checks"]["journal"] == {"ok": False, "detail": detail}
    assert answered.json["checks"]["loop"]["ok"]


async def test_ready_asks_everything() -> None:
    """What must live must be ready too; what is only told decides nothing."""
    answered = await ask("/readyz", alive={"journal": well}, ready={"runbooks": well}, info={"slack": ill})
    assert answered.status == 200
    assert set(answered.json["checks"]) == {"journal", "runbooks"}
    assert answered.json["info"]["slack"] == {"ok": False, "detail": "the disk is full"}
    assert (await ask("/readyz", ready={"runbooks": ill})).status == 503


async def test_checks_run_side_by_side() -> None:
    """Many hanging parts cost the patience once."""
    async with asyncio.timeout(1):
        answered = await ask("/readyz", ready={str(number): hanging for number in range(50)})
    assert answered.status == 503


async def test_flags() -> None:
    """What is simply so or not."""
    done = False
    check = flag(lambda: done, yes="recovered", no="recovery is under way")
    assert await check() == Health(ok=False, detail="recovery is under way")
    done = True
    assert await check() == Health(ok=True, detail="recovered")


async def test_metrics() -> None:
    """Prometheus' text format, with the right type."""
    answered = await ask("/metrics")
    assert answered.status == 200
    assert answered.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert b'fireline_build_info{version="1.2.3"} 1.0' in answered.body


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_only_get(path: str) -> None:
    """Nothing to post here."""
    assert (await ask(path, method="POST")).status == 405
