"""Which runbook wants an alert, and which alerts are one incident; and what an incident opens with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.facts import AlertsAttached, IncidentOpened, NoteAdded, RunProposed, RunStarted
from bot.domain.ids import IncidentId, RunId
from bot.domain.nouns import Severity, person
from bot.domain.records import AlertRecord
from bot.incidents import routing
from bot.incidents.opening import IN_SCOPE, attach, open_incident, prepare, severity_of, start, title_of
from bot.incidents.routing import Wanted, bounded, choose, seen_of, sort_out
from tests.fakes.alerts import GROUP_KEY, NOON, incident, over, record_of, seen
from tests.fakes.books import book

SERVICE = {"service": {"type": "string", "pattern": "^[a-z]+$", "default": "{{ alert.labels.service }}"}}
BY_SERVICE = book(inputs=SERVICE, concurrency={"group": "service/{{ inputs.service }}"})
PLAIN = book()
VARIABLES: dict[str, Any] = {"region": "eu"}


def fires(**labels: str) -> AlertRecord:
    """Make a pending alert that fires."""
    return record_of(seen(**labels))


def test_the_first_by_name_wins() -> None:
    """A runbook that would match too gets nothing."""
    books = [book("a-other", match='alertname="Other"'), book("b-first"), book("c-second")]
    chosen = choose(books, {"alertname": "CheckoutErrors"})
    assert chosen is not None
    assert chosen.name == "b-first"
    assert choose(books, {"alertname": "Nobody"}) is None
    assert choose([], {"alertname": "CheckoutErrors"}) is None


@pytest.mark.parametrize(
    ("runbook", "labels", "group"),
    [
        (PLAIN, {}, f"checkout-errors/{GROUP_KEY}"),
        (BY_SERVICE, {"service": "cart"}, "service/cart"),
        (BY_SERVICE, {"service": "Not Allowed"}, f"checkout-errors/{GROUP_KEY}"),
        (BY_SERVICE, {}, f"checkout-errors/{GROUP_KEY}"),
        (book(concurrency={"group": "{{ vars.region }}/{{ alert.name }}"}), {}, "eu/CheckoutErrors"),
        (book(concurrency={"group": "{{ alert.labels.shard }}"}), {}, f"checkout-errors/{GROUP_KEY}"),
    ],
)
def test_the_group_of_an_alert(runbook: Any, labels: dict[str, str], group: str) -> None:
    """The runbook's own where it renders, else what Alertmanager grouped together."""
    assert routing._seat(runbook, fires(**labels), VARIABLES)[0] == group


def test_groups_are_bounded() -> None:
    """What is too long for an index is shortened, and stays one of its kind."""
    assert bounded("short") == "short"
    long_ones = {bounded("x" * 5000), bounded("x" * 5001), bounded("ü" * 5000)}
    assert len(long_ones) == 3
    assert all(len(each.encode()) <= 200 for each in long_ones)
    assert bounded(next(iter(long_ones))) in long_ones


def test_alerts_are_sorted_out() -> None:
    """By group, in the order of arrival; what nobody wants is unmatched."""
    one, two, three = fires(service="cart"), fires(service="pay"), fires(service="cart", pod="2")
    stray = record_of(seen("Other"))
    found = sort_out([one, stray, two, three], [BY_SERVICE], VARIABLES)
    assert [(each.group, each.alerts) for each in found.wanted] == [
        ("service/cart", (one, three)),
        ("service/pay", (two,)),
    ]
    assert found.unmatched == (stray.key,)


def test_the_trigger_is_the_first_that_fires() -> None:
    """Of those that fire, the one that began first; resolved alerts open nothing."""
    gone = record_of(over(seen(pod="1", starts_at=NOON - timedelta(hours=1))))
    later, first = fires(pod="2"), record_of(seen(pod="3", starts_at=NOON - timedelta(seconds=1)))
    assert Wanted(group="g", runbook=PLAIN, alerts=(gone, later, first)).trigger is first
    assert Wanted(group="g", runbook=PLAIN, alerts=(gone,)).trigger is None


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "alertname": st.sampled_from(["CheckoutErrors", "Other"]),
                "service": st.sampled_from(["a", "b", "", "É"]),
            }
        )
    )
)
def test_every_alert_goes_to_one_place(labels: list[dict[str, str]]) -> None:
    """Nothing is lost and nothing is doubled."""
    alerts = [replace(record_of(seen(pod=str(at))), labels={**each}) for at, each in enumerate(labels)]
    found = sort_out(alerts, [BY_SERVICE], VARIABLES)
    keys = [*found.unmatched, *(alert.key for each in found.wanted for alert in each.alerts)]
    assert sorted(keys) == sorted(each.key for each in alerts)
    assert len({each.group for each in found.wanted}) == len(found.wanted)


def test_what_is_known_is_told_as_it_was_seen() -> None:
    """The round trip keeps every field."""
    alert = over(seen(pod="1"))
    assert seen_of(record_of(alert)) == alert


# -------------------------------------------------------------------------------------------------------------- opening


def opening(runbook: Any = BY_SERVICE, *alerts: AlertRecord, now: datetime = NOON) -> Any:
    """Prepare an incident for alerts."""
    found = alerts or (fires(service="cart"),)
    return prepare(Wanted(group="g", runbook=runbook, alerts=found), found[-1], VARIABLES, now)


def test_an_incident_with_its_run() -> None:
    """Inputs are resolved with the alert in scope; the trigger is the first of the alerts."""
    alerts = [fires(service="pay"), fires(service="cart")]
    made = opening(BY_SERVICE, *alerts)
    assert made.inputs == {"service": "cart"}
    assert (made.title, made.severity, made.proposed, made.notes) == (
        "The title of checkout-errors",
        Severity.SEV2,
        "",
        (),
    )
    assert [each["labels"]["service"] for each in made.scope["alerts"]] == ["cart", "pay"]
    facts = open_incident(made, IncidentId(7), alerts)
    assert facts == [
        IncidentOpened(
            incident=IncidentId(7),
            title="The title of checkout-errors",
            severity=Severity.SEV2,
            group="g",
            runbook="checkout-errors",
        ),
        AlertsAttached(
            incident=IncidentId(7), keys=tuple(each.key for each in alerts), first=seen_of(alerts[0]), total=2
        ),
    ]
    started = start(made, incident(7), RunId("7-1"), seed="s", now=NOON, by=person("U0ADA"))
    assert isinstance(started, RunStarted)
    assert (started.run, started.seed, started.inputs) == ("7-1", "s", {"service": "cart"})
    assert started.scope["incident"]["number"] == 7
    assert started.scope["vars"] == VARIABLES
    assert started.requested_by == person("U0ADA")


def test_inputs_without_a_value() -> None:
    """The incident opens, and a note says why no run does."""
    made = opening(BY_SERVICE, fires())
    assert made.inputs is None
    assert not made.proposed
    (note,) = made.notes
    assert note.startswith("No run was started. checkout-errors can't start: service: ")
    assert isinstance(open_incident(made, IncidentId(7), [fires()])[-1], NoteAdded)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"autonomy": "propose"}, "autonomy is `propose`"),
        ({"valid_until": "2026-11-22"}, "valid until 2026-11-22"),
    ],
)
def test_what_may_not_start_by_itself(more: dict[str, Any], why: str) -> None:
    """It is proposed, with the reason."""
    made = opening(book(**more))
    assert made.inputs is None
    proposed = open_incident(made, IncidentId(7), [fires()])[-1]
    assert isinstance(proposed, RunProposed)
    assert why in proposed.why


def test_the_last_day_is_valid_in_utc() -> None:
    """The date itself is still good, to its last second."""
    runbook = book(valid_until="2026-11-23")
    assert not opening(runbook, now=datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)).proposed
    assert opening(runbook, now=datetime(2026, 11, 24, tzinfo=UTC)).proposed


@pytest.mark.parametrize(
    ("template", "severity", "complaint"),
    [
        ("SEV1", Severity.SEV1, ""),
        ("{{ alert.labels.sev | default('SEV4') }}", Severity.SEV4, ""),
        ("{{ 'sev2' }}", Severity.SEV2, ""),
        ("{{ alert.labels.severity }}", Severity.SEV3, "can't be read"),
        ("{{ alert.name }}", Severity.SEV3, "'CHECKOUTERRORS' is none of SEV1, SEV2, SEV3, SEV4"),
    ],
)
def test_the_severity(template: str, severity: Severity, complaint: str) -> None:
    """It is rendered; what is no severity becomes SEV3 with a note."""
    made = opening(book(severity=template))
    assert made.severity is severity
    assert complaint in "".join(made.notes)
    assert bool(complaint) == bool(made.notes)
    assert made.inputs == {}


def test_the_title_falls_back() -> None:
    """The runbook's, else the alert's summary, else a name; always one line."""
    bare = replace(PLAIN, title=" ")
    assert title_of(PLAIN, fires()) == "The title of checkout-errors"
    assert title_of(bare, record_of(seen(annotations={"summary": " down\n\nagain "}))) == "down again"
    assert title_of(bare, record_of(seen(annotations={}))) == "CheckoutErrors"
    assert title_of(bare, None) == "checkout-errors"


def test_a_storm_does_not_fill_the_scope() -> None:
    """A run's first event holds so many alerts and no more."""
    alerts = [fires(service="cart", pod=str(number)) for number in range(IN_SCOPE + 20)]
    assert len(opening(BY_SERVICE, *alerts).scope["alerts"]) <= IN_SCOPE + 1


def test_attaching_counts() -> None:
    """The total is of the incident with the new ones."""
    fact = attach(incident(alerts=3), [fires(pod="1"), fires(pod="2")])
    assert isinstance(fact, AlertsAttached)
    assert fact.total == 5


def test_severity_of_a_runbook_asked_for_by_a_person() -> None:
    """Without an alert its labels are empty."""
    assert severity_of(PLAIN, {"inputs": {}})[0] is Severity.SEV2
