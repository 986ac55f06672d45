"""What one runbook says of another: it is there, takes these inputs, has this step, and does not run inside itself.

Only the library as a whole can tell. A name or a value that an expression gives is judged by the run that has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.actions.nested import DEEPEST, RUN_RUNBOOK
from bot.domain.ids import StepId
from bot.runbook.data import Data
from bot.runbook.documents import Path
from bot.runbook.findings import Finding, finding
from bot.runbook.inputs import misfit
from bot.runbook.model import InputDecl, Probe, Step, Undo, Verify
from bot.runbook.nesting import name_in, names_run_by
from bot.runbook.references import Reference
from bot.runbook.rules.draft import Called, Draft
from bot.runbook.sandbox import nearest

_FIELDS = ("status", "output")
"""What is shown of a step inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The runbooks that were read, by name, those with errors too; `refused` names those that have errors of their own."""

    drafts: Mapping[str, Draft]
    refused: frozenset[str]

    def runs(self, name: str) -> Sequence[str]:
        """Return the names that a runbook writes out, in the order of its file."""
        return tuple(dict.fromkeys(names_run_by(self.drafts[name].runbook))) if name in self.drafts else ()


def check_library(draft: Draft, shelf: Shelf) -> Iterator[Finding]:
    """Check every call of another runbook that names it, and what is read of its output."""
    for called in draft.calls():
        name = name_in(called.inputs) if called.action == RUN_RUNBOOK else None
        if name is None or not draft.whole((*called.path, "with")):
            continue
        other = shelf.drafts.get(name)
        if other is None:
            hint = nearest(name, sorted(shelf.drafts))
            yield finding(
                "FL411", f"there is no runbook {name}", draft.place(*called.path, "with", "name"), hint
            )
            continue
        if name in shelf.refused:
            yield finding(
                "FL414", f"{name} is refused", draft.place(*called.path, "with", "name"), other.runbook.path
            )
        yield from _check_line(draft, called, name, shelf)
        if other.whole(("inputs",)):
            yield from _check_inputs(draft, called, name, other.runbook.inputs)
    yield from _check_outputs(draft, shelf)


# ---- one inside another


def _check_line(draft: Draft, called: Called, name: str, shelf: Shelf) -> Iterator[Finding]:
    own, place = draft.runbook.name, draft.place(*called.path, "with", "name")
    circle = _way_back(own, name, shelf)
    if circle:
        yield finding("FL413", f"{own} runs inside itself: {' → '.join(circle)}", place)
        return
    line = _longest(name, shelf, (own,))
    if len(line) > DEEPEST:
        message = f"{len(line)} runs would stand one inside another: {' → '.join(line)}"
        yield finding("FL413", message, place, f"{DEEPEST} at the most")


def _way_back(own: str, name: str, shelf: Shelf) -> tuple[str, ...]:
    """Return the names from a runbook, through one that it runs, back to itself; empty where no way leads back."""
    open_: list[tuple[str, ...]] = [(own, name)]
    seen = {name}
    while open_:
        way = open_.pop(0)
        if way[-1] == own:
            return way
        for each in shelf.runs(way[-1]):
            if each not in seen:
                seen.add(each)
                open_.append((*way, each))
    return ()


def _longest(name: str, shelf: Shelf, around: tuple[str, ...]) -> tuple[str, ...]:
    """Return the longest line of runbooks that begins with these; it stops where it is too long already, or comes round."""
    line = (*around, name)
    if len(line) > DEEPEST:
        return line
    lines = [_longest(each, shelf, line) for each in shelf.runs(name) if each not in line]
    return max(lines, key=len, default=line)


# ---- what it takes


def _check_inputs(draft: Draft, called: Called, name: str, decls: Sequence[InputDecl]) -> Iterator[Finding]:
    tree = called.inputs.tree
    said = isinstance(tree, dict) and "inputs" in tree
    given = tree["inputs"] if isinstance(tree, dict) and said else {}
    if not isinstance(given, dict):
        return  # an expression gives them, or the action's own check has told
    base: Path = (*called.path, "with", "inputs") if said else (*called.path, "with")
    known = {decl.name: decl for decl in decls}
    for key, value in given.items():
        place = draft.place(*base, key)
        if key not in known:
            hint = nearest(key, sorted(known)) or (
                f"it takes: {', '.join(known)}" if known else "it takes no inputs"
            )
            yield finding("FL412", f"{name} takes no input {key}", draft.place(*base, key, key=True), hint)
        elif not _dynamic(value) and (wrong := misfit(known[key], value)):
            yield finding("FL412", f"{name}: {key}: {wrong}", place)
    for decl in decls:
        if decl.required and decl.name not in given:
            yield finding(
                "FL412", f"{name} needs the input {decl.name}", draft.place(*base), decl.description
            )


def _dynamic(value: Data) -> bool:
    if isinstance(value, list):
        return any(_dynamic(each) for each in value)
    return isinstance(value, str) and "{{" in value


# ---- what it puts out


def _check_outputs(draft: Draft, shelf: Shelf) -> Iterator[Finding]:
    named = {
        sited.step.id: name_in(sited.step.inputs) for sited in draft.steps if sited.step.action == RUN_RUNBOOK
    }
    for sited in draft.steps:
        for reference in _references(sited.step):
            match reference.path:
                case ("steps", step, "output", "steps", inner, *rest) if not reference.guarded:
                    other = shelf.drafts.get(named.get(StepId(step)) or "")
                    if other is not None:
                        yield from _check_step(reference, other, inner, rest)


def _check_step(reference: Reference, other: Draft, inner: str, rest: Sequence[str]) -> Iterator[Finding]:
    ids = [str(each.step.id) for each in other.steps]
    if inner not in ids:
        hint = nearest(inner, ids) or f"it has: {', '.join(ids)}"
        yield finding("FL303", f"{other.runbook.name} has no step {inner}", reference.place, hint)
    elif rest and rest[0] not in _FIELDS:
        message = f"of a step inside, {rest[0]} is not shown"
        yield finding("FL303", message, reference.place, f"it has: {', '.join(_FIELDS)}")


def _references(step: Step) -> Iterable[Reference]:
    yield from step.inputs.references
    if step.condition is not None:
        yield from step.condition.references
    if step.evidence is not None:
        yield from step.evidence.name.references
    for part in (step.settle, step.verify, step.undo):
        if isinstance(part, Probe | Verify | Undo):
            yield from part.inputs.references
        if isinstance(part, Probe | Verify):
            yield from part.expect.references
