"""What a scheduled run starts with: no person to give inputs, and no alert."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.runbook.findings import Finding, finding
from bot.runbook.model import Autonomy, InputDecl, Step, Undo
from bot.runbook.references import Reference
from bot.runbook.rules.draft import Draft


def check_schedule(draft: Draft) -> Iterator[Finding]:
    """Check a runbook with `on.schedule`."""
    runbook = draft.runbook
    if runbook.schedule is None:
        return
    for decl in runbook.inputs:
        if draft.whole(("inputs", decl.name)):
            yield from _check_input(draft, decl)
    heads = [*runbook.severity.references]
    if runbook.concurrency is not None:
        heads.extend(runbook.concurrency.group.references)
    for each in _of_alert(heads):
        message = f"{'.'.join(each.path)} is not there in a scheduled run"
        yield finding("FL604", message, each.place, "| default(…) says what holds without an alert")
    for sited in draft.steps:
        for each in _of_alert(_references(sited.step)):
            message = f"{sited.step.id} needs {'.'.join(each.path)}, which is not there in a scheduled run"
            yield finding("FL605", message, each.place, "| default(…), or an input with a default")
    if runbook.autonomy is Autonomy.PROPOSE and draft.whole(("autonomy",)):
        message = f"{runbook.name} is only proposed each time, because its autonomy is propose"
        yield finding("FL606", message, draft.place("on", "schedule", key=True), "autonomy: approve, or auto")


def _check_input(draft: Draft, decl: InputDecl) -> Iterator[Finding]:
    if decl.default is None:
        if decl.required:
            message = f"{decl.name} has no default, and nobody gives it on schedule"
            yield finding(
                "FL603", message, draft.place("inputs", decl.name, key=True), "default: …, or required: false"
            )
        return
    for each in _of_alert(decl.default.references):
        message = f"the default of {decl.name} needs {'.'.join(each.path)}, which is not there on schedule"
        yield finding("FL603", message, each.place, "| default(…) says what holds without an alert")


def _of_alert(references: Iterable[Reference]) -> Iterator[Reference]:
    """Choose the names that have no value without an alert."""
    for each in references:
        match each.path:
            case ("alert", "labels" | "annotations", _, *_) if not each.guarded:
                yield each


def _references(step: Step) -> Iterator[Reference]:
    """Every name that a step's expressions use, in the order of the file."""
    if step.condition is not None:
        yield from step.condition.references
    yield from step.inputs.references
    if step.evidence is not None:
        yield from step.evidence.name.references
    for probe in (step.settle, step.verify):
        if probe is not None:
            yield from probe.inputs.references
            yield from probe.expect.references
    if isinstance(step.undo, Undo):
        yield from step.undo.inputs.references
