"""What people do about dead letters, whatever they are about: each is put back or let go once, by name, and on the record."""

from typing import Any

import pytest

from bot.domain.dead_letters import Landing, land
from bot.domain.facts import (
    DeadLetterDiscarded,
    DeadLetterRequeued,
    IncidentOpened,
    IncidentResolved,
    RunFinished,
    RunStarted,
)
from bot.domain.ids import SYSTEM, Digest, IncidentId, LetterId, RunId, incident_stream
from bot.domain.nouns import (
    FIRELINE,
    DeadKind,
    DeadReason,
    LetterStatus,
    Routing,
    RunStatus,
    Severity,
    person,
)
from bot.domain.ports import Transaction
from bot.domain.records import InboxEntry, OutboxEntry
from bot.errors import Conflict, NotFound, Refused
from bot.incidents import dead_letters, dispatch
from bot.incidents import timekeeper as timekeeper_module
from bot.incidents.dead_letters import bring_back, put_all_back
from tests.fakes.alerts import delivery, seen
from tests.fakes.books import book
from tests.fakes.office import Office

ADA = person("U0ADA")
ONE = LetterId(1)
SERVICE = {"service": {"type": "string", "default": "{{ alert.labels.service }}"}}
BY_SERVICE = {"inputs": SERVICE, "concurrency": {"group": "service/{{ inputs.service }}"}}


async def put(office: Office, what: DeadKind, about: str, **more: Any) -> None:
    """Put something into the list."""
    landing = Landing(what=what, about=about, reason=DeadReason.BUG, title="a thing", detail="why", **more)
    await office.store.journal.submit(lambda tx: land(tx, landing))


def status(office: Office, number: LetterId = ONE) -> LetterStatus:
    """How a letter stands."""
    found = office.store.records.dead_letter(number)
    assert found is not None
    return found.status


def poison(monkeypatch: pytest.MonkeyPatch, *pods: str) -> None:
    """Have some alerts break the sorting."""
    sort_out = dispatch.sort_out

    def breaking(alerts: Any, *rest: Any) -> Any:
        if any(each.labels.get("pod") in pods for each in alerts):
            raise ZeroDivisionError("by pod")
        return sort_out(alerts, *rest)

    monkeypatch.setattr(dispatch, "sort_out", breaking)


# ---- runs


async def test_a_run_is_put_back_by_the_engine(office: Office) -> None:
    """The desk asks whether it may go on where it is, and the engine does it."""
    office.books.append(book())
    await office.intake.receive(delivery(seen()))
    await office.dispatcher.drain()
    await put(office, DeadKind.RUN, "1-1", run=RunId("1-1"), incident=IncidentId(1))
    assert (await office.desk.requeue(ONE, ADA, " mended ")).run == "1-1"
    assert office.runs.asked == [("requeue", "1-1", ADA, "mended")]


async def test_a_run_of_a_resolved_incident_stays_where_it_is(office: Office) -> None:
    """Who resolves is told of what waits; afterwards it can only be let go."""
    office.books.append(book())
    await office.intake.receive(delivery(seen()))
    await office.dispatcher.drain()
    end = RunFinished(run=RunId("1-1"), status=RunStatus.FAILED, reason="bug")
    await office.store.journal.append(incident_stream(IncidentId(1)), FIRELINE, [end])
    await put(office, DeadKind.RUN, "1-1", run=RunId("1-1"), incident=IncidentId(1))
    warnings = await office.desk.resolve(IncidentId(1), ADA)
    assert any("1 dead letter of it waits still" in each for each in warnings)
    with pytest.raises(Conflict, match="was resolved"):
        await office.desk.requeue(ONE, ADA)
    await office.desk.discard(ONE, ADA, "over")
    facts = [fact for fact in office.facts(1) if isinstance(fact, DeadLetterDiscarded | IncidentResolved)]
    assert [type(fact) for fact in facts] == [IncidentResolved, DeadLetterDiscarded]


async def test_a_group_that_another_run_has_is_not_shared(office: Office) -> None:
    """One run of a group at a time holds for those that come back, too."""
    office.books.append(book(**BY_SERVICE))
    await office.intake.receive(delivery(seen(service="a")))
    await office.dispatcher.drain()
    end = RunFinished(run=RunId("1-1"), status=RunStatus.FAILED, reason="bug")
    await office.store.journal.append(incident_stream(IncidentId(1)), FIRELINE, [end])
    await put(office, DeadKind.RUN, "1-1", run=RunId("1-1"), incident=IncidentId(1))
    other = RunId("2-1")
    run = office.run_of("1-1")
    await office.store.journal.submit(lambda tx: _run_elsewhere(tx, other, run.group))
    with pytest.raises(Conflict, match=r"Run 2-1 .* has service/a now"):
        await office.desk.requeue(ONE, ADA)
    with pytest.raises(Conflict, match="Run 2-1"):
        await office.desk.retry_run(RunId("1-1"), ADA)


def _run_elsewhere(tx: Transaction, run: RunId, group: str) -> None:
    stream = incident_stream(IncidentId(2))
    tx.append(stream, FIRELINE, [IncidentOpened(incident=IncidentId(2), title="x", severity=Severity.SEV2)])
    started = RunStarted(
        run=run, runbook="r", digest=Digest("d"), seed="s", autonomy="auto", inputs={}, scope={}, group=group
    )
    tx.append(stream, FIRELINE, [started])


async def dead_run(office: Office) -> None:
    """Have a run fail and land, and somebody put it back while nobody was there to do it."""
    office.books.append(book())
    await office.intake.receive(delivery(seen()))
    await office.dispatcher.drain()
    end = RunFinished(run=RunId("1-1"), status=RunStatus.FAILED, reason="bug", given_up=True)
    await office.store.journal.append(incident_stream(IncidentId(1)), FIRELINE, [end])
    await put(office, DeadKind.RUN, "1-1", run=RunId("1-1"), incident=IncidentId(1))
    office.clock.move(minutes=1)
    await office.store.journal.submit(lambda tx: dead_letters.requeue(tx, ONE, ADA, "mended"))


async def test_a_run_put_back_while_nothing_ran_goes_on_at_the_start(office: Office) -> None:
    """As who asked for it wanted; once it is under way, or has ended since, nobody asks again."""
    await dead_run(office)
    await put(office, DeadKind.REQUEST, "x")
    await bring_back(office.store.journal, office.store.records, office.runs)
    assert office.runs.asked == [("requeue", "1-1", ADA, "mended")]
    office.clock.move(minutes=1)
    end = RunFinished(run=RunId("1-1"), status=RunStatus.FAILED, reason="rejected")
    await office.store.journal.append(incident_stream(IncidentId(1)), FIRELINE, [end])
    await bring_back(office.store.journal, office.store.records, office.runs)
    assert len(office.runs.asked) == 1


async def test_one_that_may_not_go_on_then_lands_again_with_why(office: Office) -> None:
    """Its incident was resolved meanwhile: what a person wanted is not lost in silence."""
    await dead_run(office)
    await office.desk.resolve(IncidentId(1), ADA)
    await bring_back(office.store.journal, office.store.records, office.runs)
    assert office.runs.asked == []
    (letter,) = office.store.records.dead_letters()
    assert (letter.id, letter.tries) == (1, 2)
    assert "may not go on: Incident 1 was resolved" in letter.detail


# ---- alerts


async def test_alerts_that_break_the_sorting_are_one_letter(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One cause, one letter; put back too early, it lands again; put back in time, the alerts are routed."""
    office.books.append(book())
    with monkeypatch.context() as patched:
        poison(patched, "1", "2")
        await office.intake.receive(delivery(seen(pod="1"), seen(pod="2"), seen(pod="3")))
        await office.dispatcher.drain()
        (letter,) = office.store.records.dead_letters()
        assert letter.what is DeadKind.ALERT
        assert len(letter.alerts) == 2
        assert letter.detail == "ZeroDivisionError: by pod"
        assert letter.title == "2 alerts: CheckoutErrors"
        await office.dispatcher.drain()
        await office.desk.requeue(ONE, ADA, "try")
        await office.dispatcher.drain()
        (letter,) = office.store.records.dead_letters()
        assert letter.tries == 2
    await office.desk.requeue(ONE, ADA)
    await office.dispatcher.drain()
    assert not office.store.records.dead_letters()
    found = office.store.records.incident(IncidentId(1))
    assert found is not None
    assert found.alerts == 3


async def test_alerts_that_are_let_go_open_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are kept as unmatched, and stay so."""
    office.books.append(book())
    alert = seen(pod="1")
    with monkeypatch.context() as patched:
        poison(patched, "1")
        await office.intake.receive(delivery(alert))
        await office.dispatcher.drain()
    await office.desk.discard(ONE, ADA, "a test alert")
    await office.dispatcher.drain()
    assert office.store.records.alerts([alert.key])[alert.key].routing is Routing.UNMATCHED
    assert not office.store.records.incidents()


async def test_other_runbooks_bring_back_what_they_may_mend(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alerts and instants are put back when the runbooks are read; what waits for people is left to people."""
    with monkeypatch.context() as patched:
        poison(patched, "1")
        await office.intake.receive(delivery(seen(pod="1")))
        await office.dispatcher.drain()
    await put(office, DeadKind.REQUEST, "x")
    await office.store.journal.submit(
        lambda tx: put_all_back(tx, {DeadKind.ALERT, DeadKind.SCHEDULE}, "the runbooks were read anew")
    )
    assert [each.what for each in office.store.records.dead_letters()] == [DeadKind.REQUEST]
    await office.dispatcher.drain()
    assert len(office.store.records.unmatched_alerts()) == 1


# ---- schedules


async def test_an_instant_that_can_not_be_answered_waits(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lands once, whenever the alarm rings; put back it is answered, and a later instant makes up for it."""
    office.books.append(book("sweep", on={"schedule": {"cron": "0 * * * *"}, "command": True}))
    await office.timekeeper.runbooks_changed(whole=True)
    await office.timekeeper.tick()

    def breaking(*_given: object) -> object:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(timekeeper_module, "prepare_scheduled", breaking)
        office.clock.move(hours=1)
        await office.timekeeper.tick()
        await office.timekeeper.tick()
        (letter,) = office.store.records.dead_letters()
        assert (letter.key, letter.tries) == ("schedule/sweep", 1)
        assert letter.due is not None
        await office.desk.requeue(ONE, ADA)
        await office.timekeeper.tick()
        assert office.store.records.dead_letters()[0].tries == 2
    await office.timekeeper.tick()
    assert office.runs.taken_up == []
    office.clock.move(hours=1)
    await office.timekeeper.tick()
    assert office.runs.taken_up == ["1-1"]
    assert status(office) is LetterStatus.REQUEUED


async def test_an_instant_that_is_let_go_is_left_out(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one comes at its time."""
    office.books.append(book("sweep", on={"schedule": {"cron": "0 * * * *"}, "command": True}))
    await office.timekeeper.runbooks_changed(whole=True)
    with monkeypatch.context() as patched:
        patched.setattr(timekeeper_module, "prepare_scheduled", lambda *_given: 1 / 0)
        office.clock.move(hours=1)
        await office.timekeeper.tick()
    await office.desk.discard(ONE, ADA, "the night is over")
    await office.timekeeper.tick()
    assert office.runs.taken_up == []
    office.clock.move(hours=1)
    await office.timekeeper.tick()
    assert office.runs.taken_up == ["1-1"]
    assert status(office) is LetterStatus.DISCARDED


# ---- what chat brought, and what it should show


async def test_a_request_is_open_again(office: Office) -> None:
    """With all its tries before it."""
    entry = InboxEntry(key="action/1", kind="action", payload={}, received_at=office.clock.now())

    def give_up(tx: Transaction) -> None:
        tx.put_inbox(entry)
        tx.retry_inbox("action/1", error="x")
        tx.close_inbox("action/1", error="x")

    await office.store.journal.submit(give_up)
    await put(office, DeadKind.REQUEST, "action/1")
    await office.desk.requeue(ONE, ADA)
    (left,) = office.store.records.inbox_waiting()
    assert (left.key, left.attempts, left.error) == ("action/1", 0, "")
    await put(office, DeadKind.REQUEST, "action/2")
    with pytest.raises(Conflict, match="is gone"):
        await office.desk.requeue(LetterId(2), ADA)


@pytest.mark.parametrize(
    ("about", "left"), [("incident/1/channel", []), ("postmortem/1", ["incident/1/channel"])]
)
async def test_a_message_is_wanted_again(office: Office, about: str, left: list[str]) -> None:
    """With its channel, all that was given up for want of it."""
    for key in ("incident/1/channel", "postmortem/1"):
        entry = OutboxEntry(key=key, incident=IncidentId(1), wanted=3, sent=0, gone="refused", attempts=2)
        await office.store.journal.submit(lambda tx, entry=entry: tx.put_outbox(entry))
    await put(office, DeadKind.MESSAGE, about, incident=IncidentId(1))
    await office.desk.requeue(ONE, ADA)
    assert [each.key for each in office.store.records.outbox_given_up(IncidentId(1))] == left
    assert about in [each.key for each in office.store.records.outbox_behind()]


# ---- all of them


async def test_each_is_closed_once_and_with_a_reason(office: Office) -> None:
    """What is not there, what is closed, and a discard without a word are refused; the record names who did what."""
    with pytest.raises(NotFound, match="no dead letter 1"):
        await office.desk.requeue(ONE, ADA)
    await put(office, DeadKind.MESSAGE, "x", tries=3)
    with pytest.raises(Refused, match="Say why"):
        await office.desk.discard(ONE, ADA, "  ")
    assert (await office.desk.discard(ONE, ADA, "not needed")).tries == 3
    with pytest.raises(Conflict, match="was discarded by U0ADA already"):
        await office.desk.requeue(ONE, ADA)
    await put(office, DeadKind.MESSAGE, "x")
    await office.desk.requeue(ONE, ADA, "again")
    with pytest.raises(Conflict, match="was put back by U0ADA already"):
        await office.desk.discard(ONE, ADA, "no")
    events = office.store.records.events(stream=SYSTEM)
    told = [each for each in events if isinstance(each.fact, DeadLetterDiscarded | DeadLetterRequeued)]
    assert [(each.actor, each.fact.why) for each in told] == [(ADA, "not needed"), (ADA, "again")]  # type: ignore[union-attr]
    assert [each.tries for each in office.store.records.dead_letters(waiting=False)] == [4]


def test_every_kind_says_what_can_be_done() -> None:
    """Nobody is left guessing what a button does."""
    assert set(dead_letters.PUTS_BACK) == set(dead_letters.LETS_GO) == set(DeadKind)
