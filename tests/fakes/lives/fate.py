"""What becomes of a life at its crash points: it dies there, or something breaks there."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Set as AbstractSet

from bot.crashpoints import CrashPoint

Hit = tuple[str, str, int]


class Bug(Exception):
    """What nobody foresaw."""


class Fate:
    """Counts the points that are reached, breaks what comes to those that have a bug, and ends the process at the one that was ordered."""

    def __init__(self, die_at: Hit | None, bugs: AbstractSet[Hit] = frozenset()) -> None:
        self.counted: Counter[str] = Counter()
        self._die_at = die_at
        self._bugs = bugs
        self._lock = threading.Lock()

    def __call__(self, point: CrashPoint, detail: str) -> None:
        """Count; and die, when this is the moment."""
        name = f"{point}/{detail}" if detail else str(point)
        with self._lock:
            self.counted[name] += 1
            hits = self.counted[name]
        if (point, detail, hits) == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if (point, detail, hits) in self._bugs:
            raise Bug(name)
