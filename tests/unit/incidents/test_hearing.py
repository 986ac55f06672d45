"""What a delivery says that is new."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.facts import AlertsAttached, AlertSeen, AlertsResolved, NoteAdded
from bot.domain.ids import AlertKey, IncidentId
from bot.domain.nouns import AlertStatus, IncidentStatus, Routing
from bot.domain.records import AlertRecord
from bot.incidents.deliveries import Receipt, alert_key
from bot.incidents.hearing import LATE_WITHIN, Heard, digest, hear, incidents_concerned, name_them
from tests.fakes.alerts import NOON, delivery, incident, over, record_of, seen

FIRES = seen()
MINUTE = timedelta(minutes=1)
ENDED = over(FIRES, 10 * MINUTE)
ENDED_LATER = over(FIRES, 11 * MINUTE)
ENDED_SOMETIME = replace(ENDED, ends_at=None)


@pytest.mark.parametrize(
    ("known", "said", "minutes", "heard"),
    [
        (None, FIRES, 0, Heard.NEW),
        (None, ENDED, 10, Heard.NEW),
        (FIRES, FIRES, 1, Heard.REPEATED),
        (FIRES, ENDED, 10, Heard.RESOLVED),
        (FIRES, ENDED_SOMETIME, 10, Heard.RESOLVED),
        (ENDED, ENDED, 11, Heard.REPEATED),
        (ENDED, ENDED_LATER, 11, Heard.ENDED_LATER),
        (ENDED_LATER, ENDED, 11, Heard.REPEATED),
        (ENDED, ENDED_SOMETIME, 11, Heard.REPEATED),
        (ENDED_SOMETIME, ENDED, 11, Heard.ENDED_LATER),
        (ENDED, FIRES, 10, Heard.LATE),
        (ENDED, FIRES, 15, Heard.LATE),
        (ENDED, FIRES, 16, Heard.REFIRED),
        (ENDED_SOMETIME, FIRES, 5, Heard.LATE),
        (ENDED_SOMETIME, FIRES, 6, Heard.REFIRED),
    ],
)
def test_one_alert_against_what_is_known(
    known: AlertSeen | None, said: AlertSeen, minutes: int, heard: Heard
) -> None:
    """A state moves forward only, unless `firing` comes long after the end: then it fires again."""
    record = record_of(known) if known is not None else None
    assert hear(said, record, now=NOON + minutes * MINUTE, late_within=LATE_WITHIN) is heard


def test_the_same_alert_has_one_key_whoever_tells_of_it() -> None:
    """Receiver, group, fingerprint and start make the key, nothing else does, and no two of them run together."""
    base = ("r", "g", "f", NOON)
    others = [
        ("r2", "g", "f", NOON),
        ("r", "g2", "f", NOON),
        ("r", "g", "f2", NOON),
        ("r", "g", "f", NOON + MINUTE),
    ]
    keys = {alert_key(*each) for each in [base, *others, ("rg", "", "f", NOON), ("r", 'g"', "f", NOON)]}
    assert len(keys) == 7
    assert alert_key(*base) == alert_key("r", "g", "f", NOON.astimezone())


def test_a_mixed_delivery_is_counted_and_sorted() -> None:
    """Changed alerts are told whole, the known ones by key, and each is counted once."""
    new, known, gone = seen(svc="a"), seen(svc="b"), seen(svc="c")
    records = {known.key: record_of(known), gone.key: record_of(gone)}
    news = digest(delivery(new, known, over(gone), truncated=7), records, {}, now=NOON)
    assert news.received.changed == (new, over(gone))
    assert news.received.repeated == (known.key,)
    assert news.received.truncated == 7
    assert news.receipt == Receipt(new=1, repeated=1, resolved=1)
    assert news.fresh == [new]
    assert not news.told


def test_a_delivery_of_nothing_new_wakes_nobody() -> None:
    """There is nothing to route when everything was known."""
    news = digest(delivery(FIRES), {FIRES.key: record_of(FIRES)}, {}, now=NOON)
    assert news.receipt == Receipt(repeated=1)
    assert not news.fresh


def test_an_alert_that_a_delivery_names_twice_counts_once() -> None:
    """Resolved outweighs firing, in whatever order they stand."""
    for order in itertools.permutations([FIRES, ENDED, ENDED_LATER]):
        news = digest(delivery(*order), {}, {}, now=NOON)
        assert news.received.changed == (ENDED_LATER,)
        assert news.receipt == Receipt(new=1)


@pytest.mark.parametrize("said", [FIRES, ENDED])
def test_the_short_way_of_a_first_alert_says_what_the_long_one_does(said: AlertSeen) -> None:
    """One that nobody has heard of is not sorted; said twice in a delivery it is, and counts once."""
    short, long = (digest(delivery(*[said] * times, truncated=3), {}, {}, now=NOON) for times in (1, 2))
    assert (short.received, short.told, short.receipt) == (long.received, long.told, long.receipt)
    assert list(short.fresh) == list(long.fresh) == [said]


def test_resolved_alerts_are_told_to_their_incident() -> None:
    """The incident's stream says which ended and how many still fire."""
    one, two = seen(svc="a"), seen(svc="b")
    records = {each.key: record_of(each, incident=42) for each in (one, two)}
    assert incidents_concerned([one, two, seen(svc="z")], records) == {IncidentId(42)}
    news = digest(delivery(over(one), two), records, {IncidentId(42): incident(firing=2)}, now=NOON)
    assert news.told == {42: [AlertsResolved(incident=IncidentId(42), keys=(one.key,), firing=1)]}


def test_an_alert_that_fires_again_is_attached_anew() -> None:
    """The open incident hears of it; its count of alerts stays."""
    record = record_of(ENDED, incident=42)
    now = NOON + timedelta(hours=1)
    news = digest(delivery(FIRES), {FIRES.key: record}, {IncidentId(42): incident(alerts=3)}, now=now)
    attached = AlertsAttached(incident=IncidentId(42), keys=(FIRES.key,), first=FIRES, total=3)
    assert news.told == {42: [attached]}
    assert news.receipt == Receipt(new=1)


def test_a_late_firing_changes_nothing() -> None:
    """Another Alertmanager's late word neither reopens the alert nor troubles the incident."""
    record = record_of(ENDED, incident=42)
    now = NOON + 12 * MINUTE
    news = digest(delivery(FIRES), {FIRES.key: record}, {IncidentId(42): incident()}, now=now)
    assert news.received.changed == ()
    assert news.received.repeated == (FIRES.key,)
    assert news.receipt == Receipt(repeated=1, late=1)
    assert not news.told


@pytest.mark.parametrize(
    ("said", "known", "starts"),
    [(FIRES, FIRES, "Still fires although"), (FIRES, ENDED, "Fires again after")],
)
def test_a_resolved_incident_gets_a_note(said: AlertSeen, known: AlertSeen, starts: str) -> None:
    """A person resolved it; the alert goes on: no new incident, a line in the timeline."""
    closed = incident(resolved_at=NOON + 11 * MINUTE)
    record = record_of(known, incident=42)
    news = digest(delivery(said), {said.key: record}, {closed.id: closed}, now=NOON + timedelta(hours=4))
    (note,) = news.told[closed.id]
    assert isinstance(note, NoteAdded)
    assert note.text.startswith(starts)
    assert "CheckoutErrors" in note.text


def test_an_alert_that_fires_again_after_its_incident_ended_is_routed_anew() -> None:
    """Nobody works on it any more; one that only never stopped is not, because a person knew."""
    closed = incident(resolved_at=NOON + 11 * MINUTE)
    later = NOON + timedelta(hours=4)
    again = digest(
        delivery(FIRES), {FIRES.key: record_of(ENDED, incident=42)}, {closed.id: closed}, now=later
    )
    assert again.received.again == (FIRES.key,)
    assert again.fresh == [FIRES]
    still = digest(
        delivery(FIRES), {FIRES.key: record_of(FIRES, incident=42)}, {closed.id: closed}, now=later
    )
    assert still.received.again == ()
    assert not still.fresh


@pytest.mark.parametrize(
    ("said", "routing", "wanted", "again"),
    [
        (FIRES, Routing.UNMATCHED, True, True),
        (FIRES, Routing.UNMATCHED, False, False),
        (ENDED, Routing.UNMATCHED, True, False),
        (FIRES, Routing.PENDING, True, False),
        (FIRES, Routing.ATTACHED, True, False),
    ],
)
def test_an_unmatched_alert_is_routed_once_a_runbook_wants_it(
    said: AlertSeen, routing: Routing, *, wanted: bool, again: bool
) -> None:
    """When it is heard of again and fires; what waits to be routed, or is in hand, is left alone."""
    known = {FIRES.key: record_of(FIRES, routing=routing)}
    news = digest(delivery(said), known, {}, now=NOON + MINUTE, wanted=lambda _labels: wanted)
    assert news.received.again == ((FIRES.key,) if again else ())


def test_the_note_comes_once() -> None:
    """Repeats after the first since it was resolved say nothing more."""
    closed = incident(resolved_at=NOON + MINUTE)
    record = record_of(FIRES, incident=42, last_seen=NOON + 2 * MINUTE)
    news = digest(delivery(FIRES), {FIRES.key: record}, {closed.id: closed}, now=NOON + timedelta(hours=4))
    assert not news.told


def test_firing_never_counts_below_none() -> None:
    """A count that had run ahead stays at zero."""
    records = {FIRES.key: record_of(FIRES, incident=42)}
    news = digest(delivery(ENDED), records, {IncidentId(42): incident(firing=0)}, now=NOON)
    (fact,) = news.told[IncidentId(42)]
    assert isinstance(fact, AlertsResolved)
    assert fact.firing == 0


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["A"], "A"),
        (["A", "A"], "A (2 alerts)"),
        (["A", ""], "A, an alert without a name"),
        (list("ABCDEFG"), "A, B, C, D, E and 2 more"),
    ],
)
def test_naming_alerts(names: Sequence[str], sentence: str) -> None:
    """A few names, and how many more there are."""
    assert name_them(names) == sentence


# ------------------------------------------------------------------------------------------------------------ properties

_SAID = st.sampled_from([FIRES, ENDED, ENDED_LATER, seen(svc="other"), over(seen(svc="other"))])


def _project(known: dict[AlertKey, AlertRecord], said: Sequence[AlertSeen], now: datetime) -> None:
    """Take one delivery in, as the store's projection does."""
    news = digest(delivery(*said), known, {}, now=now)
    for each in news.received.changed:
        known[each.key] = record_of(each, routing=Routing.PENDING, last_seen=now)


@given(st.lists(st.lists(_SAID, min_size=1, max_size=3), max_size=8), st.randoms())
def test_the_order_of_deliveries_does_not_matter(
    deliveries: list[list[AlertSeen]], chance: st.DataObject
) -> None:
    """Any interleaving of the same deliveries, each any number of times, comes to the same state of every alert."""
    now = NOON + 12 * MINUTE
    straight: dict[AlertKey, AlertRecord] = {}
    mixed: dict[AlertKey, AlertRecord] = {}
    for each in deliveries:
        _project(straight, each, now)
    shuffled = [*deliveries, *deliveries]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    for each in shuffled:
        _project(mixed, each, now)
    assert {key: (it.status, it.ends_at) for key, it in straight.items()} == {
        key: (it.status, it.ends_at) for key, it in mixed.items()
    }


@given(st.lists(_SAID, min_size=1, max_size=6))
def test_every_alert_is_counted_once(said: list[AlertSeen]) -> None:
    """The receipt accounts for every alert of the delivery."""
    receipt = digest(delivery(*said), {FIRES.key: record_of(FIRES)}, {}, now=NOON).receipt
    assert receipt.new + receipt.repeated + receipt.resolved == len({each.key for each in said})


def test_statuses_are_closed() -> None:
    """The rule speaks of two statuses; a third would need a decision."""
    assert {*AlertStatus} == {AlertStatus.FIRING, AlertStatus.RESOLVED}
    assert IncidentStatus.RESOLVED in set(IncidentStatus)
