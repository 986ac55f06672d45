"""`fireline serve` as a process: it takes requests, reads its runbooks anew when told, and stops in good order within its grace."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from bot.demo.process import Process, wait_for
from bot.domain.facts import CallInterrupted, CallSucceeded, RunbooksLoaded
from bot.domain.ids import IncidentId
from bot.domain.nouns import RunStatus
from bot.errors import ConfigurationError
from bot.settings.model import HttpSettings
from bot.wiring.serving import bind
from tests.fakes.served import ServedHome

PATIENCE = 20.0
ONE = IncidentId(1)


class Served:
    """A process that serves, and what a test does to it."""

    def __init__(self, home: ServedHome) -> None:
        self.home = home
        self.process: Process = home.process()
        self.process.start()
        self.record = home.record()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def wait(self) -> int:
        """Wait for its end and return the exit status."""
        child = self.process._child
        assert child is not None
        return child.wait(timeout=PATIENCE)

    def lines(self) -> list[dict[str, object]]:
        """Return what it logged."""
        return [
            json.loads(line) for line in self.home.folder.joinpath("fireline.log").read_text().splitlines()
        ]

    def until(self, what: str, look: Callable[[], object]) -> None:
        """Wait until something is so."""
        wait_for(what, look, within=PATIENCE, every=0.02)


@pytest.fixture
def home(tmp_path: Path, free_port: Callable[[], int]) -> ServedHome:
    """A folder with settings and a runbook whose target nobody is, until a test names one."""
    return ServedHome(tmp_path / "home", "http://127.0.0.1:1", port=free_port())


@pytest.fixture
def serve(home: ServedHome, request: pytest.FixtureRequest) -> Iterator[Callable[[], Served]]:
    """Call it to start the process; what it logged is shown when the test fails."""
    started: list[Served] = []

    def start() -> Served:
        started.append(Served(home))
        return started[-1]

    yield start
    for each in started:
        request.node.add_report_section("teardown", "fireline", each.process.log_tail())
        each.process.stop()
        each.record.close()


@pytest.fixture
def counter() -> Iterator[tuple[socket.socket, str]]:
    """A listening socket that steps call and the test answers by hand, with its address."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        listening.settimeout(PATIENCE)
        yield listening, f"http://127.0.0.1:{listening.getsockname()[1]}"


def answer(call: socket.socket) -> None:
    """Answer a step's call."""
    call.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    call.close()


def test_it_stops_in_good_order(
    home: ServedHome, serve: Callable[[], Served], counter: tuple[socket.socket, str]
) -> None:
    """SIGTERM in the middle of a step: the step ends, its outcome is on record, the next start finishes the run, and nothing was lost."""
    listening, url = counter
    home.configure(vars={"target": url}, engine={"shutdown_grace": "15s"})
    served = serve()
    assert served.home.alert("checkout").status_code == 200
    call, _ = listening.accept()
    served.signal(signal.SIGTERM)
    served.until("the stop to begin", lambda: any(line["message"] == "stopping" for line in served.lines()))
    with pytest.raises(httpx.ConnectError):
        home.alert("too-late")
    answer(call)
    assert served.wait() == 0
    assert len(served.record.facts(ONE, CallSucceeded)) == 1
    assert not [line for line in served.lines() if line["level"] in {"warning", "error"}]
    serve()
    served.until("the run's end", lambda: served.record.run_ended(ONE))
    assert served.record.run_ended(ONE) is RunStatus.SUCCEEDED
    assert not served.record.facts(ONE, CallInterrupted)


def test_it_stops_within_its_grace(
    home: ServedHome, serve: Callable[[], Served], counter: tuple[socket.socket, str]
) -> None:
    """A step that does not end, and a client that keeps its connection, hold up the stop no longer than the settings allow."""
    listening, url = counter
    home.configure(vars={"target": url}, engine={"shutdown_grace": "300ms"})
    served = serve()
    served.home.alert("checkout")
    call, _ = listening.accept()
    with httpx.Client() as client:
        client.get(f"{home.url}/healthz")
        began = time.monotonic()
        served.signal(signal.SIGINT)
        assert served.wait() == 0
    assert time.monotonic() - began < 6
    call.close()


def test_a_hangup_brings_new_runbooks(home: ServedHome, serve: Callable[[], Served]) -> None:
    """SIGHUP reads the folder anew: an alert that nothing matched finds its runbook, and a broken file keeps the old version."""
    served = serve()
    home.alert("checkout", "later")
    served.until("the alert to be unmatched", served.record.reader.unmatched_alerts)
    home.write_book("later")
    (home.books / "touch.yaml").write_text("name: [", encoding="utf-8")
    served.signal(signal.SIGHUP)

    def loads() -> list[RunbooksLoaded]:
        facts = [event.fact for event in served.record.reader.events()]
        return [fact for fact in facts if isinstance(fact, RunbooksLoaded)]

    served.until("the second load", lambda: len(loads()) > 1)
    _, fact = loads()
    assert (sorted(fact.digests), fact.refused) == (["later", "touch"], 1)
    assert any(line["message"] == "runbook refused" for line in served.lines())
    ready = httpx.get(f"{home.url}/readyz").json()
    assert ready["info"]["runbooks"]["detail"] == "later, touch"
    home.alert("search", "later")
    served.until("the incident", lambda: served.record.incident(ONE))
    home.alert("cart", "touch")
    served.until("the other incident", lambda: served.record.incident(IncidentId(2)))


def test_a_hangup_that_comes_too_early_is_kept(home: ServedHome) -> None:
    """SIGHUP before everything stands does not end the process, as it would by default."""
    process = home.process()
    child = subprocess.Popen(list(process.argv), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert child.stderr is not None
    try:
        for line in child.stderr:
            if json.loads(line)["message"] == "runbooks loaded":
                break
        child.send_signal(signal.SIGHUP)
        for line in child.stderr:
            if json.loads(line)["message"] == "runbooks loaded":
                break
    finally:
        child.terminate()
        _, rest = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0, rest


def test_a_port_that_is_taken_is_said_before_anything_begins(home: ServedHome) -> None:
    """One sentence and a hint, status 2, and no database was made."""
    with closing(socket.create_server(("127.0.0.1", home.port))):
        done = subprocess.run(
            list(home.process().argv), capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    assert (done.returncode, done.stdout) == (2, "")
    first, hint = done.stderr.splitlines()
    assert first == f"error: Fireline can't listen on 127.0.0.1 port {home.port}: Address already in use."
    assert "FIRELINE_HTTP__PORT" in hint
    assert not (home.folder / "data").exists()


def test_a_second_process_says_who_leads(
    home: ServedHome, serve: Callable[[], Served], free_port: Callable[[], int]
) -> None:
    """Two with one database: the second ends at once with the first's process id, and disturbs nothing."""
    served = serve()
    home.configure(http={"host": "127.0.0.1", "port": free_port()})
    done = subprocess.run(
        list(home.process().argv), capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 2
    assert f"in use by another Fireline: pid {served.process.pid} " in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_that_is_none() -> None:
    """A host that can't be resolved is a setting that can't be used; a free port is found when 0 is asked for."""
    with pytest.raises(ConfigurationError, match="is no address"):
        bind(HttpSettings(host="nothing.invalid"))
    with closing(bind(HttpSettings(port=0))) as taken:
        assert taken.getsockname()[1] > 0


def test_it_warns_when_anybody_here_may_send(home: ServedHome, serve: Callable[[], Served]) -> None:
    """Without credentials for senders the log says who may send."""
    home.configure(alertmanager={})
    served = serve()
    assert any("from this machine alone" in str(line["message"]) for line in served.lines())
