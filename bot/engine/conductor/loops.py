"""Loops: one list, written down once; each item goes as a step of its own, the canary before the rest, so many side by side.

    list known ─▶ [asked about] ─▶ begun ─▶ canary ─all verified─▶ the rest ─▶ over
                                      └──an item failed──▶ no item is begun any more; what runs is let finish

`on_failure: continue` lets the other items go on, but never past a canary that did not succeed. An item that was never begun has no facts: the
loop's own end says how many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.domain.canonical import canonical
from bot.domain.facts import LoopBegan, LoopExpanded, StepUndone
from bot.domain.ids import instance_id, instance_of
from bot.domain.labels import label_of
from bot.domain.nouns import StepStatus
from bot.engine.conductor import doubt, intents
from bot.engine.conductor.items import Progress, begun
from bot.engine.conductor.turn import Turn
from bot.errors import RunbookError
from bot.runbook.loops import MOST_ITEMS, Loop, asked_of_items
from bot.runbook.model import Step

MOST_WRITTEN = 1024 * 1024
"""Bytes of JSON that a list of items, or all that is shown of them, may take in the log."""
_NAMED = 3
"""Targets that a question's one line names."""


def expand(turn: Turn, step: Step, loop: Loop) -> bool:
    """Make the list known, unless it is already; False when nothing is to be done with it, and the step is over.

    Raises RunbookError when it is no list, or more than a run may go through.
    """
    state = turn.state
    if state.step(step.id).items is not None:
        return True
    scope = turn.scope()
    found = loop.render(scope)
    items = [
        item for index, item in enumerate(found) if _goes(step, {**scope, "item": item, "item_index": index})
    ]
    _fits(turn, items)
    if not items:
        none = (
            f"`if: {step.condition.text}` is false for all {len(found)} items"
            if found and step.condition
            else ""
        )
        turn.skip(step, none or "there is nothing to go through: the list is empty")
        return False
    over = ""
    if loop.limit is not None and len(items) > (allowed := loop.limit.allowed(scope)):
        over = f"{_counted(len(items))}, where max_items: {loop.limit} allows {allowed}"
    left_out = len(found) - len(items)
    turn.record(LoopExpanded(run=state.run, step=step.id, items=tuple(items), left_out=left_out, over=over))
    return True


def _goes(step: Step, scope: Mapping[str, Any]) -> bool:
    if step.condition is None or not asked_of_items(step.condition):
        return True
    return step.condition.is_true(scope)


def _fits(turn: Turn, items: list[Any]) -> None:
    others = sum(len(each.items or ()) for each in turn.state.steps.values())
    if len(items) + others > MOST_ITEMS:
        before = f" after the {others:,} before it" if others else ""
        raise RunbookError(
            f"the list has {len(items):,} items{before}; a run goes through {MOST_ITEMS:,} at the most"
        )
    if len(canonical(items).encode()) > MOST_WRITTEN:
        raise RunbookError(
            f"the list takes more than {MOST_WRITTEN:,} bytes; let it hold names, and not all that is known of each"
        )


def shown(turn: Turn, step: Step) -> Mapping[str, Any]:
    """Return what all items will be called with, in their order; RunbookError or InvalidInputs tell what does not fit."""
    inputs = []
    for index in range(len(turn.state.step(step.id).items or ())):
        one = turn.plan.instance(step, index)
        inputs.append(intents.rendered(turn, one, one.inputs, one.action))
    whole = {"items": inputs}
    if len(canonical(whole).encode()) > MOST_WRITTEN:
        raise RunbookError(
            f"what would run takes more than {MOST_WRITTEN:,} bytes, which nobody could look through"
        )
    return whole


def targets(turn: Turn, step: Step, inputs: Mapping[str, Any]) -> str:
    """Name what the calls of a loop touch: a few, and how many more."""
    named = list(dict.fromkeys(turn.plan.target(step.action, each) for each in inputs["items"]))
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more


def begin(turn: Turn, step: Step) -> None:
    """Let the items go."""
    turn.record(LoopBegan(run=turn.state.run, step=step.id))


def with_items(turn: Turn, members: Iterable[Step]) -> Iterator[Step]:
    """Return the steps of a list, each loop followed by all of its items that were begun, as the steps that they are."""
    for step in members:
        yield step
        if step.loop is not None:
            yield from (turn.plan.instance(step, index) for index in range(turn.progress(step.id).begun))


def with_items_under_way(turn: Turn, members: Iterable[Step]) -> Iterator[Step]:
    """Return the same without the items that are over: of a thousand, those few that something can happen to."""
    for step in members:
        yield step
        if step.loop is not None:
            yield from (turn.plan.instance(step, index) for index in turn.progress(step.id).under_way)


def go_on(turn: Turn, step: Step, loop: Loop) -> None:
    """Begin as many items as may go now, and end the loop when none is left that may."""
    far = turn.progress(step.id)
    while _may_begin(turn, step, loop, far):
        doubt.begin(turn, turn.plan.instance(step, far.next))
        far = turn.progress(step.id)
    if not far.under_way:
        _end(turn, step, far)


def _may_begin(turn: Turn, step: Step, loop: Loop, far: Progress) -> bool:
    if far.next == far.total or len(far.under_way) >= loop.max_parallel or turn.halted():
        return False
    return far.next < loop.canary or _canary_succeeded(turn, step, loop)


def _canary_succeeded(turn: Turn, step: Step, loop: Loop) -> bool:
    first = (turn.state.step(instance_id(step.id, index)) for index in range(loop.canary))
    return all(each.status is StepStatus.SUCCEEDED for each in first)


def _end(turn: Turn, step: Step, far: Progress) -> None:
    if far.first_failed is not None:
        first = turn.state.step(instance_id(step.id, far.first_failed))
        items = turn.state.step(step.id).items or ()
        named = f"{label_of(items[far.first_failed])}: {first.detail}"
        which = (
            f"{far.failed} of {_counted(far.total)} failed, the first {named}"
            if far.failed > 1
            else f"1 of {_counted(far.total)} failed, {named}"
        )
        turn.fail(step, reason=first.reason, detail=f"{which}{_never_begun(far)}", applied=False)
    elif far.succeeded < far.total:
        why = turn.state.cancelled if turn.ended_early else "the run stopped at a failed step"
        done = f"{far.succeeded} of {_counted(far.total)} done"
        turn.cancel(step, f"{why or 'the run was cancelled'}; {done}", applied=False)
    else:
        turn.succeed(step)


def leave(turn: Turn, members: Iterable[Step]) -> None:
    """End the items that a retry left to be done still, of loops that are over without them: nothing begins them any more.

    They are looked for by name: the list may be shorter than the one before the retry.
    """
    over = {step.id for step in members if step.loop is not None and turn.state.step(step.id).status.final}
    for name, seen in list(turn.state.steps.items()):
        place = instance_of(name)
        if place is None or place[0] not in over or seen.status is not StepStatus.PENDING:
            continue
        item = turn.plan.step(name)
        assert item is not None  # noqa: S101 - its loop is a step of the plan
        doubt.leave(turn, item, "its loop ended without it")


def _counted(items: int) -> str:
    return "1 item" if items == 1 else f"{items} items"


def _never_begun(far: Progress) -> str:
    rest = far.total - far.begun + far.by.get(StepStatus.PENDING, 0)
    return f"; {rest} {'was' if rest == 1 else 'were'} not begun" if rest else ""


def say_undone(turn: Turn, step: Step) -> None:
    """Say of a loop that it was taken back, once nothing of what its items did may stand."""
    if turn.state.step(step.id).status is StepStatus.UNDONE:
        return
    seen = [each for _, each in begun(turn.state, step.id)]
    undone = any(each.status is StepStatus.UNDONE for each in seen)
    if undone and not any(each.applied for each in seen):
        turn.record(StepUndone(run=turn.state.run, step=step.id))
