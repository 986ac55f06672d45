"""Builds an incident's events by hand: a clock that the test moves, and a chain whose hashes are the real ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.domain.canonical import canonical
from bot.domain.clock import to_text
from bot.domain.events import GENESIS, Event, seal
from bot.domain.facts import Fact, fact_to_data
from bot.domain.ids import IncidentId, StreamId, incident_stream
from bot.domain.nouns import FIRELINE, Actor

DAWN = datetime(2026, 11, 23, 7, 3, 48, 24000, tzinfo=UTC)


class Timeline:
    """A log of one incident that grows fact by fact. `first` is the place of its first event, as other streams come before."""

    def __init__(self, incident: int = 42, *, now: datetime = DAWN, first: int = 40) -> None:
        self.incident = IncidentId(incident)
        self.stream = incident_stream(self.incident)
        self.now = now
        self.events: list[Event] = []
        self._seq = first

    def later(self, seconds: float) -> Timeline:
        """Move the clock."""
        self.now += timedelta(seconds=seconds)
        return self

    def add(self, *facts: Fact, by: Actor = FIRELINE, stream: StreamId | None = None) -> Timeline:
        """Append facts at the present instant."""
        for fact in facts:
            self.events.append(self._sealed(fact, by, stream or self.stream))
            self._seq += 1
        return self

    def find(self, kind: type[Fact], which: Callable[[Event], bool] = lambda _event: True) -> Event:
        """Return the first event whose fact is of a type."""
        return next(event for event in self.events if isinstance(event.fact, kind) and which(event))

    def _sealed(self, fact: Fact, by: Actor, stream: StreamId) -> Event:
        prev = self.events[-1].hash if self.events else GENESIS
        digest = seal(
            seq=self._seq,
            at=to_text(self.now),
            stream=stream,
            actor=str(by),
            kind=fact.KIND,
            data=canonical(fact_to_data(fact)),
            prev=prev,
        )
        return Event(seq=self._seq, at=self.now, stream=stream, actor=by, fact=fact, prev=prev, hash=digest)
