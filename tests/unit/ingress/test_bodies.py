"""What Alertmanager writes, and what it never would."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.canonical import canonical
from bot.domain.facts import AlertsReceived, fact_from_data, fact_to_data
from bot.domain.nouns import AlertStatus
from bot.errors import DeliveryUnreadable
from bot.ingress.bodies import LARGE, read
from tests.fakes.alerts import GROUP_KEY, NOON, RECORDED, body, over, recorded, seen

NAMES = sorted(each.name for each in RECORDED.iterdir())


def test_the_recordings_are_here() -> None:
    """Eight bodies of real Alertmanagers."""
    assert len(NAMES) == 8


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_delivery_is_read(name: str) -> None:
    """Every alert comes out with its labels, in order, and with its end only once it is over."""
    raw, _ = recorded(name)
    said = json.loads(raw)
    delivery, version = read(raw)
    assert version == "4"
    assert (delivery.receiver, delivery.group_key) == (said["receiver"], said["groupKey"])
    assert delivery.truncated == said["truncatedAlerts"]
    assert [each.labels for each in delivery.alerts] == [each["labels"] for each in said["alerts"]]
    assert [each.status.value for each in delivery.alerts] == [each["status"] for each in said["alerts"]]
    for each in delivery.alerts:
        assert (each.ends_at is None) == (each.status is AlertStatus.FIRING)
        assert each.starts_at.tzinfo is UTC


def test_what_was_written_is_read_back() -> None:
    """Labels, annotations, instants, everything."""
    alerts = [
        seen(svc="a"),
        over(seen(svc="b")),
        seen(svc="ü☃ <@U1>", annotations={"summary": 'a\n"b" <!channel>'}),
    ]
    delivery, _ = read(body(alerts))
    assert list(delivery.alerts) == alerts
    assert delivery.group_key == GROUP_KEY


def test_nine_digits_are_cut_to_six() -> None:
    """Go writes nanoseconds, the record keeps microseconds."""
    delivery, _ = read(recorded("repeat_0_33_hostile_text.json")[0])
    assert delivery.alerts[0].starts_at == datetime(2026, 11, 23, 7, 35, 0, 341000, tzinfo=UTC)


def test_a_large_body_reads_the_same() -> None:
    """Slices change nothing but how long the interpreter is held."""
    alerts = [seen(host=f"h{number}", pad="x" * 100) for number in range(1200)]
    raw = body(alerts)
    assert len(raw) > LARGE
    assert list(read(raw)[0].alerts) == alerts


def body_of(*, alerts: Any) -> bytes:
    """Write a body whose alerts are anything."""
    return json.dumps({**json.loads(body()), "alerts": alerts}).encode()


def _with(**changes: Any) -> bytes:
    made = json.loads(body([seen(), seen(svc="b")]))
    made["alerts"][1].update(changes)
    return json.dumps(made).encode()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "the body is not JSON: EOF"),
        (b"{", "the body is not JSON: EOF"),
        (b"receiver=fireline", "the body is not JSON: expected value at line 1 column 1"),
        (b"\xff\xfe", "the body is not JSON"),
        (b'{"receiver": "\xff"}', "the body is not JSON: invalid unicode"),
        (b"[" * 100_000, "the body is not JSON: recursion limit"),
        (b'{"receiver": "\\ud800"}', "the body is not JSON"),
        (b"[]", "the body: Input should be an object"),
        (b"null", "the body: Input should be an object"),
        (b"{}", "/receiver: Field required; /groupKey: Field required; /alerts: Field required"),
        (body(receiver=7), "/receiver: Input should be a valid string"),
        (body_of(alerts={}), "/alerts: Input should be a valid"),
        (body_of(alerts=[7]), "/alerts/0: Input should be an object"),
        (body(truncatedAlerts=-1), "/truncatedAlerts: Input should be greater than"),
        (body(truncatedAlerts=True), "/truncatedAlerts: Input should be a valid integer"),
        (_with(status="pending"), "/alerts/1/status: Input should be 'firing' or 'resolved'"),
        (_with(fingerprint=""), "/alerts/1/fingerprint: String should have at least 1 character"),
        (_with(labels={"a/b~c": 7}), "/alerts/1/labels/a~1b~0c: Input should be a valid string"),
        (_with(labels=["a"]), "/alerts/1/labels: Input should be"),
        (_with(startsAt="yesterday"), "/alerts/1/startsAt: 'yesterday' is no instant"),
        (
            _with(startsAt="2026-11-23T07:00:00"),
            "/alerts/1/startsAt: '2026-11-23T07:00:00' is no instant with a zone",
        ),
        (_with(startsAt=1_700_000_000), "/alerts/1/startsAt: Input should be a valid string"),
        (_with(startsAt="0001-01-01T00:00:00Z"), "/alerts/1/startsAt: '0001-01-01T00:00:00Z' is no instant"),
        (_with(startsAt="0001-01-01T00:00:00+14:00"), "/alerts/1/startsAt"),
        (_with(status="resolved", endsAt="soon"), "/alerts/1/endsAt: 'soon' is no instant"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(raw: bytes, reason: str) -> None:
    """The reason leads with a JSON pointer."""
    with pytest.raises(DeliveryUnreadable) as unreadable:
        read(raw)
    assert reason in str(unreadable.value)
    assert len(str(unreadable.value)) < 1000


def test_misfits_of_a_large_body_are_placed_too() -> None:
    """The pointer counts from the first alert of the body, not of the slice."""
    made = json.loads(body([seen(host=f"h{number}", pad="x" * 200) for number in range(900)]))
    made["alerts"][701]["status"] = "odd"
    with pytest.raises(DeliveryUnreadable, match=r"^/alerts/701/status: "):
        read(json.dumps(made).encode())


def test_misfits_of_a_large_envelope_are_told_too() -> None:
    """Without its alerts a large body is checked like a small one."""
    with pytest.raises(DeliveryUnreadable, match=r"^/alerts: "):
        read(body_of(alerts={"pad": "x" * LARGE}))
    with pytest.raises(DeliveryUnreadable, match="the body is not JSON"):
        read(b"[" + b" " * LARGE)
    with pytest.raises(DeliveryUnreadable, match="the body: Input should be"):
        read(b"[" + b" " * LARGE + b"]")


def test_many_misfits_are_counted() -> None:
    """Three are told, the rest are counted."""
    with pytest.raises(DeliveryUnreadable, match=r"; and 17 more$"):
        read(body_of(alerts=[7] * 20))


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": None},
        {"annotations": None},
        {"endsAt": "0001-01-01T00:00:00Z", "status": "resolved"},
        {"endsAt": "not looked at while it fires"},
        {"valueString": "[ var='A' ]", "silenceURL": "http://grafana.test"},
    ],
)
def test_what_other_senders_do_passes(changes: dict[str, Any]) -> None:
    """Nil maps, fields of newer releases and of Grafana, an end that was never set."""
    delivery, _ = read(_with(**changes))
    assert len(delivery.alerts) == 2
    assert delivery.alerts[1].ends_at is None


def test_other_versions_are_tried() -> None:
    """Grafana writes 1, nobody knows what comes after 4."""
    assert read(body([seen()], version="5"))[1] == "5"
    without = json.loads(body([seen()]))
    del without["version"]
    assert read(json.dumps(without).encode())[1] == ""


def test_an_empty_delivery_is_one() -> None:
    """A nil slice and an empty one are no alerts."""
    assert read(body())[0].alerts == ()
    assert read(body_of(alerts=None))[0].alerts == ()


def test_nul_is_shown_as_a_picture_of_it() -> None:
    """No database's text holds U+0000, and an alert must not be lost for one."""
    delivery, _ = read(body([seen(**{"a\0b": "c\0"})]))
    assert delivery.alerts[0].labels == {"alertname": "CheckoutErrors", "a␀b": "c␀"}
    assert read(_with(labels={"path": "C:\\u0000"}))[0].alerts[1].labels == {"path": "C:\\u0000"}


def test_the_first_of_two_equal_starts_costs_as_the_second() -> None:
    """An alert's end is not its start: instants of one text are the same instant wherever they stand."""
    alerts = [over(seen(svc=str(number)), timedelta(minutes=number)) for number in range(1, 5)]
    assert [each.ends_at for each in read(body(alerts))[0].alerts] == [
        NOON + timedelta(minutes=n) for n in range(1, 5)
    ]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {"receiver": st.text() | _JSON, "groupKey": st.text() | _JSON},
        optional={
            "alerts": st.lists(
                st.fixed_dictionaries(
                    {
                        "status": st.sampled_from(["firing", "resolved"]),
                        "startsAt": st.datetimes(timezones=st.just(UTC)).map(str) | st.text(),
                    },
                    optional={
                        "labels": st.dictionaries(st.text(), st.text()) | _JSON,
                        "fingerprint": st.text() | _JSON,
                    },
                )
            )
            | _JSON
        },
    )
)
def test_a_body_is_read_or_refused_and_nothing_else(made: dict[str, Any]) -> None:
    """Whatever comes, the outcome is a delivery that the log can hold, or a reason."""
    try:
        delivery, _ = read(json.dumps(made).encode())
    except DeliveryUnreadable as unreadable:
        assert str(unreadable)  # noqa: PT017 - either is right
        return
    fact = AlertsReceived(
        receiver=delivery.receiver, group_key=delivery.group_key, external_url="", changed=delivery.alerts
    )
    written = canonical(fact_to_data(fact))
    written.encode()
    assert fact_from_data(fact.KIND, json.loads(written)) == fact


def test_depth_is_limited_below_the_interpreters() -> None:
    """A body that passes the parser never exhausts the stack in the checks."""
    deep = "[" * 150 + "]" * 150
    with pytest.raises(DeliveryUnreadable):
        read(f'{{"receiver": {deep}, "x": "\\u0000"}}'.encode())
    assert sys.getrecursionlimit() > 300
