"""`--json`: every command that prints a result has it, prints one JSON document for it and nothing else, and asks nobody."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from bot.cli.app import app
from bot.cli.reference import commands
from tests.fakes.answering import ANSWER, Running
from tests.unit.cli.conftest import Home, Ran

Words = tuple[str, ...]
NO_RESULT: Mapping[str, str] = {
    "serve": "runs until it is stopped",
    "demo": "plays a story",
    "postmortem": "prints a document, in the form that `--format` says",
    "lint": "has `--format json`, beside the forms that other tools read",
    "schema": "prints a JSON document anyway",
    "slack manifest": "prints a document that is pasted whole",
}
ASKING: Mapping[str, Words] = {
    "declare": ("SEV2", "Checkout fails"),
    "run": ("restart", "service=checkout", "--yes"),
    "ack": ("42",),
    "assign": ("42", "scribe"),
    "severity": ("42", "SEV1"),
    "update": ("42", "we look"),
    "note": ("42", "looked"),
    "resolve": ("42",),
    "reopen": ("42", "it fails again"),
    "merge": ("43", "42"),
    "silence": ("42", "2h"),
    "unsilence": ("42",),
    "freeze": ("a release",),
    "unfreeze": (),
    "waiting": (),
    "approve": ("42-1/shift/1", "--yes"),
    "deny": ("42-1/shift/1", "--why", "not now"),
    "settle": ("42-1", "shift", "happened", "--yes"),
    "pause": ("42-1",),
    "resume": ("42-1",),
    "retry": ("42-1",),
    "cancel": ("42-1",),
}
"""Commands that ask the running Fireline, with arguments that do."""
READING: Mapping[str, Words] = {
    "incidents": (),
    "show": ("42",),
    "alerts": (),
    "runs": (),
    "queue": (),
    "targets": (),
    "schedules": (),
    "verify": (),
    "rebuild": (),
    "dead-letters list": (),
    "dead-letters show": ("1",),
    "dead-letters requeue": ("1",),
    "dead-letters discard": ("1", "--why", "done by hand"),
}
"""Commands that work on a home whose Fireline is stopped."""
WITH_JSON = {
    each.words.removeprefix("fireline ")
    for each in commands(app, "fireline")
    if any("--json" in parameter.names for parameter in each.parameters)
}


def test_every_command_with_a_result_has_it_and_is_tried_here() -> None:
    """A new command finds its place in a table, or says why it prints no result."""
    named = {each.words.removeprefix("fireline ") for each in commands(app, "fireline")}
    assert named - set(NO_RESULT) == WITH_JSON
    assert {*ASKING, *READING, "version"} == WITH_JSON


@pytest.mark.parametrize("command", ASKING)
def test_what_fireline_answered_is_printed_as_it_came(
    running: Running, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """One document, the API's own; a command that shows first what it will do leaves that out."""
    assert running.run(command, *ASKING[command], "--json") == 0
    printed = capsys.readouterr()
    assert (json.loads(printed.out), printed.err) == (ANSWER, "")


@pytest.mark.parametrize("command", READING)
def test_what_was_found_is_printed_as_data(stuck: Home, fireline: Callable[..., Ran], command: str) -> None:
    """One document, whatever the command looks at; hostile text in it is data."""
    ran = fireline(*command.split(), *READING[command], "--json", "-c", stuck.config)
    assert (ran.status, ran.err) == (0, "")
    assert isinstance(json.loads(ran.out), dict | list)
    assert "\x1b" not in ran.out


def test_the_version_is_data_too(fireline: Callable[..., Ran]) -> None:
    """For a program that wants to know what it talks to."""
    assert set(json.loads(fireline("version", "--json").out)) == {"version"}


@pytest.mark.parametrize("command", ["declare", "run", "approve", "settle"])
def test_nobody_is_asked_where_a_program_reads(
    running: Running, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """What wants a yes wants it beforehand: nothing is printed, and nothing is done."""
    words = [each for each in ASKING[command] if each != "--yes"]
    more = ["--runbook", "restart"] if command == "declare" else []
    assert running.run(command, *words, *more, "--json") == 1
    printed = capsys.readouterr()
    assert (printed.out, running.asked) == ("", [])
    assert "--yes" in printed.err
