"""A process that has imported everything, and forks a life from itself at each order: a start takes milliseconds, and the life is a real process.

The nest lives one empty life first, so that what is made once a process is made; of that life nothing is open any more when it forks.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]


class Nest:
    """The test's end of a nest. What it is asked takes milliseconds: the answer is waited for on the spot."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def fork(self, order: Mapping[str, Any]) -> Life:
        """Start a life (`tests.fakes.lives.life` says what an order has)."""
        return Life(nest=self, pid=int(self.ask(f"fork {json.dumps(order)}")))

    def ask(self, line: str) -> str:
        """Give the nest an order and return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        assert answer, "the nest has died"
        return answer


@dataclass
class Life:
    """One process of Fireline."""

    nest: Nest
    pid: int
    _pidfd: int = field(init=False)

    def __post_init__(self) -> None:
        self._pidfd = os.pidfd_open(self.pid)

    def kill(self) -> None:
        """Kill it; nothing happens when it is dead."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    async def ended(self, *, within: float) -> int:
        """Wait for its end and return its exit code, minus the signal that killed it; TimeoutError when it goes on living."""
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        loop.add_reader(self._pidfd, over.cancel)
        try:
            async with asyncio.timeout(within):
                await asyncio.wait({over})
        except TimeoutError:
            self.kill()
            self._reap()
            raise
        finally:
            loop.remove_reader(self._pidfd)
        return self._reap()

    def _reap(self) -> int:
        status = int(self.nest.ask(f"reap {self.pid}"))
        os.close(self._pidfd)
        return os.waitstatus_to_exitcode(status)


@contextlib.contextmanager
def nest() -> Iterator[Nest]:
    """Give a nest for as long as the block lasts; what still lives then is killed."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.lives.nest"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as process:
        yield Nest(process)


def main() -> None:
    """Take orders until the one who gives them goes away."""
    from tests.fakes.lives.life import live, warm_up  # noqa: PLC0415 - the imports are what the nest is there for

    with tempfile.TemporaryDirectory() as folder:
        warm_up(Path(folder))
    lives: set[int] = set()
    for line in sys.stdin:
        word, _, rest = line.partition(" ")
        if word == "fork":
            pid = os.fork()
            if pid == 0:
                live(json.loads(rest))
            lives.add(pid)
            print(pid, flush=True)  # noqa: T201 - the answer
        else:
            lives.discard(int(rest))
            print(os.waitpid(int(rest), 0)[1], flush=True)  # noqa: T201 - likewise
    for pid in lives:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
