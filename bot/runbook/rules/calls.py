"""Actions and what they are given: they exist, take these inputs, and do no less harm than the step says."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from bot.actions.contract import ActionSpec, Effect
from bot.runbook.data import Data
from bot.runbook.documents import Path
from bot.runbook.findings import Finding, finding
from bot.runbook.rules.draft import Called, Draft
from bot.runbook.sandbox import nearest
from bot.runbook.surface import ACTIONS_NOT_YET


def check_calls(draft: Draft) -> Iterator[Finding]:
    """Check every call of every step."""
    for called in draft.calls():
        spec = draft.spec(called.action)
        if spec is None:
            yield _unknown(draft, called)
            continue
        if draft.whole((*called.path, "with")):
            yield from _check_inputs(draft, called, spec)
        yield from _check_effect(draft, called, spec)


def _unknown(draft: Draft, called: Called) -> Finding:
    place = draft.place(*called.path, "uses")
    if called.action in ACTIONS_NOT_YET:
        return finding("FL901", f"{called.action} is not available yet", place)
    known = list(draft.world.catalogue)
    hint = nearest(called.action, known) or f"there are: {', '.join(known) or 'none'}"
    return finding("FL401", f"there is no action {called.action}", place, hint)


def _check_effect(draft: Draft, called: Called, spec: ActionSpec) -> Iterator[Finding]:
    declared = called.sited.step.effect
    if called.part in {"settle", "verify"}:
        if spec.effect is not Effect.READ and not spec.read_if_declared:
            message = f"{spec.name} is declared {spec.effect}, and {called.part} must only read"
            yield finding("FL404", message, draft.place(*called.path, "uses"))
    elif not called.part and declared is not None and declared.rank < spec.effect.rank:
        if declared is Effect.READ and spec.read_if_declared:
            return
        message = f"{spec.name} is declared {spec.effect}, and a runbook can't make it {declared}"
        yield finding("FL403", message, draft.place(*called.path, "effect"))


def _check_inputs(draft: Draft, called: Called, spec: ActionSpec) -> Iterator[Finding]:
    """Let the action's model judge what is literal; what an expression gives is judged when it is known."""
    tree = called.inputs.tree
    try:
        spec.inputs.model_validate(tree)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            yield from _misfit(draft, called, spec, (each["loc"], each["type"], each["msg"]))


def _misfit(
    draft: Draft, called: Called, spec: ActionSpec, error: tuple[tuple[int | str, ...], str, str]
) -> Iterator[Finding]:
    loc, kind, words = error
    base = (*called.path, "with")
    path, value = _reach(called.inputs.tree, loc)
    name = ".".join(str(part) for part in loc)
    if kind == "missing":
        there = base if _has_with(draft, called) else (*called.path, "uses")
        yield finding("FL402", f"{spec.name} needs {name}", draft.place(*there, *path))
    elif kind == "extra_forbidden":
        known = sorted(_keys(spec)) if len(loc) == 1 else []
        hint = nearest(str(loc[-1]), known) or (f"it takes: {', '.join(known)}" if known else "")
        yield finding("FL402", f"{spec.name} takes no {name}", draft.place(*base, *path, key=True), hint)
    elif not _dynamic(value):
        about = f"{name}: " if name else ""
        yield finding("FL402", f"{spec.name}: {about}{words}", draft.place(*base, *path))


def _has_with(draft: Draft, called: Called) -> bool:
    return draft.place(*called.path, "with") != draft.place(*called.path)


def _keys(spec: ActionSpec) -> set[str]:
    return {each.alias or name for name, each in spec.inputs.model_fields.items()}


def _reach(tree: Data, loc: tuple[int | str, ...]) -> tuple[Path, Data]:
    """Follow an error's location as far as the tree goes, past the names that pydantic gives to a union's branches."""
    path: list[int | str] = []
    for part in loc:
        if isinstance(tree, dict) and part in tree:
            tree = tree[str(part)]
            path.append(part)
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
            path.append(part)
    return tuple(path), tree


def _dynamic(tree: Data) -> bool:
    """Tell whether a part of a tree holds an expression anywhere."""
    if isinstance(tree, dict):
        return any(_dynamic(each) for each in tree.values())
    if isinstance(tree, list):
        return any(_dynamic(each) for each in tree)
    return isinstance(tree, str) and "{{" in tree
