"""The metric of the dead-letter list, kept from the log: what waits in it, by its kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.domain.events import Event
from bot.domain.facts import DeadLetterDiscarded, DeadLetterLanded, DeadLetterRequeued
from bot.domain.ids import LetterId
from bot.domain.nouns import DeadKind
from bot.domain.records import DeadLetter
from bot.telemetry import Metrics


class CountLetters:
    """A listener of the journal."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._waiting: dict[LetterId, DeadKind] = {}

    def begin(self, waiting: Iterable[DeadLetter]) -> None:
        """Say what the log knows to wait; before anything is counted."""
        for kind in DeadKind:
            self._metrics.dead_letters.labels(kind.value).set(0)
        for letter in waiting:
            self._wait(letter.id, letter.what)

    def __call__(self, events: Sequence[Event]) -> None:
        """Count what one commit made durable."""
        for event in events:
            fact = event.fact
            if isinstance(fact, DeadLetterLanded):
                self._metrics.dead_letters_landed.labels(fact.what.value).inc()
                self._wait(fact.letter, fact.what)
            elif isinstance(fact, DeadLetterRequeued | DeadLetterDiscarded):
                kind = self._waiting.pop(fact.letter, None)
                if kind is not None:
                    self._metrics.dead_letters.labels(kind.value).dec()

    def _wait(self, letter: LetterId, kind: DeadKind) -> None:
        if letter not in self._waiting:
            self._waiting[letter] = kind
            self._metrics.dead_letters.labels(kind.value).inc()
