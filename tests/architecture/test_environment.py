"""Making the environment says in a sentence what stands in the way."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

CASES = {
    "too old": ('#!/bin/sh\ncase "$2" in *version_info\\[:3\\]*) echo 3.9.2;; *) exit 1;; esac\n', "needs Python 3.11 or newer and"),
    "broken": ("#!/bin/sh\nexit 1\n", "does not start"),
    "no venv": (
        '#!/bin/sh\ncase "$2" in *version_info\\[:3\\]*) echo 3.11.2;; *ensurepip*|*virtualenv*) exit 1;; esac\n',
        "apt install python3.11-venv",
    ),
}  # fmt: skip


def make_venv(python: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script with a PATH that has a shell's own commands and nothing else."""
    return subprocess.run(
        ["/bin/sh", str(ROOT / ".ci" / "make-venv"), python, str(folder / "venv")],
        env={"PATH": str(folder), "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("case", CASES)
def test_a_python_that_wont_do_is_named(case: str, tmp_path: Path) -> None:
    """Too old, broken or without venv: one sentence on what to install, and no half-made environment."""
    script, sentence = CASES[case]
    python = tmp_path / "python3"
    python.write_text(script, encoding="utf-8")
    python.chmod(0o755)
    done = make_venv(str(python), tmp_path)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert not (tmp_path / "venv").exists()


def test_no_python_at_all(tmp_path: Path) -> None:
    """A machine without Python is told which package has it."""
    done = make_venv("python3", tmp_path)
    assert done.returncode == 1
    assert "apt install python3 python3-venv" in done.stderr
