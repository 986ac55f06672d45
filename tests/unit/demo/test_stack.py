"""The demo's processes: ports that are free, children that are watched, and an end for each by its own id."""

import json
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.demo import monitoring
from bot.demo.monitoring import Monitoring
from bot.demo.process import DemoFailed, Process, hold_port, wait_for
from bot.demo.stack import ADA, BEN, CLEO, Ports, Stack
from bot.settings import load_settings
from tests.unit.demo.conftest import RUNBOOKS

SERVER = """
import http.server, signal, sys
if "stubborn" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[2])); self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def child(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Callable[..., Process]]:
    """Call it for a child that answers with a status; it is ended whatever happens."""
    made: list[Process] = []

    def make(*words: str, status: int = 200, script: str = SERVER) -> Process:
        port = free_port()
        argv = [sys.executable, "-c", script, str(port), str(status), *words]
        log = tmp_path / f"child-{port}.log"
        made.append(Process(name="child", argv=argv, log=log, ready=f"http://127.0.0.1:{port}/"))
        return made[-1]

    yield make
    for each in made:
        each.kill()


# ---- ports


def test_a_wanted_port_is_taken_where_it_is_free() -> None:
    """A port that somebody listens on is replaced by another that is free."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        taken = listening.getsockname()[1]
        other = hold_port(taken)
        assert other.number != taken
        other.release()
    again = hold_port(other.number)
    assert again.number == other.number
    again.release()


def test_five_ports_that_differ() -> None:
    """Each part has its own; without a wish they are any that are free."""
    ports = Ports.choose()
    ports.release()
    assert len({ports.slack, ports.fireline, ports.shop, ports.prometheus, ports.alertmanager}) == 5


def test_ports_from_a_first_one_on() -> None:
    """A person finds the parts one behind the other, except where something else already is."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        first = listening.getsockname()[1] - 1
        ports = Ports.choose(first)
        ports.release()
        assert ports.fireline != first + 1
        assert len({ports.slack, ports.fireline, ports.shop, ports.prometheus, ports.alertmanager}) == 5


# ---- children


def test_a_child_is_ready_when_it_answers(child: Callable[..., Process]) -> None:
    """`start` returns once it can be used; a refusal is an answer."""
    process = child(status=404)
    process.start()
    assert process.pid is not None
    assert process.log_tail() == "up\n"
    process.stop()
    assert process.pid is None


def test_a_child_that_dies_at_once(child: Callable[..., Process]) -> None:
    """It is named with its status and the end of its log, without the patience of one that is slow."""
    process = child(script="import sys; print('no such table: shops'); sys.exit(3)")
    with pytest.raises(DemoFailed) as caught:
        process.start()
    assert "child ended by itself with status 3." in str(caught.value)
    assert "no such table: shops" in str(caught.value)
    assert process.pid is None


def test_a_child_that_is_never_ready(child: Callable[..., Process], monkeypatch: pytest.MonkeyPatch) -> None:
    """A server error is no readiness; it is stopped and named."""
    monkeypatch.setattr("bot.demo.process.READY_SECONDS", 0.5)
    process = child(status=500)
    with pytest.raises(DemoFailed, match="in vain for child to answer"):
        process.start()
    assert process.pid is None


def test_a_program_that_there_is_not(tmp_path: Path) -> None:
    """It is named, without a traceback."""
    process = Process(
        name="prometheus", argv=["/nowhere/prometheus"], log=tmp_path / "log", ready="http://127.0.0.1:1/"
    )
    with pytest.raises(
        DemoFailed, match="prometheus can't be started: No such file or directory: /nowhere/prometheus"
    ):
        process.start()
    process.stop()


def test_a_stop_ends_one_that_does_not_listen(
    child: Callable[..., Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM first, SIGKILL when that is ignored: nothing is left behind."""
    monkeypatch.setattr("bot.demo.process.STOP_SECONDS", 0.2)
    process = child("stubborn")
    process.start()
    running = process._child
    assert running is not None
    process.stop()
    assert running.returncode == -9
    process.stop()


def test_a_kill_is_a_power_cut(child: Callable[..., Process]) -> None:
    """It ends at once, and can be started again with its log going on."""
    process = child()
    process.start()
    process.kill()
    assert process.pid is None
    process.start()
    assert process.log_tail() == "up\nup\n"


def test_waiting_has_an_end() -> None:
    """What was waited for is named."""
    with pytest.raises(DemoFailed, match=r"Waited 0\.05 s in vain for the moon\."):
        wait_for("the moon", lambda: None, within=0.05, every=0.01)
    assert wait_for("it", iter([None, "", "here"]).__next__, within=5, every=0) == "here"


# ---- configuration


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack that is not started."""
    (tmp_path / "demo").mkdir()
    return Stack(folder=tmp_path / "demo", ports=Ports.choose(), runbooks=RUNBOOKS, real=None)


@pytest.mark.parametrize("socket_mode", [True, False])
def test_its_settings_can_be_read(stack: Stack, socket_mode: bool) -> None:  # noqa: FBT001 - a table's column
    """What the demo writes is what Fireline reads: for its owner alone, with everything on loopback."""
    stack.socket_mode = socket_mode
    stack.write_config()
    assert stat.S_IMODE(stack.config.stat().st_mode) == 0o600
    settings = load_settings(file=stack.config, environ={})
    assert settings.database == stack.database
    assert settings.http.base_url == stack.fireline
    assert settings.slack.mode == ("socket" if socket_mode else "http")
    assert settings.slack.base_url == f"{stack.slack}/api/"
    assert settings.vars == {"shop_url": stack.shop}
    assert (ADA in settings.groups["sre"], BEN in settings.groups["sre"], CLEO in settings.groups["sre"]) == (
        True,
        True,
        False,
    )


def test_settings_may_be_replaced(stack: Stack) -> None:
    """A test's own settings win over the demo's."""
    stack.settings = {"groups": {"sre": [CLEO]}}
    stack.write_config()
    assert load_settings(file=stack.config, environ={}).groups["sre"] == (CLEO,)


def test_the_monitoring_is_configured_in_full(stack: Stack) -> None:
    """Prometheus scrapes the shop and tells Alertmanager, which tells Fireline with the token that it wants."""
    prometheus = json.loads(
        monitoring.write_prometheus(stack.folder, shop="127.0.0.1:1", alertmanager="127.0.0.1:2").read_text()
    )
    assert prometheus["scrape_configs"][0]["static_configs"] == [{"targets": ["127.0.0.1:1"]}]
    assert prometheus["alerting"]["alertmanagers"][0]["static_configs"] == [{"targets": ["127.0.0.1:2"]}]
    (group,) = json.loads(Path(prometheus["rule_files"][0]).read_text())["groups"]
    assert group["rules"][0]["alert"] == "CheckoutErrors"
    alertmanager = json.loads(
        monitoring.write_alertmanager(stack.folder, webhook="http://127.0.0.1:3/x", token="t").read_text()
    )
    (receiver,) = alertmanager["receivers"][0]["webhook_configs"]
    assert (receiver["url"], receiver["send_resolved"]) == ("http://127.0.0.1:3/x", True)
    assert receiver["http_config"]["authorization"] == {"type": "Bearer", "credentials": "t"}


@pytest.mark.parametrize(
    ("programs", "found"),
    [
        (["prometheus", "prometheus-alertmanager"], ("prometheus", "prometheus-alertmanager")),
        (["prometheus", "alertmanager"], ("prometheus", "alertmanager")),
        (["prometheus"], None),
        (["alertmanager"], None),
    ],
)
def test_the_real_programs_are_found(
    programs: list[str], found: tuple[str, str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under Debian's name or its makers'; without either of the two the stand-in is used."""
    for name in programs:
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    expected = (
        Monitoring(prometheus=str(tmp_path / found[0]), alertmanager=str(tmp_path / found[1]))
        if found
        else None
    )
    assert monitoring.installed() == expected


def test_what_is_started(stack: Stack) -> None:
    """The shop, Slack, Fireline and either the real monitoring or what stands in for it."""
    assert [process.name for process in stack._monitoring()] == ["standin"]
    stack.real = Monitoring(prometheus="/p", alertmanager="/a")
    alertmanager, prometheus = stack._monitoring()
    assert (alertmanager.argv[0], prometheus.argv[0]) == ("/a", "/p")
    assert f"--web.listen-address=127.0.0.1:{stack.ports.prometheus}" in prometheus.argv
    assert "--cluster.listen-address=" in alertmanager.argv, "it must not look for peers on the network"


def test_it_starts_and_stops_as_one(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that fails leaves those before it to `stop`, which ends them, the last started first."""
    monkeypatch.setattr(
        Stack,
        "_slack",
        lambda self: Process(name="slack", argv=["/nowhere"], log=self.folder / "l", ready=""),
    )
    with pytest.raises(DemoFailed, match="slack can't be started"):
        stack.start()
    shop = stack.processes["shop"]
    assert shop.pid is not None
    stack.stop()
    assert shop.pid is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
def test_a_signal_waits_until_a_child_is_known(
    number: signal.Signals, child: Callable[..., Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that comes between the fork and the child's id is obeyed after it: otherwise the child would outlive its demo."""
    starting = subprocess.Popen

    def interrupted(*arguments: Any, **options: Any) -> Any:
        signal.raise_signal(number)
        return starting(*arguments, **options)

    def obey(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.demo.process.subprocess.Popen", interrupted)
    process = child()
    before = signal.signal(number, obey)
    try:
        with pytest.raises(KeyboardInterrupt):
            process.begin()
        assert signal.getsignal(number) is obey
    finally:
        signal.signal(number, before)
    assert process.pid is not None
