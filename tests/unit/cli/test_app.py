"""The command itself: help is there at once, misuse is status 2, and no way of ending shows a traceback."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from bot import __version__
from bot.cli.app import app
from tests.unit.cli.conftest import ROOT, Home

HEAVY = (
    "sqlalchemy",
    "slack_bolt",
    "slack_sdk",
    "fastapi",
    "starlette",
    "jinja2",
    "httpx",
    "pydantic",
    "uvicorn",
    "yaml",
)
COMMANDS = (
    "serve",
    "demo",
    "incidents",
    "show",
    "alerts",
    "postmortem",
    "verify",
    "lint",
    "schema",
    "slack",
    "version",
)


def test_help_is_there_at_once() -> None:
    """`--help` imports none of what makes a start slow: that keeps it far below half a second on any machine."""
    script = (
        "import sys\n"
        "from bot.cli.app import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as ended: print('STATUS', ended.code)\n"
        f"print('LOADED', sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "STATUS 0" in done.stdout
    assert "LOADED []" in done.stdout


def test_help_names_every_command() -> None:
    """Someone who types `fireline` alone learns what there is."""
    shown = CliRunner().invoke(app, [], env={"COLUMNS": "120"}).output
    for command in COMMANDS:
        assert f" {command} " in shown


@pytest.mark.parametrize(
    "words", [(command,) for command in COMMANDS] + [("slack", "manifest")], ids=" ".join
)
def test_each_command_explains_itself(words: tuple[str, ...]) -> None:
    """--help of every command is a sentence and its options, and does nothing."""
    ran = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "120"})
    assert ran.exit_code == 0
    assert "Usage:" in ran.output


def test_the_version() -> None:
    """One line for people and scripts."""
    assert CliRunner().invoke(app, ["version"]).output == f"fireline {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [("nothing",), ("show",), ("incidents", "--limit", "0"), ("lint", "--format", "xml")],
    ids=" ".join,
)
def test_misuse(words: tuple[str, ...]) -> None:
    """What can't be meant is status 2, as with every command line."""
    ran = CliRunner().invoke(app, list(words))
    assert ran.exit_code == 2
    assert "Traceback" not in ran.output


def test_a_process_ends_as_it_should(told: Home) -> None:
    """As a process of its own: status, streams, no traceback, no colours."""
    assert told.process("show", "42").status == 0
    missing = told.process("show", "7")
    assert (missing.status, missing.out) == (1, "")
    assert missing.err.startswith("error: There is no incident 7.\n")
    assert told.process("show", "x").status == 2


def test_a_reader_that_leaves(told: Home) -> None:
    """`fireline show 42 | head -1` ends without a word on standard error."""
    command = f"{sys.executable} -m bot.cli show 42 --json -c {told.config} | head -1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("{\n", "")
