"""Prefect on the bed: its server over a SQLite file, and a flow of five tasks that do nothing, their results kept.

    python prefect_bed.py saturated SQLITE-URL FOLDER AT_ONCE SECONDS
    python prefect_bed.py single SQLITE-URL FOLDER RUNS

Prints one JSON object, as `tests/benchmarks/engine_bed.py` does. The server is a process of its own beside this one.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

STEPS = 5
ran = [0]


@contextmanager
def server(url: str, folder: str) -> Iterator[None]:
    """Start Prefect's server over a file and point this process at it, before Prefect is imported."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    os.environ.update(
        PREFECT_HOME=f"{folder}/prefect",
        PREFECT_API_DATABASE_CONNECTION_URL=url.replace("sqlite:///", "sqlite+aiosqlite:///"),
        PREFECT_API_URL=f"http://127.0.0.1:{port}/api",
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        PREFECT_LOGGING_LEVEL="ERROR",
        PREFECT_LOGGING_TO_API_ENABLED="false",
        PREFECT_RESULTS_PERSIST_BY_DEFAULT="true",
        DO_NOT_TRACK="1",
    )
    command = [
        sys.executable,
        "-m",
        "prefect",
        "server",
        "start",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-ui",
    ]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(f"http://127.0.0.1:{port}/api/health")
        yield
    finally:
        started.terminate()
        started.wait(timeout=30)


def _wait(health: str) -> None:
    until = time.monotonic() + 90
    while True:
        try:
            urllib.request.urlopen(health, timeout=2).read()  # noqa: S310 - our own server
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


def five_steps() -> Any:
    """Make the flow; it returns when its first task ran."""
    from prefect import flow, task  # noqa: PLC0415 - its settings are read on import

    @task
    async def nothing(number: int) -> float:
        ran[0] += 1
        return time.perf_counter() + 0 * number

    @flow
    async def five() -> float:
        times = [await nothing(number) for number in range(STEPS)]
        return times[0]

    return five


async def saturated(flow: Any, at_once: int, seconds: float) -> dict[str, float]:
    """Keep so many runs under way; return the steps a second."""
    stop = False

    async def keep_one() -> None:
        while not stop:
            await flow()

    working = [asyncio.create_task(keep_one()) for _ in range(at_once)]
    await asyncio.sleep(min(2.0, seconds / 2))
    began, then = time.perf_counter(), ran[0]
    await asyncio.sleep(seconds)
    rate = (ran[0] - then) / (time.perf_counter() - began)
    stop = True
    await asyncio.gather(*working)
    return {"steps": rate}


async def single(flow: Any, runs: int) -> dict[str, list[float]]:
    """Run one after the other; return the seconds from the ask to the first step, and to the end."""
    firsts, wholes = [], []
    for _ in range(runs):
        began = time.perf_counter()
        stepped = await flow()
        wholes.append(time.perf_counter() - began)
        firsts.append(stepped - began)
    return {"first": firsts, "whole": wholes}


if __name__ == "__main__":
    what, url, folder, *numbers = sys.argv[1:]
    with server(url, folder):
        flow = five_steps()
        work = (
            saturated(flow, int(numbers[0]), float(numbers[1]))
            if what == "saturated"
            else single(flow, int(numbers[0]))
        )
        print(json.dumps(asyncio.run(work)))  # noqa: T201 - its output
