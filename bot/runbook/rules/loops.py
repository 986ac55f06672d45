"""Loops: what is gone through can be a list, canaries prove something, what changes things has a bound; and `retry.until`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.actions.contract import Effect
from bot.errors import RunbookError
from bot.runbook.data import Data
from bot.runbook.findings import Finding, finding
from bot.runbook.loops import Loop, lone_expression
from bot.runbook.model import InputType, effective_effect, effective_repeatable
from bot.runbook.rules.draft import Draft, Sited
from bot.runbook.templates import Template

_NO_LIST = re.compile(
    r"(?:alert|incident|run|vars|inputs)|(?:run|incident|alert)\.\w+|steps\.\w+(?:\.(?!output\.)\w+)?"
)
"""Names that are known to hold something else than a list."""
_AN_INPUT = re.compile(r"inputs\.(\w+)")


def check_loops(draft: Draft) -> Iterator[Finding]:
    """Check every step that is done more than once."""
    for sited in draft.steps:
        loop = sited.step.loop
        if loop is not None and draft.whole((*sited.path, "for_each")):
            yield from _check_list(draft, sited, loop.items)
            yield from _check_canary(draft, sited, loop)
            yield from _check_bound(draft, sited, loop)
        yield from _check_until(draft, sited)


def _check_list(draft: Draft, sited: Sited, items: Template) -> Iterator[Finding]:
    """Find what can't be a list, as far as the text tells; what an output holds is known in the run alone."""
    source, written = lone_expression(items), _written(items)
    if isinstance(written, list):
        if not written:
            yield finding("FL108", "the list is empty", draft.place(*sited.path, "for_each"), "drop the step")
        return
    if source is None:
        message, hint = "this gives a text, and no list", 'write one expression alone: for_each: "{{ … }}"'
    elif written is not None:
        message, hint = f"{source} is no list", "write the items: for_each: [a, b]"
    elif _NO_LIST.fullmatch(source):
        message, hint = f"{source} is no list", "write … | items for a mapping's keys and values"
    elif (name := _AN_INPUT.fullmatch(source)) and _type_of(draft, name[1]) not in {None, InputType.LIST}:
        message, hint = f"{source} is no list", f"declare it: {name[1]}: {{type: list}}"
    else:
        return
    yield finding("FL108", message, draft.place(*sited.path, "for_each"), hint)


def _written(items: Template) -> Data:
    """Return what is gone through where that stands in the file, and is no matter of names; None where the run alone knows."""
    if isinstance(items.tree, list):
        return items.tree
    try:
        return None if items.names else items.render({})
    except RunbookError:
        return None  # what has no value fails, and says so by itself


def _type_of(draft: Draft, name: str) -> InputType | None:
    return next((decl.type for decl in draft.runbook.inputs if decl.name == name), None)


def _check_canary(draft: Draft, sited: Sited, loop: Loop) -> Iterator[Finding]:
    if not loop.canary:
        return
    place = draft.place(*sited.path, "canary")
    most = loop.limit.most if loop.limit is not None and loop.limit.of is None else None
    if isinstance(loop.items.tree, list):
        most = len(loop.items.tree)
    if most is not None and loop.canary >= most:
        message = f"the canary is {loop.canary} of {most} at the most"
        yield finding("FL523", message, place, "make it less, or drop it")
    if sited.step.verify is None and draft.whole((*sited.path, "verify")):
        message = f"the rest follows as soon as the call of {sited.step.id} is answered"
        yield finding("FL522", message, place, "add verify")


def _check_bound(draft: Draft, sited: Sited, loop: Loop) -> Iterator[Finding]:
    step, spec = sited.step, draft.spec(sited.step.action)
    written = isinstance(loop.items.tree, list)
    if written or loop.limit is not None or spec is None or not draft.whole(sited.path):
        return
    if effective_effect(step, spec) is not Effect.READ:
        message = f"{step.id} changes something for each of a list that may be of any length"
        yield finding("FL521", message, draft.place(*sited.path, "for_each"), "say max_items")


def _check_until(draft: Draft, sited: Sited) -> Iterator[Finding]:
    step, spec = sited.step, draft.spec(sited.step.action)
    if step.retry is None or step.retry.until is None or spec is None:
        return
    if not effective_repeatable(step, spec):
        message = f"{step.action} is not repeatable, and until makes it again"
        hint = "wait for it with verify"
        if spec.read_if_declared:
            hint += ", or say effect: read where it only reads"
        yield finding("FL524", message, draft.place(*sited.path, "retry", "until", key=True), hint)
