"""The engine beside its rivals: runs of five steps that do nothing, each step durable, on the same database in the same minutes.

Every contestant has a process of its own, and its turn in each round; the best round of each counts, since whatever else the machine does only takes
away. Fireline writes an intent before each step and an outcome after it; the rivals write an outcome. Bare commits are one row each, from one
connection, as many as the disk does, and two of them count as one step.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.figures import Figures, busy, show, table
from tests.benchmarks.rivals import Contestant, Missing, bare_commits, fireline, rival
from tests.fakes.postgres import Postgres, postgres  # noqa: F401 - a fixture

ROUNDS = 3
SECONDS = 5
AT_ONCE = 512
THREADS = (16, 64)
"""What DBOS is tried with: a thread a run, since that is how it goes quickest."""
WITH_A_SERVER = {"temporal": 16, "prefect": 4}
"""Runs at once of the rivals whose server would only queue more."""
AHEAD_OF_DBOS = 10
RUNS = 60
PASSES = 3
Places = Callable[[str], tuple[str, Path]]
"""Makes an empty database for a contestant; gives its URL and a folder."""


@pytest.fixture
def files(tmp_path: Path) -> Places:
    """Databases in files."""
    numbers = itertools.count()

    def make(name: str) -> tuple[str, Path]:
        folder = tmp_path / f"{name.replace(' ', '-')}-{next(numbers)}"
        folder.mkdir()
        return f"sqlite:///{folder}/bench.db", folder

    return make


def there(name: str) -> Contestant:
    """Return a rival; the test is skipped where it can't be had."""
    try:
        return rival(name)
    except Missing as why:
        pytest.skip(str(why))


def at_saturation(
    contestants: list[tuple[Contestant, int]], places: Places, rounds: int = ROUNDS
) -> dict[str, Any]:
    """Give each its turn in every round; return the best of each."""
    best: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for contestant, at_once in contestants:
            found = contestant.measure("saturated", *places(contestant.name), at_once, SECONDS)
            before = best.get(contestant.name, found)
            best[contestant.name] = {
                what: (min if what == "cpu" else max)(before[what], value) for what, value in found.items()
            }
    return best


def tell(title: str, best: dict[str, Any]) -> None:
    """Say steps a second, how many times as many Fireline does, and what a step takes of the processor."""
    ours = best["fireline"]["steps"]
    rows = [
        (
            name,
            f"{found['steps']:,.0f}",
            f"{ours / found['steps']:.1f}",
            f"{found['cpu'] * 1e6:,.0f}" if "cpu" in found else "",
        )
        for name, found in best.items()
    ]
    table(title, ("", "steps a second", "Fireline is x", "µs of processor a step"), rows)


def times_as_many(best: dict[str, Any], name: str) -> float:
    """Return how many times as many steps a second Fireline does.

    On a machine that is busy, as the processor time of a step has it where that is more: who gets how much of the processors is chance then, and
    what a step costs is not.
    """
    ours, theirs = best["fireline"], best[name]
    rate = ours["steps"] / theirs["steps"]
    return max(rate, theirs["cpu"] / ours["cpu"]) if busy() else rate


def beside_dbos() -> list[tuple[Contestant, int]]:
    """Return who takes turns, and with how many runs at once."""
    rival = there("dbos")
    return [(fireline(), AT_ONCE), *((rival, threads) for threads in THREADS), (bare_commits(), 1)]


def test_beside_dbos_on_sqlite(files: Places) -> None:
    """At least ten times as many steps a second as DBOS, on SQLite with WAL and synchronous=FULL."""
    contestants = beside_dbos()
    best = at_saturation(contestants, files)
    tell(f"sqlite: steps at saturation, the best of {ROUNDS} rounds", best)
    assert times_as_many(best, "dbos") >= AHEAD_OF_DBOS


@pytest.mark.needs("postgres")
def test_beside_dbos_on_postgres(postgres: Postgres, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    """The same on Postgres as shipped."""
    contestants = beside_dbos()
    best = at_saturation(contestants, lambda _name: (postgres.new_database(), tmp_path))
    tell(f"postgres: steps at saturation, the best of {ROUNDS} rounds", best)
    assert times_as_many(best, "dbos") >= AHEAD_OF_DBOS


@pytest.mark.parametrize("name", WITH_A_SERVER)
def test_beside_one_with_a_server(name: str, files: Places) -> None:
    """Ahead of each rival that needs a server, which has its own SQLite file."""
    best = at_saturation([(fireline(), AT_ONCE), (there(name), WITH_A_SERVER[name])], files, rounds=2)
    tell("sqlite: steps at saturation, the best of 2 rounds", best)
    assert best["fireline"]["steps"] > best[name]["steps"]


def test_first_step_beside_dbos(files: Places) -> None:
    """From the ask to the first step, one run at a time: no slower than DBOS, although two commits lie between instead of one."""
    took: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    contestants = [fireline(), there("dbos")]
    for _ in range(PASSES):
        for contestant in contestants:
            found = contestant.measure("single", *files(contestant.name), RUNS)
            for what, seconds in found.items():
                took[contestant.name][what] += seconds[RUNS // 10 :]
    for what in ("first", "whole"):
        figures = [Figures(contestant.name, took[contestant.name][what]) for contestant in contestants]
        title = {"first": "from the ask to the first step", "whole": "from the ask to the end of five steps"}[
            what
        ]
        show(f"sqlite: {title}, one run at a time", figures, beside=figures[0])
    ours, theirs = (Figures(each.name, took[each.name]["first"]).percentile(50) for each in contestants)
    assert ours <= theirs
