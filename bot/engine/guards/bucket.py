"""A token bucket: the rate limit of a target, and (filled by calls as well as by time) the retry budget.

Over any span, no more is taken than what it held, what time added and what was put in. Time is in seconds; a clock that goes back adds nothing.
"""

from __future__ import annotations

from typing import NamedTuple


class Bucket(NamedTuple):
    """`tokens` as they were at the instant `at`."""

    tokens: float
    at: float


_GRAIN = 1e-9
"""What floating point may lose: a token that is due is not missed by it."""


def level(bucket: Bucket, *, rate: float, size: float, now: float) -> float:
    """Return how many tokens there are now: `rate` a second are added, up to `size`."""
    return min(size, bucket.tokens + rate * max(0.0, now - bucket.at))


def has_one(bucket: Bucket, *, rate: float, size: float, now: float) -> bool:
    """Tell whether a token may be taken."""
    return level(bucket, rate=rate, size=size, now=now) >= 1.0 - _GRAIN


def changed(bucket: Bucket, by: float, *, rate: float, size: float, now: float) -> Bucket:
    """Return the bucket with tokens taken (`by` below zero) or put in; it never holds more than `size`, and less than nothing only by force."""
    return Bucket(min(size, level(bucket, rate=rate, size=size, now=now) + by), max(now, bucket.at))


def ready_at(bucket: Bucket, *, rate: float, size: float, now: float) -> float:
    """Return when the next token may be taken."""
    missing = 1.0 - level(bucket, rate=rate, size=size, now=now)
    return now if missing <= _GRAIN else now + missing / rate
