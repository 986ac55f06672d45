"""Fireline is killed around what lands in the dead-letter list and is put back: no letter is lost or taken twice, and no effect is made twice.

What lands, lands by a bug of ours that each life has at the same place; people put back whatever lies there. By default each case is met on SQLite;
`CRASH_MATRIX=1` (`make crash`) meets it over Postgres too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.cli.dead_letters import put_back
from bot.crashpoints import CrashPoint
from bot.domain.facts import DeadLetterLanded, DeadLetterRequeued
from tests.crash.test_crash_points import LETTERS, MATRIX
from tests.fakes.lives.ends import check
from tests.fakes.lives.nest import Nest
from tests.fakes.lives.scene import KILLED, Scene, scene

P = CrashPoint
Hit = tuple[CrashPoint, str, int]
A_RUN: Sequence[Hit] = ((P.RUN_DECIDED, "", 3),)
"""The run breaks once its second effect is made, and nothing is written of that."""
A_RUN_AGAIN: Sequence[Hit] = (*A_RUN, (P.RUN_DECIDED, "", 4))
"""And it breaks once more as it is put back."""
AN_ALERT: Sequence[Hit] = ((P.DISPATCH_BEFORE_PLACE, "", 1),)
"""The alert can't be routed."""


@dataclass(frozen=True, slots=True)
class Case:
    """Where to die, one life after the other, and what breaks in each of these lives."""

    bugs: Sequence[Hit]
    deaths: Sequence[tuple[CrashPoint, str]]

    def __str__(self) -> str:
        return " then ".join(f"{point}/{detail}" if detail else point for point, detail in self.deaths)


CASES: Sequence[Case] = (
    Case(A_RUN, [(P.RUN_BEFORE_GIVING_UP, "")]),
    Case(A_RUN, [(P.RUN_GIVEN_UP, ""), (P.LETTER_BEFORE_REQUEUE, "run"), (P.LETTER_REQUEUED, "run")]),
    Case(A_RUN_AGAIN, [(P.LETTER_BEFORE_LANDING_AGAIN, "")]),
    Case(
        AN_ALERT,
        [
            (P.DISPATCH_BEFORE_SETTING_ASIDE, ""),
            (P.DISPATCH_SET_ASIDE, ""),
            (P.LETTER_BEFORE_REQUEUE, "alert"),
            (P.LETTER_REQUEUED, "alert"),
        ],
    ),
)


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param(
            "postgres",
            marks=[
                pytest.mark.needs("postgres"),
                pytest.mark.skipif(not MATRIX, reason="part of the matrix: make crash"),
            ],
        ),
    ]
)
def database(request: pytest.FixtureRequest) -> str:
    """An empty database, on each kind in turn; empty for SQLite's own place."""
    return "" if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()


def test_every_point_of_letters_has_its_case() -> None:
    """A crash point that no case kills at proves nothing."""
    met = {point for case in CASES for point, _ in case.deaths}
    assert met | {P.LETTER_BEFORE_BRINGING_BACK} == LETTERS


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_killed_around_a_letter_it_comes_to_the_same_end(
    case: Case, hatchery: Nest, tmp_path: Path, database: str
) -> None:
    """What can't go on lies in the list, whenever the process dies; put back, it comes to the end that it would have had."""
    async with scene(hatchery, tmp_path / "scene", ["undo"], database=database) as stage:
        for point, detail in case.deaths:
            died = await stage.live(bugs=case.bugs, die_at=[point, detail, 1])
            assert died == KILLED, f"{point} was never reached\n{stage.log()}"
        await ends_well(stage, bugs=case.bugs)


async def test_killed_as_a_run_is_brought_back_that_was_put_back_meanwhile(
    hatchery: Nest, tmp_path: Path, database: str
) -> None:
    """A person put it back at a terminal while no Fireline worked; the start that finds it is killed, and the next one brings it back, once."""
    async with scene(hatchery, tmp_path / "scene", ["undo"], database=database) as stage:
        assert await stage.live(bugs=A_RUN, lets_lie=True, leave_after="dead_letter.landed") == 0, stage.log()
        await asyncio.to_thread(put_back, stage.config, 1, "mended", as_json=False)
        for _ in range(2):
            assert await stage.live(die_at=[P.LETTER_BEFORE_BRINGING_BACK, "", 1]) == KILLED, stage.log()
        await ends_well(stage)
        with stage.record() as reader:
            facts = [event.fact for event in reader.events()]
        assert len([fact for fact in facts if isinstance(fact, DeadLetterRequeued)]) == 1


async def ends_well(stage: Scene, **order: Any) -> None:
    """Live a life to its end, and check everything; something had landed, and people put it back."""
    try:
        assert await stage.live(**order) == 0
        landed = [event.fact for event in check(stage) if isinstance(event.fact, DeadLetterLanded)]
        assert landed
        assert [fact.tries for fact in landed] == list(range(1, len(landed) + 1))
        assert {fact.letter for fact in landed} == {1}
    except BaseException:
        print(stage.log())  # noqa: T201 - what the lives wrote, beside the failure
        raise
