"""Instants: how they are written down and read again."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.clock import SystemClock, from_text, to_text


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_survives_writing(instant: datetime) -> None:
    """What was written is read back to the microsecond."""
    assert from_text(to_text(instant)) == instant


def test_nine_digits_as_go_writes_them() -> None:
    """Digits beyond microseconds are dropped, not rounded and not refused."""
    assert from_text("2026-11-23T07:35:00.341000532Z") == datetime(2026, 11, 23, 7, 35, 0, 341000, tzinfo=UTC)


def test_another_zone_becomes_utc() -> None:
    """An offset is honoured, and the result is in UTC."""
    instant = from_text("2026-11-23T09:35:00+02:00")
    assert instant == datetime(2026, 11, 23, 7, 35, tzinfo=UTC)
    assert instant.utcoffset() == timedelta(0)


def test_writing_converts_to_utc() -> None:
    """The record is in UTC whatever zone an instant came in."""
    zurich = timezone(timedelta(hours=1))
    assert to_text(datetime(2026, 1, 1, 1, tzinfo=zurich)) == "2026-01-01T00:00:00.000000Z"


def test_naive_instants_are_refused() -> None:
    """Guessing a zone would falsify the record."""
    naive = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="naive"):
        to_text(naive)
    with pytest.raises(ValueError, match="zone"):
        from_text("2026-01-01T00:00:00")


def test_the_machines_clock_is_aware() -> None:
    """The one real clock returns aware instants in UTC."""
    assert SystemClock().now().utcoffset() == timedelta(0)
