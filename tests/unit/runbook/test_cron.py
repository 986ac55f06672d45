"""Cron lines: what they name, and when they fire, through every change of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.runbook.cron import BadCron, Cron, parse_cron

ZURICH = "Europe/Zurich"
"""Forward on 2027-03-28 from 2:00 to 3:00 (1:00 UTC), back on 2026-10-25 from 3:00 to 2:00 (1:00 UTC)."""
SPRING = datetime(2027, 3, 27, 12, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 24, 12, tzinfo=UTC)


def fires(line: str, zone: str, since: datetime, count: int) -> list[str]:
    """Return when a line fires next, in UTC."""
    cron, found = parse_cron(line, zone), []
    for _ in range(count):
        since = cron.next_after(since)
        found.append(f"{since:%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("line", "since", "expected"),
    [
        # A time that is left out comes right after the gap, and the next day at its own.
        ("30 2 * * *", SPRING, ["03-28 01:00", "03-29 00:30"]),
        ("0 2 * * *", SPRING, ["03-28 01:00", "03-29 00:00"]),
        ("0 3 * * *", SPRING, ["03-28 01:00", "03-29 01:00"]),
        # Several of them come once.
        ("*/20 2 * * *", SPRING, ["03-28 01:00", "03-29 00:00"]),
        # Where the hour is `*`, the hours that pass count, and the one that is left out does not come.
        ("30 * * * *", datetime(2027, 3, 28, tzinfo=UTC), ["03-28 00:30", "03-28 01:30", "03-28 02:30"]),
        ("0 */2 * * *", datetime(2027, 3, 28, tzinfo=UTC), ["03-28 02:00", "03-28 04:00"]),
        # A time that comes twice fires the first time.
        ("30 2 * * *", AUTUMN, ["10-25 00:30", "10-26 01:30"]),
        ("*/30 2 * * *", AUTUMN, ["10-25 00:00", "10-25 00:30", "10-26 01:00"]),
        ("0 3 * * *", AUTUMN, ["10-25 02:00", "10-26 02:00"]),
        # Where the hour is `*`, both hours pass.
        ("30 * * * *", datetime(2026, 10, 25, tzinfo=UTC), ["10-25 00:30", "10-25 01:30", "10-25 02:30"]),
    ],
)
def test_the_days_on_which_clocks_change(line: str, since: datetime, expected: list[str]) -> None:
    """Each as cron does it: once a day for a line that names its hour, each hour that passes for one that does not."""
    assert fires(line, ZURICH, since, len(expected)) == expected


@pytest.mark.parametrize(
    ("line", "zone", "since", "expected"),
    [
        # Clocks that go back over midnight: in Beirut 2027-10-31 0:00 becomes 2027-10-30 23:00.
        (
            "30 23 * * *",
            "Asia/Beirut",
            datetime(2027, 10, 30, 12, tzinfo=UTC),
            ["10-30 20:30", "10-31 21:30"],
        ),
        (
            "30 * * * *",
            "Asia/Beirut",
            datetime(2027, 10, 30, 20, tzinfo=UTC),
            ["10-30 20:30", "10-30 21:30", "10-30 22:30"],
        ),
        # Samoa left out 2011-12-30: its firing comes as the 31st begins.
        ("0 12 30 12 *", "Pacific/Apia", datetime(2011, 12, 29, tzinfo=UTC), ["12-30 10:00"]),
        # Half an hour: Lord Howe, forward on 2027-10-03 from 2:00 to 2:30.
        (
            "15 2 * * *",
            "Australia/Lord_Howe",
            datetime(2027, 10, 2, 6, tzinfo=UTC),
            ["10-02 15:30", "10-03 15:15"],
        ),
    ],
)
def test_rarer_changes(line: str, zone: str, since: datetime, expected: list[str]) -> None:
    """Midnight, a whole day, half an hour."""
    assert fires(line, zone, since, len(expected)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0 4 * * MON", ["11-30 04:00", "12-07 04:00"]),
        ("0 4 * * 1", ["11-30 04:00", "12-07 04:00"]),
        ("0 4 * * 0", ["11-29 04:00"]),
        ("0 4 * * 7", ["11-29 04:00"]),
        ("0 4 * * SUN-TUE", ["11-24 04:00", "11-29 04:00"]),
        ("0 4 * * FRI-7", ["11-27 04:00", "11-28 04:00", "11-29 04:00"]),
        ("*/25 9-10 24 11 *", ["11-24 09:00", "11-24 09:25", "11-24 09:50", "11-24 10:00"]),
        ("5,35 0-23/12 * * *", ["11-23 12:35", "11-24 00:05"]),
        # Either day will do where both are named; where one begins with `*`, both must hold.
        ("0 4 13 * FRI", ["11-27 04:00", "12-04 04:00", "12-11 04:00", "12-13 04:00"]),
        ("0 4 */10 * FRI", ["12-11 04:00", "01-01 04:00"]),
        ("0 0 29 2 *", ["02-29 00:00"]),
        ("0  0 1 jan *", ["01-01 00:00"]),
    ],
)
def test_what_a_line_names(line: str, expected: list[str]) -> None:
    """As crontab(5) has it: Sunday is 0 and 7, names are as good as numbers."""
    assert fires(line, "UTC", datetime(2026, 11, 23, 12, 10, tzinfo=UTC), len(expected)) == expected


@pytest.mark.parametrize(
    ("line", "zone", "message", "hint"),
    [
        ("0 4 * *", "UTC", "has 4 fields", "Mondays at 4:00"),
        ("@daily", "UTC", "has 1 fields", "minute, hour"),
        ("60 4 * * *", "UTC", "there is no minute 60", "0 to 59"),
        ("0 24 * * *", "UTC", "there is no hour 24", "0 to 23"),
        ("0 4 0 * *", "UTC", "there is no day of the month 0", "1 to 31"),
        ("0 4 * 13 *", "UTC", "there is no month 13", ""),
        ("0 4 * * 8", "UTC", "there is no day of the week 8", ""),
        ("0 4 * * MOND", "UTC", "'MOND' is no day of the week", "or SUN to SAT"),
        ("a 4 * * *", "UTC", "'a' is no minute", ""),
        ("-1 4 * * *", "UTC", "'' is no minute", ""),
        ("99999 4 * * *", "UTC", "'99999' is no minute", ""),
        ("5/10 4 * * *", "UTC", "steps from a single minute", "5-59/10"),
        ("*/0 4 * * *", "UTC", "steps by nothing", "1 or more"),
        ("*/ 4 * * *", "UTC", "'' is no minute", ""),
        ("0 17-9 * * *", "UTC", "ends before it begins", "17-23,0-9"),
        ("0 4 30 2 *", "UTC", "a day that never comes", ""),
        ("0 4 31 4,6 *", "UTC", "a day that never comes", ""),
        ("0 4 * * *", "Mars/Olympus", "no time zone 'Mars/Olympus'", "Europe/Zurich"),
        ("0 4 * * *", "../../etc/passwd", "no time zone", ""),
        ("0 4 * * *", "", "no time zone", ""),
    ],
)
def test_lines_that_cannot_be_read(line: str, zone: str, message: str, hint: str) -> None:
    """Each says what is wrong and what to write."""
    with pytest.raises(BadCron, match=message.replace("*", r"\*")) as refused:
        parse_cron(line, zone)
    assert hint in refused.value.hint


_ZONES = st.sampled_from(
    ["UTC", ZURICH, "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "Asia/Kolkata"]
)
_INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is beside it
_LINES = st.sampled_from(
    [
        "* * * * *",
        "30 2 * * *",
        "*/20 * * * *",
        "0 0 * * *",
        "59 23 * * *",
        "0 */6 * * *",
        "0 4 * * MON",
        "15 1-3 * * *",
        "0 0 1 * *",
    ]
)


@settings(max_examples=50)
@given(_LINES, _ZONES, _INSTANTS)
@example("30 2 * * *", ZURICH, datetime(2027, 3, 28, 1, tzinfo=UTC))
@example("30 2 * * *", ZURICH, datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
def test_forward_and_back_are_one(line: str, zone: str, instant: datetime) -> None:
    """What comes next lies ahead; looked back at from there, it is the last, and just before it, the one before."""
    cron = parse_cron(line, zone)
    ahead = cron.next_after(instant)
    assert ahead > instant
    assert cron.last_until(ahead) == ahead
    behind = cron.last_until(instant)
    assert behind <= instant
    assert cron.next_after(behind) == ahead
    assert cron.next_after(ahead - timedelta(microseconds=1)) == ahead


@settings(max_examples=50)
@given(_ZONES, st.integers(2024, 2030), st.integers(0, 23), st.integers(0, 59))
def test_a_daily_line_fires_once_a_day(zone: str, year: int, hour: int, minute: int) -> None:
    """Every day of a year, whatever the clocks do, and at its own time wherever there is one."""
    cron = parse_cron(f"{minute} {hour} * * *", zone)
    instant = datetime(year, 1, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC) - timedelta(seconds=1)
    found = []
    while len(found) < 366:
        instant = cron.next_after(instant)
        found.append(instant.astimezone(ZoneInfo(zone)))
    days = [each.date() for each in found]
    assert all(after - before == timedelta(days=1) for before, after in pairwise(days))
    off = [each for each in found if (each.hour, each.minute) != (hour, minute)]
    assert len(off) <= 1, "the one day on which its time is left out"


def test_a_line_is_kept_as_it_was_written() -> None:
    """For people, with single blanks."""
    cron: Cron = parse_cron(" 0   4 * * MON ", ZURICH)
    assert (cron.text, cron.zone.key) == ("0 4 * * MON", ZURICH)
