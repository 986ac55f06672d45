"""Many runs at once, in a real `fireline serve`: what ten thousand that wait for people cost, and how soon a thousand go on after a kill."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.demo.process import wait_for
from tests.benchmarks.figures import Figures, bar, show, table
from tests.benchmarks.house import write_books
from tests.benchmarks.processes import resident, worked
from tests.fakes.served import ServedHome

ROOT = Path(__file__).parents[2]
WAITING = 10_000
UNDER_WAY = 1_000
DECISIONS = 200
IDLE_SECONDS = 20
SETTLES = 15
"""Seconds after the start in which what is due for so many incidents, reminders above all, is looked through once."""
MOST_MEMORY = 300.0
"""Megabytes resident."""
MOST_CPU = 0.01
MOST_TO_THE_STEP = 0.050
MOST_COMMITS = 12
"""Bare commits' worth: where the disk is so slow or busy that the milliseconds say nothing of us, this many."""
MOST_TO_GO_ON = 5.0
MOST_STARTS = 2
"""Starts with an empty log: on a machine so busy that even such a one takes seconds, this many."""


@pytest.fixture
def home(tmp_path: Path, free_port: Callable[[], int]) -> ServedHome:
    """A Fireline that is not started, with the runbooks that the runs follow."""
    made = ServedHome(tmp_path / "home", "http://127.0.0.1:9", port=free_port())
    write_books(made)
    return made


def house(home: ServedHome, what: str, count: int) -> str:
    """Have the log filled, or approvals decided, by a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.house", str(home.config), what, str(count)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=300)
    return done.stdout.splitlines()[-1] if done.stdout else ""


def seconds_to_start(home: ServedHome) -> float:
    """Return how long a start takes until it answers, and stop it again."""
    process = home.process()
    began = time.perf_counter()
    process.start()
    took = time.perf_counter() - began
    process.stop()
    return took


def test_ten_thousand_wait_for_people(home: ServedHome) -> None:
    """They take less than 300 MB and next to no work, and the one that is decided goes on at once."""
    house(home, "waiting", WAITING)
    process = home.process()
    process.start()
    assert process.pid is not None
    time.sleep(SETTLES)
    memory, before = resident(process.pid), worked(process.pid)
    time.sleep(IDLE_SECONDS)
    share = (worked(process.pid) - before) / IDLE_SECONDS
    process.stop()
    found = json.loads(house(home, "decide", DECISIONS))
    steps, commits = (
        Figures("decision → next step", found["took"]),
        Figures("a bare commit", found["commits"]),
    )
    table(f"{WAITING:,} runs at an approval", ("", "", "bar"), [
        ("resident", f"{memory:.0f} MB", f"{MOST_MEMORY:.0f} MB"),
        ("processor, idle", f"{share:.2%}", f"{MOST_CPU:.0%}"),
    ])  # fmt: skip
    show(f"{DECISIONS} decisions, one after the other", [steps, commits], beside=commits)
    assert memory < MOST_MEMORY
    assert share < MOST_CPU
    assert steps.percentile(95) < bar(MOST_TO_THE_STEP, when_busy=MOST_COMMITS * commits.percentile(95))


def test_a_thousand_go_on_after_a_restart(home: ServedHome) -> None:
    """Every call that was under way is begun anew within 5 s of the start of a process; told beside a start that has nothing to take up."""
    empty = seconds_to_start(home)
    house(home, "under-way", UNDER_WAY)
    path = home.folder / "data" / "fireline.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as log:
        ((last,),) = log.execute("SELECT max(seq) FROM events").fetchall()
        asked = "SELECT count(*) FROM events WHERE seq > ? AND kind = 'call.started'"
        process = home.process()
        began = time.perf_counter()
        process.begin()
        wait_for(
            "the runs to go on",
            lambda: log.execute(asked, (last,)).fetchall() == [(UNDER_WAY,)],
            within=60,
            every=0.02,
        )
        took = time.perf_counter() - began
    process.wait()
    process.stop()
    table(f"{UNDER_WAY:,} runs under way when the process was killed", ("", "s", "bar"), [
        ("from the start to the last call begun again", f"{took:.2f}", f"{MOST_TO_GO_ON:g}"),
        ("a start with nothing to take up", f"{empty:.2f}", ""),
    ])  # fmt: skip
    assert took < bar(MOST_TO_GO_ON, when_busy=MOST_STARTS * empty)
