"""The warden: a small process between Fireline and a command, which sees to it that the command leaves nothing running.

It is started as a script, `python -I -S warden.py CONTROL STATUS GRACE PROGRAM ARGV…`, and imports little, all of it from the standard library.

- CONTROL is the reading end of a pipe whose other end Fireline alone holds. When that closes, because Fireline wants the command ended or
  because Fireline is dead (`kill -9` included), the warden ends the command: SIGTERM to everything, GRACE seconds, SIGKILL until nothing is left.
- STATUS is the writing end of a pipe; a line of JSON says how it ended: `{"exit": 3}`, `{"signal": 9}`, `{"errno": 2}`, `{"stopped": 1}`.
- What the command leaves running when it ends by itself is ended in the same way.

On Linux the warden is a child subreaper (prctl(2)): a grandchild that left the process group and the session to get away comes back to it as a
child. The command itself gets SIGKILL from the kernel if the warden dies first. Elsewhere only the command's process group is ended.

It refuses to interpret anything: no shell, no expansion, no environment of its own.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LAST_RESORT = 2.0
"""Seconds for which SIGKILL is repeated before the warden gives up (a process stuck in the kernel, or somebody else's)."""


def main(argv: list[str]) -> None:
    """Run the command to its end, or to Fireline's."""
    control, status, grace = int(argv[1]), int(argv[2]), float(argv[3])
    for fd in (control, status):
        os.set_inheritable(fd, False)  # noqa: FBT003 - takes no name
    prctl = _prctl()
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    woken = _listen_to_signals()
    command = _start(argv[4], argv[5:], status, prctl)
    if command is None:
        return
    _let_go_of_output()
    ended = _wait(command, control, woken)
    _end_everything(command, grace)
    _report(status, ended or {"stopped": 1})


def _prctl() -> Callable[[int, int], int]:
    if sys.platform != "linux":
        return lambda _option, _value: 0
    call = ctypes.CDLL(None).prctl
    return lambda option, value: int(call(option, value, 0, 0, 0))


def _listen_to_signals() -> int:
    """Wake on SIGCHLD; outlive SIGTERM, SIGINT and SIGHUP meant for the whole service, because CONTROL says when to stop."""
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    for each in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, lambda *_: None)
    return woken


def _start(program: str, argv: list[str], status: int, prctl: Callable[[int, int], int]) -> int | None:
    """Start the command in a process group of its own; None, with the errno reported, when it can't be executed."""
    reading, writing = os.pipe()  # a successful exec closes it, so silence means success
    warden = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            os.setpgid(0, 0)
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            for each in (
                signal.SIGPIPE,
                signal.SIGXFSZ,
            ):  # Python ignores these, and exec would keep it so
                signal.signal(each, signal.SIG_DFL)
            if os.getppid() == warden:  # else it died before the kernel was told to watch it
                os.execve(program, argv, os.environ)  # noqa: S606 - an argv, never a shell
        except OSError as error:
            os.write(writing, str(error.errno).encode())
        finally:
            os._exit(127)
    os.close(writing)
    failed = os.read(reading, 16)
    os.close(reading)
    if not failed:
        return child
    os.waitpid(child, 0)
    _report(status, {"errno": int(failed)})
    return None


def _report(status: int, ended: dict[str, int]) -> None:
    with contextlib.suppress(BrokenPipeError):  # Fireline is dead; nobody asks
        os.write(status, json.dumps(ended).encode() + b"\n")


def _let_go_of_output() -> None:
    """Leave the output pipes to the command alone: their end has to mean that nobody writes any more."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    os.close(nothing)


def _wait(command: int, control: int, woken: int) -> dict[str, int] | None:
    """Wait for the command's end or for the word to end it; None when the word came first."""
    while True:
        ready, _, _ = select.select([control, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            ended = _reap(command)
            if ended is not None:
                return ended
        if control in ready:
            return None


def _reap(command: int) -> dict[str, int] | None:
    """Take leave of every child that ended; say how the command did, if it is among them."""
    ended = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        if pid == command:
            code = os.waitstatus_to_exitcode(status)
            ended = {"exit": code} if code >= 0 else {"signal": -code}


def _end_everything(command: int, grace: float) -> None:
    """End what is left: ask, wait, kill until nothing is left."""
    if _gone():
        return
    _signal_all(command, signal.SIGTERM)
    _until_gone(time.monotonic() + grace)
    last = time.monotonic() + LAST_RESORT
    while not _gone() and time.monotonic() < last:
        _signal_all(command, signal.SIGKILL)
        _until_gone(min(last, time.monotonic() + 0.05))


def _until_gone(deadline: float) -> None:
    while not _gone() and time.monotonic() < deadline:
        time.sleep(0.01)


def _gone() -> bool:
    """Tell whether nothing is left: a subreaper that has no child has no descendant either."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def _signal_all(command: int, number: int) -> None:
    for pid in (-command, *_descendants()):
        try:
            os.kill(pid, number)
        except OSError:  # it ended meanwhile, or became somebody else's (setuid)
            continue


def _descendants() -> list[int]:
    """Return every process below this one, from /proc; none where there is no /proc."""
    children: dict[int, list[int]] = {}
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - pathlib takes longer to import than all else here
    except OSError:
        return []
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - likewise
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except OSError:  # it ended meanwhile
            continue
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    todo = [os.getpid()]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


if __name__ == "__main__":
    main(sys.argv)
