"""Homes for the command line: folders with a settings file and a database that was really written, and a way to run a command in them."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from bot.cli.app import main
from bot.domain import facts
from bot.domain.events import Event
from bot.domain.ids import INTAKE, EvidenceId, StepId
from bot.domain.nouns import FIRELINE, RunStatus, Severity, person
from bot.persistence.evidence_files import EvidenceFiles
from tests.fakes import tales
from tests.fakes.alerts import seen
from tests.fakes.store import open_test_store
from tests.fakes.timeline import Timeline

ROOT = Path(__file__).parents[3]
HOSTILE = "[red]no[/red] [/] \x1b]0;owned\x07\x1b[2J \x9b31m \u202eevil\rover \\"
"""Mark-up, an escape sequence that renames the terminal, one that clears it, a C1 control, a direction override, a carriage return."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Home:
    """A folder with `fireline.yaml` and `data/`."""

    folder: Path

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "fireline.yaml"

    @property
    def database(self) -> Path:
        """The database."""
        return self.folder / "data" / "fireline.db"

    @property
    def evidence(self) -> Path:
        """Where evidence is kept."""
        return self.folder / "data" / "evidence"

    def process(self, *arguments: str, **env: str) -> Ran:
        """Run a command as a process of its own; nobody is at its terminal."""
        done = subprocess.run(
            [sys.executable, "-m", "bot.cli", *arguments, "--config", str(self.config)],
            capture_output=True,
            check=False,
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **env},
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def make_home(folder: Path, *events: Event) -> Home:
    """Write a home with these events in its log."""
    home = Home(folder)
    (folder / "data").mkdir(parents=True, exist_ok=True)
    write_config(home)
    asyncio.run(_write(home, events))
    return home


def write_config(home: Home, text: str | None = None) -> None:
    """Write the settings; by default those of a home that is in order."""
    plain = (
        f"data_dir: {home.folder / 'data'}\nrunbooks: [{ROOT / 'runbooks'}]\nlogging: {{level: warning}}\n"
    )
    home.config.write_text(plain if text is None else text, encoding="utf-8")


async def _write(home: Home, events: Iterable[Event]) -> None:
    store = await open_test_store(home.folder / "data")
    for event in events:
        await store.journal.append(event.stream, event.actor, [event.fact])
    await store.close()


@cache
def _told() -> Path:
    """Make a home once: one incident as it should go, one whose every text is hostile, an alert that nobody wanted."""
    tale = tales.contained()
    hostile = Timeline(43)
    hostile.add(
        facts.IncidentOpened(
            incident=hostile.incident, title=HOSTILE, severity=Severity.SEV1, runbook="none"
        ),
        facts.IncidentAcknowledged(incident=hostile.incident, commander=HOSTILE),
        facts.NoteAdded(incident=hostile.incident, text=HOSTILE),
        by=person("U0MALLORY"),
    )
    stray = seen(alertname=HOSTILE, service=HOSTILE)
    hostile.add(
        facts.AlertsReceived(receiver="r", group_key="g", external_url="", changed=(stray,)),
        facts.AlertsUnmatched(keys=(stray.key,)),
        stream=INTAKE,
    )
    return make_home(
        Path(tempfile.mkdtemp(prefix="fireline-home-")) / "home", *tale.events, *hostile.events
    ).folder


@cache
def _proven() -> Path:
    """Make a home once whose evidence is really there."""
    folder = Path(tempfile.mkdtemp(prefix="fireline-proof-")) / "home"
    capture = EvidenceFiles(folder / "data" / "evidence").capture()
    capture.write(b'{"error rate": 0.31}\n' * 100)
    stored = capture.finish()
    tale = tales.opened(Timeline())
    kept = facts.EvidenceStored(
        incident=tale.incident,
        run=tales.RUN,
        step=StepId("before"),
        evidence=EvidenceId(f"{tales.RUN}/before/rate.json"),
        name="rate.json",
        evidence_class="metrics",
        sha256=stored.sha256,
        size=stored.size,
        media_type="application/json",
        source="test",
        tool="test",
        truncated=False,
    )
    tale.add(kept, tales.finished(RunStatus.SUCCEEDED), by=FIRELINE)
    return make_home(folder, *tale.events).folder


def _copy(of: Path, to: Path) -> Home:
    shutil.copytree(of, to)
    home = Home(to)
    write_config(home)
    return home


@pytest.fixture
def told(tmp_path: Path) -> Home:
    """A home with incidents 42 and 43."""
    return _copy(_told(), tmp_path / "told")


@pytest.fixture
def proven(tmp_path: Path) -> Home:
    """A home whose record is whole, evidence included."""
    return _copy(_proven(), tmp_path / "proven")


@pytest.fixture
def fireline(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Call it with a command's words: what it printed, and its exit status."""

    def run(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        status = 0
        try:
            main([str(each) for each in arguments])
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
        out, err = capsys.readouterr()
        return Ran(status, out, err)

    return run
