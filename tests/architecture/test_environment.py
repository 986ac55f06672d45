"""Making the environment says in a sentence what stands in the way."""

import os
import subprocess
import sys
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


def make_venv(python: str, folder: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    """Run the script with a PATH that has a shell's own commands and nothing else."""
    return subprocess.run(
        ["/bin/sh", str(ROOT / ".ci" / "make-venv"), python, str(folder / "venv")],
        env={"PATH": path or str(folder), "HOME": os.environ.get("HOME", "/")},
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


def test_what_it_did_not_make_it_leaves_alone(tmp_path: Path) -> None:
    """A folder that is there already may be somebody's environment, or their home: it is named and kept."""
    theirs = tmp_path / "venv" / "pyvenv.cfg"
    theirs.parent.mkdir()
    theirs.touch()
    done = make_venv(sys.executable, tmp_path, path=os.environ["PATH"])
    assert done.returncode == 1
    assert "was not made by this" in done.stderr
    assert theirs.exists()


def test_what_it_began_it_begins_again(tmp_path: Path) -> None:
    """An environment whose making was cut short is made anew, and a finished one has a Python."""
    begun = tmp_path / "venv"
    begun.mkdir()
    (begun / ".fireline").touch()
    (begun / "half-made").touch()
    done = make_venv(sys.executable, tmp_path, path=os.environ["PATH"])
    assert done.returncode == 0, done.stderr
    assert (begun / "bin" / "python").exists()
    assert not (begun / "half-made").exists()
