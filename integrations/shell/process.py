"""Running one command under the warden: pipes, limits on output, the end in time.

It starts the warden (see `integrations.shell.warden`) and holds the pipe whose closing ends the command and all that came of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from integrations.shell.warden import LAST_RESORT

_WARDEN = str(Path(__file__).with_name("warden.py"))
_CHUNK = 64 * 1024
_LAST_WORDS = 0.5  # seconds for what is still in the pipes after the end
Sink = Callable[[bytes], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run. `program` is a path that can be executed; `environment` is all of the environment; `timeout` and `grace` in seconds."""

    program: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    directory: str
    stdin: bytes | None
    timeout: float
    grace: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended: one of `exit`, `signal` and `errno` (it could not be executed), or none of them when it was stopped."""

    duration: float
    exit: int | None = None
    signal: int | None = None
    errno: int | None = None
    timed_out: bool = False


async def run(command: Command, *, stdout: Sink, stderr: Sink) -> Ended:
    """Run a command to its end, or end it when its time is over or this coroutine is cancelled.

    Either way nothing of it runs any more on return. An exception that a sink raises ends the command and comes out.
    """
    started = time.monotonic()
    warden = _Warden(command)
    # A task of its own: a cancellation must not tear the start of a process apart, it only shortens what follows.
    work = asyncio.ensure_future(warden.work(stdout, stderr))
    try:
        done, _ = await asyncio.wait((work,), timeout=command.timeout)
    finally:
        warden.stop()
        try:
            await warden.until_over(work)
        finally:
            said = warden.report()
    if not work.cancelled():
        work.result()
    return Ended(
        exit=said.get("exit"),
        signal=said.get("signal"),
        errno=said.get("errno"),
        timed_out=not done,
        duration=round(time.monotonic() - started, 6),
    )


class _Warden:
    """One warden from Fireline's side: its two pipes and its process."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._reading, self._stop = os.pipe()
        self._status, self._reporting = os.pipe()
        os.set_blocking(self._status, False)
        self._process: Process | None = None
        self._errno: int | None = None

    def stop(self) -> None:
        """Tell the warden to end everything; again makes no difference."""
        if self._stop >= 0:
            os.close(self._stop)
            self._stop = -1

    async def work(self, stdout: Sink, stderr: Sink) -> None:
        """Start the warden, carry what the command says, and wait until the warden is done."""
        try:
            self._process = process = await self._start()
        except OSError as error:  # no process is free, or the argv is too long
            self._errno = error.errno or 0
            return
        finally:
            os.close(self._reading)
            os.close(self._reporting)
        pumps = asyncio.ensure_future(_pump_all(process, self._command.stdin, stdout, stderr))
        exited = asyncio.ensure_future(process.wait())
        await asyncio.wait((pumps, exited), return_when=asyncio.FIRST_EXCEPTION)
        if pumps.done() and pumps.exception():
            self.stop()
        await exited
        # What survived even the warden may hold the pipes; what it still says is nobody's concern.
        await asyncio.wait((pumps,), timeout=_LAST_WORDS)
        if not pumps.cancel():
            pumps.result()

    async def until_over(self, work: asyncio.Future[None]) -> None:
        """Wait until the warden has done what it was told; end it too if it does not.

        A cancellation meanwhile (the caller's own time is over) has to wait: it comes out when nothing runs any more.
        """
        deadline = time.monotonic() + self._command.grace + LAST_RESORT + _LAST_WORDS
        cancelled: asyncio.CancelledError | None = None
        while not work.done():
            left = deadline - time.monotonic()
            if left <= 0:
                if self._process is not None and self._process.returncode is None:
                    self._process.kill()
                work.cancel()
            try:
                await asyncio.wait((work,), timeout=max(left, 0.1))
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    def report(self) -> dict[str, int]:
        """Return what the warden said about the command's end; empty when it could not."""
        try:
            line = os.read(self._status, 4096)
        except BlockingIOError:
            line = b""
        os.close(self._status)
        if self._errno is not None:
            return {"errno": self._errno}
        return {str(name): int(value) for name, value in json.loads(line or b"{}").items()}

    async def _start(self) -> Process:
        command = self._command
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", _WARDEN, str(self._reading), str(self._reporting), str(command.grace)),
            *(command.program, *command.argv),
            stdin=DEVNULL if command.stdin is None else PIPE,
            stdout=PIPE,
            stderr=PIPE,
            cwd=command.directory,
            env=dict(command.environment),
            start_new_session=True,
            pass_fds=(self._reading, self._reporting),
        )


async def _pump_all(process: Process, stdin: bytes | None, stdout: Sink, stderr: Sink) -> None:
    assert process.stdout is not None  # noqa: S101 - `_start` asked for pipes
    assert process.stderr is not None  # noqa: S101 - likewise
    await asyncio.gather(
        _pump(process.stdout, stdout),
        _pump(process.stderr, stderr),
        _feed(process.stdin, stdin),
    )


async def _pump(stream: asyncio.StreamReader, sink: Sink) -> None:
    while chunk := await stream.read(_CHUNK):
        sink(chunk)


async def _feed(stream: asyncio.StreamWriter | None, text: bytes | None) -> None:
    if stream is None or text is None:
        return
    try:
        stream.write(text)
        await stream.drain()
        stream.close()
        await stream.wait_closed()
    except (BrokenPipeError, ConnectionResetError):  # a command need not read its input
        pass
