"""What Fireline's engine is measured beside: each in an environment of its own, from pinned packages, so that none of it becomes a dependency.

A rival is a file here that runs by itself (`dbos_bed.py`) and a list of packages (`dbos.txt`). Nothing here is imported elsewhere but this.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
CACHE = ROOT / ".bench"
"""Where the environments are kept from one run to the next; git ignores it."""
_INSTALL_SECONDS = 600
_SECONDS = 180


class Missing(Exception):
    """A rival that can't be had here, and why, in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """Something that runs the bed: `python` is its interpreter, `program` what it is given first."""

    name: str
    python: Path
    program: tuple[str, ...]

    def measure(self, what: str, url: str, folder: Path, *numbers: float) -> dict[str, Any]:
        """Run the bed in a process of its own and return what it found."""
        command = [str(self.python), *self.program, what, url, str(folder), *map(str, numbers)]
        # A session of its own: a rival whose time is over is ended with the server that it started.
        with subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as running:
            try:
                said, complained = running.communicate(timeout=_SECONDS)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(running.pid, signal.SIGKILL)
        assert running.returncode == 0, f"{self.name}: {complained[-2000:]}"
        found: dict[str, Any] = json.loads(said.splitlines()[-1])
        return found


def fireline() -> Contestant:
    """Return Fireline's own engine."""
    return Contestant(
        name="fireline", python=Path(sys.executable), program=("-m", "tests.benchmarks.engine_bed")
    )


def bare_commits() -> Contestant:
    """Return the limit."""
    return Contestant(
        name="bare commits", python=Path(sys.executable), program=(str(HERE / "bare_commits.py"),)
    )


def rival(name: str) -> Contestant:
    """Return a rival, installed once for each version of its list; Missing when that can't be done."""
    pins = HERE / f"{name}.txt"
    digest = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = CACHE / f"{name}-{digest}"
    python = folder / "bin" / "python"
    done = folder / "installed"
    if not done.exists():
        try:
            venv.create(folder, with_pip=True, clear=True)
            subprocess.run(
                [python, "-m", "pip", "install", "--quiet", "--requirement", pins],
                check=True,
                capture_output=True,
                text=True,
                timeout=_INSTALL_SECONDS,
            )
        except (OSError, subprocess.SubprocessError) as problem:
            said = str(getattr(problem, "stderr", "") or problem).strip().splitlines()
            why = said[-1] if said else type(problem).__name__
            raise Missing(f"{name} can't be installed here, so it is not measured: {why}") from None
        done.touch()
    return Contestant(name=name, python=python, program=(str(HERE / f"{name}_bed.py"),))
