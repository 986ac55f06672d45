"""A Fireline's folder, the service that its runbooks call, and the lives that it lives there, one after the other."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.demo.process import hold_port
from bot.demo.record import Record
from tests.fakes.http_server import serving
from tests.fakes.lives.ledger import Ledger
from tests.fakes.lives.life import STORIES
from tests.fakes.lives.nest import Life, Nest

PATIENCE = float(os.environ.get("CRASH_PATIENCE", "40"))
"""Seconds that a life may take to come to its end, on a machine that has other things to do."""
KILLED = -9


@dataclass
class Scene:
    """Where a story is played, however many lives it takes."""

    nest: Nest
    folder: Path
    ledger: Ledger
    target: str
    stories: Sequence[str]
    people: Sequence[str] = ()
    scheduled: Sequence[str] = ()
    database: str = ""
    lives: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        config: dict[str, Any] = {
            "data_dir": str(self.folder / "data"),
            "runbooks": [str(STORIES)],
            "vars": {"target": self.target},
            "groups": {"sre": ["U0BEN"]},
            "engine": {"shutdown_grace": "2s"},
            "logging": {"format": "json", "level": "info"},
            **({"database_url": self.database} if self.database else {}),
            **self.settings,
        }
        self.config.write_text(json.dumps(config), encoding="utf-8")

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "fireline.yaml"

    @property
    def data(self) -> Path:
        """Fireline's own folder."""
        return self.folder / "data"

    def begin(self, **order: Any) -> Life:
        """Begin a life; `order` adds to what every life is told."""
        self.lives += 1
        told = {
            "config": str(self.config),
            "log": str(self.folder / f"life{self.lives}.log"),
            "stories": list(self.stories),
            "people": list(self.people),
            "scheduled": list(self.scheduled),
            "census": str(self.folder / "census.json"),
            **order,
        }
        return self.nest.fork(told)

    async def live(self, **order: Any) -> int:
        """Live a life to its end, and return its exit code."""
        return await self.begin(**order).ended(within=PATIENCE)

    def census(self) -> Counter[str]:
        """Return how often each point was reached in the last life that came to its end by itself."""
        return Counter(json.loads((self.folder / "census.json").read_text(encoding="utf-8")))

    def log(self) -> str:
        """Return what all lives wrote, for a person who looks at a failure."""
        return "\n".join(
            f"--- life {number}\n{(self.folder / f'life{number}.log').read_text(errors='replace')[-6000:]}"
            for number in range(1, self.lives + 1)
            if (self.folder / f"life{number}.log").exists()
        )

    def integrity(self) -> str:
        """Have SQLite check its own file."""
        with contextlib.closing(sqlite3.connect(self.data / "fireline.db")) as connection:
            return str(connection.execute("PRAGMA integrity_check").fetchone()[0])

    @contextlib.contextmanager
    def record(self) -> Any:
        """Read the log from outside."""
        record = Record(self.database or f"sqlite:///{self.data / 'fireline.db'}")
        try:
            yield record.reader
        finally:
            record.close()


@contextlib.asynccontextmanager
async def scene(nest: Nest, folder: Path, stories: Sequence[str], **more: Any) -> AsyncIterator[Scene]:
    """Set a scene, with a service of its own."""
    ledger, port = Ledger(), hold_port()
    try:
        async with serving(ledger.app(), port.number) as url:
            yield Scene(nest=nest, folder=folder, ledger=ledger, target=url, stories=stories, **more)
    finally:
        port.release()
