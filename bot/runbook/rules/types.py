"""Types of what expressions give, where they are known, against what an action takes.

A text that is one name and nothing else keeps the value's type. Of inputs, and of some names in scope, that type is known before any run. A value of
it is put in the expression's place, and the action's own model judges. Only what it refuses for its type is told: of a text that might be a number,
nobody knows before it is there.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from bot.actions.contract import ActionSpec
from bot.runbook.data import Data
from bot.runbook.documents import Path, reach
from bot.runbook.findings import Finding, finding
from bot.runbook.model import InputDecl, InputType
from bot.runbook.rules.draft import Called, Draft

_ONE_NAME = re.compile(r"\{\{\s*([a-z_]+)\.([a-z0-9_]+)\s*\}\}")
_SAMPLES: Mapping[InputType, Data] = {
    InputType.STRING: "text",
    InputType.INTEGER: 1,
    InputType.NUMBER: 1.5,
    InputType.BOOLEAN: True,
    InputType.LIST: ["text"],
}
_IN_SCOPE: Mapping[tuple[str, str], tuple[str, Data]] = {
    ("incident", "number"): ("a whole number", 1),
    ("alert", "labels"): ("a mapping", {}),
    ("alert", "annotations"): ("a mapping", {}),
}
_WORDS: Mapping[InputType, str] = {
    InputType.STRING: "a text",
    InputType.INTEGER: "a whole number",
    InputType.NUMBER: "a number",
    InputType.BOOLEAN: "true or false",
    InputType.LIST: "a list",
}


def check_types(draft: Draft) -> Iterator[Finding]:
    """Check every call of every step."""
    inputs = {decl.name: decl for decl in draft.runbook.inputs if draft.whole(("inputs", decl.name))}
    for called in draft.calls():
        spec = draft.spec(called.action)
        if spec is None or not draft.whole((*called.path, "with")):
            continue
        for path, text in _texts(called.inputs.tree, ()):
            known = _known(text, inputs)
            if known is not None:
                yield from _try(draft, called, spec, path, text, *known)


def _texts(tree: Data, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(tree, dict):
        for key, each in tree.items():
            yield from _texts(each, (*path, key))
    elif isinstance(tree, list):
        for at, each in enumerate(tree):
            yield from _texts(each, (*path, at))
    elif isinstance(tree, str):
        yield path, tree


def _known(text: str, inputs: Mapping[str, InputDecl]) -> tuple[str, Data] | None:
    """Return what a text is known to give, in words and as a sample; None where that is not known."""
    found = _ONE_NAME.fullmatch(text.strip())
    if found is None:
        return None
    root, name = found.groups()
    if root == "inputs" and name in inputs:
        decl = inputs[name]
        return _WORDS[decl.type], decl.enum[0] if decl.enum else _SAMPLES[decl.type]
    return _IN_SCOPE.get((root, name))


def _try(
    draft: Draft, called: Called, spec: ActionSpec, path: Path, text: str, words: str, sample: Data
) -> Iterator[Finding]:
    tree: Any = copy.deepcopy(called.inputs.tree)
    holder: Any = reach(tree, path[:-1])[1]
    holder[path[-1]] = sample
    try:
        spec.inputs.model_validate(tree)
    except ValidationError as error:
        here = [
            each
            for each in error.errors(include_url=False)
            if reach(tree, each["loc"])[0][: len(path)] == path
        ]
        if here and all(_of_type(each, sample) for each in here):
            message = f"{spec.name}: {'.'.join(map(str, path))}: {text.strip()} is {words}. {here[0]['msg']}"
            hint = "in a longer text it becomes one: '{{ … }}s'" if here[0]["type"] == "string_type" else ""
            yield finding("FL405", message, draft.place(*called.path, "with", *path), hint)


def _of_type(error: Any, sample: Data) -> bool:  # noqa: ANN401 - pydantic's error, as data
    """Tell whether a value was refused for its type: one of a few words takes no number, whichever it is."""
    if error["type"] in ("literal_error", "enum"):
        return not isinstance(sample, str) and "'" in error["ctx"]["expected"]
    return bool(error["type"].endswith("_type"))
