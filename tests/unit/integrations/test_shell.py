"""`shell.run`, with real commands: what it gives them, what it keeps of them, and that nothing of them stays."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions.contract import InvalidInputs
from bot.actions.outcome import Failed, Reason, Succeeded
from integrations.shell import ShellConfig, actions
from integrations.shell.headtail import HeadTail
from integrations.transport import Transport
from tests.fakes.actions import FakeSecrets, MemoryCapture, a_call, outcome_of

# A tree that does not want to end: each process ignores SIGTERM, the last has left the group and the session. Each writes its pid.
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def note():
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()}\\n")
note()
if os.fork() == 0:
    note()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            note()
print("ready", flush=True)
while True:
    time.sleep(1)
"""

# A command that ends at once and leaves such a tree behind.
ABANDONING = """
import os, subprocess, sys, time
file = sys.argv[2]
subprocess.Popen([sys.executable, "-c", sys.argv[1], file])
while not os.path.exists(file) or len(open(file).read().split()) < 3:
    time.sleep(0.01)
"""

GENTLE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("cleaned up", flush=True), sys.exit(0)))
print("on", flush=True)
time.sleep(60)
"""


class Everything:
    """A list of commands on which every command stands."""

    def __contains__(self, command: object) -> bool:
        return True


def shell(tmp_path: Path, **more: Any) -> Any:
    """Make the action, with everything allowed unless said otherwise."""
    config = ShellConfig(**{"allowed": Everything(), "directory": str(tmp_path), "grace": 0.3, **more})
    return actions(config, Transport())[0]


def python(script: str, *arguments: str) -> list[str]:
    """Make an argv that runs a Python script."""
    return [sys.executable, "-c", script, *arguments]


async def until(condition: Callable[[], bool], within: float) -> bool:
    """Wait on a condition; False when it does not come true in time."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True


def alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def pids_in(file: Path) -> list[int]:
    """Return the pids that a stubborn tree wrote."""
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def names_in(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return [each.name for each in folder.iterdir()]


def command_lines() -> str:
    """Return the argv of every process, as /proc has them."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(each.read_text(errors="replace"))
    return "\n".join(found)


def another_fireline(script: str) -> subprocess.Popen[bytes]:
    """Start a process that plays Fireline, to be killed."""
    root = str(Path(__file__).parents[3])
    return subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": root})


async def test_output_exit_code_and_duration(tmp_path: Path) -> None:
    """A command's account of itself comes back, and standard output is evidence."""
    capture = MemoryCapture()
    outcome = await outcome_of(
        shell(tmp_path),
        {"argv": ["sh", "-c", "cat; pwd; echo oops >&2"], "stdin": "grüezi\n"},
        a_call(capture=capture),
    )
    assert isinstance(outcome, Succeeded), outcome
    assert outcome.output["stdout"] == f"grüezi\n{tmp_path}\n"
    assert (outcome.output["stderr"], outcome.output["exit_code"]) == ("oops\n", 0)
    assert outcome.output["truncated"] is False
    assert outcome.output["duration"] > 0
    assert capture.data.decode() == outcome.output["stdout"]
    assert capture.source == "sh -c 'cat; pwd; echo oops >&2'"


async def test_nothing_is_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is what the settings and the step say, no descriptor leaks, and standard input is empty."""
    monkeypatch.setenv("FIRELINE_TOKEN", "must-not-leak")
    script = "import os, sys, json; print(json.dumps([dict(os.environ), sorted(os.listdir('/proc/self/fd')), sys.stdin.read()]))"
    action = shell(tmp_path, environment={"REGION": "zrh"}, path="/usr/bin:/bin")
    outcome = await outcome_of(action, {"argv": python(script), "env": {"A": "b"}, "parse": "json"}, a_call())
    environment, descriptors, stdin = outcome.output["json"]
    environment.pop("LC_CTYPE", None)  # Python's own doing
    assert environment == {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "REGION": "zrh",
        "A": "b",
    }
    assert descriptors == ["0", "1", "2", "3"]  # the last is the listing itself
    assert stdin == ""


async def test_secrets_reach_the_environment_and_nothing_else(tmp_path: Path) -> None:
    """A secret that a command prints is masked in output, error output, detail and evidence."""
    capture = MemoryCapture()
    outcome = await outcome_of(
        shell(tmp_path),
        {
            "argv": [
                "sh",
                "-c",
                'echo "$T"; echo "$T" >&2; test "$T" = hunter2hunter2 && exit 7',
            ],
            "env": {"T": {"secret": "t"}},
        },
        a_call(capture=capture, secrets=FakeSecrets({"t": "hunter2hunter2"})),
    )
    assert isinstance(outcome, Failed)
    assert outcome.output["exit_code"] == 7
    assert "hunter2" not in f"{outcome}{capture.data!r}{capture.source}"
    assert capture.data == b"***\n"


@pytest.mark.parametrize(
    ("script", "code", "how"),
    [("echo no such pod >&2; exit 3", 3, "exit code 3: no such pod"), ("kill -SEGV $$", 139, "SIGSEGV"), ("kill -40 $$", 168, "signal 40")],
)  # fmt: skip
async def test_unwelcome_ends_may_have_applied(tmp_path: Path, script: str, code: int, how: str) -> None:
    """An exit code that is not fine, or a signal: rejected, and nobody can tell how far it came."""
    outcome = await outcome_of(shell(tmp_path), {"argv": ["sh", "-c", script]}, a_call())
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.applied, outcome.output["exit_code"]) == (
        Reason.REJECTED,
        True,
        code,
    )
    assert how in outcome.detail


async def test_ok_codes(tmp_path: Path) -> None:
    """Success is what the step says it is."""
    outcome = await outcome_of(
        shell(tmp_path), {"argv": ["sh", "-c", "exit 3"], "ok_codes": [0, 3]}, a_call()
    )
    assert isinstance(outcome, Succeeded)


@pytest.mark.parametrize(
    ("argv", "config", "reason"),
    [
        (["no-such-command-here"], {}, Reason.NOT_FOUND),
        (["./absent"], {}, Reason.NOT_FOUND),
        (["./no-interpreter"], {}, Reason.NOT_FOUND),
        (["./garbage"], {}, Reason.INVALID),
        (
            ["sh", "-c", "true"],
            {"allowed": frozenset({"/bin/sh", "shh"})},
            Reason.FORBIDDEN,
        ),
        (["sh"], {"allowed": frozenset()}, Reason.FORBIDDEN),
        (["sh"], {"directory": "/no/such/folder"}, Reason.INVALID),
        (["sh", "-c", "true", "x" * 3_000_000], {}, Reason.INVALID),
    ],
)
async def test_what_can_not_start_did_not_apply(
    tmp_path: Path, argv: list[str], config: dict[str, Any], reason: Reason
) -> None:
    """Not allowed, not there, not executable: nothing happened, for certain."""
    for name, text in (
        ("no-interpreter", "#!/no/such/interpreter\n"),
        ("garbage", "\x01\x02"),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    outcome = await outcome_of(shell(tmp_path, **config), {"argv": argv}, a_call())
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.may_have_applied) == (reason, False), outcome


async def test_arguments_are_never_text_for_a_shell(tmp_path: Path) -> None:
    """What came from outside stays one argument, whatever it looks like; numbers are written out."""
    hostile = "$(touch hacked); `touch hacked` && echo 'x' \"y\" \n *"
    argv = python("import sys, json; print(json.dumps(sys.argv[1:]))", hostile)
    outcome = await outcome_of(shell(tmp_path), {"argv": [*argv, 5, 2.5], "parse": "json"}, a_call())
    assert outcome.output["json"] == [hostile, "5", "2.5"]
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("printed", "parsed"),
    [('{"a": 1}', {"a": 1}), ("nothing", None), ('{"a": NaN}', None), ('{"a": 1e999}', None), ("1.5", 1.5)],
)
async def test_json_output(tmp_path: Path, printed: str, parsed: Any) -> None:
    """`parse: json` parses what is JSON; else null."""
    outcome = await outcome_of(shell(tmp_path), {"argv": ["echo", printed], "parse": "json"}, a_call())
    assert outcome.output["json"] == parsed


async def test_a_flood_is_cut_in_the_middle_and_blocks_nobody(tmp_path: Path) -> None:
    """Megabytes on both streams: head and tail are kept, evidence gets all, the pipes never fill up."""
    script = "import sys\nfor s in (sys.stdout, sys.stderr):\n s.write('begin' + 'x' * 3_000_000 + 'end')"
    capture = MemoryCapture()
    outcome = await outcome_of(
        shell(tmp_path),
        {"argv": python(script), "max_output": 100},
        a_call(capture=capture),
    )
    assert isinstance(outcome, Succeeded)
    for stream in ("stdout", "stderr"):
        kept = outcome.output[stream]
        assert kept.startswith("beginxxx")
        assert kept.endswith("xxxend")
        assert "2999908 bytes left out" in kept
    assert outcome.output["truncated"]
    assert len(capture.data) == 3_000_008


async def test_input_that_nobody_reads_blocks_nobody(tmp_path: Path) -> None:
    """A command need not read its input."""
    outcome = await outcome_of(shell(tmp_path), {"argv": ["true"], "stdin": "x" * 1_000_000}, a_call())
    assert isinstance(outcome, Succeeded)


async def test_a_capture_that_fails_leaves_nothing_running(tmp_path: Path) -> None:
    """The disk is full: the error comes out, and the command is over."""

    class FullDisk(MemoryCapture):
        def write(self, chunk: bytes) -> None:
            raise OSError(28, "No space left on device")

    file = tmp_path / "pids"
    with pytest.raises(OSError, match="No space"):
        await shell(tmp_path).run(
            shell(tmp_path).spec.check({"argv": python(STUBBORN, str(file))}),
            a_call(capture=FullDisk()),
        )
    assert not any(alive(pid) for pid in pids_in(file))


class TestNothingStays:
    """However it ends, no process of the command outlives the step."""

    async def test_after_a_timeout(self, tmp_path: Path) -> None:
        """A tree that ignores SIGTERM, one of it in another session, is gone within 5 s of its time."""
        file = tmp_path / "pids"
        started = time.monotonic()
        outcome = await outcome_of(
            shell(tmp_path), {"argv": python(STUBBORN, str(file))}, a_call(timeout=1.0)
        )
        took = time.monotonic() - started
        assert isinstance(outcome, Failed)
        assert (outcome.reason, outcome.may_have_applied) == (Reason.TIMEOUT, True)
        assert outcome.output["stdout"].strip().startswith("ready")
        assert len(pids_in(file)) == 3
        assert not any(alive(pid) for pid in pids_in(file))
        assert took < 1.0 + 5

    async def test_after_a_timeout_that_is_cut_short(self, tmp_path: Path) -> None:
        """The engine's own timeout, and a person's cancel on top of it, come while the tree is being ended: it is ended all the same."""
        file = tmp_path / "pids"
        action = shell(tmp_path, grace=0.5)

        async def as_the_engine_does() -> None:
            async with asyncio.timeout(1.0):
                await outcome_of(action, {"argv": python(STUBBORN, str(file))}, a_call(timeout=1.0))

        running = asyncio.ensure_future(as_the_engine_does())
        asyncio.get_running_loop().call_later(1.1, running.cancel)
        with pytest.raises((TimeoutError, asyncio.CancelledError)):
            await running
        assert pids_in(file)
        assert not any(alive(pid) for pid in pids_in(file))

    async def test_after_a_timeout_in_silence(self, tmp_path: Path) -> None:
        """A command that closed its output is still one that was not done in time."""
        argv = ["sh", "-c", "exec >&- 2>&- <&-; sleep 60"]
        outcome = await outcome_of(shell(tmp_path), {"argv": argv}, a_call(timeout=0.5))
        assert isinstance(outcome, Failed)
        assert (outcome.reason, outcome.output["exit_code"]) == (Reason.TIMEOUT, None)

    async def test_after_a_cancellation(self, tmp_path: Path) -> None:
        """The same tree, and the run is cancelled."""
        file = tmp_path / "pids"
        action = shell(tmp_path)
        running = asyncio.ensure_future(
            outcome_of(action, {"argv": python(STUBBORN, str(file))}, a_call(timeout=60))
        )
        assert await until(lambda: len(pids_in(file)) == 3, 10)
        running.cancel()
        started = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert time.monotonic() - started < 5
        assert not any(alive(pid) for pid in pids_in(file))

    @pytest.mark.parametrize("turns", range(8))
    async def test_after_a_cancellation_at_the_start(self, tmp_path: Path, turns: int) -> None:
        """Cancelled while it is being started, at whatever point: it never was, or it is gone."""
        action = shell(tmp_path)
        running = asyncio.ensure_future(
            outcome_of(action, {"argv": ["sleep", f"77.{os.getpid()}{turns}"]}, a_call(timeout=60))
        )
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert f"sleep\x0077.{os.getpid()}{turns}" not in command_lines()

    async def test_after_its_own_end(self, tmp_path: Path) -> None:
        """What a command leaves in the background is ended, and its output pipe holds nobody up."""
        file = tmp_path / "pids"
        started = time.monotonic()
        outcome = await outcome_of(
            shell(tmp_path), {"argv": python(ABANDONING, STUBBORN, str(file))}, a_call(timeout=30)
        )
        assert isinstance(outcome, Succeeded), outcome
        assert time.monotonic() - started < 10
        assert len(pids_in(file)) == 3
        assert not any(alive(pid) for pid in pids_in(file))

    async def test_a_gentle_end_is_given_time(self, tmp_path: Path) -> None:
        """SIGTERM comes first, and a command that cleans up may."""
        outcome = await outcome_of(shell(tmp_path, grace=5.0), {"argv": python(GENTLE)}, a_call(timeout=1.0))
        assert isinstance(outcome, Failed)
        assert outcome.output["stdout"] == "on\ncleaned up\n"

    async def test_after_fireline_is_killed(self, tmp_path: Path) -> None:
        """`kill -9` of Fireline itself: the tree is gone within 5 s all the same."""
        file = tmp_path / "pids"
        parent = f"""
import asyncio
from integrations.shell import ShellConfig, actions
from tests.fakes.actions import a_call
action = actions(ShellConfig(allowed={sys.executable!r}, grace=0.3), None)[0]
asyncio.run(action.run(action.spec.check({{"argv": {python(STUBBORN, str(file))!r}}}), a_call(timeout=60)))
"""
        fireline = another_fireline(parent)
        assert await until(lambda: len(pids_in(file)) == 3, 20)
        fireline.send_signal(signal.SIGKILL)
        fireline.wait()
        assert await until(lambda: not any(alive(pid) for pid in pids_in(file)), 5)

    async def test_after_the_warden_is_killed(self, tmp_path: Path) -> None:
        """The warden dies: the command dies with it, and the step says that nobody knows."""
        action = shell(tmp_path)
        script = "import os; print(os.getppid(), os.getpid(), flush=True); import time; time.sleep(60)"
        capture = MemoryCapture()
        running = asyncio.ensure_future(
            outcome_of(action, {"argv": python(script)}, a_call(timeout=30, capture=capture))
        )
        assert await until(lambda: capture.data.endswith(b"\n"), 10)
        warden, command = map(int, capture.data.split())
        os.kill(warden, signal.SIGKILL)
        outcome = await running
        assert isinstance(outcome, Failed)
        assert (outcome.reason, outcome.may_have_applied) == (Reason.UNAVAILABLE, True)
        assert await until(lambda: not alive(command), 5)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"argv": "rm -rf /"}, "argv"), ({"argv": []}, "argv"), ({"argv": [""]}, "names the command"),
        ({"argv": ["a\0b"]}, "NUL"), ({"argv": ["x", True]}, "argv"), ({"argv": ["x"], "env": {"A=B": "c"}}, "no name"),
        ({"argv": ["x"], "env": {"PATH": "/x"}}, "PATH"), ({"argv": ["x"], "env": {"LD_PRELOAD": "/x"}}, "LD_PRELOAD"),
        ({"argv": ["x"], "env": {"A": "\0"}}, "NUL"),
    ],
)  # fmt: skip
def test_inputs_that_can_not_work_are_refused(tmp_path: Path, values: dict[str, Any], problem: str) -> None:
    """Each misfit is told, before anything starts."""
    with pytest.raises(InvalidInputs, match=problem):
        shell(tmp_path).spec.check(values)


@given(
    st.lists(st.binary(max_size=30), max_size=20),
    st.integers(min_value=0, max_value=60),
)
def test_head_and_tail_are_what_they_say(chunks: list[bytes], limit: int) -> None:
    """However the bytes come, the first and last half of the limit are kept and the rest is counted."""
    kept = HeadTail(limit)
    for chunk in chunks:
        kept.write(chunk)
    whole = b"".join(chunks)
    assert kept.truncated is (len(whole) > limit)
    if not kept.truncated:
        assert kept.text() == whole.decode(errors="replace")
    else:
        head, tail = limit - limit // 2, limit // 2
        assert kept.text().startswith(whole[:head].decode(errors="replace"))
        assert kept.text().endswith(whole[len(whole) - tail :].decode(errors="replace"))
        assert f"{len(whole) - limit} bytes left out" in kept.text()


def test_the_warden_is_quick_to_start() -> None:
    """It imports no more than it needs: nothing from site-packages, no subprocess, no asyncio."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import warden; print(*sorted(sys.modules))"
    folder = Path(__file__).parents[3] / "integrations" / "shell"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert not {
        "subprocess",
        "asyncio",
        "threading",
        "socket",
        "pathlib",
        "pydantic",
    } & set(done.stdout.split())
