"""Two processes over one Postgres are killed, put to sleep, stopped and cut off from it at random instants, while deliveries come to both.

At the end every delivery that was answered has its one incident and its one run, which came to its end; terms follow one another without a gap; and
the chain verifies. The seed is printed. Part of the matrix (`make crash`); `STANDBY_ROUNDS` asks for more rounds.
"""

import contextlib
import os
import random
import secrets
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from bot.domain.facts import IncidentOpened, RunFinished, RunStarted
from bot.domain.nouns import RunStatus
from tests.fakes.pair import Calls, Half, Pair
from tests.fakes.postgres import Postgres, postgres  # noqa: F401 - a fixture

ROUNDS = int(os.environ.get("STANDBY_ROUNDS", "20"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.needs("postgres"),
    pytest.mark.skipif(os.environ.get("CRASH_MATRIX") != "1", reason="part of the matrix: make crash"),
]


class Supervisor:
    """Starts what has ended again, as systemd would, for as long as somebody waits with it."""

    def __init__(self, pair: Pair) -> None:
        self._halves = (pair.a, pair.b)

    def revive(self) -> None:
        """Start what has ended."""
        for half in self._halves:
            if half.process.pid is None:
                half.process.begin()

    def rest(self, seconds: float) -> None:
        """Wait, and watch meanwhile."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.revive()
            time.sleep(0.1)

    def one_leads(self, pair: Pair) -> bool:
        """Tell whether one of the two leads."""
        self.revive()
        return pair.a.leads() or pair.b.leads()


class Sender:
    """Delivers, to whichever door, until it is told that it was taken in."""

    def __init__(self, pair: Pair, chance: random.Random) -> None:
        self._doors = (pair.a, pair.b)
        self._chance = chance
        self._ending = threading.Event()
        self.answered: list[str] = []
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        while not self._ending.is_set():
            service = f"service-{len(self.answered)}"
            while not self._ending.is_set():
                with contextlib.suppress(httpx.HTTPError):
                    if self._chance.choice(self._doors).home.alert(service).status_code == 200:
                        self.answered.append(service)
                        break
                self._ending.wait(0.05)
            self._ending.wait(0.05)

    def stop(self) -> None:
        """Send no more."""
        self._ending.set()
        self._thread.join()


def strike(half: Half, chance: random.Random, cut: Callable[[], None], rest: Callable[[float], None]) -> str:
    """Do something bad; return what."""
    what = chance.choice(["kill", "sleep", "sleep", "stop", "cut"])
    if what == "cut":
        cut()
        return what
    pid = half.process.pid
    if pid is None:
        return "nothing"
    with contextlib.suppress(ProcessLookupError):
        if what == "kill":
            os.kill(pid, signal.SIGKILL)
        elif what == "stop":
            os.kill(pid, signal.SIGTERM)
        else:
            os.kill(pid, signal.SIGSTOP)
            rest(chance.uniform(0.5, 10.0))
            os.kill(pid, signal.SIGCONT)
    return what


@pytest.fixture
def calls() -> Iterator[Calls]:
    """What steps call."""
    made = Calls()
    yield made
    made.close()


def test_whatever_happens_to_either(
    tmp_path: Path,
    postgres: Postgres,  # noqa: F811 - the fixture
    calls: Calls,
    free_port: Callable[[], int],
) -> None:
    """See the module."""
    seed = int(os.environ.get("CRASH_SEED", secrets.randbits(32)))
    print(f"CRASH_SEED={seed} STANDBY_ROUNDS={ROUNDS}")  # noqa: T201 - to find the instants again
    chance = random.Random(seed)  # noqa: S311 - instants, no secret
    address = postgres.new_database()
    pair = Pair(tmp_path, address, calls.url, ports=(free_port(), free_port()))
    pair.start()
    supervisor, sender = Supervisor(pair), Sender(pair, chance)
    struck: Counter[str] = Counter()
    try:
        for _ in range(ROUNDS):
            supervisor.rest(chance.uniform(0.5, 4.0))
            half = pair.a if chance.random() < 0.5 else pair.b
            struck[strike(half, chance, lambda: postgres.break_connections(address), supervisor.rest)] += 1
            pair.until("one to lead", lambda: supervisor.one_leads(pair), within=20)
        sender.stop()
        pair.until("the relay to be empty", lambda: not pair.record.reader.relay_waiting())
        pair.until("every alert to be routed", lambda: not pair.record.reader.pending_alerts(limit=1))
        pair.until("every run's end", lambda: not pair.record.reader.unfinished_runs())
        check(pair, sender.answered)
        print(dict(struck), f"{len(sender.answered)} deliveries, {len(pair.terms())} terms")  # noqa: T201 - what it was
    finally:
        sender.stop()
        pair.stop()


def check(pair: Pair, answered: list[str]) -> None:
    """Compare the record with what was answered."""
    facts = [event.fact for event in pair.record.reader.events()]
    assert len([fact for fact in facts if isinstance(fact, IncidentOpened)]) == len(answered)
    assert len([fact for fact in facts if isinstance(fact, RunStarted)]) == len(answered)
    ends = Counter(fact.status for fact in facts if isinstance(fact, RunFinished))
    assert ends == {RunStatus.SUCCEEDED: len(answered)}
    assert [fact.term for fact in pair.terms()] == list(range(1, len(pair.terms()) + 1))
    pair.check_record()
