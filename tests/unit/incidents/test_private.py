"""A private incident that has a group: what those who take no part in it can do there, and how little they hear of it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.facts import RunFinished, RunMoved, RunQueued, RunRejected
from bot.domain.ids import IncidentId, LetterId, RunId, incident_stream
from bot.domain.nouns import FIRELINE, DeadKind, RunStatus, Severity, person
from bot.errors import Conflict
from bot.incidents import dead_letters
from bot.incidents.dead_letters import bring_back
from bot.incidents.line import stands, with_holder
from tests.fakes.alerts import delivery, seen
from tests.fakes.books import book
from tests.fakes.office import Office
from tests.unit.incidents.test_dead_letters import put
from tests.unit.incidents.test_workspaces import desk_of

ADA, BOB = person("U0ADA"), person("U0BOB")
ONE, TWO = IncidentId(1), IncidentId(2)
PODS = {"pod": {"type": "string", "default": "{{ alert.labels.pod }}"}}


async def secret(office: Office, when_busy: str) -> None:
    """Have Ada work in private on what everybody's runbook works on."""
    concurrency = {"group": "database", "when_busy": when_busy}
    office.books.append(book(inputs=PODS, concurrency=concurrency))
    await office.desk.declare(
        "The CFO's laptop", Severity.SEV1, ADA, private=True, runbook="checkout-errors", inputs={"pod": "1"}
    )


async def asks(office: Office, pod: str, incident: IncidentId | None = None, *, by: Any = BOB) -> Any:
    """Have somebody start the runbook."""
    return await office.desk.start_run("checkout-errors", {"pod": pod}, by, incident=incident)


def told(refused: pytest.ExceptionInfo[Conflict]) -> str:
    """What a person hears."""
    return f"{refused.value} {refused.value.hint}"


def hides(text: str) -> bool:
    """Tell whether words tell nothing of the private incident: no number, no run, no title, nobody."""
    return not any(each in text for each in ("1-1", "incident 1", "CFO", "U0ADA", "checkout-errors)"))


async def test_a_run_of_others_waits_in_an_incident_of_its_own(office: Office) -> None:
    """It never joins the private one; that the group is taken is all that it says, in its channel too. Then its turn comes as any other's does."""
    await secret(office, "queue")
    done = await asks(office, "2")
    assert (done.incident, done.run, done.opened) == (TWO, "2-1", True)
    assert done.waits == "waits for its turn, 1st in the queue of database"
    (queued,) = [each for each in office.facts(2) if isinstance(each, RunQueued)]
    assert (queued.behind, queued.place) == ("", 1)
    assert hides(str(office.facts(2)).replace("2-1", ""))
    await office.finish("1-1")
    assert office.runs.taken_up == ["1-1", "2-1"]


async def test_its_next_run_joins_what_they_opened(office: Office) -> None:
    """There is an incident for the group that they see, and they are told that, when they declare it again, with its title."""
    await secret(office, "queue")
    await asks(office, "2")
    assert (await asks(office, "3")).incident == TWO
    with pytest.raises(Conflict, match="Incident 2 is open for database already: The title of"):
        await office.desk.declare("Again", Severity.SEV2, BOB, runbook="checkout-errors", inputs={"pod": "4"})


async def test_whoever_is_overtaken_behind_a_private_run_hears_their_place(office: Office) -> None:
    """And no more, whether a person or an alert brought their run."""
    await secret(office, "queue")
    await office.intake.receive(delivery(seen(pod="2")))
    await office.dispatcher.drain()
    await office.desk.declare("Worse", Severity.SEV1, BOB)
    await asks(office, "3", IncidentId(3))
    (moved,) = [each for each in office.facts(2) if isinstance(each, RunMoved)]
    assert (moved.behind, moved.place) == ("", 2)


async def test_those_who_are_in_it_hear_everything(office: Office) -> None:
    """Which run they wait for, though the record of the other incident does not say it; whoever runs Fireline sees it in the line."""
    await secret(office, "queue")
    await office.desk.declare("Another", Severity.SEV3, BOB)
    waits = await asks(office, "2", TWO, by=ADA)
    assert waits.waits == "waits for run 1-1, 1st in the queue of database"
    run = office.run_of("2-1")
    assert stands(run) == "waits for its turn, 1st in the queue of database"
    assert with_holder(office.store.records, run).behind == "1-1"
    assert (await asks(office, "3", by=ADA)).incident == ONE, "and what they start joins it"
    await office.finish("1-1")
    assert with_holder(office.store.records, office.run_of("2-1")).behind == "1-2"
    assert office.run_of("2-1").behind == ""


@pytest.mark.parametrize("over", [False, True], ids=["its run is under way", "its run is over"])
async def test_what_attaches_is_refused_to_others(office: Office, over: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The group has one incident at a time, and this one is not theirs: nothing opens beside it, and nobody joins it."""
    await secret(office, "attach")
    if over:
        await office.finish("1-1")
    before = office.store.records.head()
    with pytest.raises(Conflict, match="An incident that you can't see has database now") as refused:
        await asks(office, "2")
    assert hides(told(refused))
    with pytest.raises(Conflict, match="An incident that you can't see has database now"):
        await office.desk.declare("Mine", Severity.SEV2, BOB, runbook="checkout-errors", inputs={"pod": "2"})
    assert office.store.records.head() == before
    if over:
        assert (await asks(office, "2", by=ADA)).incident == ONE
        return
    await office.desk.declare("Another", Severity.SEV3, BOB)
    with pytest.raises(Conflict, match="An incident that you can't see has database now"):
        await asks(office, "2", TWO)
    with pytest.raises(Conflict, match=r"run 1-1 \(checkout-errors\) has database, in incident 1"):
        await asks(office, "2", TWO, by=ADA)


async def test_what_rejects_tells_the_private_record_who_was_kept_out(office: Office) -> None:
    """They hear that the group is taken; in an incident of theirs the record says that a private one has it. Once it is free, theirs opens."""
    await secret(office, "reject")
    with pytest.raises(Conflict, match="not started: an incident that you can't see has database") as refused:
        await asks(office, "2")
    assert hides(told(refused))
    assert (office.events(1)[-1].actor, len(office.store.records.incidents())) == (BOB, 1)
    (inside,) = [each for each in office.facts(1) if isinstance(each, RunRejected)]
    assert (inside.busy, inside.why) == ("1-1", "run 1-1 (checkout-errors) has database, in incident 1")
    await office.desk.declare("Another", Severity.SEV3, BOB)
    for by, heard in ((BOB, "an incident that you can't see has database"), (ADA, "run 1-1")):
        with pytest.raises(Conflict, match=heard):
            await asks(office, "2", TWO, by=by)
    kept = [each for each in office.facts(2) if isinstance(each, RunRejected)]
    assert {(each.busy, each.why) for each in kept} == {("", "a private incident has database")}
    await office.finish("1-1")
    assert (await asks(office, "3")).incident == IncidentId(3)


async def test_another_workspace_hears_no_number_of_it(office: Office) -> None:
    """That one works on the group is said; of an incident that everybody there sees, its number too."""
    await secret(office, "queue")
    office.books[:] = [book(name="checkout-errors", concurrency={"group": "database"})]
    shop, pay = desk_of(office, "T0SHOP"), desk_of(office, "T0PAY")
    await office.finish("1-1")
    await office.desk.resolve(ONE, ADA)
    await shop.declare("A leak", Severity.SEV1, ADA, private=True, runbook="checkout-errors")
    with pytest.raises(Conflict) as refused:
        await pay.start_run("checkout-errors", {}, BOB)
    assert str(refused.value) == "Another workspace works on database."
    await pay.declare("Cards fail", Severity.SEV3, BOB)
    with pytest.raises(Conflict, match="An incident that you can't see has database now"):
        await pay.start_run("checkout-errors", {}, BOB, incident=IncidentId(3))


async def failed(office: Office) -> None:
    """Have a run of everybody's fail and land, and then Ada work on its group in private."""
    office.books.append(book(concurrency={"group": "database"}))
    await office.intake.receive(delivery(seen()))
    await office.dispatcher.drain()
    end = RunFinished(run=RunId("1-1"), status=RunStatus.FAILED, reason="bug", given_up=True)
    await office.store.journal.append(incident_stream(ONE), FIRELINE, [end])
    await put(office, DeadKind.RUN, "1-1", run=RunId("1-1"), incident=ONE)
    await office.desk.declare("The CFO's laptop", Severity.SEV1, ADA, private=True)
    office.books.append(book("quiet", concurrency={"group": "database", "when_busy": "queue"}))
    await office.desk.start_run("quiet", {}, ADA, incident=TWO)


async def test_a_run_is_not_tried_again_beside_a_private_one(office: Office) -> None:
    """Nor put back; why not, others hear without its name, and those who are in it with it."""
    await failed(office)
    for act in (
        lambda by: office.desk.retry_run(RunId("1-1"), by),
        lambda by: office.desk.requeue(LetterId(1), by),
    ):
        with pytest.raises(Conflict, match="An incident that you can't see has database now") as refused:
            await act(BOB)
        assert "2" not in told(refused)
        with pytest.raises(Conflict, match=r"Run 2-1 \(quiet\) has database now, in incident 2"):
            await act(ADA)
    assert office.runs.asked == []


async def test_what_lands_again_names_no_private_run(office: Office) -> None:
    """What kept it is read by everybody in its channel, whoever put it back."""
    await failed(office)
    office.clock.move(minutes=1)
    await office.store.journal.submit(lambda tx: dead_letters.requeue(tx, LetterId(1), ADA, "mended"))
    await bring_back(office.store.journal, office.store.records, office.runs)
    (letter,) = office.store.records.dead_letters()
    assert "may not go on: An incident that you can't see has database now." in letter.detail
