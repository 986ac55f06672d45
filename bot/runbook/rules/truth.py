"""Conditions that can't come true, and comparisons with values that never come.

Only what is certain is told: a condition without any name in it has its value already, what has a closed set of values is never anything else, and
a step that never runs has no other end than that. To need such a step is no fault: it is over at once, and what follows it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jinja2 import nodes

from bot.actions.outcome import Reason
from bot.domain.ids import StepId
from bot.domain.nouns import AlertStatus, IncidentStatus, Severity, StepStatus
from bot.errors import RunbookError
from bot.runbook.expressions import Expression, parse_expression
from bot.runbook.findings import Finding, finding
from bot.runbook.model import OnFailure, Probe, Verify
from bot.runbook.rules.draft import Draft, Sited
from bot.runbook.sandbox import nearest

_ENDS = frozenset(each.value for each in StepStatus if each.final)
_CLOSED: Mapping[tuple[str, str], frozenset[str]] = {
    ("alert", "status"): frozenset(AlertStatus) | {""},
    ("incident", "status"): frozenset(IncidentStatus),
    ("incident", "severity"): frozenset(Severity),
    ("steps", "status"): _ENDS,
    ("steps", "reason"): frozenset(Reason) | {""},
}
"""What may stand in a field, by the root of its name and its last part; a step that an expression may name is over by then."""
_EQUALS = frozenset({"eq", "ne", "in", "notin"})
_LEFT_OUT = frozenset({StepStatus.SKIPPED.value})
_LEFT_OUT_OR_FAILED = _LEFT_OUT | {StepStatus.FAILED.value}
"""How a step ends whose condition is never true, but may ask for a value that is not there: that is a failure."""
Idle = Mapping[StepId, frozenset[str]]
"""The steps that never run, each with the statuses that it may have in the end."""


def check_truth(draft: Draft) -> Iterator[Finding]:
    """Check every condition, and what probes expect."""
    idle = _idle(draft)
    for sited, condition in _conditions(draft):
        yield from _check_values(condition)
        yield from _check_condition(draft, sited, condition, idle)
    for sited in draft.steps:
        step = sited.step
        for name, probe in (("settle", step.settle), ("verify", step.verify)):
            if isinstance(probe, Probe | Verify) and draft.whole((*sited.path, name, "expect")):
                yield from _check_values(probe.expect)


def _conditions(draft: Draft) -> Iterator[tuple[Sited, Expression]]:
    for sited in draft.steps:
        if sited.step.condition is not None and draft.whole((*sited.path, "if")):
            yield sited, sited.step.condition


def _idle(draft: Draft) -> Idle:
    """Find the steps that never run: by themselves, and then those that wait for the end of one of them that never comes."""
    conditions = tuple(_conditions(draft))
    idle: dict[StepId, frozenset[str]] = {}
    for sited, condition in conditions:
        if _is_never(condition):
            idle[sited.step.id] = _LEFT_OUT
        elif any(_stopped_by(draft, sited, condition)):
            idle[sited.step.id] = _LEFT_OUT_OR_FAILED
    found = -1
    while found != len(idle):
        found = len(idle)
        for sited, condition in conditions:
            if any(_awaited(condition, idle)):
                idle.setdefault(sited.step.id, _LEFT_OUT_OR_FAILED)
    return idle


def _check_condition(draft: Draft, sited: Sited, condition: Expression, idle: Idle) -> Iterator[Finding]:
    never = f"`{condition.text}` is never true"
    if _is_never(condition):
        yield finding("FL204", never, condition.place, "drop the step, or the condition")
    for other in _stopped_by(draft, sited, condition):
        message = f"when {other} fails, {sited.phase} ends, and {sited.step.id} never runs"
        hint = f"on_failure: continue at {other}, or a step in rescue"
        yield finding("FL204", message, condition.place, hint)
    for other in _awaited(condition, idle):
        hint = f"drop the step, or let {other} run"
        yield finding("FL204", f"{never}: {other} never runs itself", condition.place, hint)


def _stopped_by(draft: Draft, sited: Sited, condition: Expression) -> Iterator[StepId]:
    """Return the steps whose failure the condition asks for, although that ends its list."""
    for other in _needed_to_fail(condition):
        stops = next((each for each in draft.of_phase(sited.phase) if each.step.id == other), None)
        if stops is not None and stops.step.on_failure is not OnFailure.CONTINUE:
            yield other


def _awaited(condition: Expression, idle: Idle) -> Iterator[StepId]:
    """Return the steps that never run, of which the condition wants to see an end that they never have."""
    for term in _terms(parse_expression(condition.text)):
        match _compared(term):
            case ("steps", str(step), "status"), operator, value if StepId(step) in idle:
                if not any(_holds(status, operator, value) for status in idle[StepId(step)]):
                    yield StepId(step)


def _holds(status: str, operator: str, value: object) -> bool:
    """Tell whether a comparison holds for a status; for one that is not looked into, that it may."""
    match operator, value:
        case "eq", _:
            return status == value
        case "ne", _:
            return status != value
        case "in", list():
            return status in value
        case "notin", list():
            return status not in value
    return True


def _is_never(condition: Expression) -> bool:
    if condition.references:
        return False
    try:
        return not condition.is_true({})
    except RunbookError:
        return False  # what has no value fails, and says so by itself


def _needed_to_fail(condition: Expression) -> Iterator[StepId]:
    """Return the steps that must have failed for the condition to be true: those compared so in a chain of `and`."""
    for term in _terms(parse_expression(condition.text)):
        match _compared(term):
            case ("steps", str(step), "status"), "eq", "failed":
                yield StepId(step)


def _terms(tree: nodes.Node) -> Iterator[nodes.Node]:
    if isinstance(tree, nodes.And):
        yield from _terms(tree.left)
        yield from _terms(tree.right)
    else:
        yield tree


def _compared(tree: nodes.Node) -> tuple[tuple[str, ...], str, object] | None:
    """Read `a.b == "c"`: the name, the operator, the value; None for anything else."""
    if not (isinstance(tree, nodes.Compare) and len(tree.ops) == 1):
        return None
    operand = tree.ops[0]
    name = _name(tree.expr)
    given = operand.expr
    if name is None:
        return None
    if isinstance(given, nodes.Const):
        return name, operand.op, given.value
    items = given.items if isinstance(given, nodes.List | nodes.Tuple) else []
    values = [item.value for item in items if isinstance(item, nodes.Const)]
    return (name, operand.op, values) if items and len(values) == len(items) else None


def _name(tree: nodes.Node) -> tuple[str, ...] | None:
    parts: list[str] = []
    while isinstance(tree, nodes.Getattr):
        parts.append(tree.attr)
        tree = tree.node
    return (tree.name, *reversed(parts)) if isinstance(tree, nodes.Name) else None


def _check_values(expression: Expression) -> Iterator[Finding]:
    """Look for comparisons with what is never there, anywhere in an expression."""
    for tree in parse_expression(f"[{expression.text}]").find_all(nodes.Compare):
        compared = _compared(tree)
        if compared is None or compared[1] not in _EQUALS:
            continue
        name, _, value = compared
        known = _CLOSED.get((name[0], name[-1])) if len(name) == (3 if name[0] == "steps" else 2) else None
        values = value if isinstance(value, list) else [value]
        for each in values:
            if known is not None and each not in known:
                words = sorted(word for word in known if word)
                hint = nearest(str(each), words) or f"it is one of: {', '.join(words)}"
                yield finding("FL304", f"{'.'.join(name)} is never {each!r}", expression.place, hint)
