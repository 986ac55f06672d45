"""A process that appends is killed at a random instant: what it was told is durable is there, and the log goes on."""

import asyncio
import random
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.clock import SystemClock
from bot.domain.ids import SYSTEM
from bot.domain.nouns import FIRELINE
from bot.errors import ConfigurationError
from bot.persistence.store import Store, open_store
from tests.contract.test_journal_contract import assert_chain_holds, note, texts
from tests.fakes.postgres import postgres  # noqa: F401 - a fixture

WRITER = """
import asyncio, sys
from bot.domain.clock import SystemClock
from bot.domain.facts import NoteAdded
from bot.domain.ids import IncidentId, incident_stream
from bot.domain.nouns import FIRELINE
from bot.errors import ConfigurationError
from bot.persistence.store import open_store

async def main(url, name):
    store = await open_store(url, SystemClock())

    async def write(k):
        n = 0
        while True:
            text = f"{name}.{k}.{n}"
            n += 1
            facts = [NoteAdded(incident=IncidentId(k), text=text), NoteAdded(incident=IncidentId(k), text=text)]
            if n % 7 == 3:
                try:
                    await store.journal.submit(lambda tx: [tx.append(incident_stream(IncidentId(k)), FIRELINE, facts), 1 / 0])
                except ZeroDivisionError:
                    continue
            await store.journal.append(incident_stream(IncidentId(k)), FIRELINE, facts)
            sys.stdout.write(text + "\\n")
            sys.stdout.flush()

    await asyncio.gather(*(write(k) for k in range(1, 17)))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of an empty database, on each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/fireline.db"
    else:
        yield request.getfixturevalue("postgres").new_database()


async def reopened(url: str) -> Store:
    """Open the store as soon as the dead process's session is gone: a server may need a moment to see that."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await open_store(url, SystemClock())
            except ConfigurationError as error:
                if "in use" not in str(error):
                    raise
                await asyncio.sleep(0.05)


def killed_writer(url: str, name: str, lines: int) -> list[str]:
    """Run a writer, kill it after it was answered so many times, and return what it was told is durable."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, url, name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told = [line.strip() for _, line in zip(range(lines), process.stdout, strict=False)]
    process.send_signal(signal.SIGKILL)
    rest, errors = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL, errors
    # The last line may be cut by the kill: it was not told whole.
    return told + rest.splitlines()[:-1]


async def test_what_was_answered_outlives_the_process(url: str) -> None:
    """Killed three times over, each time at another moment; then everything is counted."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201 - to find the moment again
    chance = random.Random(seed)  # noqa: S311 - moments, not secrets
    told: list[str] = []
    for life in range(3):
        told += await asyncio.to_thread(killed_writer, url, f"life{life}", chance.randrange(20, 400))

        store = await reopened(url)
        assert_chain_holds(store.records)
        kept = texts(store.records.events())
        assert set(told) <= set(kept)
        assert all(kept.count(text) == 2 for text in told), "an append is kept whole and once"
        # Units that failed in the same batches left nothing, before or after the kill.
        assert not [
            text for text in kept if int(text.rpartition(".")[2] or 0) % 7 == 2 and text.startswith("life")
        ]
        (event,) = await store.journal.append(SYSTEM, FIRELINE, [note("0")])
        assert event.seq == len(kept) + 1
        await store.close()
