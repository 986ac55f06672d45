"""Intake beside a bare Starlette endpoint that only reads the same body: real servers, load from a third process, ratios within one run."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.figures import table
from tests.benchmarks.intake_servers import TOKEN
from tests.benchmarks.load import PATH
from tests.benchmarks.processes import worked
from tests.fakes.alerts import body, seen

ROOT = Path(__file__).parents[2]
ROUNDS = 3
SECONDS = 4
CONNECTIONS = 64


@pytest.fixture
def serve(tmp_path: Path, free_port: Callable[[], int]) -> Callable[[str], Any]:
    """Start a server by its name and wait until it answers; gives its port and its process's id."""

    @contextmanager
    def start(name: str) -> Iterator[tuple[int, int]]:
        port = free_port()
        folder = tmp_path / f"{name}-{port}"
        folder.mkdir()
        command = [sys.executable, "-m", "tests.benchmarks.intake_servers", name, str(port), str(folder)]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        try:
            _wait(port)
            yield port, process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)

    return start


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            _post(port, b"{}")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(port)


def _post(port: int, raw: bytes) -> tuple[int, float]:
    """Deliver once; returns the status and the seconds that it took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    started = time.perf_counter()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    connection.request("POST", PATH, body=raw, headers=headers)
    status = connection.getresponse().status
    took = time.perf_counter() - started
    connection.close()
    return status, took


def _load(port: int, *, seconds: float = SECONDS, rate: int = 0, tag: str = "aa") -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.load",
        str(port),
        str(seconds),
        str(CONNECTIONS),
        str(rate),
        tag,
    ]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=seconds + 60)
    made: dict[str, Any] = json.loads(done.stdout)
    assert set(made["statuses"]) == {"200"}, made
    return made


def test_a_quarter_of_a_bare_endpoint(serve: Callable[[str], Any]) -> None:
    """Every alert on disk before its answer, at a quarter of the requests a second at least.

    A request's processor time in the server is told beside it: what the rates come to where client and server have a processor each.
    """
    rates: dict[str, list[float]] = {"bare": [], "fireline": []}
    costs: dict[str, list[float]] = {"bare": [], "fireline": []}
    for number in range(ROUNDS):
        for name, found in rates.items():
            with serve(name) as (port, pid):
                _load(port, seconds=1, tag="w")
                before = worked(pid)
                made = _load(port, tag=str(number))
                found.append(made["per_second"])
                costs[name].append((worked(pid) - before) / (made["per_second"] * SECONDS))
    # The best round of each: whatever else the machine does only takes away, and not from both alike.
    bare, ours = (max(found) for found in rates.values())
    rows = [
        (name, f"{max(rates[key]):,.0f}", f"{max(rates[key]) / bare:.2f}", f"{min(costs[key]) * 1e6:,.0f}")
        for name, key in (("a bare endpoint", "bare"), ("intake", "fireline"))
    ]
    head = ("", "a second", "x a bare endpoint", "µs of processor each")
    table(f"requests, the best of {ROUNDS} rounds", head, rows)
    assert ours / bare >= 0.25


def test_latency_at_500_a_second(serve: Callable[[str], Any]) -> None:
    """The slowest in a hundred within 50 ms."""
    with serve("fireline") as (port, _):
        _load(port, seconds=1, tag="w")
        found = _load(port, seconds=10, rate=500)
    columns = ("p50", "p95", "p99", "max")
    row = ("intake", *(f"{found[f'{each}_ms']:.2f}" for each in columns))
    table("500 deliveries a second for 10 s", ("ms", *columns), [row])
    assert found["per_second"] >= 490
    assert found["p99_ms"] < 50


@pytest.mark.parametrize("name", ["Attached", "Nobody"])
def test_twenty_thousand_alerts_in_one_post(serve: Callable[[str], Any], name: str) -> None:
    """8 MB within 2 s, whether a runbook wants them or not, while others are answered."""
    words = "what is wrong and what it means for customers; " * 3
    raw = body(
        [seen(name, instance=f"host-{number}", annotations={"summary": words}) for number in range(20_000)]
    )
    with serve("fireline") as (port, _):
        _load(port, seconds=1, tag="w")
        others: list[float] = []
        over = threading.Event()

        def bystander() -> None:
            while not over.is_set():
                status, took = _post(port, body([seen("Other", pod=str(len(others)))]))
                assert status == 200
                others.append(took)
                over.wait(0.02)

        thread = threading.Thread(target=bystander)
        thread.start()
        status, took = _post(port, raw)
        over.set()
        thread.join()
    slowest = max(others) * 1000
    rows = [
        (f"the POST ({name})", "1", f"{took * 1000:,.0f}"),
        ("others meanwhile", str(len(others)), f"{slowest:,.0f}"),
    ]
    table(f"20,000 alerts in one POST of {len(raw) / 1e6:.1f} MB", ("", "answered", "slowest, ms"), rows)
    assert status == 200
    assert took < 2
    assert slowest < 1000
