"""Inputs of a run: given, defaulted, checked; every problem at once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.runbook.inputs import InputsRefused, resolve_inputs
from bot.runbook.model import Runbook
from tests.unit.runbook.cases import HEAD, STEP, sound

ALERT: dict[str, Any] = {"alert": {"labels": {"service": "checkout"}}, "alerts": [], "vars": {}}


def _runbook(inputs: str) -> Runbook:
    return sound(f"{HEAD}inputs:\n{inputs}\nsteps: [{STEP}]\n")


@pytest.mark.parametrize(
    ("declared", "given_value", "expected"),
    [
        ("{}", "checkout", "checkout"),
        ("{type: integer}", "3", 3),
        ("{type: integer}", -3, -3),
        ("{type: number}", "0.5", 0.5),
        ("{type: number}", "+5", 5),
        ("{type: number}", 1.5, 1.5),
        ("{type: number}", "1e3", 1000.0),
        ("{type: boolean}", "True", True),
        ("{type: boolean}", "false", False),
        ("{type: boolean}", True, True),
        ("{type: list}", "a, b,,c", ["a", "b", "c"]),
        ("{type: list}", ("a", "b"), ["a", "b"]),
        ("{type: list}", "", []),
        ("{pattern: '[a-z]+'}", "abc", "abc"),
        ("{type: list, pattern: '[a-z]'}", "a,b", ["a", "b"]),
        ("{enum: [a, b]}", "b", "b"),
        ("{type: integer, enum: [1, 2]}", "2", 2),
        ("{type: list, enum: [a, b]}", "b,a", ["b", "a"]),
    ],
)
def test_text_becomes_what_is_declared(declared: str, given_value: object, expected: object) -> None:
    """As it comes from a command line, or as data."""
    found = resolve_inputs(_runbook(f"  a: {declared}"), {"a": given_value}, {})["a"]
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("declared", "given_value", "why"),
    [
        ("{}", 5, "5 should be a text"),
        ("{type: integer}", "3.5", "'3.5' should be a whole number"),
        ("{type: integer}", True, "True should be a whole number"),
        ("{type: number}", "nan", "'nan' should be a number"),
        ("{type: number}", False, "False should be a number"),
        ("{type: boolean}", "yes", "'yes' should be true or false"),
        ("{type: boolean}", 1, "1 should be true or false"),
        ("{type: list}", [1], "should be a list of texts"),
        ("{pattern: '[a-z]+'}", "abc; rm -rf /", "does not match"),
        ("{pattern: '^[a-z]+$'}", "abc\n", "does not match"),
        ("{type: list, pattern: '[a-z]'}", "a,B", "'B' does not match"),
        ("{enum: [a, b]}", "c", "'c' should be one of a, b"),
    ],
)
def test_what_does_not_fit_is_refused(declared: str, given_value: object, why: str) -> None:
    """Nothing is guessed, and a pattern is for the whole text."""
    with pytest.raises(InputsRefused) as caught:
        resolve_inputs(_runbook(f"  a: {declared}"), {"a": given_value}, {})
    assert why in caught.value.problems[0]


def test_defaults_are_rendered() -> None:
    """What is not given comes from the alert, and is checked like the rest."""
    service = "  service: {default: '{{ alert.labels.service }}', pattern: '[a-z]+'}"
    runbook = _runbook(f"{service}\n  n: {{type: integer, default: 5}}\n  x: {{required: false}}")
    assert resolve_inputs(runbook, {}, ALERT) == {"service": "checkout", "n": 5, "x": None}
    assert resolve_inputs(runbook, {"service": "cart"}, {}) == {"service": "cart", "n": 5, "x": None}
    hostile = {"alert": {"labels": {"service": "../admin"}}}
    with pytest.raises(InputsRefused, match="does not match"):
        resolve_inputs(runbook, {}, hostile)


def test_every_problem_at_once() -> None:
    """Unknown names, missing values, defaults without an alert: all told, with how to call it."""
    runbook = _runbook("  service: {default: '{{ alert.labels.service }}'}\n  n: {type: integer}\n  x: {}")
    with pytest.raises(InputsRefused) as caught:
        resolve_inputs(runbook, {"n": "many", "servcie": "a", "zzz": 1}, {"alert": {"labels": {}}})
    assert caught.value.problems == (
        "servcie: there is no such input - did you mean service?",
        "zzz: there is no such input",
        "service: it was not given, and its default has no value here: alert.labels has no 'service'",
        "n: 'many' should be a whole number",
        "x: it was not given",
    )
    assert caught.value.hint == "it takes: [service=…] n=… x=…"
    assert str(caught.value).startswith("sound can't start: ")
    with pytest.raises(InputsRefused) as caught:
        resolve_inputs(sound(f"{HEAD}steps: [{STEP}]\n"), {"a": 1}, {})
    assert caught.value.hint == "it takes no inputs"


@given(st.text())
def test_an_anchored_pattern_lets_nothing_else_in(text: str) -> None:
    """Whatever is given, only what the whole pattern allows gets through."""
    runbook = _RUNBOOK
    try:
        found = resolve_inputs(runbook, {"a": text}, {})["a"]
    except InputsRefused:
        assert not (text and all(char in "abcdefghijklmnopqrstuvwxyz0123456789-" for char in text))
    else:
        assert found == text


_RUNBOOK = _runbook("  a: {pattern: '^[a-z0-9-]+$'}")
