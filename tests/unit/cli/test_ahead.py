"""`fireline queue` and `fireline schedules`, and incidents that are quiet: what is to come, and what nobody had to hear of."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.domain import facts
from bot.domain.ids import SYSTEM, ApprovalId, Digest, RunId, StepId
from bot.domain.nouns import SCHEDULE, Severity, person
from tests.fakes.timeline import Timeline
from tests.unit.cli.conftest import HOSTILE, Home, Ran, make_home

Fireline = Callable[..., Ran]
DUE = datetime(2026, 11, 23, 4, tzinfo=UTC)


@pytest.fixture
def ahead(tmp_path: Path) -> Home:
    """A home with a line of three, schedules that led to all there is, and a quiet incident."""
    tale = Timeline(7)
    common: dict[str, Any] = {
        "digest": Digest("d"),
        "seed": "s",
        "autonomy": "auto",
        "inputs": {},
        "scope": {},
    }
    tale.add(facts.IncidentOpened(incident=tale.incident, title="Down", severity=Severity.SEV2))
    tale.add(facts.RunStarted(run=RunId("7-1"), runbook="first", group=HOSTILE, **common))
    for place, by in ((1, None), (2, person("U0ADA")), (3, SCHEDULE)):
        waits = facts.RunQueued(
            run=RunId(f"7-{place + 1}"), runbook="later", group=HOSTILE if place < 3 else "z-free", severity=Severity.SEV2,
            behind="7-1" if place == 1 else "", place=place, requested_by=by, **common,
        )  # fmt: skip
        tale.add(waits)
    quiet = Timeline(8)
    quiet.add(
        facts.IncidentOpened(
            incident=quiet.incident, title="Sweep", severity=Severity.SEV4, runbook="sweep", scheduled=DUE
        ),
        facts.IncidentResolved(incident=quiet.incident, summary="the scheduled run succeeded"),
    )
    schedules = Timeline(9)
    for name, zone in (
        ("a-sweep", "UTC"),
        ("b-gone", "Mars/Olympus"),
        ("c-new", "UTC"),
        ("d-asks", "UTC"),
        ("e-busy", "UTC"),
    ):
        schedules.add(facts.ScheduleSet(runbook=name, cron="0 4 * * *", timezone=zone), stream=SYSTEM)
    schedules.add(
        facts.ScheduleFired(runbook="a-sweep", due=DUE, incident=quiet.incident, started="8-1"),
        facts.ScheduleFired(runbook="d-asks", due=DUE, incident=quiet.incident),
        facts.ScheduleFired(runbook="e-busy", due=DUE, skipped="run 7-1 is under way still"),
        stream=SYSTEM,
    )
    return make_home(tmp_path / "home", *tale.events, *quiet.events, *schedules.events)


def test_the_line_is_listed_next_first(ahead: Home, fireline: Fireline) -> None:
    """Each with its place, what it waits for although its own record may not name that, and who asked for it."""
    ran = fireline("queue", "-c", ahead.config)
    assert ran.status == 0
    rows = [line.split("7-", 1)[1] for line in ran.out.splitlines()[1:4]]
    assert [row.split()[0] for row in rows] == ["2", "3", "4"]
    assert all("run 7-1" in row for row in rows[:2])
    assert rows[0].strip().endswith("an alert")
    assert rows[1].strip().endswith("U0ADA")
    assert "its turn" in rows[2]
    assert rows[2].strip().endswith("schedule")
    assert "/incident cancel RUN" in ran.out
    assert [each["id"] for each in json.loads(fireline("queue", "--json", "-c", ahead.config).out)] == [
        "7-2",
        "7-3",
        "7-4",
    ]


def test_schedules_say_what_comes_and_what_came(ahead: Home, fireline: Fireline) -> None:
    """Next and last time, and what the last one led to."""
    ran = fireline("schedules", "-c", ahead.config)
    sweep, gone, new, asks, busy = ran.out.splitlines()[1:6]
    assert "0 4 * * * UTC" in sweep
    assert sweep.strip().endswith("2026-11-23 04:00  run 8-1")
    assert "unknown" in gone
    assert "never" in new
    assert asks.strip().endswith("incident 8")
    assert busy.strip().endswith("skipped: run 7-1 is under way still")
    rows = {
        each["runbook"]: each for each in json.loads(fireline("schedules", "--json", "-c", ahead.config).out)
    }
    assert rows["b-gone"]["next"] is None
    assert rows["c-new"]["next"].endswith("T04:00:00.000000Z")


def test_quiet_incidents_are_listed_on_request(ahead: Home, fireline: Fireline) -> None:
    """A scheduled run that went well is not among what people look through."""
    assert "Sweep" not in fireline("incidents", "-c", ahead.config).out
    assert "Sweep" in fireline("incidents", "--quiet", "-c", ahead.config).out


def test_where_there_is_nothing_it_says_so(told: Home, fireline: Fireline) -> None:
    """With what to do to have something."""
    assert fireline("queue", "-c", told.config).out == "No run waits in line.\n"
    assert "on.schedule" in fireline("schedules", "-c", told.config).out


def test_an_escalated_approval_is_shown_so(tmp_path: Path, fireline: Fireline) -> None:
    """When, and to whom."""
    tale = Timeline(7)
    ask: dict[str, Any] = {
        "run": RunId("7-1"),
        "step": StepId("shift"),
        "approval": ApprovalId("7-1/shift/1"),
    }
    tale.add(
        facts.IncidentOpened(incident=tale.incident, title="Down", severity=Severity.SEV2),
        facts.ApprovalRequested(
            **ask,
            digest=Digest("d"),
            action="http.request",
            effect="mutate",
            target="",
            inputs={},
            sources=("group:sre",),
            quorum=1,
        ),
        facts.ApprovalEscalated(**ask, added=("group:leads",), sources=("group:sre", "group:leads")),
    )
    home = make_home(tmp_path / "home", *tale.events)
    out = fireline("show", "7", "-c", home.config).out
    assert "to group:leads" in out
    assert "Nobody decided on step shift in time, so group leads may decide too." in out
