"""What of runs' logs is at hand: the starts as they become durable, and at a recovery what was read of many runs at once.

Who takes a run up a moment later need not read it then. A memory, never the truth itself: what something has followed is forgotten.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import structlog

from bot.domain.events import Event
from bot.domain.facts import RunStarted
from bot.domain.ids import RunId
from bot.domain.ports import Reader
from bot.engine import runlog
from bot.errors import JournalError

_LOG = structlog.get_logger(__name__)
MOST = 4096
"""How many starts are remembered until they are asked for; beyond that the oldest are forgotten, and read."""
AT_ONCE = 64
"""How many runs' logs are read with one question, and held until their runs are taken up."""


class Starts:
    """Logs of runs that nothing has followed yet."""

    def __init__(self) -> None:
        self._events: dict[RunId, Sequence[Event]] = {}

    def heard(self, events: Sequence[Event]) -> None:
        """Take in what a commit made durable."""
        for event in events:
            if isinstance(event.fact, RunStarted):
                self._events[event.fact.run] = [event]
            elif self._events:
                self._events.pop(getattr(event.fact, "run", None), None)  # type: ignore[arg-type]
        while len(self._events) > MOST:
            del self._events[next(iter(self._events))]

    def take(self, run: RunId) -> Sequence[Event]:
        """Return a run's whole log and forget it; nothing when it is not at hand, or more has happened since."""
        return self._events.pop(run, ())

    async def read_ahead(self, reader: Reader, runs: Sequence[RunId]) -> AsyncIterator[Sequence[RunId]]:
        """Give runs in slices, the logs of each slice at hand; JournalError when the log can't be read now.

        A run of which something is heard while it is read, or that can't be understood, is left to who reads it alone.
        """
        for start in range(0, len(runs), AT_ONCE):
            some = runs[start : start + AT_ONCE]
            self._events.update(dict.fromkeys(some, ()))
            for run, events in (await _read(reader, some)).items():
                if run in self._events:
                    self._events[run] = events
            yield some
            for run in some:
                self._events.pop(run, None)


async def _read(reader: Reader, runs: Sequence[RunId]) -> dict[RunId, Sequence[Event]]:
    try:
        return dict(await runlog.read_all(reader, runs))
    except JournalError:
        raise
    except Exception as problem:  # noqa: BLE001 - one that can't be read must not keep the others: each is read alone, and its own problem told
        _LOG.warning("runs are read one by one", runs=len(runs), problem=str(problem))
        return {}
