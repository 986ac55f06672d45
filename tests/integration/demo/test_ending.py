"""However a demo ends, none of its processes outlives it, and it says why in a sentence."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bot.demo.process import wait_for

PATIENCE = 40.0
Begin = Callable[..., subprocess.Popen[str]]

pytestmark = pytest.mark.slow


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Call it to start a demo in tmp_path/demo, by itself in a session; what it printed is at its stdout."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, ignoring: signal.Signals | None = None) -> subprocess.Popen[str]:
        demo = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "demo", "--folder", str(tmp_path / "demo"), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: _as_from_a_terminal(ignoring),  # noqa: PLW1509 - the signals of a process are set by itself
        )
        started.append(demo)
        return demo

    yield start
    for each in started:
        with each:
            each.terminate()


def _as_from_a_terminal(ignoring: signal.Signals | None) -> None:
    """Heed every signal, but the one that is named: who runs the tests in the background may have had them ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN if number is ignoring else signal.SIG_DFL)


def children(parent: int) -> dict[int, str]:
    """Return the processes below one, each with its command line."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            if int(stat.rpartition(")")[2].split()[1]) == parent:
                found[int(folder.name)] = (
                    (folder / "cmdline").read_text(encoding="utf-8", errors="replace").replace("\0", " ")
                )
    return found


def running(demo: subprocess.Popen[str], *words: str) -> dict[int, str]:
    """Wait until a child of the demo is there for each word, and return all children."""

    def look() -> dict[int, str] | None:
        assert demo.poll() is None, demo.stdout and demo.stdout.read()
        found = children(demo.pid)
        return found if all(any(word in line for line in found.values()) for word in words) else None

    return wait_for(f"{words} to run", look, within=PATIENCE)


def is_there(process: int) -> bool:
    """Say whether a process lives."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
def test_a_signal_ends_all_of_it(begin: Begin, number: signal.Signals) -> None:
    """Ctrl-C, `kill` and a terminal that goes away: whatever was started by then is stopped, also in the middle of starting."""
    demo = begin()
    started = running(demo, "bot.demo.shop", "bot.localslack")
    demo.send_signal(number)
    said, _ = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0, said
    assert "Everything that was recorded is in" in said
    assert not [line for process, line in started.items() if is_there(process)]


def test_a_story_that_is_broken_off_has_not_succeeded(begin: Begin) -> None:
    """Told by itself and stopped, it ends with the status that shells have for that."""
    demo = begin("--headless")
    running(demo, "bot.demo.shop")
    demo.send_signal(signal.SIGTERM)
    said, _ = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 130, said


def test_a_part_that_dies_ends_the_demo(begin: Begin, tmp_path: Path) -> None:
    """It is named, the others are stopped, and the traceback is beside the logs instead of on the screen."""
    demo = begin("--headless")
    started = running(demo, "bot.demo.shop", "bot.localslack", "serve")
    os.kill(next(process for process, line in started.items() if "bot.demo.shop" in line), signal.SIGKILL)
    said, _ = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 1, said
    assert "The demo stopped: shop ended by itself" in said
    assert "Traceback" not in said
    assert "Traceback" in (tmp_path / "demo" / "demo.log").read_text(encoding="utf-8")
    assert not [line for process, line in started.items() if is_there(process)]


def test_nohup_is_obeyed(begin: Begin) -> None:
    """A demo that was told to outlive its terminal does."""
    demo = begin(ignoring=signal.SIGHUP)
    running(demo, "bot.demo.shop")
    demo.send_signal(signal.SIGHUP)
    running(demo, "bot.demo.shop", "bot.localslack")
    demo.send_signal(signal.SIGTERM)
    said, _ = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0, said


def test_an_earlier_demo_s_folder_is_refused(begin: Begin, tmp_path: Path) -> None:
    """Its incident 1 is another story's: the folder is named, and nothing is started."""
    (tmp_path / "demo" / "data").mkdir(parents=True)
    demo = begin()
    said, _ = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 1
    assert "holds an earlier demo" in said
