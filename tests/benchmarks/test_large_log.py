"""A log of a million events: the engine goes on as quickly as over an empty one, and a start reads no more than it needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.benchmarks.figures import bar, table
from tests.benchmarks.house import write_books
from tests.benchmarks.rivals import fireline
from tests.benchmarks.test_many_runs import house, seconds_to_start
from tests.fakes.served import ServedHome

EVENTS = 1_000_000
ROUNDS = 4
SECONDS = 5
AT_ONCE = 64
LEAST = 0.8
"""Of the empty store's throughput."""
MOST_TO_START = 3.0
MOST_STARTS = 1.5
"""Starts with an empty log: on a machine so busy that even such a one takes seconds, this many."""


def _home(folder: Path, port: int) -> ServedHome:
    home = ServedHome(folder, "http://127.0.0.1:9", port=port)
    write_books(home)
    return home


@pytest.mark.timeout(900)
def test_a_million_events(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """At least 80 % of the empty store's steps a second, and an answer within 3 s of the start."""
    full, empty = _home(tmp_path / "full", free_port()), _home(tmp_path / "empty", free_port())
    began = time.perf_counter()
    house(full, "over", EVENTS)
    filled = time.perf_counter() - began
    starts = [(seconds_to_start(full), seconds_to_start(empty)) for _ in range(3)]
    url = f"sqlite:///{full.folder}/data/fireline.db"
    ours, rates = fireline(), {"full": 0.0, "empty": 0.0}
    for number in range(ROUNDS):
        fresh = tmp_path / f"fresh-{number}"
        fresh.mkdir()
        for name, place in (("full", url), ("empty", f"sqlite:///{fresh}/bench.db")):
            found = ours.measure("saturated", place, fresh, AT_ONCE, SECONDS)["steps"]
            rates[name] = max(rates[name], found)
    size = (full.folder / "data" / "fireline.db").stat().st_size / 1e6
    full_start, empty_start = (min(each) for each in zip(*starts, strict=True))
    table(f"a log of {EVENTS:,} events, {size:,.0f} MB, written in {filled:.0f} s", ("", "full", "empty", "ratio"), [
        ("steps a second", f"{rates['full']:,.0f}", f"{rates['empty']:,.0f}", f"{rates['full'] / rates['empty']:.2f}"),
        ("start, s", f"{full_start:.2f}", f"{empty_start:.2f}", f"{full_start / empty_start:.2f}"),
    ])  # fmt: skip
    assert rates["full"] >= LEAST * rates["empty"]
    assert full_start < bar(MOST_TO_START, when_busy=MOST_STARTS * empty_start)
