"""What people do, through the desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from bot.domain.facts import (
    IncidentOpened,
    IncidentResolved,
    NoteAdded,
    RunFinished,
    RunStarted,
    StatusChanged,
    UpdateGiven,
)
from bot.domain.ids import IncidentId, RunId, incident_stream
from bot.domain.nouns import FIRELINE, IncidentStatus, RunStatus, Severity, person
from bot.errors import Conflict, NotFound, Refused
from bot.incidents.desk import Desk, Opened
from tests.fakes.alerts import delivery, seen
from tests.fakes.books import book
from tests.fakes.office import Office

ADA, BOB = person("U0ADA"), person("U0BOB")
ONE = IncidentId(1)
SERVICE = {
    "service": {"type": "string", "default": "{{ alert.labels.service }}"},
    "replicas": {"type": "integer", "default": 2},
}
BY_SERVICE = {"inputs": SERVICE, "concurrency": {"group": "service/{{ inputs.service }}"}}


async def test_declaring(office: Office) -> None:
    """A person opens an incident; it is theirs by name, and has no runbook."""
    assert await office.desk.declare("Checkout  is down", Severity.SEV1, ADA) == Opened(incident=ONE)
    assert office.facts(1) == [IncidentOpened(incident=ONE, title="Checkout is down", severity=Severity.SEV1)]
    assert office.events(1)[0].actor == ADA
    assert not office.runs.taken_up
    with pytest.raises(Refused):
        await office.desk.declare(" ", Severity.SEV1, ADA)
    assert len(office.desk.list()) == 1


async def test_declared_incidents_share_no_group(office: Office) -> None:
    """Two of them are two."""
    await office.desk.declare("One", Severity.SEV1, ADA)
    assert (await office.desk.declare("Two", Severity.SEV1, ADA)).incident == 2


async def test_declaring_with_a_runbook(office: Office) -> None:
    """The title and the severity are the person's, the rest is the runbook's; who asked can't approve later."""
    office.books.append(book(**BY_SERVICE))
    opened = await office.desk.declare(
        "Cart is slow",
        Severity.SEV4,
        ADA,
        runbook="checkout-errors",
        inputs={"service": "cart", "replicas": "3"},
    )
    assert opened == Opened(incident=ONE, run=RunId("1-1"))
    first, started = office.facts(1)
    assert isinstance(first, IncidentOpened)
    assert (first.title, first.severity, first.group) == ("Cart is slow", Severity.SEV4, "service/cart")
    assert isinstance(started, RunStarted)
    assert started.inputs == {"service": "cart", "replicas": 3}
    assert started.requested_by == ADA
    assert office.runs.taken_up == ["1-1"]
    with pytest.raises(Conflict, match="Incident 1 is open for service/cart"):
        await office.desk.declare(
            "Again", Severity.SEV1, BOB, runbook="checkout-errors", inputs={"service": "cart"}
        )


async def test_starting_a_run_opens_an_incident(office: Office) -> None:
    """Named after the runbook; later alerts of the group come to it."""
    office.books.append(book(**BY_SERVICE))
    assert await office.desk.start_run("checkout-errors", {"service": "cart"}, ADA) == Opened(
        incident=ONE, run=RunId("1-1")
    )
    assert office.desk.view(ONE).incident.title == "The title of checkout-errors"
    await office.intake.receive(delivery(seen(service="cart")))
    await office.dispatcher.drain()
    assert office.alert(seen(service="cart")).incident == 1
    assert office.runs.taken_up == ["1-1"]


async def test_starting_a_run_joins_the_groups_incident(office: Office) -> None:
    """One run of the group at a time: another is told which to follow, and joins the incident once that is over."""
    office.books += [book(**BY_SERVICE), book("more-checks", match='alertname="Other"', **BY_SERVICE)]
    await office.desk.start_run("checkout-errors", {"service": "cart"}, ADA)
    with pytest.raises(Conflict, match=r"run 1-1 \(checkout-errors\) has service/cart, in incident 1"):
        await office.desk.start_run("more-checks", {"service": "cart"}, BOB)
    await finish(office, "1-1")
    joined = await office.desk.start_run("more-checks", {"service": "cart"}, BOB)
    assert joined == Opened(incident=ONE, run=RunId("1-2"), opened=False)
    with pytest.raises(Conflict, match="run 1-2"):
        await office.desk.start_run("checkout-errors", {"service": "cart"}, BOB)
    await finish(office, "1-2")
    assert (await office.desk.start_run("checkout-errors", {"service": "cart"}, BOB)).run == "1-3"


async def test_starting_a_run_in_an_incident(office: Office) -> None:
    """Its first alert is in scope, so defaults have their values."""
    office.books.append(
        book(autonomy="propose", on={"alert": [{"match": ['alertname="CheckoutErrors"']}]}, **BY_SERVICE)
    )
    await office.intake.receive(delivery(seen(service="cart")))
    await office.dispatcher.drain()
    started = await office.desk.start_run("checkout-errors", {}, ADA, incident=ONE)
    assert started == Opened(incident=ONE, run=RunId("1-1"), opened=False)
    run = office.store.records.run(RunId("1-1"))
    assert run is not None
    assert run.inputs == {"service": "cart", "replicas": 2}
    assert run.requested_by == ADA


@pytest.mark.parametrize(
    ("name", "inputs", "error", "words"),
    [
        ("nothing", {}, NotFound, "no runbook named nothing"),
        ("checkout-errors", {}, Refused, "service: it was not given"),
        ("checkout-errors", {"service": "cart", "replicas": "many"}, Refused, "replicas: 'many' should be"),
        ("checkout-errors", {"servce": "cart"}, Refused, "servce: there is no such input"),
        ("alerts-only", {}, Refused, "not started by people"),
    ],
)
async def test_runs_that_are_refused(
    office: Office, name: str, inputs: dict[str, str], error: type[Refused], words: str
) -> None:
    """With the reason, and nothing on disk."""
    office.books += [book(**BY_SERVICE), book("alerts-only", on={"alert": [{"match": ['a="b"']}]})]
    with pytest.raises(error, match=words) as refused:
        await office.desk.start_run(name, inputs, ADA)
    assert refused.value.hint
    assert not office.store.records.events()


async def test_a_run_in_an_incident_that_is_not_there(office: Office) -> None:
    """Or is over."""
    office.books.append(book())
    with pytest.raises(NotFound, match="no incident 9"):
        await office.desk.start_run("checkout-errors", {}, ADA, incident=IncidentId(9))
    await office.desk.declare("One", Severity.SEV1, ADA)
    await office.desk.resolve(ONE, ADA)
    with pytest.raises(Conflict, match="was resolved"):
        await office.desk.start_run("checkout-errors", {}, ADA, incident=ONE)


async def test_the_response(office: Office) -> None:
    """Acknowledged, identified, noted, resolved: each by whoever did it."""
    await office.desk.declare("One", Severity.SEV1, ADA)
    await office.desk.acknowledge(ONE, BOB)
    await office.desk.acknowledge(ONE, ADA)
    await office.desk.update(ONE, ADA, status=IncidentStatus.IDENTIFIED, message="a bad deploy", next_in=None)
    await office.desk.note(ONE, BOB, "rolling back")
    assert await office.desk.resolve(ONE, BOB, "rolled back") == ()
    assert [(each.kind, each.actor.id) for each in office.events(1)[1:]] == [
        ("incident.acknowledged", "U0BOB"),
        ("incident.acknowledged", "U0ADA"),
        ("incident.status_changed", "U0ADA"),
        ("incident.update_given", "U0ADA"),
        ("incident.note_added", "U0BOB"),
        ("incident.resolved", "U0BOB"),
    ]
    assert office.facts(1)[3:] == [
        StatusChanged(incident=ONE, status=IncidentStatus.IDENTIFIED),
        UpdateGiven(incident=ONE, message="a bad deploy", status=IncidentStatus.IDENTIFIED),
        NoteAdded(incident=ONE, text="rolling back"),
        IncidentResolved(incident=ONE, summary="rolled back"),
    ]
    found = office.desk.view(ONE).incident
    assert (found.commander, found.status) == ("U0BOB", IncidentStatus.RESOLVED)
    with pytest.raises(Conflict):
        await office.desk.resolve(ONE, ADA)
    assert not office.desk.list()
    assert len(office.desk.list(only_open=False)) == 1


async def test_resolving_waits_for_runs(office: Office) -> None:
    """Refused with a hint while a run is under way; a warning while alerts fire."""
    office.books.append(book())
    await office.intake.receive(delivery(seen()))
    await office.dispatcher.drain()
    with pytest.raises(Refused, match="1-1") as refused:
        await office.desk.resolve(ONE, ADA)
    assert "cancel 1-1" in refused.value.hint
    await finish(office, "1-1")
    (warning,) = await office.desk.resolve(ONE, ADA)
    assert "1 alert still fires" in warning


async def test_cancelling_a_run(office: Office) -> None:
    """Run control does it."""
    await office.desk.cancel_run(RunId("1-1"), ADA, "wrong service")
    assert office.runs.asked == [("cancel", "1-1", ADA, "wrong service")]


@pytest.mark.parametrize(
    "act",
    [
        lambda desk, nine: desk.acknowledge(nine, ADA),
        lambda desk, nine: desk.update(nine, ADA, status=None, message="x", next_in=None),
        lambda desk, nine: desk.note(nine, ADA, "x"),
        lambda desk, nine: desk.resolve(nine, ADA),
    ],
    ids=["acknowledge", "update", "note", "resolve"],
)
async def test_what_is_not_there(
    office: Office, act: Callable[[Desk, IncidentId], Awaitable[object]]
) -> None:
    """Every act names the incident that it did not find."""
    with pytest.raises(NotFound, match="no incident 9"):
        await act(office.desk, IncidentId(9))
    with pytest.raises(NotFound, match="no incident 9"):
        office.desk.view(IncidentId(9))


async def test_a_view_has_what_is_asked_first(office: Office) -> None:
    """Alerts, runs, their steps, approvals."""
    office.books.append(book())
    await office.intake.receive(delivery(seen()))
    await office.dispatcher.drain()
    view = office.desk.view(ONE)
    assert [each.name for each in view.alerts] == ["CheckoutErrors"]
    assert [each.id for each in view.runs] == ["1-1"]
    assert {run: list(steps) for run, steps in view.steps.items()} == {"1-1": []}
    assert not view.approvals


async def finish(office: Office, run: str) -> None:
    """End a run."""
    await office.store.journal.append(
        incident_stream(ONE), FIRELINE, [RunFinished(run=RunId(run), status=RunStatus.SUCCEEDED)]
    )
