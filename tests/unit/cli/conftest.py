"""Homes for the command line: folders with a settings file and a database that was really written, and a way to run a command in them."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.cli.app import main
from bot.domain import facts
from bot.domain.events import Event
from bot.domain.ids import INTAKE, SYSTEM, Digest, EvidenceId, LetterId, LetterKey, RunId, StepId
from bot.domain.nouns import FIRELINE, DeadKind, DeadReason, RunStatus, Severity, person
from bot.persistence.evidence_files import EvidenceFiles
from tests.fakes import tales
from tests.fakes.alerts import seen
from tests.fakes.answering import Running, answering
from tests.fakes.store import open_test_store
from tests.fakes.timeline import Timeline

ROOT = Path(__file__).parents[3]
HOSTILE = "[red]no[/red] [/] \x1b]0;owned\x07\x1b[2J \x9b31m \u202eevil\rover \\"
"""Mark-up, an escape sequence that renames the terminal, one that clears it, a C1 control, a direction override, a carriage return."""


RUN = RunId("42-1")
COMMON: dict[str, Any] = {"digest": Digest("d"), "seed": "s", "autonomy": "auto", "inputs": {}, "scope": {}}


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


def letter(number: int, what: DeadKind, about: str, **more: Any) -> facts.DeadLetterLanded:
    """Make a landing."""
    told: dict[str, Any] = {"reason": DeadReason.BUG, "title": f"the {what}", "detail": HOSTILE, "tries": 1}
    return facts.DeadLetterLanded(
        letter=LetterId(number), key=LetterKey(f"{what}/{about}"), what=what, **{**told, **more}
    )


@pytest.fixture
def stuck(tmp_path: Path) -> Home:
    """A home with a dead run, a dead message, and one that was discarded."""
    tale = Timeline(42)
    tale.add(facts.IncidentOpened(incident=tale.incident, title="Down", severity=Severity.SEV2))
    tale.add(facts.RunStarted(run=RUN, runbook="checkout-errors", **COMMON))
    tale.add(facts.RunFinished(run=RUN, status=RunStatus.FAILED, reason="bug", given_up=True))
    tale.add(
        letter(
            1,
            DeadKind.RUN,
            RUN,
            tries=2,
            title="run 42-1 of checkout-errors",
            incident=tale.incident,
            run=RUN,
        ),
        letter(2, DeadKind.MESSAGE, "incident/42/status", reason=DeadReason.REFUSED, incident=tale.incident),
    )
    tale.add(letter(3, DeadKind.SCHEDULE, "sweep"), stream=SYSTEM)
    done = facts.DeadLetterDiscarded(
        letter=LetterId(3), key=LetterKey("schedule/sweep"), what=DeadKind.SCHEDULE, why="not tonight"
    )
    tale.add(done, stream=SYSTEM, by=person("U0ADA"))
    return make_home(tmp_path / "home", *tale.events)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A running Fireline for commands to ask."""
    with answering(tmp_path) as here:
        yield here


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
