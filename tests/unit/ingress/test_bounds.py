"""One alert can't be so large that whatever shows it is slow, and is heard of all the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import DeliveryUnreadable
from bot.ingress.bodies import read
from bot.ingress.bounds import LEFT_OUT, LONGEST, LONGEST_URL, MOST, bounded, bounded_key, bounded_url

TEXTS = st.dictionaries(st.text(max_size=600), st.text(max_size=60) | st.just("x" * 9000), max_size=12)


def delivered(alert: dict[str, Any], **more: Any) -> Any:
    """Read a delivery of one alert."""
    whole = {
        "status": "firing",
        "labels": {},
        "startsAt": "2026-11-23T12:00:00Z",
        "fingerprint": "f",
        **alert,
    }
    raw = json.dumps({"receiver": "r", "groupKey": "g", "alerts": [whole], **more}).encode()
    return read(raw)[0]


@given(TEXTS, TEXTS)
def test_an_alert_has_an_end(labels: dict[str, str], annotations: dict[str, str]) -> None:
    """What is kept is bounded, the same each time, and says so; what is small enough is untouched."""
    kept, told = bounded(labels, annotations)
    assert bounded(labels, annotations) == (kept, told)
    size = sum(len(name) + len(text) for each in (labels, annotations) for name, text in each.items())
    if size <= MOST:
        assert (kept, told) == (labels, annotations)
        return
    left = {name: text for name, text in told.items() if name != LEFT_OUT}
    assert sum(len(name) + len(text) for each in (kept, left) for name, text in each.items()) <= MOST
    assert all(labels[name].startswith(text.removesuffix("…")) for name, text in kept.items())
    assert "characters of this alert were too much" in told[LEFT_OUT]


@pytest.mark.parametrize(
    "bulk", [{"comment": "a" * 5_000_000}, {f"a{at}": "x" for at in range(100_000)}, {"n" * 3_000_000: "x"}]
)
def test_what_names_an_alert_outlives_its_bulk(bulk: dict[str, str]) -> None:
    """Rules match, and people look for, what is short: it is there whatever else came with it."""
    alert = delivered(
        {"labels": {**bulk, "alertname": "CheckoutErrors"}, "annotations": {"summary": "s"}}
    ).alerts[0]
    assert alert.labels["alertname"] == "CheckoutErrors"
    assert sum(len(name) + len(text) for name, text in alert.labels.items()) <= MOST
    assert LEFT_OUT in alert.annotations
    assert len(alert.labels.get("comment", "")) in {0, LONGEST}


def test_urls_and_keys_have_an_end_too() -> None:
    """A URL that is too long leads nowhere; a group's key stays one of its group's own."""
    delivery = delivered({"generatorURL": "h" * 100_000}, externalURL="h" * 100_000, groupKey="k" * 100_000)
    assert (delivery.alerts[0].generator_url, delivery.external_url) == ("", "")
    assert len(delivery.group_key) < LONGEST_URL
    assert bounded_key("k" * 100_000) != bounded_key("k" * 100_001)
    assert bounded_key("short") == bounded_url("short") == "short"


@pytest.mark.parametrize("field", ["fingerprint", "receiver"])
def test_names_that_no_alertmanager_makes_are_refused(field: str) -> None:
    """They are indexed and shown everywhere."""
    long = {field: "x" * 5000}
    with pytest.raises(DeliveryUnreadable, match=field):
        delivered(long) if field == "fingerprint" else delivered({}, **long)


def test_a_refusal_is_short_whatever_it_is_about() -> None:
    """The reason goes into the log, the answer and the console; a label's name is part of it."""
    with pytest.raises(DeliveryUnreadable) as caught:
        delivered({"labels": {"n" * 100_000: 5}})
    assert len(str(caught.value)) < 1000
