"""Many calls shown as one: what is the same in all of them once, and of each what is its own. Nothing is left out, nothing is put otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.canonical import canonical

Tree = dict[str, Any]
_MISSING = object()


def folded(inputs: Sequence[Mapping[str, Any]]) -> tuple[Tree, list[Tree]]:
    """Return what all have in common, and what each has besides, in their order; put together again, they are the inputs."""
    common: Tree = {}
    own: list[Tree] = [{} for _ in inputs]
    for key in dict.fromkeys(key for each in inputs for key in each):
        theirs = [each.get(key, _MISSING) for each in inputs]
        if all(isinstance(each, Mapping) for each in theirs):
            shared, besides = folded(theirs)
            if shared or not any(besides):
                common[key] = shared
            for mine, each in zip(own, besides, strict=True):
                if each or key not in common:
                    mine[key] = each
        elif _MISSING not in theirs and len({canonical(each) for each in theirs}) == 1:
            common[key] = theirs[0]
        else:
            for mine, value in zip(own, theirs, strict=True):
                if value is not _MISSING:
                    mine[key] = value
    return common, own


def calls_of(inputs: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the inputs of each call that a loop asks about; none when they have another form."""
    items = inputs.get("items")
    if isinstance(items, list | tuple) and all(isinstance(each, Mapping) for each in items):
        return list(items)
    return []
