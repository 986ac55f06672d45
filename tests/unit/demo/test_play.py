"""How the demo ends: with a sentence and its logs when a part fails, with everything stopped however it ends."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.demo import play as story
from bot.demo.play import play
from bot.demo.process import DemoFailed, Process
from bot.demo.stack import Ports, Stack


@pytest.fixture(autouse=True)
def _from_a_terminal() -> Iterator[None]:
    """Heed Ctrl-C: who runs the tests in the background may have had it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> list[Stack]:
    """The stacks that were stopped; nothing is really started, and the shop breaks at once."""
    seen: list[Stack] = []
    monkeypatch.setattr(Stack, "start", lambda _self: None)
    monkeypatch.setattr(Stack, "stop", lambda self: seen.append(self))  # noqa: PLW0108 - a builtin would not be bound
    monkeypatch.setattr(story, "_break_the_shop", lambda *_stack, **_after: None)
    return seen


@pytest.mark.parametrize(
    "problem",
    [DemoFailed("the shop said [/red] and [oops"), httpx.ConnectError("[/] nobody there")],
    ids=["failed", "away"],
)
def test_a_part_that_fails(
    problem: Exception,
    stopped: list[Stack],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Status 1, the problem as it was said whatever brackets it has, where the logs are, and everything is stopped."""

    def fail(_stack: Stack) -> None:
        raise problem

    monkeypatch.setattr(story, "_tell", fail)
    assert play(headless=True, first_port=8900, folder=tmp_path) == 1
    out = capsys.readouterr().out
    assert "The demo stopped: " in out
    assert str(problem) in out
    assert f"Logs: {tmp_path}" in out
    assert len(stopped) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_person_ends_it(
    number: signal.Signals,
    stopped: list[Stack],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Ctrl-C and SIGTERM are no failure: it says where everything is, and stops its processes."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(story, "_let_people", lambda _stack: os.kill(os.getpid(), number) or signal.pause())
    assert play(headless=False, first_port=8900, folder=tmp_path) == 0
    assert f"Everything that was recorded is in {tmp_path}" in capsys.readouterr().out
    assert len(stopped) == 1
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_python_drops_is_raised_again(
    stopped: list[Stack], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a handler raises in a destructor never comes out of it; the demo ends all the same, a moment later."""
    dropped: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", dropped.append)
    monkeypatch.setattr(story, "AGAIN", 0.01)

    class Deaf:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    def people(_stack: Stack) -> None:
        Deaf()
        signal.pause()

    monkeypatch.setattr(story, "_let_people", people)
    assert play(headless=False, first_port=8900, folder=tmp_path) == 0
    assert len(dropped) == 1
    assert len(stopped) == 1
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_asked_twice_it_ends_without_a_traceback(
    stopped: list[Stack], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The second Ctrl-C comes while the parts are being stopped."""
    monkeypatch.setattr(story, "_let_people", lambda _stack: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr(Stack, "stop", lambda _self: signal.raise_signal(signal.SIGINT))
    assert play(headless=False, first_port=8900, folder=tmp_path) == story.INTERRUPTED


def test_it_says_what_stands_in(
    stopped: list[Stack], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the real monitoring is missing, the first lines say so, and a folder of its own is made."""
    monkeypatch.setattr("bot.demo.monitoring.installed", lambda: None)
    monkeypatch.setattr(story, "_tell", lambda _stack: None)
    assert play(headless=True, first_port=8900, folder=None) == 0
    out = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "stand-in that plays recorded" in out
    assert stopped[0].folder.is_dir()
    stopped[0].folder.rmdir()


def test_a_part_that_ends_by_itself_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While people play, a process that died ends the demo with the end of its log."""
    monkeypatch.setattr(story.time, "sleep", lambda _seconds: None)
    stack = Stack(folder=tmp_path, ports=Ports.choose(), runbooks=tmp_path, real=None)
    argv = [sys.executable, "-c", "print('out of stock')"]
    shop = stack.processes["shop"] = Process(name="shop", argv=argv, log=tmp_path / "shop.log", ready="")
    shop.begin()
    with pytest.raises(DemoFailed, match=r"shop ended by itself.*\n.*out of stock"):
        story._let_people(stack)
