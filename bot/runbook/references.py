"""Which names an expression uses, as far as its text tells.

Read from Jinja2's syntax tree, nothing is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import nodes

from bot.runbook.places import NOWHERE, Place
from bot.runbook.sandbox import SANDBOX, TEXT_METHODS

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A name such as `steps.before.output.max`.

    `guarded` when the expression says what to do where it is missing.
    """

    path: Path
    guarded: bool = False
    place: Place = NOWHERE


def references(tree: nodes.Node, place: Place) -> tuple[Reference, ...]:
    """List the names in a syntax tree, each once, in the order in which they stand."""
    found = list(_walk(tree, guarded=False))
    tested = {path for path, guarded in found if guarded}
    merged: dict[Path, bool] = {}
    for path, guarded in found:
        known = guarded or any(path[: len(each)] == each for each in tested)
        merged[path] = merged.get(path, True) and known
    return tuple(Reference(path=path, guarded=guarded, place=place) for path, guarded in merged.items())


def _walk(node: nodes.Node, *, guarded: bool) -> Iterator[tuple[Path, bool]]:
    if isinstance(node, nodes.Call):
        yield from _walk_call(node, guarded=guarded)
    elif isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
        yield from _walk_chain(node, guarded=guarded)
    elif isinstance(node, nodes.Filter | nodes.Test):
        first, *rest = node.iter_child_nodes()
        yield from _walk(first, guarded=guarded or node.name in {"default", "d", "defined", "undefined"})
        for child in rest:
            yield from _walk(child, guarded=guarded)
    else:
        for child in node.iter_child_nodes():
            yield from _walk(child, guarded=guarded)


def _walk_call(node: nodes.Call, *, guarded: bool) -> Iterator[tuple[Path, bool]]:
    callee, *arguments = node.iter_child_nodes()
    if isinstance(callee, nodes.Getattr) and callee.attr in TEXT_METHODS:
        yield from _walk(callee.node, guarded=guarded)
    elif not (isinstance(callee, nodes.Name) and callee.name in SANDBOX.globals):
        yield from _walk(callee, guarded=guarded)
    for argument in arguments:
        yield from _walk(argument, guarded=guarded)


def _walk_chain(node: nodes.Expr, *, guarded: bool) -> Iterator[tuple[Path, bool]]:
    """Follow `a.b["c"]` down to its root; what stands in brackets and is no constant is walked by itself."""
    parts: list[str] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            parts.append(node.attr)
        elif isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            parts.append(node.arg.value)
        else:
            parts.clear()
            yield from _walk(node.arg, guarded=False)
        node = node.node
    if isinstance(node, nodes.Name):
        yield (node.name, *reversed(parts)), guarded
    else:
        yield from _walk(node, guarded=guarded)
