"""What falls due by the clock: each reminder once, across restarts, none in a quiet incident and none in one that is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.channel_records import ChannelRecord, ReminderRecord
from bot.domain.facts import (
    ApprovalClosed,
    ApprovalRequested,
    ChannelOpened,
    ChannelRetired,
    Fact,
    IncidentAcknowledged,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    Reminded,
    RunPaused,
    RunStarted,
    UpdateGiven,
)
from bot.domain.ids import ApprovalId, Digest, IncidentId, RunId, StepId, incident_stream
from bot.domain.nouns import FIRELINE, ApprovalStatus, IncidentStatus, Severity
from bot.domain.ports import Transaction
from bot.errors import JournalError
from bot.incidents.reminders import AT_ONCE, Reminders
from bot.incidents.reminding import Patience, Standing, all_due, update_due
from tests.fakes.alerts import NOON, incident
from tests.fakes.office import Office, open_office

ONE, RUN, ASKED = IncidentId(1), RunId("1-1"), ApprovalId("1-1/shift/1")
MINUTE = timedelta(minutes=1)
PATIENCE = Patience(update={Severity.SEV2: 30 * MINUTE}, commander=5 * MINUTE, archive=timedelta(days=7))


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """An office whose store is closed in the end."""
    opened = await open_office(tmp_path)
    yield opened
    await opened.store.close()


def begin(office: Office, patience: Patience = PATIENCE) -> Reminders:
    """Start looking at the clock, as a process does."""
    made = Reminders(office.store.journal, patience=patience, clock=office.clock, alarm=office.bell)
    office.store.journal.listen(made.watch)
    return made


async def write(office: Office, *facts: Fact) -> None:
    """Put facts into the incident's log."""
    await office.store.journal.append(incident_stream(ONE), FIRELINE, list(facts))


def opened(severity: Severity = Severity.SEV2) -> IncidentOpened:
    """Make an incident's beginning."""
    return IncidentOpened(incident=ONE, title="t", severity=severity)


def asking(minutes: float) -> tuple[Fact, Fact]:
    """Make a run that asks, for so long."""
    digest = Digest("d" * 64)
    started = RunStarted(run=RUN, runbook="r", digest=digest, seed="s", autonomy="auto", inputs={}, scope={})
    asked = ApprovalRequested(
        run=RUN,
        step=StepId("shift"),
        approval=ASKED,
        digest=digest,
        action="a.b",
        effect="mutate",
        target="t",
        inputs={},
        sources=("group:sre",),
        quorum=1,
        expires_at=NOON + timedelta(minutes=minutes),
    )
    return started, asked


def told(office: Office) -> list[tuple[str, float]]:
    """Return of what people were reminded, and after how many minutes each was due."""
    return [
        (each.of.value, (each.due - NOON) / MINUTE) for each in office.facts(1) if isinstance(each, Reminded)
    ]


async def pass_minutes(office: Office, reminders: Reminders, minutes: float) -> None:
    """Move the clock, and let the alarm ring if it is set to an instant until then."""
    office.clock.move(minutes=minutes)
    if office.bell.set_to is not None and office.bell.set_to <= office.clock.now():
        await reminders.ring()
        await reminders.tick()


async def test_one_wake_up_at_the_next_instant_and_each_reminder_once(office: Office) -> None:
    """Nobody leads after five minutes, nobody says a word for thirty, and for thirty more."""
    reminders = begin(office)
    await write(office, opened())
    await reminders.tick()
    assert office.bell.set_to == NOON + 5 * MINUTE
    await pass_minutes(office, reminders, 4.9)
    assert told(office) == []
    for _ in range(12):
        await pass_minutes(office, reminders, 5)
    assert told(office) == [("commander", 5), ("update", 30), ("update", 64.9)]


async def test_a_restart_reminds_of_nothing_twice_and_forgets_nothing(office: Office) -> None:
    """The log has what was said; what came due while nobody looked is said once."""
    await write(office, opened())
    office.clock.move(minutes=70)
    for _ in range(3):
        await begin(office).tick()
    assert told(office) == [("commander", 5), ("update", 30)]
    assert office.bell.set_to == NOON + 100 * MINUTE


async def test_who_leads_is_not_asked_who_leads(office: Office) -> None:
    """Acknowledged in time."""
    reminders = begin(office)
    await write(office, opened(), IncidentAcknowledged(incident=ONE, commander="U1"))
    await reminders.tick()
    assert office.bell.set_to == NOON + 30 * MINUTE
    await pass_minutes(office, reminders, 20)
    assert told(office) == []


async def test_an_approval_is_reminded_of_once_half_way(office: Office) -> None:
    """And not when it was decided before."""
    reminders = begin(office)
    await write(office, opened(), IncidentAcknowledged(incident=ONE, commander="U1"), *asking(10))
    await reminders.tick()
    for _ in range(9):
        await pass_minutes(office, reminders, 1)
    assert told(office) == [("approval", 5)]


async def test_a_decided_approval_asks_nobody(office: Office) -> None:
    """Nor does that of a run whose clock stands still."""
    reminders = begin(office)
    started, asked = asking(10)
    await write(office, opened(), IncidentAcknowledged(incident=ONE, commander="U1"), started, asked)
    await write(office, RunPaused(run=RUN, asking=(ASKED,)))
    await reminders.tick()
    await pass_minutes(office, reminders, 6)
    closed = ApprovalClosed(run=RUN, step=StepId("shift"), approval=ASKED, status=ApprovalStatus.APPROVED)
    await write(office, closed)
    await pass_minutes(office, reminders, 6)
    assert told(office) == []


async def test_a_quiet_incident_reminds_nobody(office: Office) -> None:
    """What a schedule started waits for no person."""
    reminders = begin(office)
    await write(office, replace(opened(), scheduled=NOON))
    await reminders.tick()
    assert office.bell.set_to is None


async def test_one_that_is_over_has_its_channel_s_end_alone(office: Office) -> None:
    """A week later, once; without a channel nothing is due."""
    reminders = begin(office)
    await write(office, opened(), IncidentResolved(incident=ONE))
    await reminders.tick()
    assert office.bell.set_to is None
    await write(office, ChannelOpened(incident=ONE, channel="C1", name="inc-1"))
    await reminders.tick()
    assert office.bell.set_to == NOON + timedelta(days=7)
    for _ in range(3):
        await pass_minutes(office, reminders, 7 * 24 * 60)
    assert [each for each in office.facts(1) if isinstance(each, ChannelRetired)] == [
        ChannelRetired(incident=ONE, channel="C1")
    ]
    assert told(office) == []


async def test_what_the_journal_did_not_take_is_written_later(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that happened is forgotten."""
    reminders = begin(office)
    await reminders.tick()
    await write(office, opened())
    submit = office.store.journal.submit

    async def full(_unit: object) -> None:
        raise JournalError("full")

    monkeypatch.setattr(office.store.journal, "submit", full)
    with pytest.raises(JournalError):
        await reminders.tick()
    monkeypatch.setattr(office.store.journal, "submit", submit)
    await reminders.tick()
    assert office.bell.set_to == NOON + 5 * MINUTE


async def test_the_first_look_goes_through_all_page_by_page_and_again_where_it_could_not_ask(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that starts while the log takes no work forgets no incident; one unit of work never goes through many."""
    count = 2 * AT_ONCE + 1
    for number in map(IncidentId, range(1, count + 1)):
        await office.store.journal.append(
            incident_stream(number), FIRELINE, [replace(opened(), incident=number)]
        )
    reminders = begin(office)
    submit, units = office.store.journal.submit, []

    async def full(_unit: object) -> None:
        raise JournalError("full")

    async def counted(unit: Callable[[Transaction], object]) -> object:
        units.append(unit)
        return await submit(unit)

    monkeypatch.setattr(office.store.journal, "submit", full)
    with pytest.raises(JournalError):
        await reminders.tick()
    monkeypatch.setattr(office.store.journal, "submit", counted)
    await reminders.tick()
    assert len(units) == 1 + 3  # which there are, and the pages
    await pass_minutes(office, reminders, 5)
    assert {each.incident for each in office.facts(count) if isinstance(each, Reminded)} == {count}


async def test_an_update_starts_the_time_anew_and_a_promise_is_taken_at_its_word(office: Office) -> None:
    """Told at minute 20 with the next word promised for minute 60: reminded then, and not at minute 30."""
    reminders = begin(office)
    await write(office, opened(), IncidentAcknowledged(incident=ONE, commander="U1"))
    await reminders.tick()
    await pass_minutes(office, reminders, 20)
    status = IncidentStatus.IDENTIFIED
    promised = UpdateGiven(incident=ONE, message="m", status=status, next_due=NOON + 60 * MINUTE)
    await write(office, promised)
    await reminders.tick()
    assert office.bell.set_to == NOON + 60 * MINUTE
    await pass_minutes(office, reminders, 41)
    assert told(office) == [("update", 60)]
    await write(office, replace(promised, next_due=None))
    await reminders.tick()
    assert office.bell.set_to == NOON + 91 * MINUTE


async def test_one_that_is_reopened_begins_to_wait_anew(office: Office) -> None:
    """Nobody is told at once that an update has been due for a week."""
    reminders = begin(office)
    await write(office, opened(), IncidentAcknowledged(incident=ONE, commander="U1"))
    await write(office, IncidentResolved(incident=ONE))
    await reminders.tick()
    await pass_minutes(office, reminders, 10_000)
    await write(office, IncidentReopened(incident=ONE, why="it is back"))
    await reminders.tick()
    assert office.bell.set_to == NOON + 10_030 * MINUTE
    assert told(office) == []


def test_a_promise_without_a_pause_is_reminded_of_once() -> None:
    """A severity that nobody waits for, but a person who said when they would be back."""
    record = replace(incident(1, commander="U1"), next_update_due=NOON + MINUTE)
    standing = Standing(incident=record, channel=ChannelRecord(incident=ONE))
    (due,) = all_due(standing, Patience())
    assert due.at == NOON + MINUTE
    said = ReminderRecord(incident=ONE, key="update", due=due.at, at=due.at)
    assert all_due(replace(standing, reminders=[said]), Patience()) == []


def test_what_is_not_waited_for_is_never_due() -> None:
    """A severity without an entry, and settings that say never."""
    standing = Standing(incident=incident(1), channel=ChannelRecord(incident=ONE))
    assert all_due(standing, Patience()) == []
    assert update_due(incident(1), (), Patience(update={Severity.SEV4: MINUTE})) is None
    over = replace(standing, incident=replace(incident(1, resolved_at=NOON), channel="C1"))
    assert all_due(over, Patience()) == []
