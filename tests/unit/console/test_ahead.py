"""The page of what is to come: the lines in front of busy groups, and the schedules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain import facts
from bot.domain.ids import SYSTEM, Digest, RunId
from bot.domain.nouns import FIRELINE, Severity
from tests.fakes import tales
from tests.unit.console.test_pages import text

from .conftest import SECRET, Open

QUEUED = facts.RunQueued(
    run=RunId("42-2"), runbook="checkout-latency", digest=Digest("d"), seed="s", autonomy="auto", inputs={}, scope={},
    group=f"service/{SECRET}", severity=Severity.SEV2, behind="42-1", place=1,
)  # fmt: skip


async def test_a_calm_page_says_so(console: Open) -> None:
    """Nothing waits, nothing is on schedule."""
    page = text(await (await console()).page("/ahead"))
    assert "No run waits for another." in page
    assert "No runbook is on schedule." in page


async def test_what_waits_and_what_is_on_schedule(console: Open) -> None:
    """Each with when and why; secrets are taken out, and a time zone that is gone is said to be unknown."""
    opened = await console(tales.waiting())
    journal = opened.store.journal
    await journal.append("incident/42", FIRELINE, [QUEUED])  # type: ignore[arg-type]  # as it stands in the log
    due = datetime(2026, 11, 23, 4, tzinfo=UTC)
    await journal.append(
        SYSTEM,
        FIRELINE,
        [
            facts.ScheduleSet(runbook="sweep", cron="0 4 * * *", timezone="UTC"),
            facts.ScheduleSet(runbook="a-gone", cron="0 4 * * *", timezone="Mars/Olympus"),
            facts.ScheduleSet(runbook="b-late", cron="0 4 * * *", timezone="UTC"),
            facts.ScheduleFired(runbook="sweep", due=due, incident=tales.waiting().incident, started="42-1"),
            facts.ScheduleFired(
                runbook="b-late", due=due + timedelta(days=1), skipped="run 42-1 is under way still"
            ),
        ],
    )
    page = text(await opened.page("/ahead"))
    assert "1 run waits in line" in page
    assert "service/[redacted] 1 42-2 checkout-latency run 42-1" in page
    assert "a-gone 0 4 * * * Mars/Olympus unknown never" in page
    assert "run 42-1 " in page
    assert "skipped: run 42-1 is under way still" in page
