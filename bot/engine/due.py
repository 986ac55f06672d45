"""The due times of all runs in this process: which come next, and which have come. A memory of what the states say, never the truth itself."""

from __future__ import annotations

import heapq
from datetime import datetime

from bot.domain.ids import RunId


class DueTimes:
    """At most one due time a run; the newest word counts. Finding the next costs O(log n) amortised."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, RunId]] = []
        self._of_run: dict[RunId, datetime] = {}

    def put(self, run: RunId, instant: datetime | None) -> None:
        """Set a run's due time; None when it waits for nothing."""
        if self._of_run.get(run) == instant:
            return
        if instant is None:
            del self._of_run[run]
        else:
            self._of_run[run] = instant
            heapq.heappush(self._heap, (instant, run))

    def next(self) -> datetime | None:
        """Return the earliest due time; None when no run has one."""
        while self._heap and self._of_run.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now: datetime) -> list[RunId]:
        """Remove and return the runs whose time has come, earliest first."""
        due = []
        while (instant := self.next()) is not None and instant <= now:
            _, run = heapq.heappop(self._heap)
            del self._of_run[run]
            due.append(run)
        return due
