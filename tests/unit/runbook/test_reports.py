"""Findings in the forms that people and tools read."""

import json

import pytest

from bot.runbook.findings import RULES, Level, finding, in_order
from bot.runbook.places import Place
from bot.runbook.reports import FORMATS, as_github, as_json, as_sarif, as_text, render_reference

FINDINGS = in_order(
    [
        finding(
            "FL503",
            "shift changes, 9%",
            Place(file="b, c.yaml", line=3, column=5),
            "add undo:\nor verify",
        ),
        finding("FL004", "foo is no key", Place(file="a.yaml", line=2, column=1)),
        finding("FL510", "x", Place(file="z.yaml")),
        finding("FL004", "foo is no key", Place(file="a.yaml", line=2, column=1)),
    ]
)


def test_text() -> None:
    """A line a finding, as compilers write them, its hint below."""
    assert as_text(FINDINGS) == (
        "a.yaml:2:1 error FL004 foo is no key\n"
        "b, c.yaml:3:5 warning FL503 shift changes, 9%\n"
        "    hint: add undo:\nor verify\n"
        "z.yaml:1:1 note FL510 x\n"
    )


def test_json() -> None:
    """Everything that is known of each."""
    first = json.loads(as_json(FINDINGS))[0]
    assert first == {
        "file": "a.yaml",
        "line": 2,
        "column": 1,
        "level": "error",
        "code": "FL004",
        "title": "unknown key",
        "message": "foo is no key",
        "hint": "",
    }


def test_github() -> None:
    """Workflow commands, with what they give a meaning escaped."""
    assert as_github(FINDINGS).splitlines() == [
        "::error file=a.yaml,line=2,col=1,title=FL004 unknown key::foo is no key",
        "::warning file=b%2C c.yaml,line=3,col=5,title=FL503 retried although it is not repeatable::shift changes, 9%25 (add undo:%0Aor verify)",
        "::notice file=z.yaml,line=1,col=1,title=FL510 undo%3A none beside an effect of read::x",
    ]


def test_sarif() -> None:
    """A log that names every rule, and each finding's place."""
    log = json.loads(as_sarif(FINDINGS))
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    second = run["results"][1]
    assert (second["ruleId"], rules[second["ruleIndex"]]["id"], second["level"]) == (
        "FL503",
        "FL503",
        "warning",
    )
    location = second["locations"][0]["physicalLocation"]
    assert location == {
        "artifactLocation": {"uri": "b,%20c.yaml"},
        "region": {"startLine": 3, "startColumn": 5},
    }


@pytest.mark.parametrize("form", FORMATS)
def test_no_findings(form: str) -> None:
    """Nothing found is a report too."""
    assert isinstance(FORMATS[form](()), str)


def test_every_rule_is_in_the_reference() -> None:
    """The page has a row for each code, with its level."""
    page = render_reference()
    for code, rule in RULES.items():
        assert f"| {code} | {rule.level} | {rule.title} |" in page
        assert rule.why.endswith(".")
    assert {rule.level for rule in RULES.values()} == set(Level)
