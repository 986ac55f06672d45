"""Metrics of what is done for targets: calls that had to wait, calls that were refused, and breakers, counted from the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from bot.domain.events import Event
from bot.domain.facts import BreakerClosed, BreakerOpened, CallHeld, CallRefused, CallStarted, RunFinished
from bot.domain.ids import RunId, StepId
from bot.domain.nouns import Part
from bot.telemetry import Metrics


class CountTargets:
    """A listener of the journal. `limits_of` names the limits that a target is under: few names, where targets may be many."""

    def __init__(self, metrics: Metrics, *, limits_of: Callable[[str], str]) -> None:
        self._metrics = metrics
        self._limits_of = limits_of
        self._away: set[str] = set()
        self._held: dict[RunId, dict[tuple[StepId, Part, int], tuple[str, datetime]]] = {}

    def begin(self, away: Iterable[str]) -> None:
        """Say which targets the log knows to be away; before anything is counted."""
        for target in away:
            self._breaker(target, away=True)

    def __call__(self, events: Sequence[Event]) -> None:
        """Count what one commit made durable."""
        for event in events:
            fact = event.fact
            if isinstance(fact, CallStarted):
                if fact.run in self._held:
                    self._went_on(fact, event.at)
            elif isinstance(fact, CallHeld):
                self._held_back(fact, event.at)
            elif isinstance(fact, CallRefused):
                self._metrics.calls_refused.labels(self._limits_of(fact.target)).inc()
            elif isinstance(fact, BreakerOpened | BreakerClosed):
                self._breaker(fact.target, away=isinstance(fact, BreakerOpened))
            elif isinstance(fact, RunFinished):
                self._held.pop(fact.run, None)

    def _held_back(self, fact: CallHeld, at: datetime) -> None:
        self._metrics.calls_held.labels(fact.cause.value).inc()
        waiting = self._held.setdefault(fact.run, {})
        waiting.setdefault((fact.step, fact.part, fact.attempt), (fact.cause.value, at))

    def _went_on(self, fact: CallStarted, at: datetime) -> None:
        waited = self._held[fact.run].pop((fact.step, fact.part, fact.attempt), None)
        if waited is not None:
            cause, since = waited
            self._metrics.call_hold_seconds.labels(cause).observe(max(0.0, (at - since).total_seconds()))

    def _breaker(self, target: str, *, away: bool) -> None:
        if away != (target in self._away):
            self._away.symmetric_difference_update({target})
            self._metrics.breakers_open.labels(self._limits_of(target)).inc(1 if away else -1)
