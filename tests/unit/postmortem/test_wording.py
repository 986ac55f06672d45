"""How instants, lengths, sizes, numbers and strangers' text are written."""

from __future__ import annotations

import pytest

from bot.postmortem import wording


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.0001, "1 ms"),
        (0.004, "4 ms"),
        (0.05, "0.1 s"),
        (0.42, "0.4 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (252, "4 min 12 s"),
        (3600, "1 h"),
        (3780, "1 h 3 min"),
        (187_200, "2 d 4 h"),
    ],
)
def test_a_length_of_time_has_its_two_largest_units(seconds: float, said: str) -> None:
    """Nobody should have to divide by sixty."""
    assert wording.duration(seconds) == said


@pytest.mark.parametrize(
    ("octets", "said"), [(812, "812 B"), (12_412, "12.1 KiB"), (8_388_608, "8.0 MiB"), (3 * 2**30, "3.0 GiB")]
)
def test_a_size_is_told_in_powers_of_two(octets: int, said: str) -> None:
    """A size compares at a glance."""
    assert wording.size(octets) == said


@pytest.mark.parametrize(
    ("value", "said"), [(12_000, "12,000"), (3.0, "3"), (0.31251, "0.3125"), (-0.5, "-0.5")]
)
def test_a_number_keeps_what_matters_of_it(value: float, said: str) -> None:
    """Four digits are enough to see a rate fall."""
    assert wording.number(value) == said


@pytest.mark.parametrize(
    ("words", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_words_are_listed_as_in_a_sentence(words: list[str], said: str) -> None:
    """Commas, then an `and`."""
    assert wording.listed(words) == said


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("http://vm:9090/graph?g0.expr=a+%3E+0", "http://vm:9090/graph?g0.expr=a+%3E+0"),
        ("https://[::1]:9090/x", "https://[::1]:9090/x"),
        ("https://user:hunter2@example.com/", "https://example.com/"),
        ('http://vm/a b"<c>|)`', "http://vm/a%20b%22%3Cc%3E%7C%29%60"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("http://", ""),
        ("http://[broken", ""),
        ("http://vm:notaport/", ""),
        ("", ""),
    ],
)
def test_only_web_addresses_are_linked(address: str, safe: str) -> None:
    """Nothing that runs, nothing that carries a password, nothing that ends a link early."""
    assert wording.safe_url(address) == safe


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ask <@U0BEN|ben> & <@U0ADA>, not <@U0XYZ>", "ask @Ben Ruiz & @U0ADA, not @U0XYZ"),
        ("<@U0XYZ|xyz> in <#C1|ops>, <#C2>", "@xyz in #ops, #C2"),
        ("<!here> <!subteam^S1|@sre> <!date^1^{time}|12:00>", "@here @sre 12:00"),
        ("see <https://a.b/c|the page>, <https://a.b/c>", "see the page (https://a.b/c), https://a.b/c"),
        ("<https://a.b|a.b>", "https://a.b"),
        ("1 < 2 > 0, <b>, <>", "1 < 2 > 0, <b>, <>"),
    ],
)
def test_what_a_person_said_is_told_as_they_saw_it(typed: str, said: str) -> None:
    """Chat's own marks for people, channels and addresses are for machines."""
    assert wording.heard(typed, {"U0BEN": "Ben Ruiz"}) == said
