"""The commands that lead a response: what each asks of the running Fireline, and what it says of the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.cli.moments import moment
from bot.errors import Refused
from tests.fakes.answering import ANSWER, INCIDENT, Running


@pytest.mark.parametrize(
    ("words", "verb", "body", "says"),
    [
        (
            ("declare", "sev2", "Checkout fails", "--private"),
            "declare",
            {"title": "Checkout fails", "severity": "SEV2", "service": "", "private": True},
            "SEV2 #42 is open: Checkout fails",
        ),
        (
            ("assign", "42", "Commander"),
            "assign",
            {"incident": 42, "role": "incident_commander", "person": None, "nobody": False},
            "U0ADA is incident commander of incident #42 now.",
        ),
        (
            ("assign", "42", "scribe", "@ben"),
            "assign",
            {"incident": 42, "role": "scribe", "person": "@ben", "nobody": False},
            "U0BEN is scribe of incident #42 now.",
        ),
        (
            ("assign", "42", "comms", "--nobody"),
            "assign",
            {"incident": 42, "role": "communications", "person": None, "nobody": True},
            "Nobody is communications of incident #42 any more.",
        ),
        (
            ("severity", "42", "SEV1", "--why", "all regions"),
            "severity",
            {"incident": 42, "severity": "SEV1", "why": "all regions"},
            "Incident #42 is SEV1 now.",
        ),
        (
            ("update", "42", "a fix rolls out", "--status", "monitoring", "--next", "30m"),
            "update",
            {"incident": 42, "message": "a fix rolls out", "status": "monitoring", "next_in": "30m"},
            "the next one is promised by 2026-03-01 12:30 UTC",
        ),
        (
            ("reopen", "42", "it fails again"),
            "reopen",
            {"incident": 42, "why": "it fails again"},
            "Incident #42 is open again.",
        ),
        (("ack", "42"), "acknowledge", {"incident": 42}, "Incident #42 is acknowledged."),
        (
            ("note", "42", "the pool was full"),
            "note",
            {"incident": 42, "text": "the pool was full"},
            "It stands in the timeline of incident #42.",
        ),
        (
            ("resolve", "42", "--summary", "more connections"),
            "resolve",
            {
                "incident": 42,
                "summary": "more connections",
                "impact": "",
                "impact_from": None,
                "impact_to": None,
            },
            "Incident #42 is resolved.",
        ),
        (
            (
                "resolve",
                "42",
                "--impact",
                "no checkout",
                "--impact-from",
                "2026-03-01 02:10",
                "--impact-to",
                "2026-03-01T04:00+01:00",
            ),
            "resolve",
            {
                "incident": 42,
                "summary": "",
                "impact": "no checkout",
                "impact_from": "2026-03-01T02:10:00.000000Z",
                "impact_to": "2026-03-01T03:00:00.000000Z",
            },
            "Incident #42 is resolved.",
        ),
        (("merge", "43", "42"), "merge", {"incident": 43, "into": 42}, "Incident #43 goes on in #42."),
        (
            ("silence", "42", "2h", "--why", "known"),
            "silence",
            {"incident": 42, "duration": "2h", "why": "known"},
            "are silenced until 2026-03-01 14:00 UTC",
        ),
        (("unsilence", "42"), "unsilence", {"incident": 42}, "are heard again"),
        (
            ("freeze", "a release"),
            "freeze",
            {"why": "a release", "duration": None},
            "Changes are frozen until somebody unfreezes.",
        ),
        (("unfreeze",), "unfreeze", {"why": ""}, "Changes go on."),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_a_command_asks_and_says_what_came_of_it(
    running: Running,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    verb: str,
    body: Mapping[str, Any],
    says: str,
) -> None:
    """In words for a person, and with `--json` as the API answered."""
    assert running.run(*words) == 0
    assert running.asked == [(verb, body)]
    assert says in capsys.readouterr().out
    assert running.run(*words, "--json") == 0
    assert json.loads(capsys.readouterr().out) == ANSWER


@pytest.mark.parametrize(
    ("words", "answer", "says"),
    [
        (("silence", "42", "2h"), {"status": "asked"}, "has not answered yet"),
        (("unsilence", "42"), {"status": "ending"}, "has not answered yet"),
    ],
)
def test_an_alertmanager_that_does_not_answer_is_told(
    running: Running,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    answer: Mapping[str, str],
    says: str,
) -> None:
    """Nobody is to think that it is silent when nobody knows."""
    running.answer = {"silence": {**ANSWER["silence"], **answer}}
    assert running.run(*words) == 0
    assert says in capsys.readouterr().out


def test_an_update_that_promises_nothing(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence ends where there is no more to say."""
    running.answer = {"incident": {**INCIDENT, "next_update_due": None}}
    assert running.run("update", "42", "we look") == 0
    assert capsys.readouterr().out == "Told how incident #42 stands.\n"


def test_what_is_refused_is_told_with_its_hint(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """As every command does: a sentence and a hint on standard error, and a status; with `--json` nothing else is printed."""
    running.status = 403
    running.answer = {
        "error": {"code": "not_allowed", "message": "The token is not for this.", "hint": "Ask."}
    }
    assert running.run("freeze", "a release", "--json") == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "error: The token is not for this.\nhint:  Ask.\n")


@pytest.mark.parametrize(
    "words",
    [
        ("declare", "SEV9", "Checkout fails"),
        ("declare", "SEV2", "Checkout fails", "--input", "service=checkout"),
        ("declare", "SEV2", "Checkout fails", "--runbook", "restart", "--input", "checkout"),
        ("run", "restart", "=checkout"),
        ("run", "restart", "service=a", "service=b"),
        ("run", "restart", "--json"),
        ("resolve", "42", "--impact-from", "yesterday"),
        ("severity", "42", "bad"),
        ("update", "42", "over", "--status", "resolved"),
        ("reopen", "42"),
        ("freeze",),
        ("silence", "42"),
        ("merge", "0", "42"),
        ("assign", "42", "scribe", "U0BEN", "--nobody"),
    ],
    ids=" ".join,
)
def test_what_can_t_be_meant_is_asked_of_nobody(running: Running, words: tuple[str, ...]) -> None:
    """A severity or status that is none, a reason that is missing: said at the terminal, before anything is asked."""
    assert running.run(*words) != 0
    assert running.asked == []


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("", None),
        ("02:10", "2026-03-01T02:10:00.000000Z"),
        ("9:30", "2026-02-28T09:30:00.000000Z"),
        ("23:59Z", "2026-02-28T23:59:00.000000Z"),
        ("2026-02-27 02:10", "2026-02-27T02:10:00.000000Z"),
        ("2026-02-27T02:10:30+01:00", "2026-02-27T01:10:30.000000Z"),
    ],
)
def test_an_instant_is_read_as_people_type_it(typed: str, read: str | None) -> None:
    """In UTC; a time of the day is the last one that was."""
    assert moment(typed, datetime(2026, 3, 1, 9, 0, tzinfo=UTC)) == read


@pytest.mark.parametrize("typed", ["24:00", "noon", "2026-02-30 10:00", "12:60"])
def test_an_instant_that_is_none(typed: str) -> None:
    """The hint shows how one is written."""
    with pytest.raises(Refused) as refused:
        moment(typed, datetime(2026, 3, 1, 9, 0, tzinfo=UTC))
    assert "UTC" in refused.value.hint
