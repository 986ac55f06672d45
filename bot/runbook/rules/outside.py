"""Values from outside where a part of them could become something else: a URL's path or query, a command's options.

An alert's label, or what somebody typed, may hold `../`, `?` or `--all`. An input whose pattern can't match such a thing is as good as a constant,
and so is what `urlencode` gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.runbook.data import Data
from bot.runbook.documents import Path
from bot.runbook.expressions import Expression
from bot.runbook.findings import Finding, finding
from bot.runbook.inputs import misfit
from bot.runbook.loops import Loop, lone_expression
from bot.runbook.model import InputDecl, InputType
from bot.runbook.references import Reference
from bot.runbook.rules.draft import Draft
from bot.runbook.segments import Segment, segments

_LEAVES_ITS_PLACE = ("../a", "a/../b", "a?b", "a#b", "a&b")
_IS_AN_OPTION = ("-", "-a", "--a=b")
_ESCAPED = re.compile(r"\|\s*(?:urlencode|int|float|length|count|round(?:\([0-9]*\))?)\s*\Z")
_OURS = frozenset({("incident", "id"), ("run", "id")})


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of the values that a step's expressions may use: the inputs' declarations, and the list that the step goes through."""

    declared: Mapping[str, InputDecl]
    loop: Loop | None

    def item_held(self, hostile: Sequence[str]) -> bool:
        """Tell whether an item is as good as a constant: it stands in the runbook, or comes from an input that is held."""
        if self.loop is None or self.loop.items.literal:
            return True
        source = lone_expression(self.loop.items) or ""
        used = self.loop.items.references
        return len(used) == 1 and source == ".".join(used[0].path) and _is_held(used[0], self, hostile)


def check_outside(draft: Draft) -> Iterator[Finding]:
    """Check the URLs and the argument lists of every call."""
    declared = {each.name: each for each in draft.runbook.inputs}
    for called in draft.calls():
        inputs = Held(declared, called.sited.step.loop)
        spec, path = draft.spec(called.action), (*called.path, "with")
        if spec is None or not isinstance(called.inputs.tree, dict) or not draft.whole(path):
            continue
        url, argv = called.inputs.tree.get("url"), called.inputs.tree.get("argv")
        if "url" in spec.inputs.model_fields and isinstance(url, str):
            yield from _check_url(draft, (*path, "url"), url, inputs)
        if "argv" in spec.inputs.model_fields and isinstance(argv, list):
            yield from _check_argv(draft, (*path, "argv"), argv, inputs)


def _check_url(draft: Draft, path: Path, url: str, inputs: Held) -> Iterator[Finding]:
    for at, piece in enumerate(segments(url)):
        if not piece.is_expression or _ESCAPED.search(piece.source):
            continue
        # What a URL begins with is an address, which a pattern may well allow to hold a path.
        for name in _loose(piece, inputs, _LEAVES_ITS_PLACE if at else ()):
            message = f"{name} stands in a URL as it comes: it could change what is called"
            hint = (
                "write {{ … | urlencode }}, or give the input a pattern"
                if at
                else "name the address in vars, or give the input a pattern"
            )
            yield finding("FL511", message, draft.place(*path), hint)


def _check_argv(draft: Draft, path: Path, argv: Sequence[Data], inputs: Held) -> Iterator[Finding]:
    for at, item in enumerate(argv):
        if not isinstance(item, str) or "--" in argv[:at]:
            continue
        first = segments(item)[:1]
        for name in _loose(first[0], inputs, _IS_AN_OPTION) if first and first[0].is_expression else ():
            message = f"{name} begins an argument: it could be an option, such as --all"
            hint = "put '--' before it where the command takes that, or give the input a pattern"
            yield finding("FL512", message, draft.place(*path, at), hint)


def _loose(piece: Segment, inputs: Held, hostile: Sequence[str]) -> list[str]:
    """Return the names in an expression that could give one of the hostile texts, or, where none is told, any text at all."""
    used = Expression.compile(piece.source).references
    return [".".join(each.path) for each in used if not _is_held(each, inputs, hostile)]


def _is_held(used: Reference, inputs: Held, hostile: Sequence[str]) -> bool:
    root, *rest = used.path
    if root == "item":
        return inputs.item_held(hostile)
    if root in {"vars", "item_index"} or used.path in _OURS or rest[1:] == ["status"]:
        return True
    decl = inputs.declared.get(rest[0]) if root == "inputs" and rest else None
    if decl is None:
        return False
    if decl.type in {InputType.INTEGER, InputType.NUMBER, InputType.BOOLEAN} or decl.enum:
        return True
    return decl.pattern is not None and all(misfit(decl, each) for each in hostile)
