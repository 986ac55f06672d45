"""Processes that the demo and the acceptance tests start: each with its log in a file, a way to know that it is ready, and an end by its own id."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx

from bot.demo.loopback import environment, web
from bot.errors import FirelineError

T = TypeVar("T")

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends a demo: Ctrl-C, `kill`, and a terminal that goes away."""
READY_SECONDS = 30.0
STOP_SECONDS = 15.0
LOG_TAIL = 2000


class DemoFailed(FirelineError):
    """Something that the demo needs did not start, or the story did not go on."""


class HeldPort:
    """A port of 127.0.0.1 that is ours until `release`: nothing else is given it, and a server that we start can still listen there.

    The port is bound and never listened on, which keeps the system from giving it to anybody who asks for any port; servers set SO_REUSEADDR, as ours
    does, and may bind it too (socket(7)). What would let a second demo do the same is an abstract name beside it (unix(7)), which ends with us.
    """

    def __init__(self, wanted: int = 0) -> None:
        """Take `wanted`; any free port for 0. OSError when something else has it."""
        self._name = socket.socket(socket.AF_UNIX)
        self._port = socket.socket()
        try:
            self._port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._port.bind(("127.0.0.1", wanted))
            self.number = int(self._port.getsockname()[1])
            self._name.bind(f"\0fireline-port-{self.number}")
        except OSError:
            self.release()
            raise

    def release(self) -> None:
        """Leave the port to others."""
        self._port.close()
        self._name.close()

    def __del__(self) -> None:
        """Leave it with the one that held it."""
        self.release()


def hold_port(wanted: int = 0) -> HeldPort:
    """Take `wanted` when it can be had, any other free port when not."""
    try:
        return HeldPort(wanted)
    except OSError:
        return HeldPort()


def wait_for(what: str, look: Callable[[], T | None], *, within: float, every: float = 0.1) -> T:
    """Return what `look` finds, asking until it finds something; DemoFailed names `what` when it takes longer than `within` seconds."""
    until = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > until:
            raise DemoFailed(f"Waited {within:g} s in vain for {what}.")
        time.sleep(every)


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Let the signals that end a demo wait: one in the middle of starting a child would lose the child's id, and the child would stay."""
    came: list[int] = []
    before = {}
    try:
        for number in (*ENDING, signal.SIGALRM):
            if signal.getsignal(number) not in {signal.SIG_IGN, signal.SIG_DFL, None}:
                before[number] = signal.signal(number, lambda each, _frame: came.append(each))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for each in came:
        signal.raise_signal(each)


@dataclass(slots=True, kw_only=True)
class Process:
    """A child process; `ready` is a URL that answers below 500 once it can be used."""

    name: str
    argv: Sequence[str]
    log: Path
    ready: str
    env: Mapping[str, str] = field(default_factory=dict)
    _child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers; DemoFailed shows the end of its log when it does not."""
        self.begin()
        self.wait()

    def wait(self) -> None:
        """Wait until it answers; DemoFailed shows the end of its log when it does not."""
        try:
            wait_for(f"{self.name} to answer", self._answers, within=READY_SECONDS)
        except DemoFailed as problem:
            self.stop()
            raise DemoFailed(f"{problem} The end of {self.log}:\n{self.log_tail()}") from None

    def begin(self) -> None:
        """Start it, and leave it to itself; DemoFailed when there is no such program."""
        with self.log.open("ab") as log, _held_back():
            try:
                self._child = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
                    list(self.argv),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=environment(self.env),
                    # Ctrl-C in the terminal reaches the demo alone, which then ends its children in order.
                    start_new_session=True,
                )
            except OSError as error:
                raise DemoFailed(f"{self.name} can't be started: {error.strerror}: {self.argv[0]}") from None

    def _answers(self) -> bool:
        child = self._child
        if child is None or child.poll() is not None:
            raise DemoFailed(
                f"{self.name} ended by itself with status {child.returncode if child else 'unknown'}."
            )
        try:
            return web().get(self.ready, timeout=2.0).status_code < 500  # noqa: PLR2004 - a server error is not ready
        except httpx.HTTPError:
            return False

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    @property
    def gone(self) -> bool:
        """Whether it ended without being asked to."""
        return self._child is not None and self._child.poll() is not None

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL, no goodbye."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and make it end if it does not."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        child = self._child
        if child is None:
            return
        if child.poll() is None:
            child.send_signal(number)
        try:
            child.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(timeout=STOP_SECONDS)
        self._child = None

    def log_tail(self) -> str:
        """Return the end of what it printed."""
        return self.log.read_text(errors="replace")[-LOG_TAIL:] if self.log.exists() else ""
