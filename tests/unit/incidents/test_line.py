"""The line in front of a busy concurrency group: one run at a time, the rest in order, on the record, and through a crash."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.domain.facts import RunDropped, RunFinished, RunMoved, RunQueued, RunRejected, RunStarted
from bot.domain.ids import IncidentId, RunId
from bot.domain.nouns import FIRELINE, IncidentStatus, RunStatus, Severity, person
from bot.errors import Conflict, JournalError
from bot.incidents import line
from bot.incidents.line import stands
from bot.runbook.model import Runbook
from tests.fakes.alerts import delivery, over, seen
from tests.fakes.books import book
from tests.fakes.office import Office, open_office

ADA, BOB = person("U0ADA"), person("U0BOB")
ONE, TWO, THREE = IncidentId(1), IncidentId(2), IncidentId(3)
POD = {"pod": {"type": "string", "default": "{{ alert.labels.pod }}"}}


def shared(name: str = "checkout-errors", when_busy: str = "queue", **more: Any) -> Runbook:
    """Make a runbook whose runs are all of one group, whatever pod they are about."""
    concurrency = {"group": "database", "when_busy": when_busy}
    return book(name, **{"inputs": POD, "concurrency": concurrency, "timeout": "5m", **more})


async def fire(office: Office, pod: str, name: str = "CheckoutErrors") -> None:
    """Let an alert come, and be routed."""
    await office.intake.receive(delivery(seen(name, pod=pod), group_key=f"{{}}:{{pod={pod}}}"))
    await office.dispatcher.drain()


def waiting(office: Office) -> list[tuple[str, str, int]]:
    """Return the line: each run, what it waits for, and its place."""
    return [
        (run.id, run.behind, run.place)
        for run in office.store.records.runs_of_group("database")
        if run.status is RunStatus.QUEUED
    ]


async def test_runs_of_a_group_begin_one_after_the_other(office: Office) -> None:
    """Each alert has its incident at once; its run begins when the one before has ended."""
    office.books.append(shared())
    for pod in "123":
        await fire(office, pod)
    assert len(office.store.records.incidents()) == 3
    assert office.runs.taken_up == ["1-1"]
    assert waiting(office) == [("2-1", "1-1", 1), ("3-1", "1-1", 2)]
    assert stands(office.run_of("3-1")) == "waits for run 1-1, 2nd in the queue of database"
    office.clock.move(minutes=20)
    await office.finish("1-1", RunStatus.FAILED)
    assert office.runs.taken_up == ["1-1", "2-1"]
    assert waiting(office) == [("3-1", "2-1", 1)]
    started = next(fact for fact in office.facts(2) if isinstance(fact, RunStarted))
    assert started.inputs == {"pod": "2"}
    assert started.group == "database"
    assert started.deadline is not None
    assert (started.deadline - office.clock.now()).total_seconds() == 300, "its time runs from its beginning"
    await office.finish("2-1")
    await office.finish("3-1")
    assert office.runs.taken_up == ["1-1", "2-1", "3-1"]
    assert not office.store.records.queued_runs()
    await fire(office, "4")
    assert office.runs.taken_up[-1] == "4-1", "the group is free again"


async def test_the_worse_goes_first(office: Office) -> None:
    """By severity, then in the order of coming; who is overtaken is told so."""
    office.books += [
        shared(severity="SEV3"),
        shared("worse", severity="SEV1", on={"alert": [{"match": ['alertname="Worse"']}]}),
    ]
    for pod, name in (("1", "CheckoutErrors"), ("2", "CheckoutErrors"), ("3", "Worse"), ("4", "Worse")):
        await fire(office, pod, name)
    assert waiting(office) == [("3-1", "1-1", 1), ("4-1", "1-1", 2), ("2-1", "1-1", 3)]
    moves = [fact.place for fact in office.facts(2) if isinstance(fact, RunMoved)]
    assert moves == [2, 3]
    await office.finish("1-1")
    assert office.runs.taken_up == ["1-1", "3-1"]


async def test_the_same_run_is_not_asked_for_twice(office: Office) -> None:
    """An alert that wants what an open incident had, or waits for, joins it."""
    office.books.append(shared())
    await fire(office, "1")
    await fire(office, "2")
    for pod in "12":
        await office.intake.receive(delivery(seen(pod=pod, more="x"), group_key="{}:{other}"))
    await office.dispatcher.drain()
    assert [(each.id, each.alerts) for each in office.store.records.incidents()] == [(2, 2), (1, 2)]
    await office.finish("1-1")
    await office.intake.receive(delivery(seen(pod="1", more="y"), group_key="{}:{third}"))
    await office.dispatcher.drain()
    assert office.store.records.incidents()[-1].alerts == 3, "the incident is open still, and its run is done"
    assert not waiting(office)


async def test_what_comes_together_is_sorted_by_what_it_asks_for(office: Office) -> None:
    """Two pods in one delivery are two incidents where their runs wait for each other; the same pod is one."""
    office.books.append(shared())
    alerts = [seen(pod="1"), seen(pod="2"), seen(pod="1", more="x")]
    await office.intake.receive(delivery(*alerts))
    await office.dispatcher.drain()
    assert [(each.id, each.alerts) for each in office.store.records.incidents()] == [(2, 1), (1, 2)]
    assert waiting(office) == [("2-1", "1-1", 1)]


async def test_alerts_without_a_run_are_one_trouble(office: Office) -> None:
    """A runbook that is only proposed opens one incident for the group, and what is over joins it."""
    office.books.append(shared(autonomy="propose"))
    await fire(office, "1")
    await fire(office, "2")
    await office.intake.receive(delivery(over(seen(pod="3")), group_key="{}:{x}"))
    await office.dispatcher.drain()
    assert [each.alerts for each in office.store.records.incidents()] == [3]


async def test_another_runbook_of_the_group_has_an_incident_of_its_own(office: Office) -> None:
    """Its run waits, whatever the first one was."""
    office.books += [shared(), shared("other", on={"alert": [{"match": ['alertname="Other"']}]})]
    await fire(office, "1")
    await fire(office, "1", "Other")
    assert waiting(office) == [("2-1", "1-1", 1)]


async def test_a_run_by_hand_is_held_to_its_group_wherever_it_is(office: Office) -> None:
    """Declared elsewhere, an incident does not let a second run of the group begin; alerts join the run's incident."""
    office.books.append(shared(when_busy="attach"))
    await office.desk.declare("Databases are slow", Severity.SEV3, ADA)
    await office.desk.start_run("checkout-errors", {"pod": "1"}, ADA, incident=ONE)
    await office.desk.declare("Another", Severity.SEV3, BOB)
    with pytest.raises(Conflict, match=r"run 1-1 \(checkout-errors\) has database, in incident 1"):
        await office.desk.start_run("checkout-errors", {"pod": "2"}, BOB, incident=TWO)
    await fire(office, "3")
    assert len(office.store.records.incidents()) == 2
    (attached,) = office.store.records.alerts_of(ONE)
    assert attached.labels["pod"] == "3"


async def test_a_person_waits_in_line_too(office: Office) -> None:
    """They are told where their run stands, and their name is on it when it begins."""
    office.books.append(shared())
    await fire(office, "1")
    await office.desk.declare("Another", Severity.SEV1, BOB)
    opened = await office.desk.start_run("checkout-errors", {"pod": "2"}, BOB, incident=TWO)
    assert opened.run == "2-1"
    assert opened.waits == "waits for run 1-1, 1st in the queue of database"
    joined = await office.desk.start_run("checkout-errors", {"pod": "3"}, ADA)
    assert (joined.incident, joined.run) == (ONE, "1-2")
    assert office.runs.taken_up == ["1-1"]
    await office.finish("1-1")
    assert office.run_of("2-1").requested_by == BOB
    assert office.runs.taken_up == ["1-1", "2-1"]


async def test_a_person_takes_a_run_out_of_the_line(office: Office) -> None:
    """Nothing ran; those behind move up; one that has begun is asked to end instead."""
    office.books.append(shared())
    for pod in "123":
        await fire(office, pod)
    await office.desk.cancel_run(RunId("2-1"), ADA)
    dropped = office.events(2)[-1]
    assert dropped.fact == RunDropped(run=RunId("2-1"), why="cancelled by hand")
    assert dropped.actor == ADA
    assert office.run_of("2-1").status is RunStatus.CANCELLED
    assert waiting(office) == [("3-1", "1-1", 1)]
    await office.desk.cancel_run(RunId("1-1"), ADA, "enough")
    assert office.runs.asked == [("cancel", "1-1", ADA, "enough")]


async def test_a_run_whose_turn_comes_as_it_is_cancelled_is_asked_to_end(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read a moment ago is looked at again where it counts."""
    office.books.append(shared())
    await fire(office, "1")
    await fire(office, "2")
    before = office.run_of("2-1")
    await office.finish("1-1")
    monkeypatch.setattr(type(office.store.records), "run", lambda _self, _run: before)
    await office.desk.cancel_run(RunId("2-1"), ADA)
    assert office.runs.asked == [("cancel", "2-1", ADA, "")]


async def test_resolving_an_incident_drops_its_run_from_the_line(office: Office) -> None:
    """On the record, in the same breath, and the next ones move up."""
    office.books.append(shared())
    for pod in "123":
        await fire(office, pod)
    await office.desk.resolve(TWO, ADA, "it was nothing")
    assert office.kinds(2)[-2:] == ["run.dropped", "incident.resolved"]
    assert office.run_of("2-1").detail == "incident 2 was resolved before its turn came"
    assert waiting(office) == [("3-1", "1-1", 1)]
    assert office.store.records.incidents()[1].status is IncidentStatus.RESOLVED


async def test_reject_keeps_the_run_out_and_says_so(office: Office) -> None:
    """The alert joins the incident of the run that is under way, and the record says what was not started, and why."""
    office.books += [
        shared("a-first", when_busy="attach", on={"alert": [{"match": ['alertname="First"']}]}),
        shared("b-second", when_busy="reject"),
    ]
    await fire(office, "1", "First")
    await fire(office, "2")
    (incident,) = office.store.records.incidents()
    assert incident.alerts == 2
    (rejected,) = [fact for fact in office.facts(1) if isinstance(fact, RunRejected)]
    assert rejected.why == "run 1-1 (a-first) has database, in incident 1"
    assert (rejected.runbook, rejected.busy, rejected.group) == ("b-second", "1-1", "database")
    assert office.store.records.outbox_entry("incident/1/rejected/b-second") is not None


async def test_reject_says_nothing_of_the_same_run(office: Office) -> None:
    """A second alert of the same trouble is in good hands."""
    office.books.append(shared(when_busy="reject"))
    await fire(office, "1")
    await office.intake.receive(delivery(seen(pod="1", more="x"), group_key="{}:{x}"))
    await office.intake.receive(delivery(over(seen(pod="9")), group_key="{}:{y}"))
    await office.dispatcher.drain()
    assert not [fact for fact in office.facts(1) if isinstance(fact, RunRejected)]
    assert office.store.records.incidents()[0].alerts == 3


async def test_reject_opens_anew_once_the_group_is_free(office: Office) -> None:
    """Another pod, another incident, and its run begins."""
    office.books.append(shared(when_busy="reject"))
    await fire(office, "1")
    await office.finish("1-1")
    await fire(office, "2")
    assert office.runs.taken_up == ["1-1", "2-1"]


async def test_a_person_is_rejected_on_the_record(office: Office) -> None:
    """They are told why, and so is everybody else in the incident."""
    office.books += [shared(when_busy="reject")]
    await fire(office, "1")
    await office.desk.declare("Another", Severity.SEV3, BOB)
    with pytest.raises(Conflict, match="checkout-errors was not started: run 1-1"):
        await office.desk.start_run("checkout-errors", {"pod": "2"}, BOB, incident=TWO)
    assert office.events(2)[-1].actor == BOB
    assert office.kinds(2)[-1] == "incident.run_rejected"


async def test_declaring_what_is_known_is_a_conflict(office: Office) -> None:
    """Somebody works on it already."""
    office.books.append(shared())
    await fire(office, "1")
    with pytest.raises(Conflict, match="Incident 1 is open for database"):
        await office.desk.declare("Again", Severity.SEV1, ADA, runbook="checkout-errors", inputs={"pod": "2"})


async def test_the_line_outlives_the_process(tmp_path: Path) -> None:
    """What waited is started after a restart, though the run before it ended while nobody looked."""
    office = await open_office(tmp_path, shared())
    await fire(office, "1")
    await fire(office, "2")
    await office.store.journal.append(office.events(1)[0].stream, FIRELINE, [_ended("1-1")])
    await office.store.close()
    again = await open_office(tmp_path, shared())
    await again.usher.drain()
    assert again.runs.taken_up == ["2-1"]
    await again.store.close()


async def test_the_usher_watches(office: Office) -> None:
    """A run's end wakes it while somebody waits, and only then."""
    office.books.append(shared())
    await fire(office, "1")
    ushering = asyncio.create_task(office.usher.run())
    await fire(office, "2")
    await office.store.journal.append(office.events(1)[0].stream, FIRELINE, [_ended("1-1")])
    async with asyncio.timeout(5):
        while office.runs.taken_up != ["1-1", "2-1"]:
            await asyncio.sleep(0)
    await office.store.close()
    office.usher._woken.set()
    async with asyncio.timeout(5):
        await ushering


async def test_nobody_overtakes_while_the_group_changes_hands(office: Office) -> None:
    """Between the end of a run and the start of the next, a newcomer joins the line at its end."""
    office.books.append(shared())
    await fire(office, "1")
    await fire(office, "2")
    await office.store.journal.append(office.events(1)[0].stream, FIRELINE, [_ended("1-1")])
    await fire(office, "3")
    assert stands(office.run_of("3-1")) == "waits for its turn, 2nd in the queue of database"
    await office.usher.drain()
    assert office.runs.taken_up == ["1-1", "2-1"]
    assert waiting(office) == [("3-1", "2-1", 1)]


async def test_a_run_that_cannot_be_taken_up_is_tried_again(office: Office) -> None:
    """It is in the log as begun; the usher comes back to it, and what breaks otherwise waits for the next start."""
    office.books.append(shared())
    for pod in "123":
        await fire(office, pod)
    office.runs.fails = JournalError("away")
    with pytest.raises(JournalError):
        await office.finish("1-1")
    await office.usher.drain()
    assert office.runs.taken_up == ["1-1", "2-1"]
    office.runs.fails = RuntimeError("a bug")
    await office.finish("2-1")
    assert office.run_of("3-1").status is RunStatus.RUNNING
    assert office.runs.taken_up == ["1-1", "2-1"]


async def test_who_stands_far_back_is_told_when_it_comes_near(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long line does not fill the log with every step of everybody."""
    monkeypatch.setattr(line, "SHOWN", 2)
    office.books.append(shared())
    for pod in "12345":
        await fire(office, pod)
    await office.finish("1-1")
    assert waiting(office) == [("3-1", "2-1", 1), ("4-1", "2-1", 2), ("5-1", "1-1", 4)]


@pytest.mark.parametrize(
    ("place", "word"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd"), (113, "113th")],
)
def test_places_are_said_as_people_say_them(place: int, word: str) -> None:
    """And not 11st."""
    assert line._ordinal(place) == word


def _ended(run: str) -> Any:
    return RunFinished(run=RunId(run), status=RunStatus.SUCCEEDED)


def test_a_queued_fact_is_whole() -> None:
    """All that the start needs is in it, so a runbook that is edited meanwhile changes nothing."""
    assert {"digest", "inputs", "scope", "seed", "autonomy", "timeout", "group"} <= set(
        RunQueued.__dataclass_fields__
    )
