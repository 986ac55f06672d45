"""Incidents of several chat workspaces: where each opens, and that nobody's hands reach into another's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.domain.facts import IncidentOpened
from bot.domain.ids import IncidentId, RunId, incident_stream
from bot.domain.nouns import FIRELINE, Severity, person
from bot.errors import Conflict, NotFound
from bot.incidents.desk import Desk
from bot.incidents.dispatch import Dispatcher
from tests.fakes.alerts import delivery, seen
from tests.fakes.books import book
from tests.fakes.office import VARIABLES, Office

ADA = person("U0ADA")
ONE, TWO = IncidentId(1), IncidentId(2)
BY_SERVICE = {
    "inputs": {"service": {"type": "string", "default": "cart"}},
    "concurrency": {"group": "service/{{ inputs.service }}"},
}


def desk_of(office: Office, workspace: str, *, home: bool = False) -> Desk:
    """The desk of a workspace's people."""
    mine = {workspace, "" if home else workspace}
    return Desk(
        office.store.journal,
        office.store.records_of(workspace, home=home),
        office.runs,
        runbook=lambda name: next((each for each in office.books if each.name == name), None),
        tokens=lambda: "token",
        variables=VARIABLES,
        silencer=office.silencer,
        workspace=workspace,
        home="T0SHOP",
        sees=lambda incident: incident.workspace in mine,
    )


def workspaces(office: Office) -> list[str]:
    """Where each incident belongs, oldest first."""
    return [each.workspace for each in reversed(office.store.records.incidents())]


async def test_an_incident_opens_where_it_was_asked_for(office: Office) -> None:
    """What a person declares or starts belongs to their workspace, what an alert opens where its labels say."""
    office.books += [book(**BY_SERVICE), book("alone", match='alertname="Other"')]
    pay = desk_of(office, "T0PAY")
    await pay.declare("Cards fail", Severity.SEV2, ADA)
    await pay.declare("Cards fail more", Severity.SEV2, ADA, runbook="alone")
    await pay.start_run("checkout-errors", {}, ADA)
    dispatcher = Dispatcher(
        office.store.journal,
        office.runs,
        runbooks=lambda: office.books,
        clock=office.clock,
        tokens=lambda: "token",
        variables=VARIABLES,
        workspace_of=lambda labels: f"T0{labels['service'].upper()}",
    )
    await office.intake.receive(delivery(seen("Other", service="shop")))
    await dispatcher.drain()
    assert workspaces(office) == ["T0PAY", "T0PAY", "T0PAY", "T0SHOP"]


@pytest.mark.parametrize(
    "act",
    [
        lambda desk: desk.acknowledge(ONE, ADA),
        lambda desk: desk.note(ONE, ADA, "x"),
        lambda desk: desk.resolve(ONE, ADA),
        lambda desk: desk.merge(ONE, ADA, TWO),
        lambda desk: desk.merge(TWO, ADA, ONE),
        lambda desk: desk.silence(ONE, ADA, timedelta(hours=1)),
        lambda desk: desk.unsilence(ONE, ADA),
        lambda desk: desk.start_run("checkout-errors", {}, ADA, incident=ONE),
        lambda desk: desk.pause_run(RunId("1-1"), ADA),
        lambda desk: desk.resume_run(RunId("1-1"), ADA),
        lambda desk: desk.retry_run(RunId("1-1"), ADA),
        lambda desk: desk.cancel_run(RunId("1-1"), ADA),
    ],
    ids=lambda act: str(act.__code__.co_firstlineno),
)
async def test_no_hand_reaches_into_another_workspace(
    office: Office, act: Callable[[Desk], Awaitable[object]]
) -> None:
    """Its incidents and runs are not there, whichever way somebody came by their numbers."""
    office.books.append(book(**BY_SERVICE))
    await desk_of(office, "T0SHOP", home=True).start_run("checkout-errors", {}, ADA)
    pay = desk_of(office, "T0PAY")
    await pay.declare("Cards fail", Severity.SEV2, ADA)
    before = office.store.records.head()
    with pytest.raises(NotFound, match="There is no"):
        await act(pay)
    assert (office.store.records.head(), office.runs.asked) == (before, [])


async def test_a_group_is_worked_on_in_one_workspace_at_a_time(office: Office) -> None:
    """Another is told that it is taken, and by which number, and nothing of what it is about; what is from before there were several is home's."""
    office.books.append(book(**BY_SERVICE))
    shop, pay = desk_of(office, "T0SHOP", home=True), desk_of(office, "T0PAY")
    await shop.start_run("checkout-errors", {}, ADA)
    with pytest.raises(Conflict, match="Another workspace works on service/cart: incident 1") as refused:
        await pay.start_run("checkout-errors", {}, ADA)
    assert "title" not in str(refused.value)
    assert workspaces(office) == ["T0SHOP"]
    old = IncidentOpened(incident=TWO, title="Old", severity=Severity.SEV2, group="service/old")
    await office.store.journal.append(incident_stream(TWO), FIRELINE, [old])
    with pytest.raises(Conflict, match="Another workspace works on service/old: incident 2"):
        await pay.start_run("checkout-errors", {"service": "old"}, ADA)
    joined = await shop.start_run("checkout-errors", {"service": "old"}, ADA)
    assert (joined.incident, joined.opened) == (TWO, False)
