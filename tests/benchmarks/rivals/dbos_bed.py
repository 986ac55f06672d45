"""DBOS Transact on the bed: five steps that do nothing, one after the other, in one durable workflow.

    python dbos_bed.py saturated URL FOLDER AT_ONCE SECONDS     so many threads, each starting a run as its last one ends
    python dbos_bed.py single URL FOLDER RUNS                   one run after the other

Prints one JSON object, as `tests/benchmarks/engine_bed.py` does. Workflows are called, not queued: a queue of DBOS's is polled once a second.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
import time

from dbos import DBOS

STEPS = 5
first: dict[str, float] = {}
ran = [0]


@DBOS.step()
def nothing(number: int) -> dict[str, int]:
    """Do nothing, and remember when it was first done for a run."""
    first.setdefault(DBOS.workflow_id, time.perf_counter())
    ran[0] += 1  # a few may be lost between threads: to the rival's disfavour by less than one in a thousand
    return {"value": number}


@DBOS.workflow()
def five_steps() -> str:
    """Do nothing five times."""
    for number in range(STEPS):
        nothing(number)
    return str(DBOS.workflow_id)


def launch(url: str, threads: int) -> None:
    """Start DBOS over a database; on SQLite in the mode that Fireline uses, which serves DBOS better than its own."""
    if url.startswith("sqlite:///"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute(
                "PRAGMA journal_mode=WAL"
            )  # stays with the file; synchronous=FULL is SQLite's default
    DBOS(
        config={
            "name": "bench",
            "system_database_url": url,
            "sys_db_pool_size": max(20, threads),
            "log_level": "ERROR",
            "run_admin_server": False,
        }
    )
    DBOS.launch()


def saturated(url: str, at_once: int, seconds: float) -> dict[str, float]:
    """Keep so many runs under way; return the steps a second, and the seconds of processor time that one took."""
    launch(url, at_once)
    stop = threading.Event()

    def keep_one() -> None:
        while not stop.is_set():
            five_steps()

    working = [threading.Thread(target=keep_one) for _ in range(at_once)]
    for each in working:
        each.start()
    time.sleep(min(1.0, seconds / 4))
    began, worked, then = time.perf_counter(), time.process_time(), ran[0]
    time.sleep(seconds)
    steps = ran[0] - then
    rates = {"steps": steps / (time.perf_counter() - began), "cpu": (time.process_time() - worked) / steps}
    stop.set()
    for each in working:
        each.join()
    return rates


def single(url: str, runs: int) -> dict[str, list[float]]:
    """Run one after the other; return the seconds from the ask to the first step, and to the end."""
    launch(url, 1)
    firsts, wholes = [], []
    for _ in range(runs):
        began = time.perf_counter()
        name = five_steps()
        wholes.append(time.perf_counter() - began)
        firsts.append(first[name] - began)
    return {"first": firsts, "whole": wholes}


if __name__ == "__main__":
    what, url, _folder, *numbers = sys.argv[1:]
    measured = (
        saturated(url, int(numbers[0]), float(numbers[1]))
        if what == "saturated"
        else single(url, int(numbers[0]))
    )
    print(json.dumps(measured))  # noqa: T201 - its output
    DBOS.destroy()
