"""The one way to the terminal: data stays data, a pipe gets whole lines, and colours come only where they are wanted."""

import fcntl
import json
import os
import pty
import re
import struct
import sys
import termios
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from bot.cli.screen import filled, harmless, say, show_document, show_json, show_table
from tests.unit.cli.conftest import ROOT, Home


@given(st.text())
def test_data_never_acts_and_never_is_markup(text: str) -> None:
    """Whatever fills a template comes out as text, with the template's style and no other."""
    made = filled("[bold]{value}[/bold]!", value=text)
    assert made.plain.endswith("!")
    assert {str(span.style) for span in made.spans} <= {"bold"}
    assert all(unicodedata.category(char) not in {"Cc", "Cs"} for char in made.plain if char != "\t")
    if text.isprintable() and text.isascii():
        assert made.plain == f"{text}!"


@given(st.text())
def test_harmless_text_stays_as_it_is(text: str) -> None:
    """Cleaning twice is cleaning once, and what can be printed is not touched."""
    assert harmless(harmless(text)) == harmless(text)
    if all(char.isprintable() for char in text):
        assert harmless(text) == text


def test_emoji_and_scripts_keep_their_joiners() -> None:
    """Not every format character hides something: families and Persian need theirs."""
    assert harmless("👩‍💻 می‌خواهم") == "👩‍💻 می‌خواهم"
    assert harmless("a\u202eb\x1b\x9b\ud800\U000e0041") == r"a\u202eb\x1b\x9b\ud800\U000e0041"


def test_a_filled_cell_keeps_its_colour(capsys: pytest.CaptureFixture[str]) -> None:
    """A Text among the values brings its own style; a string brings none."""
    made = filled("{left} {right}", left=Text("SEV1", style="red"), right="[red]")
    assert made.plain == "SEV1 [red]"
    assert [str(span.style) for span in made.spans] == ["red"]


def test_a_pipe_gets_whole_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is wrapped, cut or padded where nobody looks."""
    long = "word " * 100
    say("{text}|", text=long)
    show_table(["a", "b"], [[long, ""], ["x", "y"]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{long}|"
    assert len(lines) == 4
    assert lines[2] == long.rstrip()
    assert not [line for line in lines[1:] if line != line.rstrip()]


def test_json_keeps_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    """What is escaped for the terminal is the same value for a program."""
    value = {"title": "\x1b[31m \x9b \u202e \x7f \U000e0041 é 👩‍💻\n"}
    show_json(value)
    printed = capsys.readouterr().out
    assert printed.replace("\n", "").isprintable()
    assert json.loads(printed) == value


def test_a_document_ends_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A newline is added where there is none."""
    show_document("a")
    show_document("b\n")
    assert capsys.readouterr().out == "a\nb\n"


def on_a_terminal(home: Home, *arguments: str, columns: int = 60, **env: str) -> str:
    """Run a command with a pseudo-terminal for its output, and return what arrived there."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        variables = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **env}
        os.execve(  # noqa: S606 - the child of the fork becomes the command
            sys.executable, [sys.executable, "-m", "bot.cli", *arguments, "-c", str(home.config)], variables
        )
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    seen = b""
    try:
        while chunk := os.read(terminal, 65536):
            seen += chunk
    except OSError:  # the other end is closed
        pass
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, seen.decode()
    return seen.decode()


def test_a_person_sees_colours_and_folded_lines(told: Home) -> None:
    """On a terminal severities are coloured, and a table fits its width."""
    seen = on_a_terminal(told, "incidents")
    assert "\x1b[" in seen
    plain = re.sub(r"\x1b\[[0-9;]*m", "", seen)
    assert max(len(line) for line in plain.splitlines()) <= 60


def test_no_color_is_obeyed(told: Home) -> None:
    """With NO_COLOR set no colour comes, on a terminal either (https://no-color.org)."""
    seen = on_a_terminal(told, "incidents", NO_COLOR="1")
    assert not [code for code in ("\x1b[31m", "\x1b[1;31m", "\x1b[33m", "\x1b[32m") if code in seen]
    assert "SEV1" in seen


def test_a_pipe_gets_no_colours(told: Home, tmp_path: Path) -> None:
    """What is redirected is plain text."""
    ran = told.process("show", "42")
    assert ran.status == 0
    assert "\x1b" not in ran.out
