"""Saying what is missing: the full name, what there is instead, and what to write where it may be absent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jinja2.utils import missing as ROOT  # noqa: N812 - its meaning here

from bot.runbook.sandbox import NotThere, nearest

_MOST_SHOWN = 12


def explain(error: NotThere, scope: Mapping[str, Any], paths: Iterable[tuple[str, ...]]) -> tuple[str, str]:
    """Return a sentence and a hint for a name that was used and isn't there."""
    key = str(error.key)
    found = _locate(scope, paths, error.owner, key)
    if isinstance(error.owner, Mapping):
        known = sorted(str(each) for each in error.owner)
        name = ".".join(found) if found else "the mapping"
        return f"{name} has no {key!r}", _hint(key, known, "it has")
    if found is None and _is_root(error.owner):
        return f"there is no name {key!r}", _hint(key, sorted(scope), "in scope", default=False)
    name = ".".join(found) if found else "the value"
    what = "null" if error.owner is None else f"a {_kind(error.owner)}"
    return f"{name} is {what} and has no {key!r}", "" if error.owner is not None else _DEFAULT


_DEFAULT = "where it may be missing, write … | default(…)"


def _hint(key: str, known: list[str], lead: str, *, default: bool = True) -> str:
    shown = ", ".join(known[:_MOST_SHOWN]) + (", …" if len(known) > _MOST_SHOWN else "")
    parts = [nearest(key, known), f"{lead}: {shown}" if known else "it is empty", _DEFAULT if default else ""]
    return "; ".join(part for part in parts if part)


def _is_root(owner: object) -> bool:
    """Tell Jinja2's marker for "a name in the scope" from a value."""
    return owner is ROOT


def _kind(value: object) -> str:
    names = {str: "text", bool: "boolean", int: "number", float: "number", list: "list", tuple: "list"}
    return names.get(type(value), type(value).__name__)


def _locate(
    scope: Mapping[str, Any], paths: Iterable[tuple[str, ...]], owner: object, key: str
) -> tuple[str, ...] | None:
    """Find the name in the expression that leads to `owner` and goes on with `key`."""
    for path in sorted(paths):
        value: object = scope
        for at, part in enumerate(path):
            if at and value is owner and part == key:
                return path[:at]
            if not isinstance(value, Mapping) or part not in value:
                break
            value = value[part]
    return None
