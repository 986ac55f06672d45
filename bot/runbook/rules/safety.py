"""What a runbook must have before it may touch anything.

Approvals that can be given, a way back, no secrets in the open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.actions.contract import Effect
from bot.actions.nested import RUN_RUNBOOK
from bot.runbook.data import Data
from bot.runbook.documents import Path
from bot.runbook.findings import Finding, finding
from bot.runbook.loops import NAMES
from bot.runbook.model import NoUndo, OnFailure, Step, Undo, effective_effect, effective_repeatable
from bot.runbook.rules.draft import Draft, Sited

_SECRET_KEY = re.compile(
    r"(?i)(?:^|[_-])(?:password|passwd|passphrase|secret|token|api[_-]?key|authorization|credentials?)$"
)
_SECRET_VALUE = re.compile(
    r"AKIA[0-9A-Z]{16}|xox[abeprs]-[0-9A-Za-z-]{10,}|gh[pousr]_[0-9A-Za-z]{20,}|glpat-[0-9A-Za-z_-]{16,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|eyJ[0-9A-Za-z_-]{16,}\.eyJ[0-9A-Za-z_-]{8,}\.|(?i:\b(?:bearer|basic) [0-9a-z+/=._~-]{12,})"
    r"|://[^/\s:@{}]+:[^/\s:@{}]+@"
)


def check_safety(draft: Draft) -> Iterator[Finding]:
    """Check the whole runbook, then each step."""
    yield from _check_date(draft)
    runbook = draft.runbook
    starts = runbook.triggers or runbook.command or runbook.schedule
    if not starts and draft.whole(("on",)):
        yield finding(
            "FL509",
            f"nothing starts {runbook.name}",
            draft.place("name"),
            "say on.alert, on.schedule, or on.command: true",
        )
    for sited in draft.steps:
        yield from _check_effect(draft, sited)
        yield from _check_failure(draft, sited)
    yield from _check_evidence(draft)
    for called in draft.calls():
        for path in _secrets(called.inputs.tree, (*called.path, "with")):
            message = f"{path[-1]} looks like a secret in plain text"
            yield finding("FL508", message, draft.place(*path), "name it instead: {secret: its/name}")


def _check_date(draft: Draft) -> Iterator[Finding]:
    runbook, today = draft.runbook, draft.world.today
    if today is not None and runbook.is_past(today):
        message = f"valid_until was {runbook.valid_until}: it is proposed only, and never runs by itself"
        yield finding("FL507", message, draft.place("valid_until"), "ask its owner whether it is still right")


def _check_effect(draft: Draft, sited: Sited) -> Iterator[Finding]:
    step, spec = sited.step, draft.spec(sited.step.action)
    if spec is None or not draft.whole(sited.path):
        return
    effect = effective_effect(step, spec)
    if effect is Effect.DESTROY and step.approval is None:
        yield finding(
            "FL501", f"{step.id} destroys, and nobody is asked", step.place, "approval: {from: [group:…]}"
        )
    if effect is not Effect.READ and step.undo is None and step.verify is None and not spec.nested:
        message = f"{step.id} changes something, and has neither undo nor verify"
        hint = "add one of them, or undo: none and why"
        if spec.read_if_declared and step.effect is None:
            hint += "; say effect: read where it only reads"
        yield finding("FL502", message, step.place, hint)
    if effect is Effect.READ and isinstance(step.undo, NoUndo):
        yield finding(
            "FL510",
            f"{step.id} only reads: undo: none says nothing",
            draft.place(*sited.path, "undo", key=True),
        )
    repeats = step.retry is not None and step.retry.attempts > 1
    # A run inside is begun again only when the one before left nothing standing.
    if repeats and step.settle is None and not spec.nested and not effective_repeatable(step, spec):
        message = f"{step.id} is tried again although {step.action} is not repeatable"
        yield finding(
            "FL503",
            message,
            draft.place(*sited.path, "retry", key=True),
            "add settle, which asks whether it happened",
        )


def _check_failure(draft: Draft, sited: Sited) -> Iterator[Finding]:
    if sited.step.on_failure is not OnFailure.UNDO or not all(draft.whole(each.path) for each in draft.steps):
        return
    place = draft.place(*sited.path, "on_failure")
    if sited.phase != "steps":
        yield finding("FL505", f"in {sited.phase} nothing is undone", place, "stop or continue")
    elif not any(_can_undo(step) for step in _may_have_run(draft, sited)):
        yield finding(
            "FL505", f"when {sited.step.id} fails there is nothing to undo", place, "give a step an undo"
        )


def _can_undo(step: Step) -> bool:
    return isinstance(step.undo, Undo) or (step.action == RUN_RUNBOOK and step.undo is None)


def _may_have_run(draft: Draft, sited: Sited) -> list[Step]:
    """Find the steps of the list that don't wait for this one; the step itself may have run in part."""
    own = sited.step.id
    return [each.step for each in draft.of_phase("steps") if own not in draft.needed["steps", each.step.id]]


def _check_evidence(draft: Draft) -> Iterator[Finding]:
    seen: dict[Data, Sited] = {}
    for sited in draft.steps:
        rule = sited.step.evidence
        if rule is None or not draft.whole((*sited.path, "evidence")):
            continue
        if sited.step.loop is not None and not any(path[0] in NAMES for path in rule.name.names):
            message = "every item's evidence has the same name"
            yield finding("FL506", message, draft.place(*sited.path, "evidence", "name"), "use item in it")
            continue
        if not rule.name.literal:
            continue
        first = seen.setdefault(rule.name.tree, sited)
        if first is not sited:
            message = f"the name {rule.name.tree} is taken by the step {first.step.id}"
            yield finding("FL506", message, draft.place(*sited.path, "evidence", "name"))


def _secrets(tree: Data, path: Path, key: str = "") -> Iterator[Path]:
    if isinstance(tree, dict) and set(tree) != {"secret"}:
        for name, each in tree.items():
            yield from _secrets(each, (*path, name), name)
    elif isinstance(tree, list):
        for at, each in enumerate(tree):
            yield from _secrets(each, (*path, at))
    elif (
        isinstance(tree, str)
        and tree
        and "{{" not in tree
        and (_SECRET_KEY.search(key) or _SECRET_VALUE.search(tree))
    ):
        yield path
