"""Triggers side by side: overlaps are proven by an alert that both want, and order is left alone where it is deliberate."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.runbook.load import load_folder
from bot.runbook.matchers import Operator, matcher, parse_matchers
from bot.runbook.model import Trigger
from bot.runbook.overlaps import is_contradiction, labels_for
from tests.fakes.catalogue import CATALOGUE

BOOK = """\
apiVersion: fireline/v1
name: {name}
title: Something is wrong
owner: team-a
on:
  alert:
{entries}
steps: [{{id: one, uses: prometheus.query, with: {{query: up}}}}]
"""


def trigger(*texts: str) -> Trigger:
    """Make a trigger of matchers as they are written."""
    return Trigger(matchers=tuple(each for text in texts for each in parse_matchers(text)))


def lint(folder: Path, **books: list[list[str]]) -> list[tuple[str, int, str]]:
    """Lint runbooks with these triggers, and return code, line and message of what is found."""
    for name, triggers in books.items():
        entries = "\n".join(f"    - match: {[*each]}" for each in triggers)
        (folder / f"{name}.yaml").write_text(BOOK.format(name=name, entries=entries))
    return [(each.code, each.place.line, each.message) for each in load_folder([folder], CATALOGUE).findings]


@pytest.mark.parametrize(
    ("first", "second", "labels"),
    [
        (['alertname="A"'], ['alertname="A"'], {"alertname": "A"}),
        (['alertname="A"'], ['alertname="B"'], None),
        (['alertname="A"', 'env="dev"'], ['alertname="A"', 'env="prod"'], None),
        (['alertname="A"'], ['severity=~"critical|page"'], {"alertname": "A", "severity": "critical"}),
        (['severity=~"critical|page"'], ['severity=~"page|info"'], {"severity": "page"}),
        (['severity=~"critical|page"'], ['severity!~"critical|page"'], None),
        (['team!="a"'], ['team!="b"'], {"team": "other"}),
        (['team=~"a.*"'], ['team=~".*b"'], {"team": "ab"}),
        (['team=~"a(b|c)d"'], ['team="acd"'], {"team": "acd"}),
        (['team=~"(a|b)(c|d)"'], ['team=~"(?:b|x)d"'], {"team": "bd"}),
        (['pod=~"web-[0-9]+"'], ['pod=~"web-.+"'], {"pod": "web-0"}),
        (['pod=~"web\\\\.eu"'], ['pod!=""'], {"pod": "web.eu"}),
        (['env=""'], ['env!~".+"', 'a="1"'], {"a": "1"}),
        (['hash=~"[0-9a-f]{8}"'], ['hash=~"[g-z]{8}"'], None),
    ],
)
def test_labels_that_both_match(first: list[str], second: list[str], labels: dict[str, str] | None) -> None:
    """What is found is matched by all; where nothing is found, nothing is claimed."""
    assert labels_for([*trigger(*first).matchers, *trigger(*second).matchers]) == labels


_VALUES = st.sampled_from(["a", "b", "ab", "a|b", "", "a.*", "(a|b)c", "[ab]+", ".+", "x{2}", "a?b"])
_MATCHERS = st.builds(matcher, st.sampled_from(["alertname", "env"]), st.sampled_from(Operator), _VALUES)


@given(st.lists(_MATCHERS, max_size=5))
def test_what_is_found_is_always_matched(matchers: list[object]) -> None:
    """Whatever the guess was, it is proven before it is told; and what is called a contradiction has none."""
    found = labels_for(matchers)  # type: ignore[arg-type]  # drawn
    if found is not None:
        assert all(each.matches(found) for each in matchers)  # type: ignore[attr-defined]  # drawn
        assert not is_contradiction(Trigger(matchers=tuple(matchers)))  # type: ignore[arg-type]  # drawn


def test_an_overlap_is_told_at_the_later_runbook(tmp_path: Path) -> None:
    """With an alert that shows it, at the trigger that will not get it."""
    found = lint(
        tmp_path,
        errors=[['alertname="Errors"', 'severity="page"']],
        failures=[['alertname="Other"'], ['alertname="Errors"', 'team="a"']],
    )
    assert found == [
        (
            "FL607",
            8,
            'an alert with {alertname="Errors", severity="page", team="a"} goes to errors before failures',
        )
    ]


def test_a_general_runbook_after_special_ones_is_in_order(tmp_path: Path) -> None:
    """Special first, general later is what order is for; the other way round, the special one gets nothing."""
    special = [['alertname="Errors"', 'severity=~"critical|page"']]
    assert lint(tmp_path, a=special, z=[['severity=~"critical|page|info"']]) == []
    assert lint(tmp_path, a=special, z=[['alertname=~".+"']]) == []
    assert lint(tmp_path, a=special, z=[['alertname!="Nothing"']]) == []
    assert [each[0] for each in lint(tmp_path, a=[['alertname=~".+"']], z=special)] == ["FL607"]
    assert [each[0] for each in lint(tmp_path, a=[['alertname=~".+"']], z=[['alertname=~".+"']])] == []


def test_many_that_overlap_are_counted(tmp_path: Path) -> None:
    """One finding a trigger, however many take its alerts."""
    same = [['alertname="A"', 'env="x"']]
    found = lint(
        tmp_path,
        a=same,
        b=[['env="x"', 'c="1"']],
        c=[['c!="2"', 'alertname="A"']],
        d=[['d="1"']],
        e=[['e="1"', 'alertname="A"']],
    )
    message = found[-1][2]
    assert message.endswith("goes to a and b and c and 1 more before e")
    assert len([each for each in found if each[0] == "FL607"]) == len(found)


def test_a_trigger_that_contradicts_itself(tmp_path: Path) -> None:
    """Values that are named and exclude each other; what two patterns have in common is not judged."""
    found = lint(
        tmp_path,
        a=[
            ['severity="page"', 'severity="critical"'],
            ['env=~"a|b"', 'env!~"a|b"'],
            ['x=~"a+"', 'x=~"b+"'],
            ['y="1"', 'y!="2"'],
        ],
    )
    assert [(code, line) for code, line, _ in found] == [("FL608", 7), ("FL608", 8)]
