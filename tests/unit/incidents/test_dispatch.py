"""Routing what was taken in: one incident, one run, nothing lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.facts import AlertsAttached, AlertSeen, IncidentOpened, NoteAdded, RunStarted
from bot.domain.ids import IncidentId
from bot.domain.nouns import FIRELINE, IncidentStatus, Routing, RunStatus, Severity, person
from bot.errors import JournalBehind, JournalError
from bot.incidents import dispatch, worker
from tests.fakes.alerts import GROUP_KEY, delivery, over, seen
from tests.fakes.books import book
from tests.fakes.office import Office, open_office

SERVICE = {"service": {"type": "string", "default": "{{ alert.labels.service }}"}}
BY_SERVICE = {"inputs": SERVICE, "concurrency": {"group": "service/{{ inputs.service }}"}}


async def take(office: Office, *alerts: AlertSeen, group_key: str = GROUP_KEY) -> None:
    """Take alerts in and route them."""
    await office.intake.receive(delivery(*alerts, group_key=group_key))
    await office.dispatcher.drain()


async def test_an_alert_opens_an_incident_and_starts_its_run(office: Office) -> None:
    """Incident, alert and run begin together, and the run is taken up once."""
    office.books.append(book(**BY_SERVICE))
    await take(office, seen(service="cart"))
    assert office.kinds(1) == ["incident.opened", "incident.alerts_attached", "run.started"]
    assert len({each.at for each in office.events(1)}) == 1
    assert {each.actor for each in office.events(1)} == {FIRELINE}
    assert office.runs.taken_up == ["1-1"]
    opened, attached, started = office.facts(1)
    assert isinstance(opened, IncidentOpened)
    assert (opened.group, opened.severity, opened.runbook) == (
        "service/cart",
        Severity.SEV2,
        "checkout-errors",
    )
    assert isinstance(attached, AlertsAttached)
    assert isinstance(started, RunStarted)
    assert started.inputs == {"service": "cart"}
    assert started.seed.startswith("token-")
    assert office.store.records.runbook_source(started.digest) == office.books[0].source
    assert office.alert(seen(service="cart")).incident == 1


async def test_what_one_delivery_brings_for_one_group_is_one_incident(office: Office) -> None:
    """And another group is another."""
    office.books.append(book(**BY_SERVICE))
    await take(office, seen(service="cart"), seen(service="pay"), seen(service="cart", pod="2"))
    found = {each.group: each.alerts for each in office.store.records.incidents()}
    assert found == {"service/pay": 1, "service/cart": 2}


async def test_a_second_alert_of_the_group_attaches(office: Office) -> None:
    """No second run."""
    office.books.append(book())
    await take(office, seen(pod="1"))
    await take(office, seen(pod="2"))
    assert office.kinds(1)[-1] == "incident.alerts_attached"
    assert office.runs.taken_up == ["1-1"]


async def test_two_routes_to_one_incident(office: Office) -> None:
    """Without a group of its own a runbook follows Alertmanager's groups, whichever receiver they came through."""
    office.books.append(book())
    await take(office, seen(pod="1"), group_key="{}:{a}")
    await take(office, seen(pod="2"), group_key="{}:{b}")
    assert len(office.store.records.incidents()) == 2


async def test_after_the_end_a_new_alert_opens_anew(office: Office) -> None:
    """An incident that a person resolved takes no more alerts."""
    office.books.append(book(autonomy="propose"))
    await take(office, seen())
    await office.desk.resolve(IncidentId(1), person("U0ADA"))
    office.clock.move(hours=1)
    await take(office, seen(starts_at=office.clock.now()))
    assert [each.status for each in office.store.records.incidents()] == [
        IncidentStatus.INVESTIGATING,
        IncidentStatus.RESOLVED,
    ]


async def test_unmatched_alerts_are_kept(office: Office) -> None:
    """They open nothing."""
    await take(office, seen("Nobody"))
    assert office.kinds() == ["alerts.received", "alerts.unmatched"]
    assert office.alert(seen("Nobody")).routing is Routing.UNMATCHED
    assert [each.name for each in office.store.records.unmatched_alerts()] == ["Nobody"]


async def test_a_runbook_that_came_later_gets_the_alert(office: Office) -> None:
    """Heard of again with the same start, it opens its incident, once."""
    await take(office, seen())
    office.books.append(book())
    office.dispatcher.runbooks_changed()
    await office.dispatcher.drain()
    assert not office.store.records.incidents(), "nobody has said that it fires still"
    for _ in range(2):
        office.clock.move(minutes=5)
        await take(office, seen())
    (opened,) = office.store.records.incidents()
    assert (opened.alerts, opened.firing) == (1, 1)
    assert office.alert(seen()).incident == 1
    assert not office.store.records.unmatched_alerts()


async def test_an_alert_that_fires_again_after_the_end_opens_anew(office: Office) -> None:
    """Alertmanager takes an alert up again with its old start: after its incident was resolved, that is another incident."""
    office.books.append(book(autonomy="propose"))
    await take(office, seen())
    office.clock.move(minutes=10)
    await take(office, over(seen()))
    await office.desk.resolve(IncidentId(1), person("U0ADA"))
    office.clock.move(hours=1)
    await take(office, seen())
    assert [(each.id, each.firing) for each in office.store.records.incidents()] == [(2, 1), (1, 0)]
    assert office.alert(seen()).incident == 2
    office.clock.move(minutes=5)
    await take(office, seen())
    assert len(office.store.records.incidents()) == 2


async def test_resolved_alerts_open_nothing(office: Office) -> None:
    """One that was never known before is kept; where its group has an incident it belongs to that."""
    office.books.append(book())
    await take(office, over(seen(pod="1")))
    assert office.alert(seen(pod="1")).routing is Routing.UNMATCHED
    await take(office, seen(pod="2"))
    await take(office, over(seen(pod="3")))
    assert office.alert(seen(pod="3")).incident == 1
    found = office.store.records.incident(IncidentId(1))
    assert found is not None
    assert (found.alerts, found.firing) == (2, 1)


async def test_an_alert_that_ends_before_it_is_routed(office: Office) -> None:
    """There is nothing left to respond to."""
    office.books.append(book())
    await office.intake.receive(delivery(seen()))
    await take(office, over(seen()))
    assert not office.store.records.incidents()
    assert office.alert(seen()).routing is Routing.UNMATCHED


@pytest.mark.parametrize("more", [{"autonomy": "propose"}, {"valid_until": "2026-11-22"}])
async def test_a_proposed_run(office: Office, more: dict[str, Any]) -> None:
    """The incident opens, a person decides."""
    office.books.append(book(**more))
    await take(office, seen())
    assert office.kinds(1) == ["incident.opened", "incident.alerts_attached", "incident.run_proposed"]
    assert not office.runs.taken_up


async def test_inputs_that_have_no_value(office: Office) -> None:
    """A responder must know: the incident opens, and a note says what is wrong."""
    office.books.append(book(**BY_SERVICE))
    await take(office, seen())
    *_, note = office.facts(1)
    assert isinstance(note, NoteAdded)
    assert "service" in note.text
    assert not office.runs.taken_up


async def test_what_a_crash_left_pending_is_routed_at_the_next_start(tmp_path: Path) -> None:
    """Between the 200 and the routing nothing is lost."""
    before = await open_office(tmp_path)
    await before.intake.receive(delivery(seen()))
    await before.store.close()
    after = await open_office(tmp_path, book())
    task = asyncio.create_task(after.dispatcher.run())
    await _until(lambda: after.runs.taken_up == ["1-1"])
    task.cancel()
    await after.store.close()


async def test_the_dispatcher_wakes_for_each_delivery(office: Office) -> None:
    """It runs beside the intake, and ends when the journal has closed."""
    office.books.append(book())
    task = asyncio.create_task(office.dispatcher.run())
    for number in range(3):
        await office.intake.receive(delivery(seen(pod=str(number)), group_key=f"{{}}:{{{number}}}"))
        await _until(lambda expected=number + 1: len(office.runs.taken_up) == expected)
    await office.store.close()
    office.dispatcher.runbooks_changed()
    async with asyncio.timeout(5):
        await task


async def test_the_journal_is_behind_for_a_while(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dispatcher waits and tries again."""
    monkeypatch.setattr(worker, "AGAIN", worker.AGAIN / 1000)
    office.books.append(book())
    await office.intake.receive(delivery(seen()))
    submit, failures = office.store.journal.submit, iter([JournalBehind("full"), JournalError("disk")])

    async def unwilling(unit: Any) -> Any:
        error = next(failures, None)
        if error is not None:
            raise error
        return await submit(unit)

    monkeypatch.setattr(office.store.journal, "submit", unwilling)
    task = asyncio.create_task(office.dispatcher.run())
    await _until(lambda: office.runs.taken_up == ["1-1"])
    task.cancel()


async def test_a_run_that_could_not_be_taken_up_is_tried_again(office: Office) -> None:
    """It is in the log already; the next round takes it up."""
    office.books.append(book())
    office.runs.fails = JournalBehind("full")
    with pytest.raises(JournalBehind):
        await take(office, seen())
    assert office.kinds(1)[-1] == "run.started"
    await office.dispatcher.drain()
    assert office.runs.taken_up == ["1-1"]


async def test_a_run_that_breaks_holds_up_nothing(office: Office) -> None:
    """Recovery takes it up at the next start; the other alerts go their way."""
    office.books.append(book())
    office.runs.fails = RuntimeError("a bug")
    await take(office, seen())
    await take(office, seen(pod="2"), group_key="{}:{other}")
    assert office.runs.taken_up == ["2-1"]


async def test_an_alert_that_breaks_the_sorting_is_set_aside(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are routed; it stays pending, and is tried again when the runbooks change."""
    office.books.append(book())
    poison = seen(pod="poison")
    sort_out = dispatch.sort_out

    def breaking(alerts: Sequence[Any], *rest: Any) -> Any:
        if any(each.key == poison.key for each in alerts):
            raise ZeroDivisionError
        return sort_out(alerts, *rest)

    monkeypatch.setattr(dispatch, "sort_out", breaking)
    await take(office, seen(pod="1"), poison, seen(pod="2"))
    found = office.store.records.incident(IncidentId(1))
    assert found is not None
    assert found.alerts == 2
    assert office.alert(poison).routing is Routing.PENDING
    monkeypatch.undo()
    await office.dispatcher.drain()
    assert office.alert(poison).routing is Routing.PENDING
    office.dispatcher.runbooks_changed()
    await office.dispatcher.drain()
    assert office.alert(poison).routing is Routing.ATTACHED


async def test_a_group_that_breaks_is_set_aside(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other groups are routed."""
    office.books.append(book(**BY_SERVICE))
    prepare = dispatch.prepare

    def breaking(wanted: Any, *rest: Any) -> Any:
        if wanted.group == "service/bad":
            raise ZeroDivisionError
        return prepare(wanted, *rest)

    monkeypatch.setattr(dispatch, "prepare", breaking)
    await take(office, seen(service="bad"), seen(service="good"))
    assert [each.group for each in office.store.records.incidents()] == ["service/good"]


async def test_a_storm_is_routed_in_chunks(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """One incident, every alert attached, one run."""
    monkeypatch.setattr(dispatch, "CHUNK", 10)
    office.books.append(book())
    await take(office, *(seen(pod=str(number)) for number in range(57)))
    found = office.store.records.incident(IncidentId(1))
    assert found is not None
    assert (found.alerts, found.firing) == (57, 57)
    assert office.runs.taken_up == ["1-1"]
    assert office.kinds(1).count("incident.alerts_attached") == 6


async def test_draining_twice_at_once(office: Office) -> None:
    """The second waits for the first and finds nothing left."""
    office.books.append(book())
    await office.intake.receive(delivery(seen(), seen("Nobody")))
    await asyncio.gather(office.dispatcher.drain(), office.dispatcher.drain())
    assert office.runs.taken_up == ["1-1"]
    assert office.kinds(1) == ["incident.opened", "incident.alerts_attached", "run.started"]
    assert office.kinds().count("alerts.unmatched") == 1


async def test_an_alert_that_was_placed_meanwhile_is_left_alone(office: Office) -> None:
    """Units see what is so, not what was read before them."""
    office.books.append(book())
    await office.intake.receive(delivery(seen()))
    pending = office.store.records.pending_alerts(limit=10)
    await office.dispatcher.drain()
    await office.dispatcher._route(pending)
    assert office.kinds(1) == ["incident.opened", "incident.alerts_attached", "run.started"]


async def test_what_was_handed_over_is_not_read_back(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first round the log is asked only where there is doubt: memory overflowed, or the journal failed."""
    monkeypatch.setattr(dispatch, "_MOST_FRESH", 3)
    asked = []
    pending = dispatch._pending
    monkeypatch.setattr(dispatch, "_pending", lambda *each: asked.append(each) or pending(*each))
    await take(office, seen("Nobody", pod="0"))
    rounds = len(asked)
    await take(office, *(seen("Nobody", pod=str(number)) for number in range(1, 4)))
    assert len(asked) == rounds
    await take(office, *(seen("Nobody", pod=str(number)) for number in range(4, 8)))
    assert len(asked) > rounds
    assert len(office.store.records.unmatched_alerts()) == 8


async def test_after_a_failure_the_log_is_asked(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was handed over and could not be routed is pending on disk."""
    await office.dispatcher.drain()
    await office.intake.receive(delivery(seen("Nobody")))

    async def refusing(*_: Any) -> Any:
        raise JournalBehind("full")

    monkeypatch.setattr(office.store.journal, "append", refusing)
    with pytest.raises(JournalBehind):
        await office.dispatcher.drain()
    monkeypatch.undo()
    await office.dispatcher.drain()
    assert [each.name for each in office.store.records.unmatched_alerts()] == ["Nobody"]


_DELIVERIES = [
    [seen(pod="1", service="cart")],
    [seen(pod="1", service="cart"), seen(pod="2", service="cart")],
    [seen(pod="2", service="cart"), over(seen(pod="1", service="cart"))],
    [seen(pod="3", service="cart")],
]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([*_DELIVERIES, *_DELIVERIES, *_DELIVERIES]), pauses=st.sets(st.integers(0, 12)))
async def test_any_interleaving_makes_one_incident(
    tmp_path_factory: pytest.TempPathFactory, order: list[list[AlertSeen]], pauses: set[int]
) -> None:
    """Three Alertmanagers, any order, the dispatcher slow or quick: one incident, one run, and the same alerts in the end."""
    office = await open_office(tmp_path_factory.mktemp("office"), book(**BY_SERVICE))
    office.clock.move(minutes=10)
    try:
        for at, alerts in enumerate(order):
            await office.intake.receive(delivery(*alerts))
            if at in pauses:
                await office.dispatcher.drain()
        await office.dispatcher.drain()
        (only,) = office.store.records.incidents()
        assert only.firing == 2
        assert office.runs.taken_up == ["1-1"]
        assert [each.status for each in office.store.records.runs_of(only.id)] == [RunStatus.RUNNING]
        assert not office.store.records.pending_alerts(limit=10)
    finally:
        await office.store.close()


async def _until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)
