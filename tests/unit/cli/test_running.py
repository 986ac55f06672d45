"""`fireline run`, and `declare` with a runbook: what it would do is shown, and exactly that is asked for, or nothing is."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pytest

from tests.fakes.answering import ANSWER, PREVIEW, STEP, Running

ASKED: Mapping[str, Any] = {"runbook": "restart", "inputs": {"service": "checkout", "why": "a=b"}}
WORDS = ("run", "restart", "service=checkout", "why=a=b")
DIGEST = PREVIEW["digest"]


class Terminal(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        """There is somebody."""
        return True


def test_what_it_would_do_is_shown_and_nothing_starts(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run reads: each step with what it does, whom it asks, and what is known of its inputs."""
    assert running.run(*WORDS, "--incident", "42", "--dry-run") == 0
    assert running.asked == [("preview", {**ASKED, "incident": 42})]
    shown = capsys.readouterr().out
    for words in (
        "Restart a service (restart)",
        "1 step: 1 changes something, 1 asks somebody first",
        "service=checkout",
        'pods=["a", "b"]',
        "1. Restart it: http.request (mutate)",
        "asks group:sre, 2 of them before it runs",
        "only if inputs.service",
        "once for each item of a list",
        "{{ steps.look.output.at }}",
        "what stands in {{ }} is known once it runs",
        "undone by: http.request",
        "and 1 step besides",
        "Nothing was started.",
    ):
        assert words in shown


def test_a_step_that_is_left_out_asks_nobody(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """It says why; what a step has nothing of is not there."""
    step = {**STEP, "never": "autonomy `observe` only looks", "quorum": 1, "inputs": {}, "whole": True}
    bare = {**step, "never": "", "sources": [], "condition": "", "looped": False, "undo": ""}
    running.answer = {"preview": {**PREVIEW, "title": "", "inputs": {}, "steps": [step, bare], "spare": 0}}
    assert running.run("run", "restart", "--dry-run") == 0
    shown = capsys.readouterr().out
    assert "left out: autonomy `observe` only looks" in shown
    assert "asks" not in shown
    assert "2 steps: 1 changes something, none ask somebody first" in shown
    assert shown.endswith("2. Restart it: http.request (mutate)\nNothing was started.\n")


@pytest.mark.parametrize(("typed", "status"), [("y\n", 0), ("n\n", 1), ("", 1)])
def test_a_person_is_asked(
    running: Running,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    status: int,
) -> None:
    """With a yes, what was shown is started, bound to its digest; with anything else nothing is."""
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert running.run(*WORDS) == status
    previewed, *started = running.asked
    assert previewed == ("preview", {**ASKED, "incident": None})
    assert started == ([] if status else [("run", {**ASKED, "incident": None, "digest": DIGEST})])
    assert ("restart runs as 42-1 in a new incident, #42." in capsys.readouterr().out) is (status == 0)


def test_with_nobody_at_the_terminal_it_wants_a_yes(
    running: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script says `--yes`; where the group is busy it hears that the run waits."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert running.run(*WORDS) == 1
    assert "--yes" in capsys.readouterr().err
    running.answer = {**ANSWER, "opened": False, "waits": "waits behind 41-1"}
    assert running.run(*WORDS, "--yes", "--incident", "42") == 0
    said = capsys.readouterr().out
    assert "restart waits behind 41-1." in said
    assert "as 42-1 in #42" in said


def test_an_incident_is_declared_with_its_runbook(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    """One question for both; the incident and its run are told."""
    words = ("declare", "SEV2", "Checkout fails", "--runbook", "restart", "--input", "service=checkout")
    assert running.run(*words, "--yes") == 0
    runbook = {"runbook": "restart", "inputs": {"service": "checkout"}}
    told = {"title": "Checkout fails", "severity": "SEV2", "service": "", "private": False}
    assert running.asked == [("preview", runbook), ("declare", {**told, **runbook, "digest": DIGEST})]
    said = capsys.readouterr().out
    assert "SEV2 #42 is open: Checkout fails" in said
    assert "restart runs as 42-1" in said
    assert "fireline ack 42" in said
