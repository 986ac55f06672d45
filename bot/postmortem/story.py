"""An incident's events read as a story: facts by their type, and each step with what happened to it.

It folds and picks; it decides nothing and words nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from bot.domain import facts
from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.domain.ids import RunId, StepId, instance_of
from bot.domain.nouns import ApprovalStatus, IncidentStatus, Part, Severity

F = TypeVar("F", bound=Fact)
T = TypeVar("T")

_MILDEST = "read"


@dataclass(frozen=True, slots=True)
class Told(Generic[F]):
    """An event together with its fact, whose type is known."""

    event: Event
    fact: F

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.event.at


def told(events: Sequence[Event], kind: type[F]) -> list[Told[F]]:
    """Return the events whose fact is of a type, in log order."""
    return [Told(event, event.fact) for event in events if isinstance(event.fact, kind)]


@dataclass(frozen=True, slots=True)
class StepStory:
    """All that happened to one step of one run, in log order; a loop has its items, each with a story of its own."""

    run: RunId
    step: StepId
    events: tuple[Event, ...]
    items: tuple[StepStory, ...] = ()

    def told(self, kind: type[F]) -> list[Told[F]]:
        """Return the step's events whose fact is of a type."""
        return told(self.events, kind)

    def calls(self, part: Part) -> list[Told[facts.CallStarted]]:
        """Return the attempts of one part."""
        return [each for each in self.told(facts.CallStarted) if each.fact.part is part]

    def answers(self, part: Part) -> list[Told[facts.CallSucceeded]]:
        """Return the calls of one part that did what they were asked to."""
        return [each for each in self.told(facts.CallSucceeded) if each.fact.part is part]

    def failures(self, part: Part) -> list[Told[facts.CallFailed]]:
        """Return the calls of one part that did not."""
        return [each for each in self.told(facts.CallFailed) if each.fact.part is part]

    @property
    def action(self) -> str:
        """The action that the step runs, empty when it never began and nobody was asked."""
        for asked in self.told(facts.ApprovalRequested):
            return asked.fact.action
        calls = [call for each in (self, *self.items) for call in each.calls(Part.MAIN)]
        return calls[0].fact.action if calls else ""

    @property
    def looks(self) -> list[Told[facts.CallSucceeded]]:
        """Return what the step's verification saw, a loop's last look at each of its items."""
        if self.items:
            return [look for each in self.items for look in each.answers(Part.VERIFY)[-1:]]
        return self.answers(Part.VERIFY)

    @property
    def success(self) -> Told[facts.StepSucceeded] | None:
        """The step's success, None when there was none."""
        return _last(self.told(facts.StepSucceeded))

    @property
    def verified(self) -> bool:
        """Whether the step succeeded because its verification agreed, a loop's for each of its items."""
        if self.items:
            return self.success is not None and all(each.verified for each in self.items)
        return self.success is not None and any(
            each.fact.next_at is None for each in self.answers(Part.VERIFY)
        )

    @property
    def changes(self) -> bool:
        """Whether the timeline shows that the step changes something: it was approved as such, is verified, or was undone."""
        harms = any(asked.fact.effect != _MILDEST for asked in self.told(facts.ApprovalRequested))
        taken_back = any(
            isinstance(each.fact, facts.StepUndone | facts.StepUndoFailed) for each in self.events
        )
        return (
            harms or taken_back or bool(self.calls(Part.VERIFY)) or any(each.changes for each in self.items)
        )

    @property
    def stands(self) -> bool:
        """Whether nobody took the step's effect back."""
        return not self.told(facts.StepUndone) and all(each.stands for each in self.items)

    @property
    def refused(self) -> Told[facts.ApprovalClosed] | None:
        """The decision that kept the step from ever running: denied, expired or void; None when it ran or nothing kept it."""
        closed = _last(self.told(facts.ApprovalClosed))
        began = bool(self.calls(Part.MAIN) or self.items)
        if closed is None or closed.fact.status is ApprovalStatus.APPROVED or began:
            return None
        return closed

    @property
    def unsettled(self) -> Told[facts.StepOutcomeUnknown] | None:
        """The unknown outcome that nothing settled, None when all is known."""
        unknown = _last(self.told(facts.StepOutcomeUnknown))
        settled = _last(self.told(facts.StepSettled))
        if unknown is None or (settled is not None and settled.event.seq > unknown.event.seq):
            return None
        return unknown


@dataclass(frozen=True, slots=True)
class Story:
    """An incident's events, and its steps in the order in which they were first heard of."""

    events: tuple[Event, ...]
    steps: tuple[StepStory, ...]

    @property
    def opened(self) -> Told[facts.IncidentOpened]:
        """How it began."""
        return self.told(facts.IncidentOpened)[0]

    @property
    def status(self) -> IncidentStatus:
        """Where the response stands after the last event."""
        status = IncidentStatus.INVESTIGATING
        for event in self.events:
            if isinstance(event.fact, facts.StatusChanged):
                status = event.fact.status
            elif isinstance(event.fact, facts.IncidentResolved | facts.IncidentMerged):
                status = IncidentStatus.RESOLVED
            elif isinstance(event.fact, facts.IncidentReopened):
                status = IncidentStatus.INVESTIGATING
        return status

    @property
    def severity(self) -> Severity:
        """How bad it is after the last event."""
        changed = _last(self.told(facts.SeverityChanged))
        return changed.fact.severity if changed else self.opened.fact.severity

    @property
    def resolved(self) -> Told[facts.IncidentResolved] | None:
        """The word that it is over, None while it is not."""
        return _last(self.told(facts.IncidentResolved)) if self.status is IncidentStatus.RESOLVED else None

    @property
    def felt(self) -> Told[facts.IncidentResolved] | None:
        """The last word at an end on what customers felt, also where the incident was opened again since; None when nobody said."""
        said = [
            each for each in self.told(facts.IncidentResolved) if each.fact.impact_from or each.fact.impact
        ]
        return _last(said)

    @property
    def alerts_over(self) -> Told[facts.AlertsResolved] | None:
        """The event after which none of the incident's alerts fired any more, None when some do or none ever did."""
        over: Told[facts.AlertsResolved] | None = None
        for event in self.events:
            if isinstance(event.fact, facts.AlertsAttached):
                over = None
            elif isinstance(event.fact, facts.AlertsResolved):
                over = Told(event, event.fact) if event.fact.firing == 0 else None
        return over

    @property
    def containing(self) -> StepStory | None:
        """The step that contained the damage: the last one whose verification agreed and whose effect stands."""
        return _last([step for step in self.steps if step.verified and step.stands])

    def told(self, kind: type[F]) -> list[Told[F]]:
        """Return the events whose fact is of a type, in log order."""
        return told(self.events, kind)

    def every_step(self) -> Iterator[StepStory]:
        """Return the steps, each loop followed by its items."""
        return with_items(self.steps)


def with_items(steps: Iterable[StepStory]) -> Iterator[StepStory]:
    """Return steps, each loop followed by its items."""
    for each in steps:
        yield each
        yield from each.items


def read(events: Sequence[Event]) -> Story:
    """Read an incident's stream; ValueError when it doesn't tell of an incident's opening."""
    if not any(isinstance(event.fact, facts.IncidentOpened) for event in events):
        msg = "these events tell of no incident: none of them opens one"
        raise ValueError(msg)
    return Story(events=tuple(events), steps=tuple(step_stories(events)))


def place(fact: Fact) -> tuple[RunId, StepId] | None:
    """Return the run and step that a fact is about, None for facts of neither."""
    run, step = getattr(fact, "run", None), getattr(fact, "step", None)
    return None if run is None or step is None else (run, step)


def step_stories(events: Sequence[Event]) -> Iterator[StepStory]:
    """Group the events of steps by step, in the order in which the steps were first heard of; the items of a loop are in its story."""
    found: dict[tuple[RunId, StepId], list[Event]] = {}
    for event in events:
        where = place(event.fact)
        if where is not None:
            found.setdefault(where, []).append(event)
    items: dict[tuple[RunId, StepId], list[StepStory]] = {}
    for (run, step), theirs in found.items():
        within = instance_of(step)
        if within is not None and (run, within[0]) in found:
            items.setdefault((run, within[0]), []).append(StepStory(run, step, tuple(theirs)))
    nested = {(each.run, each.step) for stories in items.values() for each in stories}
    for where, theirs in found.items():
        if where not in nested:
            yield StepStory(*where, events=tuple(theirs), items=tuple(items.get(where, ())))


def _last(items: Sequence[T]) -> T | None:
    return items[-1] if items else None
