"""The items of a loop as its run's state has them: what each is, how far it is, and what expressions see of it. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.ids import StepId, instance_id, instance_of
from bot.domain.nouns import StepStatus
from bot.engine.conductor.state import RunState, StepState
from bot.runbook.model import Step

COUNTED = (
    StepStatus.SUCCEEDED,
    StepStatus.FAILED,
    StepStatus.SKIPPED,
    StepStatus.CANCELLED,
    StepStatus.UNDONE,
)
"""What a loop's output counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a loop is. `begun` items were begun, in the order of the list; `by` counts them by status.

    `under_way` are the places of those that are not over, `first_failed` is that of the first that failed, None while none did.
    """

    total: int
    begun: int
    under_way: tuple[int, ...]
    by: Mapping[StepStatus, int]
    first_failed: int | None

    @property
    def failed(self) -> int:
        """How many failed."""
        return self.by.get(StepStatus.FAILED, 0)

    @property
    def succeeded(self) -> int:
        """How many succeeded."""
        return self.by.get(StepStatus.SUCCEEDED, 0)


def begun(state: RunState, loop: StepId) -> Iterator[tuple[StepId, StepState]]:
    """Return the items that were begun, with their states; they are begun in the order of the list."""
    for index in range(len(state.step(loop).items or ())):
        name = instance_id(loop, index)
        seen = state.steps.get(name)
        if seen is None:
            return
        yield name, seen


def progress(state: RunState, loop: StepId) -> Progress:
    """Count a loop's items."""
    seen = [each for _, each in begun(state, loop)]
    by = Counter(each.status for each in seen)
    failed = (at for at, each in enumerate(seen) if each.status is StepStatus.FAILED)
    return Progress(
        total=len(state.step(loop).items or ()),
        begun=len(seen),
        under_way=tuple(at for at, each in enumerate(seen) if not each.status.final),
        by=by,
        first_failed=next(failed, None),
    )


def in_scope(state: RunState, step: StepId) -> Mapping[str, Any]:
    """Return the names that only an item's expressions have; none for a step that is no item."""
    place = instance_of(step)
    if place is None:
        return {}
    loop, index = place
    items = state.step(loop).items
    assert items is not None  # noqa: S101 - an item is begun only after its list is known
    return {"item": items[index], "item_index": index}


def approved_inputs(state: RunState, step: StepId) -> Mapping[str, Any] | None:
    """Return what people were shown of an item's call when they agreed to the whole list; None when nobody was asked."""
    place = instance_of(step)
    asked = state.step(place[0]).approval if place is not None else None
    if place is None or asked is None:
        return None
    inputs: Mapping[str, Any] = asked.asked.inputs["items"][place[1]]
    return inputs


def seen_of(state: RunState, step: Step) -> Mapping[str, Any]:
    """Return what expressions see under `steps.<id>`."""
    seen = state.step(step.id)
    output = seen.output if step.loop is None else output_of(state, step.id)
    return {"status": seen.status.value, "output": output, "reason": seen.reason, "detail": seen.detail}


def output_of(state: RunState, loop: StepId) -> Mapping[str, Any]:
    """Return what a loop put out: an entry an item, and counts. What was never begun is skipped once the loop is over, pending before."""
    seen = state.step(loop)
    unbegun = StepStatus.SKIPPED if seen.status.final else StepStatus.PENDING
    entries = [
        {
            "item": item,
            "index": index,
            "status": (unbegun if each.status is StepStatus.PENDING else each.status).value,
            "output": each.output,
            "reason": each.reason,
            "detail": each.detail,
        }
        for index, item in enumerate(seen.items or ())
        for each in (state.step(instance_id(loop, index)),)
    ]
    counts = Counter(each["status"] for each in entries)
    return {
        "items": entries,
        "total": len(entries),
        **{status.value: counts[status.value] for status in COUNTED},
    }
