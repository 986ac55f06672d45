"""The page of the command line has every command and option, each with a sentence."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bot.cli.app import app
from bot.cli.examples import EXAMPLES
from bot.cli.reference import Command, commands, render_reference

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
ALL = tuple(commands(app, "fireline"))


def test_the_page_is_in_step() -> None:
    """docs/cli.md is what the commands render to."""
    assert PAGE.read_text(encoding="utf-8") == render_reference(), "run `make docs`"


@pytest.mark.parametrize("command", ALL, ids=lambda command: command.words)
def test_the_page_says_what_help_says(command: Command) -> None:
    """Each option that `--help` offers stands in the command's section, with what it is for."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {command.words}\n")[2].partition("\n## ")[0]
    assert command.purpose.endswith("."), f"{command.words}: what it does is a sentence"
    assert command.purpose in section
    shown = (
        CliRunner()
        .invoke(app, [*command.words.split()[1:], "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
        .output
    )
    offered = {word.strip("│,") for word in shown.split() if word.startswith("--")} - {"--help"}
    written = {name for each in command.parameters for name in each.names if name.startswith("--")}
    assert offered == written
    for each in command.parameters:
        assert each.help.endswith("."), f"{command.words} {each.spelled}: what it is for is a sentence"
        assert each.help.replace("|", "\\|") in section


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_can_be_typed_as_it_stands(name: str) -> None:
    """Its words are arguments and options that the command takes, and both the help and the page show it."""
    called, *words = shlex.split(EXAMPLES[name])
    assert (called, words[0]) == ("fireline", name)
    group: Any = typer.main.get_command(app)
    group.commands[name].make_context(name, words[1:])
    shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).output
    assert EXAMPLES[name] in shown
    assert f"```sh\n{EXAMPLES[name]}\n```" in PAGE.read_text(encoding="utf-8")


def test_what_is_named_can_be_called() -> None:
    """Every command that the page names can be called."""
    for command in ALL:
        assert CliRunner().invoke(app, [*command.words.split()[1:], "--help"]).exit_code == 0
