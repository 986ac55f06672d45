"""Fireline is killed around what it asks of Alertmanager, the real one: there is one silence in the end and one word of it in the log, never two.

Most of such a case is waiting until a request that was cut off would be there; so cases share a test, side by side, each with a Fireline of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.crashpoints import CrashPoint
from bot.demo.process import hold_port
from bot.domain.facts import SilenceAsked, SilenceEndAsked, SilenceEnded, SilenceFailed, SilenceStands
from bot.domain.nouns import SilenceStatus
from tests.crash.test_crash_points import SILENCES
from tests.fakes.http_server import serving
from tests.fakes.lives.ends import check
from tests.fakes.lives.nest import Nest
from tests.fakes.lives.scene import KILLED, PATIENCE, Scene, scene
from tests.fakes.real_alertmanager import alertmanager

P = CrashPoint
STORY = "queued-1"
LATE = 3.0
"""Seconds that the slow way to Alertmanager holds a request back, whoever waits for it."""
Death = tuple[CrashPoint, str]
CASES: Sequence[Sequence[Death]] = (
    [(P.SILENCE_BEFORE_CALL, "make"), (P.SILENCE_AFTER_CALL, "make")],
    [(P.SILENCE_AFTER_CALL, "make"), (P.SILENCE_BEFORE_CALL, "end"), (P.SILENCE_AFTER_CALL, "end")],
)


@dataclass
class SlowWay:
    """Stands before Alertmanager, and holds back what changes something; `struck` is set while it has such a request in hand."""

    url: str
    struck: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> Starlette:
        """Return it as an application."""
        return Starlette(routes=[Route("/{path:path}", self._pass_on, methods=["GET", "POST", "DELETE"])])

    async def _pass_on(self, request: Request) -> Response:
        body = await request.body()
        if request.method != "GET":
            self.struck.set()
            await asyncio.sleep(LATE)
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.request(
                request.method,
                self.url + request.path_params["path"],
                params=request.query_params,
                content=body,
                headers={"Content-Type": "application/json"},
            )
        return Response(answer.content, answer.status_code, {"Content-Type": "application/json"})


def test_every_point_of_silences_has_its_case() -> None:
    """A crash point that no case kills at proves nothing."""
    assert {point for deaths in CASES for point, _ in deaths} == SILENCES


@pytest.mark.slow
@pytest.mark.needs("alertmanager")
async def test_killed_around_what_is_asked_of_alertmanager(hatchery: Nest, tmp_path: Path) -> None:
    """Before it is asked, after it answered, and while it has the request in hand, which it then carries out when nobody waits for it any more."""
    with alertmanager(tmp_path) as url:
        results = await asyncio.gather(
            *(
                killed_at(deaths, hatchery, tmp_path / str(number), url)
                for number, deaths in enumerate(CASES)
            ),
            killed_meanwhile(hatchery, tmp_path / "meanwhile", url),
            return_exceptions=True,
        )
    assert not [result for result in results if result is not None]


async def killed_at(deaths: Sequence[Death], hatchery: Nest, folder: Path, url: str) -> None:
    """Die at each of these points, one life after the other, and live on to the end that they lead to."""
    end = SilenceStatus.ENDED if "end" in {what for _, what in deaths} else SilenceStatus.STANDING
    async with place(hatchery, folder, url) as stage:
        for point, what in deaths:
            assert await stage.live(silences=end, die_at=[point, what, 1]) == KILLED, (
                f"{point}/{what} was never reached"
            )
        await ends_well(stage, url, end)


async def killed_meanwhile(hatchery: Nest, folder: Path, url: str) -> None:
    """Die while the request is on its way; the next life is there, and looks, before Alertmanager has it."""
    way, port = SlowWay(url), hold_port()
    try:
        async with serving(way.app(), port.number) as slow, place(hatchery, folder, f"{slow}/") as stage:
            life = stage.begin(silences=SilenceStatus.STANDING)
            await asyncio.wait_for(way.struck.wait(), PATIENCE)
            life.kill()
            assert await life.ended(within=PATIENCE) == KILLED
            await ends_well(stage, url, SilenceStatus.STANDING)
    finally:
        port.release()


@contextlib.asynccontextmanager
async def place(hatchery: Nest, folder: Path, url: str) -> AsyncIterator[Scene]:
    """Set a scene with an Alertmanager to ask; what its lives wrote is shown beside a failure."""
    async with scene(hatchery, folder, [STORY], settings={"alertmanager": {"url": url}}) as stage:
        try:
            yield stage
        except BaseException:
            print(stage.log())  # noqa: T201 - for a person who looks at it
            raise


async def ends_well(stage: Scene, url: str, end: SilenceStatus) -> None:
    """Live a life to its end; then one silence was ever made, it is as people want it, and the log has one word of each thing that became of it."""
    assert await stage.live(silences=end) == 0
    facts = [event.fact for event in check(stage)]
    count: Callable[[type], int] = lambda kind: len([fact for fact in facts if isinstance(fact, kind)])  # noqa: E731 - typed
    ended = int(end is SilenceStatus.ENDED)
    assert [count(SilenceAsked), count(SilenceStands), count(SilenceFailed)] == [1, 1, 0]
    assert [count(SilenceEndAsked), count(SilenceEnded)] == [ended, ended]
    (stands,) = [fact for fact in facts if isinstance(fact, SilenceStands)]
    made = [each for each in await silences(url) if each["comment"].endswith(f"[{stands.silence}]")]
    assert [each["id"] for each in made] == [stands.ident]
    assert [each["status"]["state"] for each in made] == ["expired" if ended else "active"]


async def silences(url: str) -> list[dict[str, Any]]:
    """Return every silence that Alertmanager has, those that are over too."""
    async with httpx.AsyncClient(trust_env=False) as client:
        found: list[dict[str, Any]] = (await client.get(f"{url}api/v2/silences")).json()
        return found
