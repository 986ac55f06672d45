"""Lengths of time as people write them."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.durations import LONGEST, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("10m", timedelta(minutes=10)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("0s", timedelta()),
        ("90m", timedelta(minutes=90)),
        ("520w", LONGEST),
    ],
)
def test_reads_what_people_write(text: str, length: timedelta) -> None:
    """Each unit counts what the field says it counts."""
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text", ["", "s", "1.5h", "-5m", "5 m", "5M", "30m1h", "1h1h", "5m\n", "٣s", "1y", "9" * 10 + "s"]
)
def test_refuses_the_rest(text: str) -> None:
    """Fractions, wrong orders and unknown units are refused, with an example of what is right."""
    with pytest.raises(ValueError, match="30s"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("30", "30 has no unit: write 30s, 30m or 30h"),
        ("521w", "longer than ten years"),
        ("999999999w", "longer than ten years"),
    ],
)
def test_says_what_is_wrong(text: str, why: str) -> None:
    """A forgotten unit and a slip of the finger have sentences of their own."""
    with pytest.raises(ValueError, match=why):
        parse_duration(text)


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but ValueError ever comes out."""
    with suppress(ValueError):
        assert parse_duration(text) <= LONGEST


@given(st.integers(min_value=0, max_value=LONGEST // timedelta(milliseconds=1)))
def test_what_is_written_reads_back(milliseconds: int) -> None:
    """Any whole number of milliseconds survives being written and read."""
    length = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(length)) == length


def test_writes_the_largest_unit_first() -> None:
    """Weeks are days, nothing is `0s`, and what is finer than a millisecond is dropped."""
    assert format_duration(timedelta(days=9, minutes=90, milliseconds=5)) == "9d1h30m5ms"
    assert format_duration(timedelta()) == "0s"
    assert format_duration(timedelta(microseconds=999)) == "0s"


def test_a_length_is_never_negative() -> None:
    """A negative length is somebody's mistake, and is said to be."""
    with pytest.raises(ValueError, match="negative"):
        format_duration(timedelta(seconds=-1))
