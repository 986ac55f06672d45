"""Imports face one way, and importing does nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, sources

ROOMS = (
    "actions", "chat", "cli", "console", "crashpoints", "demo", "domain", "engine", "errors", "evidence", "incidents", "ingress", "localslack",
    "persistence", "policy", "postmortem", "runbook", "schedule", "settings", "telemetry", "wiring",
)  # fmt: skip

PROBE = """
import importlib, os, sys, threading

before = set(threading.enumerate())
seen = []

def watch(event, arguments):
    if event in {"socket.connect", "socket.bind", "subprocess.Popen", "sqlite3.connect", "os.fork", "os.mkdir", "os.remove"}:
        seen.append(f"{event} {arguments!r}")
    elif event == "open":
        path, mode, flags = arguments
        writes = flags is not None and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes and isinstance(path, str) and "__pycache__" not in path:
            seen.append(f"open for writing {path!r}")

sys.addaudithook(watch)
environ = dict(os.environ)
for name in sys.argv[1].split(","):
    importlib.import_module(name)
    started = set(threading.enumerate()) - before
    if started:
        seen.append(f"threads {sorted(thread.name for thread in started)}")
    if dict(os.environ) != environ:
        seen.append("the environment changed")
    if seen:
        sys.exit(f"importing {name} did something: {seen}")
"""


def test_import_contracts_hold() -> None:
    """Layers, purity, the wiring alone knows integrations, integrations stay apart: pyproject.toml has the contracts."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_is_one_that_the_design_names() -> None:
    """A stray folder or file at the top of `bot` needs a place in the design first."""
    found = {
        source.path.parts[1].removesuffix(".py") for source in sources() if source.path.parts[0] == "bot"
    }
    assert found - {"__init__"} <= set(ROOMS)


def test_importing_does_nothing() -> None:
    """No module starts a thread or a process, opens a socket, writes a file or touches the environment when it is imported."""
    modules = [
        source.module
        for source in sources()
        if "migrations" not in source.path.parts and source.path.name != "__main__.py"
    ]
    done = subprocess.run(
        [sys.executable, "-c", PROBE, ",".join(modules)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("package", ["slack_bolt", "sqlalchemy", "fastapi", "httpx", "jinja2"])
def test_the_command_line_starts_light(package: str) -> None:
    """`fireline --help` answers at once, because the rooms are imported when a command needs them."""
    if not (ROOT / "bot" / "cli" / "app.py").exists():
        pytest.skip("bot/cli/app.py is not written yet")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, bot.cli.app; sys.exit({package!r} in sys.modules)"],
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, f"importing bot.cli.app imports {package}"
