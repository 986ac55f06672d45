"""Steps for people: a loop is one line, however many items it goes through, and says how far it is; its items stand behind it, by their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain.ids import StepId, instance_of
from bot.domain.labels import label_of
from bot.domain.nouns import StepStatus
from bot.domain.records import StepRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An item of a loop that was begun; `label` is what people call it."""

    label: str
    record: StepRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """A step, and for a loop those of its items that were begun, in the order of the list."""

    record: StepRecord
    items: Sequence[Item] = ()

    @property
    def how_far(self) -> str:
        """Say how far a loop is, `12 of 50 done, 2 failed`; empty for any other step."""
        return how_far(len(self.record.items), [each.record.status for each in self.items])


def grouped(records: Iterable[StepRecord]) -> list[Grouped]:
    """Put the items of each loop behind it; steps keep their order. An item whose loop is not among them stands by itself."""
    items: dict[StepId, dict[int, StepRecord]] = {}
    rest: dict[StepId, StepRecord] = {}
    for each in records:
        place = instance_of(each.step)
        if place is None:
            rest[each.step] = each
        else:
            items.setdefault(place[0], {})[place[1]] = each
    alone = {
        each.step: each for loop, theirs in items.items() if loop not in rest for each in theirs.values()
    }
    return [
        Grouped(record=record, items=[_item(record, *each) for each in sorted(items.get(step, {}).items())])
        for step, record in (rest | alone).items()
    ]


def _item(loop: StepRecord, index: int, record: StepRecord) -> Item:
    known = index < len(loop.items)
    return Item(label=label_of(loop.items[index]) if known else str(index), record=record)


def how_far(total: int, begun: Sequence[StepStatus]) -> str:
    """Say how many of a loop's items are done, failed, taken back or in doubt; empty where there are none to go through."""
    if not total:
        return ""
    by = Counter(begun)
    told = [
        f"{by[status]} {word}"
        for status, word in (
            (StepStatus.FAILED, "failed"),
            (StepStatus.UNDONE, "undone"),
            (StepStatus.CANCELLED, "cancelled"),
            (StepStatus.UNKNOWN, "unknown"),
        )
        if by[status]
    ]
    return ", ".join([f"{by[StepStatus.SUCCEEDED]} of {total} done", *told])
