"""Silences: what one covers, what is on record of it, and what becomes of it when Alertmanager or Fireline is away at the wrong moment."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ids import IncidentId
from bot.domain.nouns import AlertStatus, SilenceStatus, person
from bot.domain.response_records import SilenceRecord
from bot.domain.silences import Matcher
from bot.errors import Conflict, NotFound, Refused
from bot.incidents import silences
from tests.fakes.alertmanager import AWAY, LOST, REFUSED, _fits
from tests.fakes.alerts import NOON, delivery, over, seen
from tests.fakes.books import book
from tests.fakes.office import Office

ADA = person("U0ADA")
ONE = IncidentId(1)
HOUR = timedelta(hours=1)
A, B = seen(instance="a", job="shop"), seen(instance="b")


async def silenced(office: Office) -> SilenceRecord:
    """Return the one silence of the first incident."""
    (record,) = office.store.records.silences_of(ONE)
    return record


async def burning(office: Office) -> Office:
    """Open an incident with two alerts that fire, and that Alertmanager knows."""
    office.books.append(book(autonomy="propose"))
    await office.intake.receive(delivery(A, B))
    await office.dispatcher.drain()
    office.alertmanager.alerts = [A.labels, B.labels]
    return office


# ---- what one covers


def test_what_all_have_is_pinned_and_what_differs_is_listed() -> None:
    """A label that some lack may be absent; nothing else may differ from what was seen."""
    assert silences.matchers_of([A.labels, B.labels]) == (
        Matcher(name="alertname", value="CheckoutErrors"),
        Matcher(name="instance", value="a|b", regex=True),
        Matcher(name="job", value="|shop", regex=True),
    )


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(max_size=4), max_size=3).map(
            lambda labels: {**labels, "alertname": "X"}
        ),
        min_size=1,
        max_size=4,
    ),
    st.dictionaries(st.sampled_from(["a", "b", "c", "alertname"]), st.text(max_size=4)),
)
def test_what_was_seen_is_covered_and_a_value_that_was_not_is_heard(
    alerts: list[dict[str, str]], other: dict[str, str]
) -> None:
    """Whatever characters stand in the labels."""
    matchers = silences.matchers_of(alerts)
    assert all(_fits(each, labels) for each in matchers for labels in alerts)
    news = any(
        other.get(name, "") not in {labels.get(name, "") for labels in alerts}
        for name in {name for labels in alerts for name in labels}
    )
    assert all(_fits(each, other) for each in matchers) == (not news)


@pytest.mark.parametrize(
    ("alerts", "words"),
    [
        ([{"a": "1"}, {"b": "1"}], "no label in common"),
        ([{"a": str(number)} for number in range(501)], "501 alerts fire"),
        ([{"a": "x" * 60_000}, {"a": "y" * 60_000}], "too different"),
    ],
)
def test_what_no_silence_can_cover(alerts: list[dict[str, str]], words: str) -> None:
    """The hint sends to Alertmanager, where the rest is seen."""
    with pytest.raises(Refused, match=words) as refused:
        silences.matchers_of(alerts)
    assert "Alertmanager itself" in refused.value.hint


async def test_a_silence_that_would_cover_others_is_refused(office: Office) -> None:
    """An alert of another combination of the same values is in nobody's hands here: nothing is asked for."""
    await burning(office)
    office.alertmanager.alerts.append({**A.labels, "instance": "b"})
    with pytest.raises(Refused, match="would cover others: CheckoutErrors") as refused:
        await office.desk.silence(ONE, ADA, HOUR)
    assert refused.value.hint
    assert not office.store.records.silences_of(ONE)
    assert office.alertmanager.made == 0


# ---- asked, standing, ended


async def test_a_silence_stands_and_is_ended(office: Office) -> None:
    """The intent is on record before the effect; who reads Alertmanager sees whose it is and why."""
    await burning(office)
    key = await office.desk.silence(ONE, ADA, HOUR, " known ")
    record = await silenced(office)
    assert (record.key, record.status, record.ident, record.until) == (
        key,
        SilenceStatus.STANDING,
        "id-1",
        NOON + HOUR,
    )
    assert record.holds(NOON)
    assert not record.holds(NOON + HOUR)
    made = office.alertmanager.standing["id-1"]
    assert (made.by, made.comment) == ("fireline (U0ADA)", f"Incident 1: known [{key}]")
    assert office.kinds(1)[-2:] == ["silence.asked", "silence.stands"]
    with pytest.raises(Conflict, match="silenced already, until 2026-11-23T13:00Z"):
        await office.desk.silence(ONE, ADA, HOUR)
    assert not office.silencer._surely_not_made_from, "what was refused is not remembered"
    await office.desk.unsilence(ONE, ADA)
    assert office.alertmanager.standing == {}
    assert (await silenced(office)).status is SilenceStatus.ENDED
    assert office.kinds(1)[-2:] == ["silence.end_asked", "silence.ended"]
    with pytest.raises(Conflict, match="No alert of incident 1 is silenced"):
        await office.desk.unsilence(ONE, ADA)


async def test_one_that_ran_out_stands_in_nobodys_way(office: Office) -> None:
    """Alertmanager ends it by itself, and says nothing."""
    await burning(office)
    await office.desk.silence(ONE, ADA, HOUR)
    office.clock.move(hours=2)
    await office.desk.silence(ONE, ADA, HOUR)
    assert len(office.store.records.silences_of(ONE)) == 2


@pytest.mark.parametrize(
    ("incident", "length", "error", "words"),
    [
        (IncidentId(9), HOUR, NotFound, "no incident 9"),
        (ONE, timedelta(), Refused, "up to 30d"),
        (ONE, timedelta(days=31), Refused, "up to 30d"),
    ],
)
async def test_silences_that_are_refused(
    office: Office, incident: IncidentId, length: timedelta, error: type[Refused], words: str
) -> None:
    """Before anybody is asked."""
    await burning(office)
    with pytest.raises(error, match=words):
        await office.desk.silence(incident, ADA, length)
    assert office.kinds(1).count("silence.asked") == 0


async def test_nothing_to_silence(office: Office) -> None:
    """No alert fires any more, or the incident is over."""
    await burning(office)
    await office.desk.resolve(ONE, ADA)
    with pytest.raises(Conflict, match="was resolved"):
        await office.desk.silence(ONE, ADA, HOUR)
    await office.desk.reopen(ONE, ADA, "again")
    await office.intake.receive(delivery(over(A), over(B)))
    assert all(each.status is AlertStatus.RESOLVED for each in office.store.records.alerts_of(ONE))
    with pytest.raises(Refused, match="No alert of incident 1 fires"):
        await office.desk.silence(ONE, ADA, HOUR)


# ---- when somebody is away


async def test_an_alertmanager_that_is_away_is_asked_for_nothing(office: Office) -> None:
    """Who can't be asked what a silence would cover is not asked to make one."""
    await burning(office)
    office.alertmanager.fails = [AWAY]
    with pytest.raises(Refused, match="can't be asked"):
        await office.desk.silence(ONE, ADA, HOUR)
    assert not office.store.records.silences_of(ONE)


async def test_an_answer_that_is_lost_is_looked_for(office: Office) -> None:
    """The silence was made; it is found by its name, and not made again."""
    await burning(office)
    office.alertmanager.fails = [None, None, LOST]
    await office.desk.silence(ONE, ADA, HOUR)
    assert (await silenced(office)).status is SilenceStatus.ASKED
    with pytest.raises(Conflict, match="has not answered yet"):
        await office.desk.unsilence(ONE, ADA)
    await settled(office)
    assert (await silenced(office)).status is SilenceStatus.STANDING
    assert office.alertmanager.made == 1


async def test_a_crash_after_the_intent(office: Office) -> None:
    """The next process finds what was asked for, and asks; one that was made before the crash is found."""
    await burning(office)
    office.alertmanager.fails = [None, AWAY]
    await office.desk.silence(ONE, ADA, HOUR)
    office.silencer = office.new_silencer()
    office.alertmanager.fails = [AWAY, AWAY]
    await settled(office)
    assert (await silenced(office)).status is SilenceStatus.STANDING
    assert office.alertmanager.made == 1


@pytest.mark.parametrize("killed", [False, True])
async def test_a_request_that_is_carried_out_late_is_not_sent_again(office: Office, *, killed: bool) -> None:
    """Alertmanager has it in hand and does not show it yet, to the process that sent it or to the next: it is looked for, for a while."""
    await burning(office)
    office.alertmanager.fails = [None, None, LOST]
    await office.desk.silence(ONE, ADA, HOUR)
    in_hand = dict(office.alertmanager.standing)
    office.alertmanager.standing.clear()
    if killed:
        office.silencer = office.new_silencer()
    office.clock.move(seconds=11)
    assert await office.silencer._settle_all(), "it is open still"
    office.alertmanager.standing.update(in_hand)
    await settled(office)
    assert (await silenced(office)).ident == "id-1"
    assert office.alertmanager.made == 1


async def test_a_request_that_never_came_is_sent_again(office: Office) -> None:
    """Once it would be there."""
    await burning(office)
    office.alertmanager.fails = [None, None, LOST]
    await office.desk.silence(ONE, ADA, HOUR)
    office.alertmanager.standing.clear()
    office.clock.move(seconds=13)
    assert not await office.silencer._settle_all()
    assert (await silenced(office)).ident == "id-2"


async def test_what_comes_too_late_is_not_made(office: Office) -> None:
    """Nobody wants a silence that would be over."""
    await burning(office)
    office.alertmanager.fails = [None, AWAY]
    await office.desk.silence(ONE, ADA, HOUR)
    office.clock.move(hours=1)
    await settled(office)
    record = await silenced(office)
    assert (record.status, record.detail) == (
        SilenceStatus.FAILED,
        "its time was over before Alertmanager answered",
    )
    assert office.alertmanager.made == 0


async def test_an_alertmanager_that_refuses(office: Office) -> None:
    """The person hears so, and the record says why; a silence whose end is refused stands on."""
    await burning(office)
    office.alertmanager.fails = [None, None, REFUSED]
    with pytest.raises(Refused, match="did not do it: alertmanager answers 403"):
        await office.desk.silence(ONE, ADA, HOUR)
    assert (await silenced(office)).status is SilenceStatus.FAILED
    await office.desk.silence(ONE, ADA, HOUR)
    office.alertmanager.fails = [REFUSED]
    with pytest.raises(Refused, match="403"):
        await office.desk.unsilence(ONE, ADA)
    assert office.store.records.silences_of(ONE)[-1].status is SilenceStatus.STANDING
    office.alertmanager.fails = [LOST, AWAY]
    await office.desk.unsilence(ONE, ADA)
    assert office.store.records.silences_of(ONE)[-1].status is SilenceStatus.ENDING
    with pytest.raises(Conflict, match="asked to end the silence already"):
        await office.desk.unsilence(ONE, ADA)
    await settled(office)
    assert office.store.records.silences_of(ONE)[-1].status is SilenceStatus.ENDED
    assert office.alertmanager.standing == {}


async def settled(office: Office) -> None:
    """Let the worker that looks after silences go on until there is nothing left to look after."""
    working = asyncio.create_task(office.silencer.run())
    async with asyncio.timeout(10):
        while office.store.records.unsettled_silences():
            await asyncio.sleep(0.001)
            office.clock.move(seconds=1)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
