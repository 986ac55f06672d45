"""The words of alerts, which are written twice and encoded once."""

import types

from bot.domain.canonical import canonical
from bot.domain.facts import words_to_text


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
