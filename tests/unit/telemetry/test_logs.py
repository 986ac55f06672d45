"""One pipe for every log line, with ids and without secrets."""

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from bot.telemetry import bind_ids, configure_logging, get_logger
from tests.fakes.logs import restored  # noqa: F401 - a fixture

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def stream() -> io.StringIO:
    """Where the lines go."""
    return io.StringIO()


@pytest.fixture
def lines(stream: io.StringIO) -> Lines:
    """Log as JSON, and read back what was logged."""
    configure_logging(style="json", stream=stream, redact=lambda text: text.replace("hunter2", "***"))
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_says_when_where_and_what(lines: Lines) -> None:
    """A line has a UTC time, a level, the logger's name, its message and its facts."""
    get_logger("bot.x").info("step finished", outcome="failed")
    (line,) = lines()
    assert line.pop("time").endswith("Z")
    assert line == {"level": "info", "logger": "bot.x", "message": "step finished", "outcome": "failed"}


def test_ids_are_bound_inside_and_gone_outside(lines: Lines) -> None:
    """An inner `with` adds to what an outer one bound, and takes it away at its end."""
    log = get_logger("bot.x")
    with bind_ids(incident=42, run="42-1"):
        with bind_ids(step="shift", attempt=2):
            log.info("inside")
        log.info("between")
    log.info("outside")
    inside, between, outside = lines()
    assert (inside["incident"], inside["run"], inside["step"], inside["attempt"]) == (42, "42-1", "shift", 2)
    assert "step" not in between
    assert between["run"] == "42-1"
    assert "incident" not in outside


async def test_tasks_keep_their_own_ids(lines: Lines) -> None:
    """Two steps side by side don't mix their ids, and the library under them logs with the right ones."""

    async def work(step: str) -> None:
        with bind_ids(step=step):
            await asyncio.sleep(0)
            logging.getLogger("some.library").warning("slow")

    with bind_ids(incident=7):
        await asyncio.gather(work("a"), work("b"))
    assert sorted((line["incident"], line["step"]) for line in lines()) == [(7, "a"), (7, "b")]


def test_the_standard_library_comes_the_same_way(lines: Lines) -> None:
    """A library's line has the same shape, its extras included; warnings come too."""
    logging.getLogger("some.library").warning("took %s", "3s", extra={"host": "db"})
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("careful", UserWarning, stacklevel=1)
    line, warned = lines()
    assert (line["message"], line["host"], line["logger"]) == ("took 3s", "db", "some.library")
    assert "careful" in warned["message"]


def test_secrets_are_taken_out_wherever_they_hide(lines: Lines) -> None:
    """Messages, facts however deep, other objects and exceptions go through the hook; numbers stay numbers."""

    class Odd:
        def __str__(self) -> str:
            return "odd hunter2"

    log = get_logger("bot.x")
    log.info(
        "hunter2", deep={"a": ["hunter2", {"b": ("hunter2", 1)}]}, odd=Odd(), count=3, ok=True, none=None
    )
    local = "hunter2"
    try:
        raise ValueError(local)
    except ValueError:
        log.exception("failed")
        logging.getLogger("some.library").exception("failed too")
    first, second, third = lines()
    assert first["message"] == "***"
    assert first["deep"] == {"a": ["***", {"b": ["***", 1]}]}
    assert (first["odd"], first["count"], first["ok"], first["none"]) == ("odd ***", 3, True, None)
    assert second["exception"][0]["exc_value"] == "***"
    assert third["exception"][0]["exc_value"] == "***"
    assert "hunter2" not in json.dumps([first, second, third])


@pytest.mark.parametrize("style", ["console", "json"])
def test_tracebacks_never_show_local_variables(stream: io.StringIO, style: Any) -> None:
    """A local variable may hold a secret that no hook knows."""
    configure_logging(style=style, stream=stream)
    token = "very-" + str(len("private"))
    try:
        raise ValueError(len(token))
    except ValueError:
        get_logger("bot.x").exception("failed")
    assert "ValueError" in stream.getvalue()
    assert "very-7" not in stream.getvalue()


def test_the_console_style_is_for_a_person(stream: io.StringIO) -> None:
    """One line, its facts as name=value, without colours where there is no terminal."""
    configure_logging(stream=stream)
    with bind_ids(incident=42):
        get_logger("bot.x").warning("journal behind", waiting=3)
    text = stream.getvalue()
    assert "journal behind" in text
    assert "incident=42" in text
    assert "waiting=3" in text
    assert "\x1b" not in text


def test_levels_hold_and_talkative_libraries_are_hushed(stream: io.StringIO) -> None:
    """Below the level nothing is written; httpx's `info` shows whole URLs and never is."""
    configure_logging(style="json", level="info", stream=stream)
    get_logger("bot.x").debug("no")
    logging.getLogger("httpx").info("no")
    assert stream.getvalue() == ""
    configure_logging(style="json", level="debug", stream=stream)
    get_logger("bot.x").debug("yes")
    logging.getLogger("httpx").info("no")
    assert stream.getvalue().count("\n") == 1


def test_it_writes_to_standard_error_unless_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output belongs to what a command prints."""
    configure_logging(style="json")
    get_logger("bot.x").info("here")
    out, err = capsys.readouterr()
    assert out == ""
    assert "here" in err


HOSTILE = "msg\n2026-11-23T12:00:00Z [error] forged \x1b]0;owned\x07 \x9b31m \u202e \u2028 \x7f \ud800"


def _log_everywhere() -> None:
    get_logger("bot.x").warning(HOSTILE, value=HOSTILE, deep=[HOSTILE])
    logging.getLogger("library").warning("says %s", HOSTILE)
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        get_logger("bot.x").exception("it broke")


def test_a_stranger_s_words_are_no_line_and_no_command(stream: io.StringIO) -> None:
    """On a terminal nothing that was logged moves the cursor, and nothing passes for a line of its own outside a traceback."""
    configure_logging(stream=stream)
    _log_everywhere()
    shown = stream.getvalue()
    shown.encode()
    assert all(char.isprintable() or char in "\n\t" for char in shown)
    before_the_traceback = shown.partition("Traceback")[0].splitlines()
    assert len(before_the_traceback) == 3
    assert all(line.startswith("20") for line in before_the_traceback)


def test_json_lines_act_on_no_terminal_and_say_the_same(lines: Lines, stream: io.StringIO) -> None:
    """What JSON lets through is escaped as JSON escapes: a program reads the very text, and the stream can take it."""
    _log_everywhere()
    stream.getvalue().encode()
    assert all(char.isprintable() or char == "\n" for char in stream.getvalue())
    assert [line["message"] for line in lines()] == [HOSTILE, f"says {HOSTILE}", "it broke"]
    assert lines()[0]["value"] == HOSTILE
