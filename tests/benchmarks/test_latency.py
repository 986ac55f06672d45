"""From an alert to the first step: a real `fireline serve`, idle, one delivery after the other, over HTTP on the loopback.

What is timed goes from just before the POST to the arrival of the step's own request at a counter. In between lie the commit of the alert, the
answer, routing, the commit of the incident with its run, the commit of the step's intent, and the step's connection: three synced commits, one
after the other, so a bare commit on the same disk is measured beside them. The next alert waits until the run before has ended, and a moment
longer: the process is idle, as it is nearly always. Storms are measured in `test_intake`.
"""

from __future__ import annotations

import http.client
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.ingress.app import ALERTMANAGER_PATH
from tests.benchmarks.figures import Figures, bar, show, synced
from tests.fakes.served import TOKEN, ServedHome, delivery

ALERTS = 200
WARM_UP = 20
PAUSE = 0.03
"""Seconds of idleness before each alert: longer than the dispatcher's breath between two drains."""
MOST = 0.050
"""Seconds: 95 of 100 first steps must have started by then."""
MOST_COMMITS = 12
"""Bare commits' worth: where the disk is so slow or busy that the milliseconds say nothing of us, this many."""
MOST_HELP = 0.5


class Counter:
    """Answers every request on keep-alive connections, from a thread of its own, and notes when each came by the service that it names."""

    def __init__(self) -> None:
        self.arrived: dict[str, float] = {}
        self.news = threading.Condition()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._waker, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where steps call it."""
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def wait_for(self, service: str) -> float:
        """Return when the step for a service called."""
        with self.news:
            assert self.news.wait_for(lambda: service in self.arrived, timeout=10), f"no step for {service}"
        return self.arrived[service]

    def close(self) -> None:
        """Stop."""
        self._waker.close()
        self._thread.join()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listening, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            open_ones: set[socket.socket] = {self._listening, self._woken}
            while True:
                for key, _ in selector.select():
                    now = time.perf_counter()
                    connection = key.fileobj
                    assert isinstance(connection, socket.socket)
                    if connection is self._woken:
                        for each in open_ones:
                            each.close()
                        return
                    if connection is self._listening:
                        accepted, _ = connection.accept()
                        open_ones.add(accepted)
                        selector.register(accepted, selectors.EVENT_READ)
                    elif not self._answer(connection, now):
                        selector.unregister(connection)
                        open_ones.discard(connection)
                        connection.close()

    def _answer(self, connection: socket.socket, now: float) -> bool:
        head = connection.recv(65536)
        if not head:
            return False
        service = head.split(b"service=", 1)[1].split(b" ", 1)[0].decode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        with self.news:
            self.arrived[service] = now
            self.news.notify_all()
        return True


@pytest.fixture
def counter() -> Iterator[Counter]:
    """What the first step calls."""
    with closing(Counter()) as made:
        yield made


@pytest.fixture
def fireline(
    tmp_path: Path, counter: Counter, free_port: Callable[[], int]
) -> Iterator[http.client.HTTPConnection]:
    """A connection to a Fireline that serves; Slack is off."""
    home = ServedHome(tmp_path / "home", counter.url, port=free_port())
    process = home.process()
    process.start()
    with closing(http.client.HTTPConnection("127.0.0.1", home.port, timeout=10)) as connection:
        yield connection
    process.stop()


def post(connection: http.client.HTTPConnection, path: str, body: bytes) -> tuple[float, float]:
    """POST and return when it began and when it was answered."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    began = time.perf_counter()
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    response.read()
    return began, time.perf_counter()


def wait_until_idle(connection: http.client.HTTPConnection, ended: int) -> None:
    """Wait until so many runs have ended."""
    line = f'fireline_runs_total{{outcome="succeeded"}} {ended}.0\n'.encode()
    shown, until = b"", time.perf_counter() + 10
    while line not in shown:
        assert time.perf_counter() < until, f"{ended} runs have not ended"
        connection.request("GET", "/metrics")
        shown = connection.getresponse().read()


def test_from_an_alert_to_its_first_step(
    fireline: http.client.HTTPConnection, counter: Counter, tmp_path: Path
) -> None:
    """95 of 100 first steps have started within 50 ms of the alert; told beside a POST that does nothing."""
    steps, answers, nothing, commits = (
        Figures(name)
        for name in ("alert → first step", "alert → answer", "a POST to nowhere", "a bare commit")
    )
    disk = synced(tmp_path)
    for number in range(WARM_UP + ALERTS):
        service = f"s{number}"
        body = delivery(service)
        began, answered = post(fireline, ALERTMANAGER_PATH, body)
        stepped = counter.wait_for(service)
        wait_until_idle(fireline, number + 1)
        time.sleep(PAUSE)
        idle, refused = post(fireline, "/nowhere", body)
        began_commit = time.perf_counter()
        disk.execute("INSERT INTO t VALUES (?)", ("x" * 300,))
        committed = time.perf_counter()
        if number >= WARM_UP:
            steps.add(stepped - began)
            answers.add(answered - began)
            nothing.add(refused - idle)
            commits.add(committed - began_commit)
    disk.close()
    title = f"{ALERTS} alerts, one after the other"
    show(title, [steps, answers, nothing], beside=nothing)
    show(title, [steps, answers, commits], beside=commits)
    assert steps.percentile(95) < bar(MOST, when_busy=MOST_COMMITS * commits.percentile(95))


def test_help_is_there_at_once() -> None:
    """`fireline --help` in a new process, told beside Python's own start."""
    helped, bare = Figures("fireline --help"), Figures("python -c pass")
    for _ in range(7):
        for figures, words in ((helped, ["-m", "bot.cli", "--help"]), (bare, ["-c", "pass"])):
            began = time.perf_counter()
            subprocess.run([sys.executable, *words], check=True, capture_output=True)
            figures.add(time.perf_counter() - began)
    show("a new process", [helped, bare], beside=bare)
    assert helped.percentile(50) < MOST_HELP
