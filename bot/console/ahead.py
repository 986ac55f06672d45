"""What is to come by itself: the runs that wait in line, and the schedules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.ports import Reader
from bot.domain.records import RunRecord, ScheduleRecord
from bot.incidents.line import in_line
from bot.incidents.scheduled import next_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A run that waits, with the name of its concurrency group as others may read it."""

    record: RunRecord
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A schedule; `then` is when it comes due next, None when that can't be told here, `led_to` what came of the last time."""

    record: ScheduleRecord
    then: datetime | None
    led_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """All of it: each line next first, schedules by runbook."""

    queued: Sequence[Queued]
    schedules: Sequence[Scheduled]


def ahead(reader: Reader, clean: Callable[[str], str], now: datetime) -> Ahead:
    """Read what is to come; `clean` makes text from outside fit to show."""
    return Ahead(
        queued=[Queued(record=run, group=clean(run.group)) for run in in_line(reader)],
        schedules=[
            Scheduled(record=each, then=next_of(each, now), led_to=clean(each.led_to))
            for each in reader.schedules()
        ],
    )
