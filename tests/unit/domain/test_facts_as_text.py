"""The words of alerts, which are written twice and encoded once."""

import types
from datetime import UTC, datetime

from bot.domain.canonical import canonical
from bot.domain.facts import AlertSeen, AlertsReceived, fact_to_data, fact_to_text, words_to_text
from bot.domain.ids import AlertKey
from bot.domain.nouns import AlertStatus


def test_words_are_written_in_the_canonical_form_whoever_holds_them() -> None:
    """The first time and the second, and of whatever class the mapping is."""
    words = {"severity": "page", "alertname": 'Disk "full"'}
    assert words_to_text(words) == words_to_text(words) == canonical(words)
    assert words_to_text(types.MappingProxyType(words)) == canonical(words)


def test_what_is_remembered_is_never_taken_for_another() -> None:
    """Mappings that come and go leave their places in memory to others, and more of them come than are remembered."""
    for number in range(2000):
        words = {"alertname": f"Alert{number}"}
        assert words_to_text(words) == canonical(words)
        del words


def test_what_was_received_is_written_as_any_fact_is() -> None:
    """Put together from texts, it is the very text that its data makes."""
    begins = datetime(2026, 11, 23, 7, 3, 48, 24000, tzinfo=UTC)
    alerts = tuple(
        AlertSeen(
            key=AlertKey(status),
            status=status,
            labels={"b": "ü", "a": '"'},
            annotations={},
            starts_at=begins,
            ends_at=ends,
            fingerprint="f\n",
        )
        for status, ends in ((AlertStatus.FIRING, None), (AlertStatus.RESOLVED, begins))
    )
    keys = (AlertKey("k"), AlertKey("l"))
    fact = AlertsReceived(
        receiver="r", group_key='{}:{a="b"}', external_url="", changed=alerts, repeated=keys
    )
    assert fact_to_text(fact) == canonical(fact_to_data(fact))
