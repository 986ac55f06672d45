"""Facts of the freeze: while it holds, no run begins by itself what changes anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts.base import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesFrozen(Fact, kind="changes.frozen"):
    """No call that changes something begins from now on, in any run; who said so is the event's actor.

    `until` is when that ends by itself, None when a person must end it.
    """

    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesUnfrozen(Fact, kind="changes.unfrozen"):
    """What had to wait goes on; the event's actor is the system where the time was over."""

    why: str = ""
