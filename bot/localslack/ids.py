"""Identifiers in the shape Slack gives them: a letter that tells the kind, then capitals and digits.

They carry the second at which this Local Slack started, so that a bot which kept ids of an earlier life never meets them again with
another meaning. Nothing here is random or secret.
"""

from __future__ import annotations

import itertools
from datetime import datetime

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def base36(number: int) -> str:
    """`number` (not negative) in capitals and digits."""
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"


class Ids:
    """Makes identifiers that are unique in this process and, to the second, across restarts."""

    def __init__(self, started: datetime) -> None:
        self._life = base36(int(started.timestamp()))
        self._count = itertools.count(1)

    def make(self, prefix: str) -> str:
        """A new id, e.g. `C0T5Q8WK0001`."""
        return f"{prefix}0{self._life}{base36(next(self._count)).rjust(4, '0')}"

    def short(self) -> str:
        """A new short id of five characters or more, as Slack gives blocks that came without one."""
        return base36(next(self._count)).rjust(5, "0").lower()
