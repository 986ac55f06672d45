"""The token bucket as a value: never more is taken than there was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.guards.bucket import Bucket, changed, has_one, level, ready_at

RATE, SIZE = 4.0, 8.0


@given(st.lists(st.floats(-1.0, 5.0), min_size=1, max_size=80))
def test_over_any_span_no_more_is_taken_than_it_held_and_time_added(steps: list[float]) -> None:
    """Whoever takes only when there is one takes at most the burst and the rate times the seconds; a clock that goes back adds nothing."""
    bucket, now, latest, taken = Bucket(SIZE, 0.0), 0.0, 0.0, 0
    for later in steps:
        now += later
        latest = max(latest, now)
        while has_one(bucket, rate=RATE, size=SIZE, now=now):
            bucket = changed(bucket, -1.0, rate=RATE, size=SIZE, now=now)
            taken += 1
        assert taken <= SIZE + RATE * latest + 1e-6


@given(st.floats(0.0, SIZE), st.floats(0.0, 1e9))
def test_it_says_when_the_next_may_be_taken(tokens: float, now: float) -> None:
    """At that instant there is one; a good while before there was none."""
    bucket = Bucket(tokens, now)
    at = ready_at(bucket, rate=RATE, size=SIZE, now=now)
    assert level(bucket, rate=RATE, size=SIZE, now=at) >= 1.0 - 1e-5
    if at > now + 0.01:
        assert not has_one(bucket, rate=RATE, size=SIZE, now=at - 0.01)


def test_what_is_put_in_counts_up_to_its_size() -> None:
    """Calls fill the retry budget as time does, and it never overflows."""
    bucket = Bucket(0.0, 0.0)
    for _ in range(5):
        bucket = changed(bucket, 0.2, rate=0.0, size=SIZE, now=0.0)
    assert bucket.tokens == pytest.approx(1.0)
    assert has_one(bucket, rate=0.0, size=SIZE, now=0.0)
    assert changed(bucket, 100.0, rate=0.0, size=SIZE, now=0.0).tokens == SIZE
