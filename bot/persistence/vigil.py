"""When a process that stands by may take the lead. Pure: what was seen in the database and when goes in, what to do comes out.

A sign of life is known by what it changes, never by its instant: so no two machines' clocks are compared, and only time through which this process
watched counts.
"""

from __future__ import annotations

from enum import Enum, auto

from bot.persistence.lease import LEASE
from bot.persistence.terms import Leader

UNLOCKED = 2.0
"""Seconds for which an unlocked lead is left to the one who had it: after a restart of the server both find it so, and the leader should go on."""


class Verdict(Enum):
    """What to do now."""

    WAIT = auto()
    """Somebody leads, or is about to."""
    TAKE = auto()
    """Nobody leads: try for the lock."""
    EVICT = auto()
    """The leader holds the lock and has given no sign of life: end its session, then try."""


class Vigil:
    """Watches one leader after the other."""

    def __init__(self) -> None:
        self._last: Leader | None = None
        self._since: float | None = None

    def see(self, leader: Leader | None, holder: int | None, at: float) -> Verdict:
        """Judge what is seen: the leader's row, the session that holds the lock, and the second on a clock that never goes back."""
        if self._since is None or leader != self._last:
            self._last, self._since = leader, at
        still = at - self._since
        if holder is None:
            free = leader is None or leader.released or still >= UNLOCKED
            return Verdict.TAKE if free else Verdict.WAIT
        # Whoever holds the lock and is not the leader of the row is about to lead, and may have tables to change first.
        asleep = leader is not None and leader.session == holder and still >= LEASE
        return Verdict.EVICT if asleep else Verdict.WAIT

    def blink(self) -> None:
        """Say that the database could not be seen: what went on meanwhile, nobody here knows."""
        self._since = None
