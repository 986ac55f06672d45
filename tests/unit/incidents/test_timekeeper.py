"""Schedules: each instant is answered once, through restarts, edits and busy groups; a scheduled run wakes nobody unless it must."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.facts import (
    ApprovalRequested,
    IncidentOpened,
    RunFinished,
    RunRejected,
    RunStarted,
    ScheduleFired,
    ScheduleSet,
)
from bot.domain.ids import SYSTEM, ApprovalId, Digest, IncidentId, RunId, StepId
from bot.domain.nouns import FIRELINE, SCHEDULE, IncidentStatus, RunStatus, person
from bot.errors import JournalError
from bot.incidents import timekeeper as timekeeper_module
from bot.incidents.scheduled import Instant, answer, prepare_scheduled
from bot.runbook.model import Runbook
from tests.fakes.alerts import NOON, delivery, seen
from tests.fakes.books import book
from tests.fakes.office import VARIABLES, Office, open_office

ADA = person("U0ADA")
ONE, TWO = IncidentId(1), IncidentId(2)
HOURLY = {"cron": "0 * * * *"}


def hourly(name: str = "sweep", **more: Any) -> Runbook:
    """Make a runbook that runs every hour."""
    on = more.pop("on", {})
    return book(name, **{"on": {"schedule": HOURLY, "command": True, **on}, **more})


async def begin(office: Office, *books: Runbook) -> None:
    """Put runbooks in force, five minutes past noon."""
    office.books[:] = books
    await office.timekeeper.runbooks_changed(whole=True)
    await office.timekeeper.tick()


async def pass_hours(office: Office, hours: float) -> None:
    """Let time pass, and the alarm ring."""
    office.clock.move(hours=hours)
    await office.timekeeper.tick()


def fired(office: Office) -> list[ScheduleFired]:
    """What the log says of instants."""
    events = office.store.records.events(stream=SYSTEM)
    return [each.fact for each in events if isinstance(each.fact, ScheduleFired)]


def quiet(office: Office) -> list[tuple[int, str, bool]]:
    """Every incident, with its status, and whether it is quiet."""
    found = office.store.records.incidents(quiet=True)
    return [(each.id, each.status.value, each.quiet) for each in reversed(found)]


def shown(office: Office) -> set[str]:
    """What people would see; a run's reply has a message to stand below, or is not posted."""
    return {each.key for each in office.store.records.outbox_behind() if not each.key.startswith("run/")}


async def test_an_instant_starts_a_run_and_wakes_nobody(office: Office) -> None:
    """It has an incident of its own, which shows nowhere, has nothing for chat, and ends by itself when the run succeeds."""
    await begin(office, hourly())
    assert not fired(office), "its instants count from when it came in force"
    assert office.bell.set_to == NOON + timedelta(hours=1)
    await pass_hours(office, 1)
    (told,) = fired(office)
    assert told == ScheduleFired(runbook="sweep", due=NOON + timedelta(hours=1), incident=ONE, started="1-1")
    assert office.runs.taken_up == ["1-1"]
    assert office.run_of("1-1").requested_by == SCHEDULE
    assert office.store.records.incidents() == []
    assert quiet(office) == [(1, "investigating", True)]
    assert shown(office) == set()
    await office.finish("1-1")
    await office.timekeeper.tick()
    assert quiet(office) == [(1, "resolved", True)]
    assert shown(office) == set()
    assert office.bell.set_to == NOON + timedelta(hours=2)
    (record,) = office.store.records.schedules()
    assert (record.due, record.started, record.skipped) == (NOON + timedelta(hours=1), "1-1", "")


async def test_what_was_missed_is_made_up_for_once(tmp_path: Path) -> None:
    """Down for a day, it runs once on return, with the last instant, and says since when they were missed."""
    office = await open_office(tmp_path, hourly())
    await begin(office, hourly())
    await office.store.close()
    again = await open_office(tmp_path, hourly())
    again.clock.move(hours=24, minutes=30)
    await begin(again, hourly())
    (answered,) = fired(again)
    assert answered.due == NOON + timedelta(hours=24)
    assert answered.missed_since == NOON + timedelta(hours=1)
    await again.timekeeper.tick()
    assert len(fired(again)) == 1
    assert again.bell.set_to == NOON + timedelta(hours=25)
    await again.store.close()


async def test_no_instant_is_answered_twice(office: Office) -> None:
    """Whoever else comes with the same instant finds it answered, and with one that is gone, too."""
    await begin(office, hourly())
    await pass_hours(office, 1)
    opening = prepare_scheduled(office.books[0], VARIABLES, office.clock.now())
    for due in (NOON + timedelta(hours=1), NOON):
        run = await office.store.journal.submit(
            lambda tx, due=due: answer(tx, opening, Instant(due=due), seed="s")
        )  # type: ignore[misc]
        assert run is None
    other = prepare_scheduled(hourly("gone"), VARIABLES, office.clock.now())
    assert (
        await office.store.journal.submit(lambda tx: answer(tx, other, Instant(due=NOON), seed="s")) is None
    )
    assert len(fired(office)) == 1


async def test_a_failed_run_calls_people(office: Office) -> None:
    """The incident is an incident like any other from there on, and the next instants are runs in it."""
    await begin(office, hourly())
    await pass_hours(office, 1)
    await office.finish("1-1", RunStatus.FAILED)
    await office.timekeeper.tick()
    assert quiet(office) == [(1, "investigating", False)]
    furniture = {f"incident/1/{each}" for each in ("channel", "bookmarks", "status", "announce")}
    assert shown(office) == furniture
    await pass_hours(office, 1)
    assert fired(office)[-1].started == "1-2"
    await office.finish("1-2")
    await office.timekeeper.tick()
    assert quiet(office) == [(1, "investigating", False)], "a person looks at what failed"
    await office.desk.resolve(ONE, ADA)
    await pass_hours(office, 1)
    assert fired(office)[-1].started == "2-1"


async def test_a_question_calls_people_and_the_incident_still_ends_by_itself(office: Office) -> None:
    """Unless somebody takes it: then it is theirs to end."""
    await begin(office, hourly(), hourly("another"))
    await pass_hours(office, 1)
    for run in ("1-1", "2-1"):
        asked = ApprovalRequested(
            run=RunId(run), step=StepId("look"), approval=ApprovalId(f"{run}/look/1"), digest=Digest("d"), action="a", effect="mutate",
            target="", inputs={}, sources=("group:sre",), quorum=1,
        )  # fmt: skip
        await office.store.journal.append(office.events(int(run[0]))[0].stream, FIRELINE, [asked])
    assert [each.id for each in office.store.records.incidents()] == [2, 1]
    await office.desk.acknowledge(TWO, ADA)
    await office.finish("1-1")
    await office.finish("2-1")
    await office.timekeeper.tick()
    assert [each.status for each in office.store.records.incidents()] == [
        IncidentStatus.INVESTIGATING,
        IncidentStatus.RESOLVED,
    ]


async def test_a_run_that_is_under_way_still_skips_the_next(office: Office) -> None:
    """It never works against itself; that it was skipped is on record."""
    await begin(office, hourly())
    await pass_hours(office, 1)
    await pass_hours(office, 1)
    assert fired(office)[-1].skipped == "run 1-1 is under way still"
    (record,) = office.store.records.schedules()
    assert (record.incident, record.started) == (1, "")
    await office.finish("1-1")
    await office.timekeeper.tick()
    await pass_hours(office, 1)
    assert fired(office)[-1].started == "2-1"


@pytest.mark.parametrize("more", [{"autonomy": "propose"}, {"valid_until": "2026-11-22"}])
async def test_what_may_not_start_by_itself_is_proposed_once(office: Office, more: dict[str, Any]) -> None:
    """A person is asked, and not asked again while they think."""
    await begin(office, hourly(**more))
    await pass_hours(office, 1)
    assert "incident.run_proposed" in office.kinds(1)
    assert quiet(office) == [(1, "investigating", False)]
    await pass_hours(office, 1)
    assert fired(office)[-1].skipped == "incident 1 waits for a person to start it"


async def test_inputs_without_a_value_are_a_note_and_no_run(office: Office) -> None:
    """The linter refuses such a runbook; one that slipped through is heard of."""
    found = hourly(inputs={"region": {"default": "{{ vars.nowhere | default(3) }}"}}, severity="{{ 'SEV9' }}")
    await begin(office, found)
    await pass_hours(office, 1)
    notes = [fact for fact in office.facts(1) if fact.KIND == "incident.note_added"]
    assert len(notes) == 2
    assert fired(office)[-1].started == ""
    assert fired(office)[-1].incident == ONE


@pytest.mark.parametrize(("when_busy", "rejected"), [("attach", 0), ("reject", 1)])
async def test_a_busy_group_skips_the_instant(office: Office, when_busy: str, rejected: int) -> None:
    """With the reason on record, and where the runbook rejects, in the channel of who is at it."""
    group = {"concurrency": {"group": "database", "when_busy": when_busy}}
    on = {"schedule": None, "alert": [{"match": ['alertname="CheckoutErrors"']}]}
    first = book("checkout-errors", concurrency={"group": "database"}, on={"alert": on["alert"]})
    await begin(office, first, hourly(**group))
    await office.intake.receive(delivery(seen()))
    await office.dispatcher.drain()
    await pass_hours(office, 1)
    assert fired(office)[-1].skipped == "run 1-1 (checkout-errors) has database, in incident 1"
    assert len([fact for fact in office.facts(1) if isinstance(fact, RunRejected)]) == rejected
    assert len(quiet(office)) == 1


async def test_a_scheduled_run_may_wait_in_line(office: Office) -> None:
    """Its incident is quiet while it waits, and an alert that joins it wakes people."""
    group = {"concurrency": {"group": "database", "when_busy": "queue"}}
    first = book(
        "checkout-errors",
        concurrency={"group": "database"},
        on={"alert": [{"match": ['alertname="CheckoutErrors"']}]},
    )
    await begin(office, first, hourly(**group))
    await office.intake.receive(delivery(seen()))
    await office.dispatcher.drain()
    await pass_hours(office, 1)
    assert fired(office)[-1].started == "2-1"
    assert quiet(office)[1] == (2, "investigating", True)
    await office.finish("1-1")
    assert office.runs.taken_up == ["1-1", "2-1"]
    await office.intake.receive(delivery(seen(pod="2")))
    await office.dispatcher.drain()
    assert quiet(office)[1] == (2, "investigating", False)
    await office.finish("2-1")
    await office.timekeeper.tick()
    assert quiet(office)[1][1] == "investigating", "an alert fires in it"


async def test_edited_removed_and_brought_back(office: Office) -> None:
    """Another line counts from when it came; a runbook that is gone fires no more, unless its file only broke."""
    await begin(office, hourly())
    await pass_hours(office, 0.5)
    await begin(office, hourly(on={"schedule": {"cron": "15 * * * *", "timezone": "Asia/Kolkata"}}))
    assert office.bell.set_to == NOON + timedelta(minutes=45)
    await pass_hours(office, 0.25)
    assert fired(office)[-1].due == NOON + timedelta(minutes=45)
    office.books.clear()
    await office.timekeeper.runbooks_changed(whole=False)
    assert len(office.store.records.schedules()) == 1, "a file was refused: it may be this one"
    await pass_hours(office, 5)
    assert len(fired(office)) == 1
    assert office.bell.set_to is None
    await office.timekeeper.runbooks_changed(whole=True)
    assert office.store.records.schedules() == []
    await begin(office, hourly())
    (record,) = office.store.records.schedules()
    assert (record.cron, record.due, record.incident) == ("0 * * * *", None, None)
    sets = [each for each in office.store.records.events(stream=SYSTEM) if isinstance(each.fact, ScheduleSet)]
    assert len(sets) == 3


async def test_one_that_breaks_keeps_no_other(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in one is told, and the others run."""
    await begin(office, hourly("a-broken"), hourly("b-fine"))
    real = timekeeper_module.prepare_scheduled

    def breaking(runbook: Runbook, *rest: Any) -> Any:
        if runbook.name == "a-broken":
            raise RuntimeError("a bug")
        return real(runbook, *rest)

    monkeypatch.setattr(timekeeper_module, "prepare_scheduled", breaking)
    await pass_hours(office, 1)
    assert [each.runbook for each in fired(office)] == ["b-fine"]


async def test_a_run_that_cannot_be_taken_up_is_tried_again(office: Office) -> None:
    """It is in the log as begun; what breaks otherwise waits for the next start."""
    await begin(office, hourly())
    office.clock.move(hours=1)
    office.runs.fails = JournalError("away")
    with pytest.raises(JournalError):
        await office.timekeeper.tick()
    await office.timekeeper.tick()
    assert office.runs.taken_up == ["1-1"]
    await office.finish("1-1")
    office.clock.move(hours=1)
    office.runs.fails = RuntimeError("a bug")
    await office.timekeeper.tick()
    assert office.runs.taken_up == ["1-1"]
    assert len(fired(office)) == 2


async def test_after_a_restart_it_looks_after_what_it_opened(tmp_path: Path) -> None:
    """A run that ended while nobody looked ends its incident at the next start."""
    office = await open_office(tmp_path, hourly())
    await begin(office, hourly())
    await pass_hours(office, 1)
    ended = RunFinished(run=RunId("1-1"), status=RunStatus.SUCCEEDED)
    await office.store.journal.append(office.events(1)[0].stream, FIRELINE, [ended])
    await office.store.close()
    again = await open_office(tmp_path, hourly())
    again.clock.move(hours=1)
    await begin(again, hourly())
    assert quiet(again) == [(1, "resolved", True)]
    await again.store.close()


async def test_it_runs_until_the_journal_closes(office: Office) -> None:
    """The bell and the end of its runs wake it."""
    await begin(office, hourly())
    keeping = asyncio.create_task(office.timekeeper.run())
    office.clock.move(hours=1)
    await office.timekeeper.ring()
    async with asyncio.timeout(5):
        while not office.runs.taken_up:
            await asyncio.sleep(0)
    await office.finish("1-1")
    async with asyncio.timeout(5):
        while quiet(office) != [(1, "resolved", True)]:
            await asyncio.sleep(0)
    await office.store.close()
    await office.timekeeper.ring()
    async with asyncio.timeout(5):
        await keeping


async def test_across_the_change_of_clocks(office: Office) -> None:
    """Nightly at half past two in Zurich: the night on which there is no such time runs once, right after the gap."""
    office.clock.move(seconds=(datetime(2027, 3, 27, 12, tzinfo=UTC) - office.clock.now()).total_seconds())
    nightly = hourly(on={"schedule": {"cron": "30 2 * * *", "timezone": "Europe/Zurich"}})
    await begin(office, nightly)
    for _ in range(48):
        await pass_hours(office, 1)
        for run in office.store.records.unfinished_runs():
            await office.finish(run.id)
            await office.timekeeper.tick()
    dues = [each.due for each in fired(office)]
    assert dues == [datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 3, 29, 0, 30, tzinfo=UTC)]
    opened = [fact for fact in office.facts(1) if isinstance(fact, IncidentOpened | RunStarted)]
    assert len(opened) == 2
