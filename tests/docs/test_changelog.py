"""The changelog keeps the form of Keep a Changelog."""

import re
from pathlib import Path

import bot

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
VERSIONS = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)


def test_unreleased_comes_first() -> None:
    """There is always a place for the next change."""
    assert VERSIONS[0] == "[Unreleased]"


def test_versions_have_dates_and_go_down() -> None:
    """A release is `[1.2.3] - 2026-11-23`, the newest on top."""
    released = []
    for version in VERSIONS[1:]:
        found = re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d{2}-\d{2}", version)
        assert found, version
        released.append(tuple(map(int, found.groups())))
    assert released == sorted(set(released), reverse=True)
    current = tuple(int(part) for part in re.findall(r"\d+", bot.__version__)[:3])
    assert not released or released[0] <= current


def test_changes_are_of_known_kinds() -> None:
    """Only the six kinds that readers look for."""
    assert set(re.findall(r"^### (.+)$", TEXT, re.MULTILINE)) <= KINDS


def test_each_change_is_a_sentence() -> None:
    """A line tells a person what changed."""
    for line in re.findall(r"^- (.+(?:\n  .+)*)", TEXT, re.MULTILINE):
        assert line.endswith("."), line
