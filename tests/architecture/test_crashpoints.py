"""Crash points stand where the list says, cost nothing, and can't be armed from outside."""

import ast

import pytest

from bot import crashpoints
from bot.crashpoints import CrashPoint
from tests.architecture.sources import Source, sources


def points_in(source: Source) -> list[str]:
    """Return the name of every point that a module reaches."""
    return [
        node.args[0].attr
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "reached"
        and isinstance(node.args[0], ast.Attribute)
    ]


def test_each_point_stands_in_one_place() -> None:
    """A point that no code reaches is a promise that nobody keeps; one that stands twice names two seams."""
    found = [point for source in sources() for point in points_in(source)]
    assert sorted(found) == sorted(CrashPoint.__members__)


def test_nothing_that_is_shipped_watches() -> None:
    """No setting, variable or command can make a production process die at a point."""
    watching = [
        source.name
        for source in sources()
        if any(
            isinstance(node, ast.ImportFrom)
            and node.module == "bot.crashpoints"
            and {each.name for each in node.names} - {"CrashPoint", "reached"}
            for node in ast.walk(source.tree)
        )
    ]
    assert not watching


def test_a_watcher_hears_of_what_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """With nobody watching nothing happens; a watcher hears the point and its detail."""
    monkeypatch.setattr(crashpoints, "_WATCHERS", [])
    crashpoints.reached(CrashPoint.TIMER_RANG)
    heard: list[tuple[CrashPoint, str]] = []
    crashpoints.watch(lambda point, detail: heard.append((point, detail)))
    crashpoints.reached(CrashPoint.CALL_BEFORE_EFFECT, "undo")
    assert heard == [(CrashPoint.CALL_BEFORE_EFFECT, "undo")]
