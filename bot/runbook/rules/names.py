"""Names in expressions: what is in scope where, and whether a step has run by then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bot.domain.ids import StepId
from bot.runbook.findings import Finding, finding
from bot.runbook.form import STAND_IN
from bot.runbook.loops import NAMES
from bot.runbook.model import Step, Undo
from bot.runbook.references import Reference
from bot.runbook.rules.draft import Draft, Sited
from bot.runbook.sandbox import nearest

FIELDS: Mapping[str, frozenset[str]] = {
    "alert": frozenset(
        {"name", "labels", "annotations", "starts_at", "fingerprint", "generator_url", "status"}
    ),
    "incident": frozenset({"number", "title", "severity", "status"}),
    "run": frozenset({"id", "runbook", "started_at", "requested_by"}),
    "call": frozenset({"key"}),
}
"""What the names in scope hold; `labels` and `annotations` hold what came."""
STEP_FIELDS = frozenset({"status", "output", "reason", "detail"})
"""What `steps.<id>` holds; `output` is what the action put out."""

LOOP_OUTPUT: Mapping[str, str] = {
    "items": "An entry an item, in the order of the list: `item`, `index`, `status`, `output`, `reason`, `detail`.",
    "total": "How many items the list has.",
    "succeeded": "How many succeeded.",
    "failed": "How many failed.",
    "skipped": "How many were never begun.",
    "cancelled": "How many were ended early.",
    "undone": "How many were taken back.",
}
"""What `steps.<id>.output` of a loop holds for the steps after it."""

_BEFORE_INPUTS = frozenset({"alert", "alerts", "vars"})
_BEFORE_RUN = _BEFORE_INPUTS | {"inputs"}
_IN_STEP = _BEFORE_RUN | {"incident", "run", "steps"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """The names at one spot of the file.

    `steps` are those that have run by then, `output` what a probe's action puts out.
    """

    roots: frozenset[str]
    steps: frozenset[StepId] = frozenset()
    output: Mapping[str, str] | None = None
    own: StepId | None = None
    """The step that stands here: of a loop, each item sees its own output under this name."""


def check_names(draft: Draft) -> Iterator[Finding]:
    """Check every reference of every expression."""
    runbook = draft.runbook
    for decl in runbook.inputs:
        if decl.default is not None:
            yield from _check(draft, decl.default.references, _Scope(roots=_BEFORE_INPUTS))
    outer = _Scope(roots=_BEFORE_RUN)
    yield from _check(draft, runbook.severity.references, outer)
    if runbook.concurrency is not None:
        yield from _check(draft, runbook.concurrency.group.references, outer)
    for sited in draft.steps:
        for references, scope in _of_step(draft, sited):
            yield from _check(draft, references, scope)


def _of_step(draft: Draft, sited: Sited) -> Iterator[tuple[tuple[Reference, ...], _Scope]]:
    step = sited.step
    run = _over_before(draft, sited)
    outer = _Scope(roots=_IN_STEP, steps=run)
    looping = step.loop is not None or not draft.whole((*sited.path, "for_each"))
    roots = _IN_STEP | NAMES if looping else _IN_STEP
    before = _Scope(roots=roots, steps=run)
    after = _Scope(roots=roots, steps=run | {step.id}, own=step.id)
    if step.loop is not None:
        yield step.loop.items.references, outer
        if step.loop.limit is not None and step.loop.limit.of is not None:
            yield step.loop.limit.of.references, outer
    yield step.inputs.references, _of_call(before)
    if step.retry is not None and step.retry.until is not None:
        yield step.retry.until.references, _with_output(draft, before, step.action)
    if step.condition is not None:
        yield step.condition.references, before
    if step.evidence is not None:
        yield step.evidence.name.references, before
    for probe in (step.settle, step.verify):
        if probe is not None:
            yield probe.inputs.references, _of_call(after)
            yield probe.expect.references, _with_output(draft, after, probe.action)
    if isinstance(step.undo, Undo):
        yield step.undo.inputs.references, _of_call(after)


def _of_call(scope: _Scope) -> _Scope:
    """Return the scope of a call's inputs, which know the call's own key."""
    return replace(scope, roots=scope.roots | {"call"})


def _with_output(draft: Draft, scope: _Scope, action: str) -> _Scope:
    spec = draft.spec(action)
    return replace(scope, roots=scope.roots | {"output"}, output=spec.output if spec else {})


def _over_before(draft: Draft, sited: Sited) -> frozenset[StepId]:
    """Find the steps that are over before this one.

    Those it needs, and in `rescue` and `always` those of the lists before.
    """
    earlier = {"steps": (), "rescue": ("steps",), "always": ("steps", "rescue")}[sited.phase]
    lists = {each.step.id for phase in earlier for each in draft.of_phase(phase)}
    return draft.needed[sited.phase, sited.step.id] - {sited.step.id} | lists


def _check(draft: Draft, references: tuple[Reference, ...], scope: _Scope) -> Iterator[Finding]:
    for each in references:
        root = each.path[0]
        if root in scope.roots:
            yield from _check_rest(draft, each, scope)
        else:
            yield _no_root(each, scope)


def _check_rest(draft: Draft, reference: Reference, scope: _Scope) -> Iterator[Finding]:
    """Check what follows a name that is in scope."""
    match reference.path[0]:
        case "inputs" if draft.whole(("inputs",)):
            names = frozenset(decl.name for decl in draft.runbook.inputs)
            yield from _no_field(reference, names, "it is not declared under inputs")
        case "vars" if not reference.guarded:
            yield from _no_field(reference, draft.world.vars, "it is not in the settings' vars")
        case "steps":
            yield from _check_step(draft, reference, scope)
        case "output" if scope.output:
            yield from _no_output(reference, 1, scope.output)
        case "alerts" if len(reference.path) > 1:
            name = reference.path[1]
            hint = f'take one, alerts[0].{name}, or all: alerts | map(attribute="{name}")'
            yield finding("FL301", f"alerts is a list and has no {name}", reference.place, hint)
        case root if root in FIELDS:
            yield from _no_field(reference, FIELDS[root], "")


def _no_root(reference: Reference, scope: _Scope) -> Finding:
    root = reference.path[0]
    known = sorted(scope.roots)
    hint = nearest(root, known) or f"in scope here: {', '.join(known)}"
    if root in _IN_STEP:
        hint = f"it is not known yet at this point; in scope here: {', '.join(known)}"
    elif root == "output":
        hint = "output is for expect; what a step put out is steps.<id>.output"
    elif root == "item":
        hint = f"{root} is there in a step that has for_each"
    return finding("FL301", f"there is no name {root}", reference.place, hint)


def _no_field(reference: Reference, known: frozenset[str], otherwise: str) -> Iterator[Finding]:
    if len(reference.path) == 1 or reference.path[1] in known:
        return
    root, name = reference.path[:2]
    hint = nearest(name, sorted(known)) or otherwise or f"it has: {', '.join(sorted(known))}"
    yield finding("FL301", f"{root} has no {name}", reference.place, hint)


def _check_step(draft: Draft, reference: Reference, scope: _Scope) -> Iterator[Finding]:
    if len(reference.path) == 1:
        return
    name = StepId(reference.path[1])
    step = next((each.step for each in draft.steps if each.step.id == name), None)
    if step is None:
        hint = nearest(name, sorted(each.step.id for each in draft.steps))
        yield finding("FL301", f"there is no step {name}", reference.place, hint)
        return
    if name not in scope.steps:
        message = f"the step {name} need not be over when this is evaluated"
        yield finding("FL302", message, reference.place, f"add {name} to needs")
    yield from _check_step_field(draft, reference, step, own=name == scope.own)


def _check_step_field(draft: Draft, reference: Reference, step: Step, *, own: bool) -> Iterator[Finding]:
    path = reference.path
    if len(path) > 2 and path[2] not in STEP_FIELDS:  # noqa: PLR2004 - steps, id, field
        known = sorted(STEP_FIELDS)
        hint = nearest(path[2], known) or f"it has: {', '.join(known)}"
        yield finding("FL301", f"steps.{step.id} has no {path[2]}", reference.place, hint)
    if len(path) <= 3 or path[2] != "output":  # noqa: PLR2004 - steps, id, output, field
        return
    if step.loop is not None and not own:
        yield from _check_loop_output(reference)
        return
    spec = None if step.action == STAND_IN else draft.spec(step.action)
    if spec is not None and spec.output:
        yield from _no_output(reference, 3, spec.output)


def _check_loop_output(reference: Reference) -> Iterator[Finding]:
    """Check what is asked of a loop as a whole: what an item put out is one level further in."""
    steps, name, output, field, *rest = reference.path
    if field not in LOOP_OUTPUT and not reference.guarded:
        hint = (
            nearest(field, sorted(LOOP_OUTPUT))
            or f"each item has its own: {steps}.{name}.{output}.items[0].output.{field}"
        )
        yield finding(
            "FL303", f"{steps}.{name} is a loop, and its output has no {field}", reference.place, hint
        )
    elif field == "items" and rest:
        whole = ".".join(reference.path[:4])
        hint = f'take one, {whole}[0].{rest[0]}, or all: {whole} | map(attribute="{rest[0]}")'
        yield finding("FL301", f"{whole} is a list and has no {rest[0]}", reference.place, hint)


def _no_output(reference: Reference, at: int, known: Mapping[str, str]) -> Iterator[Finding]:
    if len(reference.path) <= at or reference.guarded or reference.path[at] in known:
        return
    name = reference.path[at]
    hint = nearest(name, sorted(known)) or f"it has: {', '.join(known)}"
    yield finding("FL303", f"{'.'.join(reference.path[:at])} has no {name}", reference.place, hint)
