"""A process is killed while its log writer is at work, or the log writer is: what was answered is there, once; whoever comes next waits for both."""

import asyncio
import os
import random
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.domain.clock import SystemClock
from bot.domain.ids import SYSTEM
from bot.domain.nouns import FIRELINE
from bot.persistence.store import Store, open_store
from tests.contract.test_journal_contract import assert_chain_holds, note, texts

AT_ONCE = 24
PROGRAM = f"""
import asyncio, itertools, os, signal, sys
import structlog
from bot.crashpoints import CrashPoint, watch
from bot.domain.clock import SystemClock
from bot.domain.facts import NoteAdded
from bot.domain.ids import IncidentId, incident_stream
from bot.domain.nouns import FIRELINE
from tests.fakes.log_writer import log_writer_of, open_with_log_writer

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

def say(word):
    sys.stdout.write(word + "\\n")
    sys.stdout.flush()

async def main(url, name, die_at):
    store = await open_with_log_writer(url, SystemClock(), many={AT_ONCE // 2})
    say(str(log_writer_of(store).pid))
    hits = itertools.count(1)

    def fate(point, detail):
        if point is CrashPoint.JOURNAL_HANDED_OVER and next(hits) == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    watch(fate)

    async def write(k):
        for n in itertools.count():
            text = f"{{name}}.{{k}}.{{n}}"
            facts = [NoteAdded(incident=IncidentId(1), text=text)] * 2
            await store.journal.append(incident_stream(IncidentId(1)), FIRELINE, facts)
            say(text)

    await asyncio.gather(*(write(k) for k in range({AT_ONCE})))

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


@dataclass
class Life:
    """A process that appends bursts and says what it was answered."""

    url: str
    name: str
    die_at: int = 0
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, self.url, self.name, str(self.die_at)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.log_writer = int(self.process.stdout.readline())

    def hear(self, lines: int) -> None:
        """Read so many answers."""
        assert self.process.stdout is not None
        self.told += [line.strip() for _, line in zip(range(lines), self.process.stdout, strict=False)]

    def end(self) -> None:
        """Kill it, where it has not died, and read what it said to the last."""
        self.process.kill()
        rest, _ = self.process.communicate(timeout=30)
        assert self.process.returncode == -signal.SIGKILL
        # The last line may be cut by the kill: it was not told whole.
        self.told += rest.splitlines()[:-1]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Name a database."""
    return f"sqlite:///{tmp_path}/fireline.db"


@pytest.fixture
def chance() -> Iterator[random.Random]:
    """Give chance by a seed that is printed: to find the moment again."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201 - as above
    return random.Random(seed)  # noqa: S311 - moments, not secrets


async def assert_all_is_there(url: str, told: list[str]) -> None:
    """Open the store at once, as a supervisor would, and count what was answered."""
    store = await open_store(url, SystemClock())
    assert_chain_holds(store.records)
    kept = texts(store.records.events())
    assert set(told) <= set(kept)
    appended = {text for text in kept if text.startswith("life")}
    assert all(kept.count(text) == 2 for text in appended), "an append is kept whole and once"
    (event,) = await store.journal.append(SYSTEM, FIRELINE, [note("0")])
    (again,) = await store.journal.append(SYSTEM, FIRELINE, [note("0")])
    assert again.prev == event.hash
    await store.close()


async def test_killed_while_the_log_writer_has_a_batch(url: str) -> None:
    """Nobody was answered; the batch may stand, whole, and what comes after follows it."""
    told: list[str] = []
    for number, die_at in enumerate((1, 5)):
        life = await asyncio.to_thread(Life, url, f"life{number}", die_at)
        await asyncio.to_thread(life.process.wait, 30)
        life.end()
        assert len(life.told) >= (die_at - 1) * AT_ONCE // 2 - 1
        told += life.told
        await assert_all_is_there(url, told)


async def test_either_is_killed_at_random(url: str, chance: random.Random) -> None:
    """The log writer first, so that the journal goes on alone, or the process with its log writer at work."""
    told: list[str] = []
    for number in range(4):
        life = await asyncio.to_thread(Life, url, f"life{number}")
        await asyncio.to_thread(life.hear, chance.randrange(20, 600))
        if number % 2:
            os.kill(life.log_writer, signal.SIGKILL)
            await asyncio.to_thread(life.hear, 4 * AT_ONCE)
            assert life.process.poll() is None
        life.end()
        told += life.told
        await assert_all_is_there(url, told)


async def test_nobody_leads_before_the_last_batch_is_written(url: str) -> None:
    """Killed, and its log writer sleeps over a batch: whoever starts waits for it, and finds what it wrote."""
    life = await asyncio.to_thread(Life, url, "life")
    await asyncio.to_thread(life.hear, 50)
    os.kill(life.log_writer, signal.SIGSTOP)
    await asyncio.sleep(0.3)  # by now a batch lies before it
    life.end()
    opening: asyncio.Task[Store] = asyncio.create_task(open_store(url, SystemClock()))
    try:
        await asyncio.sleep(0.5)
        assert not opening.done()
    finally:
        os.kill(life.log_writer, signal.SIGCONT)
    store = await opening
    assert_chain_holds(store.records)
    kept = texts(store.records.events())
    assert set(life.told) <= set(kept)
    await store.close()
