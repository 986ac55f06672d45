"""Cron lines: five fields and a time zone, and the instants that they mean, on the days when clocks change too.

The fields and what they mean are crontab(5)'s: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday), each `*`, a number,
a name (`MON`, `JAN`), a range, a list, with steps (`*/15`, `9-17/2`). When both days are restricted, either will do. On the days when clocks change,
it does what cron does (Vixie's, as Debian and others ship it): a line that names its hour fires once that day, right after the gap where its time
was left out, and the first time where its time comes twice; a line whose hour is `*` follows the hours that pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days that each month may have."""
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class BadCron(ValueError):
    """A line that can't be read, or names no day that there is; `hint` says what to write."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """What a field takes: its name, its bounds, and the names of its values, the first of which stands for `base`."""

    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()
    base: int = 0

    def read(self, text: str) -> frozenset[int]:
        """Return the values that a field's text names."""
        return frozenset(value for part in text.split(",") for value in self._part(part))

    def _part(self, text: str) -> range:
        span, slash, step_text = text.partition("/")
        step = self._number(step_text) if slash else 1
        low_text, dash, high_text = span.partition("-")
        if span == "*":
            low, high = self.first, self.last
        elif dash:
            low, high = self._value(low_text), self._value(high_text)
        elif slash:
            raise BadCron(
                f"{text!r} steps from a single {self.name}", f"write {span}-{self.last}/{step}, or */{step}"
            )
        else:
            low = high = self._value(span)
        if step < 1:
            raise BadCron(f"{text!r} steps by nothing", "a step is 1 or more")
        if low > high:
            raise BadCron(f"{text!r} ends before it begins", f"write {low}-{self.last},{self.first}-{high}")
        return range(low, high + 1, step)

    def _value(self, text: str) -> int:
        if text.upper() in self.names:
            return self.names.index(text.upper()) + self.base
        value = self._number(text)
        if not self.first <= value <= self.last:
            raise BadCron(f"there is no {self.name} {value}", f"it is {self.first} to {self.last}")
        return value

    def _number(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 4):  # noqa: PLR2004 - longer is a slip of the finger
            known = f", or {self.names[0]} to {self.names[-1]}" if self.names else ""
            raise BadCron(f"{text!r} is no {self.name}", f"it is {self.first} to {self.last}{known}")
        return int(text)


_FIELDS = (
    _Field(name="minute", first=0, last=59),
    _Field(name="hour", first=0, last=23),
    _Field(name="day of the month", first=1, last=31),
    _Field(name="month", first=1, last=12, names=_MONTHS, base=1),
    _Field(name="day of the week", first=0, last=7, names=_WEEKDAYS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A line that was read. `hourly` says that its hour is `*`; `either` that a day of the month or one of the week will do."""

    text: str
    zone: ZoneInfo
    times: tuple[time, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    hourly: bool
    either: bool

    def next_after(self, instant: datetime) -> datetime:
        """Return the first instant after this one at which it fires, in UTC."""
        day = instant.astimezone(self.zone).date() - _DAY
        while True:
            # Where a clock goes back over midnight, two days' firings lie in between each other.
            if any(each > instant for each in self._firings(day)):
                both = (*self._firings(day), *self._firings(day + _DAY))
                return min(each for each in both if each > instant)
            day += _DAY

    def last_until(self, instant: datetime) -> datetime:
        """Return the last instant up to this one at which it fired or would have, in UTC."""
        day = instant.astimezone(self.zone).date() + _DAY
        while True:
            if any(each <= instant for each in self._firings(day)):
                both = (*self._firings(day), *self._firings(day - _DAY))
                return max(each for each in both if each <= instant)
            day -= _DAY

    def _firings(self, day: date) -> Iterator[datetime]:
        """Return the instants at which it fires for a day of the calendar; some of them may be one and the same."""
        if self._comes_on(day):
            for moment in self.times:
                yield from self._instants(datetime.combine(day, moment))

    def _comes_on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (of_month or of_week) if self.either else (of_month and of_week)

    def _instants(self, wall: datetime) -> tuple[datetime, ...]:
        """Return when a clock on the wall shows a time: once; twice where it went back; never where it went forward."""
        once, again = (wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if once == again:
            return (once,)
        if once < again:
            return (once, again) if self.hourly else (once,)
        return () if self.hourly else (self._after_gap(again, once),)

    def _after_gap(self, before: datetime, after: datetime) -> datetime:
        """Find the instant at which the clock goes forward, which lies after `before` and not after `after`."""
        offset = after.astimezone(self.zone).utcoffset()
        while after - before > _SECOND:
            middle = before + (after - before) / 2
            if middle.astimezone(self.zone).utcoffset() == offset:
                after = middle
            else:
                before = middle
        return after.replace(microsecond=0)


def parse_cron(text: str, timezone: str) -> Cron:
    """Read a line and the name of its time zone; BadCron says what is wrong with the first misfit."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise BadCron(
            f"{text!r} has {len(parts)} fields",
            "minute, hour, day of the month, month, day of the week: `0 4 * * MON` is Mondays at 4:00",
        )
    minutes, hours, days, months, weekdays = (
        field.read(part) for field, part in zip(_FIELDS, parts, strict=True)
    )
    by_day, by_weekday = (not parts[at].startswith("*") for at in (2, 4))
    if not by_weekday and all(min(days) > _LONGEST[month - 1] for month in months):
        raise BadCron(f"{text!r} names a day that never comes")
    return Cron(
        text=" ".join(parts),
        zone=zone_of(timezone),
        times=tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)),
        days=days,
        months=months,
        weekdays=frozenset(day % 7 for day in weekdays),
        hourly=parts[1].startswith("*"),
        either=by_day and by_weekday,
    )


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name in the IANA database; BadCron when this machine knows no such zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadCron(
            f"there is no time zone {name!r} here", "write a name of the IANA database: UTC, Europe/Zurich"
        ) from None
