"""Actions and what they are given: they exist, take these inputs, and do no less harm than the step says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from bot.actions.contract import ActionSpec, Effect
from bot.runbook.data import Data
from bot.runbook.documents import Path, reach
from bot.runbook.findings import Finding, finding
from bot.runbook.rules.draft import Called, Draft
from bot.runbook.sandbox import nearest


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
        if spec.nested and not called.part:
            yield from _check_nested(draft, called)


def _check_nested(draft: Draft, called: Called) -> Iterator[Finding]:
    """Tell of what says nothing of a run: how it ended is in the log, and what its steps saw is kept by them."""
    step, path = called.sited.step, called.sited.path
    if step.settle is not None:
        message = "settle has nothing to find out: how a run ended is in the log"
        yield finding("FL107", message, draft.place(*path, "settle", key=True), "drop it")
    if step.evidence is not None:
        message = "a run keeps no evidence of its own"
        hint = "the steps of the other runbook do"
        yield finding("FL107", message, draft.place(*path, "evidence", key=True), hint)


def _unknown(draft: Draft, called: Called) -> Finding:
    place = draft.place(*called.path, "uses")
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
    try:
        spec.inputs.model_validate(called.inputs.tree)
    except ValidationError as error:
        errors = [
            (*reach(called.inputs.tree, each["loc"]), dict(each)) for each in error.errors(include_url=False)
        ]
    else:
        return
    deeper = {path[:length] for path, _, _ in errors for length in range(len(path))}
    told: set[Path] = set()
    for path, value, each in errors:
        if each["type"] in {"missing", "extra_forbidden"}:
            yield _wrong_key(draft, called, spec, (path, each))
        elif path not in deeper | told and not _dynamic(value):
            told.add(path)
            about = f"{_dotted(path)}: " if path else ""
            yield finding(
                "FL402", f"{spec.name}: {about}{each['msg']}", draft.place(*called.path, "with", *path)
            )


def _wrong_key(draft: Draft, called: Called, spec: ActionSpec, error: tuple[Path, dict[str, Any]]) -> Finding:
    path, each = error
    base = (*called.path, "with")
    if each["type"] == "missing":
        there = base if _has_with(draft, called) else (*called.path, "uses")
        return finding(
            "FL402", f"{spec.name} needs {_dotted((*path, each['loc'][-1]))}", draft.place(*there, *path)
        )
    known = sorted(_keys(spec)) if len(path) == 1 else []
    hint = nearest(str(path[-1]), known) or (f"it takes: {', '.join(known)}" if known else "")
    return finding(
        "FL402", f"{spec.name} takes no {_dotted(path)}", draft.place(*base, *path, key=True), hint
    )


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path)


def _has_with(draft: Draft, called: Called) -> bool:
    return draft.place(*called.path, "with") != draft.place(*called.path)


def _keys(spec: ActionSpec) -> set[str]:
    return {each.alias or name for name, each in spec.inputs.model_fields.items()}


def _dynamic(tree: Data) -> bool:
    """Tell whether a part of a tree holds an expression anywhere."""
    if isinstance(tree, dict):
        return any(_dynamic(each) for each in tree.values())
    if isinstance(tree, list):
        return any(_dynamic(each) for each in tree)
    return isinstance(tree, str) and "{{" in tree
