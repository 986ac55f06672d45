"""A loop in the timeline: what its items did in one line, what went wrong with one of them in a line of its own, by its name.

Fifty items that did what they should are one thing that happened. Every event stands behind the line that it is folded into.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain import facts
from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.domain.ids import RunId, StepId, instance_of
from bot.domain.labels import label_of
from bot.domain.nouns import Part
from bot.postmortem.story import Story
from bot.postmortem.wording import count, duration, plain

Loop = tuple[RunId, StepId]


@dataclass(slots=True)
class Gone:
    """What the items of a loop did, as it is heard: `done`, `tried_again`, `kept` and `back` count items' successes, retries, evidence and undos."""

    run: RunId
    step: StepId
    total: int
    since: datetime
    until: datetime
    counted: Counter[str] = field(default_factory=Counter)

    def said(self) -> str:
        """Say it in a sentence."""
        told = [f"{self.counted['done']:,} of {self.total:,} done"]
        if self.counted["ended"]:
            told.append(f"{self.counted['ended']:,} ended early")
        if self.counted["tried_again"]:
            told.append(f"{count(self.counted['tried_again'], 'call')} tried again")
        if self.counted["kept"]:
            told.append(f"{count(self.counted['kept'], 'piece')} of evidence kept")
        took = duration((self.until - self.since).total_seconds())
        return f"Step {self.step} went through its items: {', '.join(told)}, in {took}."

    def said_of_undo(self) -> str:
        """Say what was taken back."""
        many = self.counted["back"]
        return f"The undo of step {self.step} went through its items, the last done first: {count(many, 'item')} taken back."


class LoopLines:
    """Knows the items of every loop of a story."""

    def __init__(self, story: Story) -> None:
        self._items: dict[Loop, Sequence[object]] = {
            (each.fact.run, each.fact.step): each.fact.items for each in story.told(facts.LoopExpanded)
        }

    def loop_of(self, fact: Fact) -> tuple[Loop, int] | None:
        """Return the loop that a fact's step is an item of, and which; None for any other fact."""
        step = getattr(fact, "step", None)
        place = instance_of(step) if step is not None else None
        run = getattr(fact, "run", None)
        return ((run, place[0]), place[1]) if place is not None and run is not None else None

    def gone(self, loop: Loop, event: Event) -> Gone:
        """Begin to tell what a loop's items do."""
        return Gone(*loop, total=len(self._items.get(loop, ())), since=event.at, until=event.at)

    def named(self, fact: Fact, said: str) -> str:
        """Put an item's name behind its id: `restart[3] (web-4)`."""
        place = self.loop_of(fact)
        if place is None:
            return said
        (run, step), index = place
        items = self._items.get((run, step), ())
        name = f"{step}[{index}]"
        return (
            said.replace(name, f"{name} ({plain(label_of(items[index]))})", 1) if index < len(items) else said
        )


_COUNTED: Mapping[type[Fact], str] = {
    facts.StepSucceeded: "done",
    facts.StepCancelled: "ended",
    facts.EvidenceStored: "kept",
}


def part_of_going(fact: Fact) -> str | None:
    """Return what an item's fact counts as in its loop's line; empty for one that only stands behind it, None for one that has a line of its own."""
    if isinstance(fact, facts.CallStarted | facts.CallSucceeded | facts.CallFailed):
        if fact.part is Part.UNDO:
            return None
        if isinstance(fact, facts.CallFailed):
            return None if fact.retry_at is None else "tried_again"
        return ""
    return _COUNTED.get(type(fact))


def part_of_undo(fact: Fact) -> str | None:
    """Return the same for the line of a loop's undo."""
    if (
        isinstance(fact, facts.CallStarted | facts.CallSucceeded | facts.CallFailed)
        and fact.part is Part.UNDO
    ):
        final = isinstance(fact, facts.CallFailed) and fact.retry_at is None
        return None if final else ""
    return "back" if isinstance(fact, facts.StepUndone) else None
