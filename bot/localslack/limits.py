"""Slack's rate limits: how many calls a method takes in a minute, and one post a second in a channel.

Strict on purpose: Slack forgives short bursts, this does not, so that code which passes here is paced well enough there. A bucket holds the
calls of its window; a call that would not fit is refused and not counted. Source: https://docs.slack.dev/apis/web-api/rate-limits.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.localslack.clock import Clock
from bot.localslack.refusal import RateLimited


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """At the most `calls` in any `seconds`."""

    name: str
    calls: int
    seconds: float


TIER_1 = Tier(name="Tier 1", calls=1, seconds=60)
TIER_2 = Tier(name="Tier 2", calls=20, seconds=60)
TIER_3 = Tier(name="Tier 3", calls=50, seconds=60)
TIER_4 = Tier(name="Tier 4", calls=100, seconds=60)
POSTING = Tier(name="posting", calls=1, seconds=1)
SPECIAL = Tier(name="special", calls=1000, seconds=60)

GRACE = timedelta(milliseconds=50)
"""What two clocks and a network may differ by before a well-paced caller is called too fast."""


class RateBuckets:
    """One bucket a (method, place)."""

    def __init__(self, clock: Clock, *, enabled: bool) -> None:
        self._clock = clock
        self.enabled = enabled
        self._taken: dict[tuple[str, str], deque[datetime]] = {}

    def take(self, method: str, place: str, tier: Tier) -> None:
        """Count a call. Raises RateLimited with the whole seconds after which one fits again."""
        if not self.enabled:
            return
        now = self._clock.now()
        taken = self._taken.setdefault((method, place), deque())
        window = timedelta(seconds=tier.seconds) - GRACE
        while taken and now - taken[0] >= window:
            taken.popleft()
        if len(taken) >= tier.calls:
            wait = (taken[0] + window - now).total_seconds()
            raise RateLimited(max(1, math.ceil(wait)))
        taken.append(now)
