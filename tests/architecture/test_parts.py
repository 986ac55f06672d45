"""A missing part is said in a sentence, and fails where every part is promised."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import parts

ROOT = Path(__file__).parents[2]


def run(folder: Path, body: str, **environ: str) -> str:
    """Run one test under our conftest in a process of its own, with nothing on PATH, and return what was printed."""
    (folder / "conftest.py").write_text("from tests.conftest import *\n", encoding="utf-8")
    (folder / "test_it.py").write_text(f"import pytest\n\n\n{body}\n", encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-c",
            str(ROOT / "pyproject.toml"),
            f"--rootdir={folder}",
            "-p",
            "no:cacheprovider",
            str(folder),
        ],
        cwd=ROOT,
        env={"PATH": str(folder), "HOME": os.environ.get("HOME", "/"), **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


NEEDS = '@pytest.mark.needs("chromium")\ndef test_it():\n    raise SystemExit'


def test_a_missing_part_skips_with_what_to_install(tmp_path: Path) -> None:
    """A newcomer reads what to install, and the rest of the tests run."""
    printed = run(tmp_path, NEEDS)
    assert "1 skipped" in printed
    assert "chromium is not on this machine: apt install chromium" in printed


def test_a_missing_part_fails_where_it_is_promised(tmp_path: Path) -> None:
    """CI can't pass by skipping."""
    printed = run(tmp_path, NEEDS, FIRELINE_REQUIRE_REAL_PARTS="1")
    assert "1 error" in printed
    assert "apt install chromium" in printed


def test_an_unknown_part_is_a_mistake(tmp_path: Path) -> None:
    """A misspelt part stops the run instead of skipping for ever."""
    printed = run(tmp_path, NEEDS.replace("chromium", "chromum"))
    assert "needs 'chromum', which tests/parts.py doesn't list" in printed


def test_where_finds_what_is_here_and_names_what_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that is here has a path; for one that isn't the error says what to install."""
    monkeypatch.setitem(
        parts.PARTS, "python", parts.Part(find=parts.program(Path(sys.executable).name), install="?")
    )
    monkeypatch.setitem(
        parts.PARTS, "nothing", parts.Part(find=parts.package("no_such_package"), install="pray")
    )
    assert Path(parts.where("python")).exists()
    with pytest.raises(LookupError, match="pray"):
        parts.where("nothing")
