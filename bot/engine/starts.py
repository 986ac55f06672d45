"""The starts of runs, as they become durable: who takes a run up a moment later need not read it back. A memory, never the truth itself."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.events import Event
from bot.domain.facts import RunStarted
from bot.domain.ids import RunId

MOST = 4096
"""How many starts are remembered until they are asked for; beyond that the oldest are forgotten, and read."""


class Starts:
    """Starts that nothing has followed yet."""

    def __init__(self) -> None:
        self._events: dict[RunId, Event] = {}

    def heard(self, events: Sequence[Event]) -> None:
        """Take in what a commit made durable."""
        for event in events:
            if isinstance(event.fact, RunStarted):
                self._events[event.fact.run] = event
            elif self._events:
                self._events.pop(getattr(event.fact, "run", None), None)  # type: ignore[arg-type]
        while len(self._events) > MOST:
            del self._events[next(iter(self._events))]

    def take(self, run: RunId) -> Event | None:
        """Return a run's start and forget it; None when it was not heard, or more has happened since."""
        return self._events.pop(run, None)
