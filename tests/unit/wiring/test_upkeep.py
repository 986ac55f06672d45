"""Work that breaks is begun again, and nobody has to guess that it broke."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain.nouns import RunStatus
from bot.wiring.assembly import running
from bot.wiring.routes import application
from bot.wiring.upkeep import FIRST_PAUSE, LONGEST_PAUSE, Upkeep
from tests.fakes.asgi import request
from tests.fakes.served import ServedHome
from tests.fakes.target import Answer, Target
from tests.unit.wiring.test_in_doubt import send, until


class Paused:
    """A sleep that remembers how long it should have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Sleep for a turn of the loop."""
        self.seconds.append(seconds)
        await asyncio.sleep(0)


@pytest_asyncio.fixture
async def paused() -> AsyncIterator[tuple[Upkeep, Paused]]:
    """An upkeep whose pauses take no time."""
    pauses = Paused()
    upkeep = Upkeep(sleep=pauses)
    yield upkeep, pauses
    await upkeep.stop()


async def test_what_breaks_is_begun_again_with_growing_pauses(paused: tuple[Upkeep, Paused]) -> None:
    """However often it breaks; and as long as it does, the trouble has a name."""
    upkeep, pauses = paused
    begun = 0

    async def breaks() -> None:
        nonlocal begun
        begun += 1
        if begun == 10:
            await asyncio.Event().wait()
        raise KeyError("nobody foresaw this")

    upkeep.keep("the work", breaks)
    await until(lambda: begun == 10)
    assert "the work breaks: KeyError" in upkeep.trouble
    assert FIRST_PAUSE / 2 <= pauses.seconds[0] <= FIRST_PAUSE
    assert LONGEST_PAUSE / 2 <= pauses.seconds[-1] <= LONGEST_PAUSE


async def test_what_returns_has_ended(paused: tuple[Upkeep, Paused]) -> None:
    """The journal closed: nothing is to be begun again, and nothing is wrong."""
    upkeep, pauses = paused
    begun = 0

    async def ends() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise ValueError("once")

    upkeep.keep("the work", ends)
    await until(lambda: begun == 2)
    await asyncio.sleep(0)
    assert not upkeep.trouble
    assert len(pauses.seconds) == 1


async def test_a_dispatcher_that_breaks_goes_on_and_readyz_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it met was no trouble of the journal's; the alert that it had in hand is routed all the same."""
    async with (
        Target({"/seen": Answer(body=b"ok")}) as target,
        running(ServedHome(tmp_path / "home", target.url).settings()) as fireline,
    ):
        await until(lambda: not fireline.dispatcher._draining.locked())
        whole = fireline.dispatcher._route
        met: list[str] = []

        async def once(alerts: object) -> None:
            if not met:
                met.append("a bug")
                raise TypeError("nobody foresaw this")
            await whole(alerts)  # type: ignore[arg-type]

        monkeypatch.setattr(fireline.dispatcher, "_route", once)
        assert (await send(fireline)).status == 200
        await until(lambda: fireline.store.records.runs_of(1))  # type: ignore[arg-type]
        await until(
            lambda: fireline.store.records.runs_of(1)[0].status is RunStatus.SUCCEEDED  # type: ignore[arg-type]
        )
        answered = await request(
            application(fireline), "/readyz", method="GET", headers=[("Host", "127.0.0.1:8080")]
        )
    assert answered.status == 503
    assert (
        answered.json["checks"]["work"]["detail"] == "the dispatcher breaks: TypeError: nobody foresaw this"
    )
