"""Durations carry a unit, and what is written is read back."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.runbook.durations import LONGEST, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", timedelta(seconds=30)),
        ("1h30m", timedelta(minutes=90)),
        ("7d", timedelta(days=7)),
        ("500ms", timedelta(milliseconds=500)),
        ("520w", LONGEST),
        ("0s", timedelta(0)),
    ],
)
def test_reads(text: str, expected: timedelta) -> None:
    """The units of the language."""
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("30", "30 has no unit: write 30s, 30m or 30h"),
        ("521w", "longer than ten years"),
        ("999999999w", "longer than ten years"),
        ("", "no duration"),
        ("1m1h", "no duration"),
        ("1.5h", "no duration"),
        ("-1s", "no duration"),
        ("1y", "no duration"),
        ("٣s", "no duration"),
    ],
)
def test_refuses(text: str, why: str) -> None:
    """What has no unit, another unit, or no end."""
    with pytest.raises(ValueError, match=why):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=LONGEST // timedelta(milliseconds=1)))
def test_round_trip(milliseconds: int) -> None:
    """What is written is read back to the millisecond."""
    length = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(length)) == length


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but ValueError ever comes out."""
    with suppress(ValueError):
        assert parse_duration(text) <= LONGEST
