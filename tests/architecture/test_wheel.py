"""What is installed is what is here: templates, static files, migrations and the demo's runbook go into the wheel."""

import subprocess
import sys
import zipfile
from pathlib import Path

from bot.demo.play import RUNBOOKS
from tests.architecture.sources import ROOT

MADE_HERE = {"__pycache__"}


def test_the_wheel_has_every_file(tmp_path: Path) -> None:
    """A file under the packages that the wheel lacks would be missed on the first machine without a checkout."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    here = {
        str(path.relative_to(ROOT))
        for package in ("bot", "integrations")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not MADE_HERE & set(path.parts)
    }
    runbooks = {f"bot/demo/runbooks/{path.relative_to(RUNBOOKS)}" for path in RUNBOOKS.rglob("*.yaml")}
    assert runbooks
    assert packed == here | runbooks


def test_the_demo_plays_what_is_shipped() -> None:
    """Its runbooks are those at the top of the tree, not a copy that grows old."""
    assert RUNBOOKS == ROOT / "runbooks"
