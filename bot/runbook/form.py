"""Checking a document against the surface, keeping every misfit.

The document is mended so far that the other rules can still look at the rest. What does not fit is cut out
and what is missing is filled in with a stand-in, so that one slip of the pen does not hide the next. A
mended file is never loaded: there is a finding that refuses it. Where the cuts were is in `broken`, so that
nobody complains of a key that was cut out.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from bot.runbook.data import Data
from bot.runbook.documents import Document, Path, reach
from bot.runbook.findings import Finding, finding
from bot.runbook.sandbox import nearest
from bot.runbook.surface import API_VERSION, DURATIONS, NAME, SHARE, SOURCE, STEP_ID, RunbookFile

STAND_IN = "missing"
"""What stands for an action that is not named; no rule complains of it."""
_ROUNDS = 6
_FREE = frozenset({"with", "default"})
"""Keys under which null is a value like any other."""

_LISTS_OF_STEPS = frozenset({("steps",), ("rescue",), ("always",)})

_STAND_INS: dict[str, Data] = {
    "apiVersion": API_VERSION, "name": "missing", "title": "missing", "owner": "missing", "uses": STAND_IN,
    "expect": True, "from": ["group:missing"], "match": ['alertname=""'], "group": "missing",
}  # fmt: skip
_EXPECTED = {
    "string_type": "a text", "bool_type": "true or false", "int_type": "a whole number", "float_type": "a number",
    "list_type": "a list", "model_type": "a mapping", "dict_type": "a mapping",
}  # fmt: skip
_DATES = frozenset({"date_parsing", "date_type", "date_from_datetime_parsing", "date_from_datetime_inexact"})
_ELSEWHERE = {"until": "it stands beside how often: retry: {attempts: …, until: …}"}
"""Keys that are looked for in one place and stand in another."""
_PATTERNS = {
    NAME: "a name has lower case letters, digits and -, and begins with a letter",
    STEP_ID: "an id has lower case letters, digits and _, and begins with a letter",
    SOURCE: "write group:sre or user:U0ADA",
    SHARE: "write a number, or a share from 1% to 100%",
}


@dataclass(slots=True)
class Formed:
    """A file in its form; `file` is None when too little is left to go on with."""

    file: RunbookFile | None = None
    findings: list[Finding] = field(default_factory=list)
    broken: set[Path] = field(default_factory=set)


def check_form(document: Document) -> Formed:
    """Check a document; every misfit is a finding."""
    formed = Formed()
    if not isinstance(document.data, dict):
        formed.findings.append(finding("FL102", "a runbook is a mapping of keys", document.place(())))
        return formed
    version = document.data.get("apiVersion")
    if version is not None and version != API_VERSION:
        message = f"apiVersion is {version!r}"
        formed.findings.append(
            finding("FL008", message, document.place(("apiVersion",)), f"write {API_VERSION}")
        )
    tree = copy.deepcopy(document.data)
    tree["apiVersion"] = API_VERSION if version is not None else None
    for path in list(_empty(tree, ())):
        _cut(tree, path)
        if path != ("apiVersion",) or "apiVersion" in document.data:
            formed.broken.add(path)
            message = f"{_shown(path)} has no value"
            formed.findings.append(
                finding("FL102", message, document.place(path, key=True), "give it one, or drop the key")
            )
    _mend(tree, document, formed)
    return formed


def _empty(tree: Data, path: Path) -> Iterator[Path]:
    """Find the keys whose value is null, deepest first within a mapping, where null means nothing."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if value is None:
                yield (*path, key)
            elif key not in _FREE:
                yield from _empty(value, (*path, key))
    elif isinstance(tree, list):
        for at, value in enumerate(tree):
            yield from _empty(value, (*path, at))


def _mend(tree: dict[str, Data], document: Document, formed: Formed) -> None:
    """Validate, cut out what does not fit, and validate again, until it fits or there is nothing left to cut."""
    for _ in range(_ROUNDS):
        try:
            formed.file = RunbookFile.model_validate_json(json.dumps(tree))
        except ValidationError as error:
            misfits = _misfits(error, tree)
        else:
            return
        cut_before = frozenset(formed.broken)
        for path, details in misfits.items():
            if not any(path[: len(each)] == each for each in cut_before):
                formed.findings.append(_finding(path, details, document))
            if details[0]["type"] == "missing":
                _fill(tree, path)
            else:
                formed.broken.add(_cut(tree, path))
            formed.broken.add(path)


_Details = list[dict[str, Any]]


def _misfits(error: ValidationError, tree: Data) -> dict[Path, _Details]:
    """Gather pydantic's errors by the path in the file, without the names that it gives to a union's branches."""
    found: dict[Path, _Details] = {}
    for each in error.errors(include_url=False):
        found.setdefault(_path(each["loc"], tree, each["type"]), []).append(dict(each))
    deeper = {path[:length] for path in found for length in range(len(path))}
    return {
        path: details
        for path, details in found.items()
        if path not in deeper or details[0]["type"] == "missing"
    }


def _path(loc: tuple[str | int, ...], tree: Data, kind: str) -> Path:
    path, _ = reach(tree, loc)
    return (*path, loc[-1]) if kind == "missing" else path


def _cut(tree: Data, path: Path) -> Path:
    """Take a key out and return its path; of a list the whole list goes, so that what stays keeps its place.

    A step leaves an empty one behind, which is filled in: the other steps are still worth looking at.
    """
    found, _ = reach(tree, path)
    if found != path:
        return path
    if path[-2:-1] in _LISTS_OF_STEPS:
        _holder(tree, path)[path[-1]] = {}
        return path
    while isinstance(path[-1], int):
        path = path[:-1]
    del _holder(tree, path)[path[-1]]
    return path


def _fill(tree: Data, path: Path) -> None:
    found, holder = reach(tree, path[:-1])
    key = str(path[-1])
    if found != path[:-1] or not isinstance(holder, dict):
        return
    if key in _STAND_INS:
        holder[key] = copy.deepcopy(_STAND_INS[key])
    elif key == "id":
        holder[key] = "missing_" + "_".join(str(part) for part in path[:-1])


def _holder(tree: Data, path: Path) -> Any:  # noqa: ANN401 - a mapping or a list, as the path says
    """Return what holds the last part of a path."""
    return reach(tree, path[:-1])[1]


def _finding(path: Path, details: _Details, document: Document) -> Finding:
    kind, context = details[0]["type"], details[0].get("ctx", {})
    if kind == "missing":
        where = document.place(path[:-1])
        return finding("FL101", f"{_shown(path)} is missing", where)
    if kind == "extra_forbidden":
        return _unknown_key(path, document)
    if details[0]["loc"][-1] == "[key]":
        place = document.place(path, key=True)
        return finding("FL102", f"{path[-1]} is no name for it", place, _PATTERNS[context["pattern"]])
    for each in details:
        if each["type"] == "string_pattern_mismatch":
            hint = _PATTERNS[each["ctx"]["pattern"]]
            return finding("FL102", f"{_shown(path)} does not fit", document.place(path), hint)
    if path[-1] in DURATIONS and isinstance(details[0]["input"], int | float):
        number = details[0]["input"]
        return finding(
            "FL103",
            f"{_shown(path)} has no unit",
            document.place(path),
            f"write {number}s, {number}m or {number}h",
        )
    return finding("FL102", f"{_shown(path)} {_demand(details)}", document.place(path), _choice_hint(details))


def _demand(details: _Details) -> str:
    """Say what a value should be; several errors of one value are the branches of a union."""
    kinds = [each["type"] for each in details]
    context = details[0].get("ctx", {})
    if kinds[0] in _DATES:
        return "should be a date such as 2027-06-30"
    if kinds[0] in {"string_too_short", "too_short"}:
        return "is empty"
    if "ge" in context:
        return f"should be at least {context['ge']:g}"
    if "le" in context:
        return f"should be at most {context['le']:g}"
    wanted = [_EXPECTED.get(each["type"]) or _choices(each) for each in details]
    return "should be " + " or ".join(dict.fromkeys(wanted))


def _choices(each: dict[str, Any]) -> str:
    words = str(each["ctx"]["expected"]) if "expected" in each.get("ctx", {}) else each["msg"]
    return words.replace("'", "").replace(" or ", ", ")


def _choice_hint(details: _Details) -> str:
    value = details[0]["input"]
    known = [
        word for each in details for word in _choices(each).split(", ") if "expected" in each.get("ctx", {})
    ]
    return nearest(value, known) if isinstance(value, str) else ""


def _unknown_key(path: Path, document: Document) -> Finding:
    place = document.place(path, key=True)
    key, model = str(path[-1]), _model_at(path[:-1])
    known = [each.alias or name for name, each in model.model_fields.items()] if model is not None else []
    hint = _ELSEWHERE.get(key) or nearest(key, known) or f"there are: {', '.join(known)}"
    return finding("FL004", f"{_shown(path)} is no key", place, hint)


def _model_at(path: Path) -> type[BaseModel] | None:
    """Find the part of the surface that describes a path."""
    kind: Any = RunbookFile
    for part in path:
        options = [each for each in _options(kind) if isinstance(each, type) and issubclass(each, BaseModel)]
        if isinstance(part, int) or not options:
            kind = next(
                (get_args(each)[-1] for each in _options(kind) if get_origin(each) in {list, dict}), None
            )
            continue
        kind = next(
            each.annotation for name, each in options[0].model_fields.items() if (each.alias or name) == part
        )
    return next(
        (each for each in _options(kind) if isinstance(each, type) and issubclass(each, BaseModel)), None
    )


def _options(kind: Any) -> tuple[Any, ...]:  # noqa: ANN401 - an annotation is anything
    """Take a union apart."""
    if get_origin(kind) in {Union, UnionType}:
        return tuple(option for each in get_args(kind) for option in _options(each))
    return (kind,)


def _shown(path: Path) -> str:
    """Write a path for a person: `steps[2].retry.attempts`."""
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else part
    return out
