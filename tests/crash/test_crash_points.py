"""Fireline is killed at each crash point in turn, started again, and comes to the same end: no effect twice, doubts asked, the chain whole.

By default each point is met once on SQLite. `CRASH_MATRIX=1` (`make crash`) meets each point at many of its hits, over both databases; with
`CRASH_SHARE=0.3` at so many of these.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.crashpoints import CrashPoint
from bot.domain.facts import CallInterrupted, ScheduleSet, StepOutcomeUnknown, StepSettled
from bot.domain.ids import SYSTEM
from bot.domain.nouns import FIRELINE, ActorKind
from bot.persistence.store import open_store
from tests.fakes.lives.ends import check
from tests.fakes.lives.nest import Nest
from tests.fakes.lives.scene import KILLED, PATIENCE, Scene, scene
from tests.fakes.postgres import Postgres
from tests.fakes.store import MovedClock

MATRIX = os.environ.get("CRASH_MATRIX") == "1"
MOST_HITS = int(os.environ.get("CRASH_HITS", "12"))
"""How many hits of one point the matrix picks, spread over all that there are."""
SHARE = float(os.environ.get("CRASH_SHARE", "1"))
"""How much of the matrix is met; where that is not all of it, which part is drawn by a seed that is printed."""
STORIES = ("parallel", "approval", "undo", "timers", "rescue", "queued-1", "queued-2", "loop")
PEOPLE = ("asked",)


@dataclass(frozen=True, slots=True)
class At:
    """A death at a crash point, at its nth hit; `leave_after` makes the life end by itself at an event of that kind."""

    point: CrashPoint
    nth: int = 1
    detail: str = ""
    leave_after: str = ""

    def __str__(self) -> str:
        return f"{self.point}/{self.detail}@{self.nth}" if self.detail else f"{self.point}@{self.nth}"


@dataclass(frozen=True, slots=True)
class InCall:
    """A death while a target has a request in hand, before or after it did what it was asked to."""

    path: str
    moment: str

    def __str__(self) -> str:
        return f"in-call/{self.path}@{self.moment}"


Deaths = Sequence[At | InCall]
P = CrashPoint
MIDWAY = At(P.RUN_WRITTEN, 14)
CASES: Sequence[Deaths] = (
    [At(P.JOURNAL_BEFORE_COMMIT, 14)],
    [At(P.JOURNAL_COMMITTED, 15)],
    [At(P.JOURNAL_BEFORE_ANSWER, 16)],
    [At(P.JOURNAL_ANSWERED, 17)],
    [At(P.INTAKE_BEFORE_WRITE, 3)],
    [At(P.INTAKE_WRITTEN, 3)],
    [At(P.DISPATCH_BEFORE_PLACE, 2)],
    [At(P.DISPATCH_PLACED, 3)],
    [At(P.DESK_RUN_STARTED)],
    [At(P.QUEUE_ADMITTED)],
    [MIDWAY, At(P.RECOVERY_BEGUN)],
    [MIDWAY, At(P.RUN_TAKEN_UP, 2)],
    [MIDWAY, At(P.RECOVERY_ENDED)],
    [At(P.RUN_TAKEN_UP, 4)],
    [At(P.RUN_DECIDED, 12)],
    [At(P.RUN_WRITTEN, 12)],
    [At(P.CALL_BEFORE_EFFECT, 6, "main")],
    [At(P.CALL_AFTER_EFFECT, 6, "main"), At(P.RUN_DECIDED, 2)],
    [At(P.CALL_BEFORE_EFFECT, 1, "undo")],
    [At(P.CALL_AFTER_EFFECT, 1, "undo"), At(P.CALL_AFTER_EFFECT, 1, "undo")],
    [At(P.CALL_BEFORE_EFFECT, 2, "verify")],
    [At(P.CALL_AFTER_EFFECT, 2, "verify")],
    [InCall("do/south", "after"), At(P.CALL_BEFORE_EFFECT, 1, "settle")],
    [InCall("do/south", "before"), At(P.CALL_AFTER_EFFECT, 1, "settle")],
    [InCall("do/shift", "after")],
    [InCall("do/tried", "before")],
    [InCall("undo/second", "after")],
    [InCall("do/a", "after")],
    [InCall("do/c", "before"), InCall("undo/b", "after")],
    [At(P.TIMER_RANG, 2)],
    [At(P.STOP_BEGUN, leave_after="call.started")],
    [At(P.EVIDENCE_WRITTEN)],
    [At(P.EVIDENCE_NAMED)],
    [At(P.DRAFT_WRITTEN, 2)],
)
CHAT = {point for point in CrashPoint if point.startswith(("inbox.", "outbox."))}
"""Points that only a Fireline with chat reaches: test_crash_points_in_chat.py."""
LETTERS = {
    P.RUN_BEFORE_GIVING_UP, P.RUN_GIVEN_UP, P.DISPATCH_BEFORE_SETTING_ASIDE, P.DISPATCH_SET_ASIDE,
    *(point for point in CrashPoint if point.startswith("letter.")),
}  # fmt: skip
"""Points that only what breaks comes to: test_crash_points_of_letters.py."""
SILENCES = {P.SILENCE_BEFORE_CALL, P.SILENCE_AFTER_CALL}
"""Points that are met where Alertmanager is asked: test_crash_points_of_silences.py."""
LOG_WRITER = {P.JOURNAL_HANDED_OVER}
"""Where a log writer writes: test_log_writer_killed.py."""
ON_SCHEDULE = (P.SCHEDULE_BEFORE_ANSWER, P.SCHEDULE_ANSWERED)
"""Points that are met when an instant of a schedule has come."""


def named(deaths: Deaths) -> str:
    """Name a case."""
    return " then ".join(str(death) for death in deaths)


def test_every_point_has_its_case() -> None:
    """A crash point that no case kills at proves nothing."""
    met = {death.point for deaths in CASES for death in deaths if isinstance(death, At)}
    assert met | CHAT | LETTERS | SILENCES | LOG_WRITER | set(ON_SCHEDULE) == set(CrashPoint)


async def play(stage: Scene, deaths: Deaths) -> None:
    """Live one life for each death, and one more to the end; then check everything."""
    try:
        for death in deaths:
            await _die(stage, death)
        assert await stage.live() == 0
        check(stage)
        _check_doubts(stage, deaths)
    except BaseException:
        print(stage.log())  # noqa: T201 - what the lives wrote, beside the failure
        raise


async def _die(stage: Scene, death: At | InCall) -> None:
    if isinstance(death, At):
        order = {"die_at": [death.point, death.detail, death.nth], "leave_after": death.leave_after}
        assert await stage.live(**order) == KILLED, f"{death} was never reached"
        return
    struck = asyncio.Event()

    def strike(path: str, moment: str) -> None:
        kind, _, step = path.strip("/").split("/")
        if f"{kind}/{step}" == death.path and moment == death.moment and not struck.is_set():
            life.kill()
            struck.set()

    life = stage.begin()
    stage.ledger.strike = strike
    assert await life.ended(within=PATIENCE) == KILLED, f"{death} was never reached"


def _check_doubts(stage: Scene, deaths: Deaths) -> None:
    """What was cut off in the middle of an effect was asked about, and the answer is on record with who gave it."""
    with stage.record() as reader:
        events = reader.events()
    interrupted = [
        event.fact for event in events if isinstance(event.fact, CallInterrupted) and not event.fact.again
    ]
    settled = [event for event in events if isinstance(event.fact, StepSettled)]
    asked = [event.fact for event in events if isinstance(event.fact, StepOutcomeUnknown)]
    if any(isinstance(death, InCall) for death in deaths):
        assert interrupted
    assert len(settled) >= len(interrupted)
    by_people = [event for event in settled if event.actor.kind is ActorKind.PERSON]
    assert len(by_people) == len(asked)
    assert {event.actor.id for event in by_people} <= {"U0BEN"}


@pytest.mark.parametrize("deaths", CASES, ids=named)
async def test_killed_at_a_point_it_comes_to_the_same_end(
    deaths: Deaths, hatchery: Nest, tmp_path: Path
) -> None:
    """Killed there, started again: nothing lost, nothing twice, and the record holds."""
    async with scene(hatchery, tmp_path / "scene", STORIES, people=PEOPLE) as stage:
        await play(stage, deaths)


@pytest.mark.parametrize("point", ON_SCHEDULE)
async def test_killed_as_a_missed_instant_is_made_up_for(
    point: CrashPoint, hatchery: Nest, tmp_path: Path
) -> None:
    """Two nights were missed; killed around its answer, the last of them is answered all the same, and once."""
    books = {"runbooks": [str(Path(__file__).parent / "schedules")]}
    async with scene(hatchery, tmp_path / "scene", (), scheduled=["scheduled"], settings=books) as stage:
        stage.data.mkdir()
        days_ago = MovedClock(datetime.now(UTC) - timedelta(days=2, hours=1))
        store = await open_store(f"sqlite:///{stage.data / 'fireline.db'}", days_ago)
        known = ScheduleSet(runbook="scheduled", cron="0 4 * * *", timezone="UTC")
        await store.journal.append(SYSTEM, FIRELINE, [known])
        await store.close()
        await play(stage, [At(point)])


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def database(request: pytest.FixtureRequest) -> str:
    """Each database in turn; empty for SQLite's own place."""
    if request.param == "sqlite":
        return ""
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


def _spread(hits: int) -> Iterator[int]:
    """Choose hits, the first and the last among them."""
    chosen = min(hits, MOST_HITS)
    yield from sorted({1 + round(place * (hits - 1) / max(1, chosen - 1)) for place in range(chosen)})


def _drawn(census: Counter[str]) -> Sequence[tuple[str, int]]:
    """Choose the hits of all points that the matrix meets."""
    names = sorted(name for name in census if CrashPoint(name.partition("/")[0]) not in CHAT)
    hits = [(name, nth) for name in names for nth in _spread(census[name])]
    if SHARE >= 1:
        return hits
    seed = int(os.environ.get("CRASH_SEED", secrets.randbits(32)))
    print(f"CRASH_SEED={seed} CRASH_SHARE={SHARE}")  # noqa: T201 - to draw the same part again
    chance = random.Random(seed)  # noqa: S311 - a choice, no secret
    return sorted(chance.sample(hits, max(1, round(len(hits) * SHARE))))


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.skipif(not MATRIX, reason="hundreds of kills: `make crash`, or CRASH_MATRIX=1")
async def test_killed_at_many_hits_of_every_point(
    hatchery: Nest, tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    """Every point that a whole story reaches, at hits spread over it; then each once more, in the middle of a recovery."""

    def fresh() -> str:
        return request.getfixturevalue("postgres").new_database() if database else ""

    async with scene(hatchery, tmp_path / "whole", STORIES, people=PEOPLE, database=database) as stage:
        assert await stage.live() == 0, stage.log()
        check(stage)
        census = stage.census()
    kills: Counter[str] = Counter()
    for name, nth in _drawn(census):
        point, _, detail = name.partition("/")
        folder = tmp_path / f"{point}-{detail}-{nth}"
        async with scene(hatchery, folder, STORIES, people=PEOPLE, database=fresh()) as stage:
            died = await stage.live(die_at=[point, detail, nth])
            # How many hits there are differs from life to life: the last one may not come.
            assert died in {KILLED, 0}, stage.log()
            kills[name] += died == KILLED
            await play(stage, [])
    print(f"{kills.total()} kills at {len(+kills)} of {len(census)} points")  # noqa: T201 - the number is what the matrix is run for
