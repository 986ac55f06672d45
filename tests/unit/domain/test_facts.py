"""Facts: every kind survives being written as JSON and read again."""

import dataclasses
import json
import types
import typing
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.canonical import canonical
from bot.domain.facts import (
    AlertSeen,
    ApprovalVoted,
    Fact,
    NoteAdded,
    fact_from_data,
    fact_of,
    fact_to_data,
    fact_to_text,
    kind_of,
    kinds,
    values_of,
)
from bot.domain.facts.base import fact_from_data as read
from bot.domain.facts.base import json_of
from bot.domain.nouns import Actor, Severity, person, sender

_FINITE = st.floats(allow_nan=False, allow_infinity=False)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _FINITE | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def _values(kind: object) -> st.SearchStrategy[object]:  # noqa: PLR0911 - a table of types reads best as one
    """Make values of an annotated type as the facts use them."""
    if kind is datetime:
        return st.datetimes(timezones=st.just(UTC))
    if kind is Actor:
        return st.sampled_from([person("U1"), sender("alertmanager")])
    if kind is float:
        return _FINITE  # seconds: JSON has no others
    if kind is typing.Any:
        return _json
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if type(None) in arguments:
        (inner,) = [each for each in arguments if each is not type(None)]
        return st.none() | _values(inner)
    if origin is tuple:
        return st.lists(_values(arguments[0]), max_size=2).map(tuple)
    if origin is not None:
        return st.dictionaries(st.text(), _values(arguments[1]), max_size=2)
    if dataclasses.is_dataclass(kind):
        return _facts(kind)
    if isinstance(kind, typing.NewType):
        return _values(kind.__supertype__)
    return st.from_type(kind)  # type: ignore[arg-type]


def _facts(cls: typing.Any) -> st.SearchStrategy[typing.Any]:
    hints = typing.get_type_hints(cls)
    strategies = {field.name: _values(hints[field.name]) for field in dataclasses.fields(cls)}
    return st.builds(cls, **strategies)


@pytest.mark.parametrize("kind", sorted(kinds().values(), key=lambda cls: cls.KIND))
@settings(max_examples=10)
@given(data=st.data())
def test_every_kind_survives_the_log(kind: type[Fact], data: st.DataObject) -> None:
    """What is read from the log equals what was written to it."""
    fact = data.draw(_facts(kind))
    text = canonical(fact_to_data(fact))
    assert fact_from_data(kind_of(fact), json.loads(text)) == fact
    assert fact_to_text(fact) == text
    assert fact_of(kind_of(fact), values_of(fact)) == fact


def test_kinds_are_names_of_what_happened() -> None:
    """A kind reads `noun.verb`, and no two facts share one."""
    assert all(kind.count(".") == 1 and kind.islower() for kind in kinds())
    assert len(set(kinds().values())) == len(kinds())


def test_an_unknown_kind_is_an_error() -> None:
    """Reading guesses nothing."""
    with pytest.raises(ValueError, match="no such kind"):
        read("bell.rang", {})


def test_a_missing_field_is_an_error() -> None:
    """A record that lacks what it must have does not become a half-filled fact."""
    with pytest.raises(ValueError, match="NoteAdded lacks text"):
        read("incident.note_added", {"incident": 1})


def test_fields_of_a_newer_version_are_ignored_and_missing_ones_take_defaults() -> None:
    """Logs outlive code in both directions."""
    data = {
        "run": "1-1",
        "step": "s",
        "approval": "1-1/s/1",
        "vote": "deny",
        "as_member_of": "group:sre",
        "mood": "calm",
    }
    fact = read("approval.voted", data)
    assert isinstance(fact, ApprovalVoted)
    assert fact.why == ""


def test_what_has_no_json_form_is_refused() -> None:
    """A value that the log can't hold fails before it is written, not when it is read."""
    with pytest.raises(TypeError, match="has no form"):
        fact_to_data(NoteAdded(incident=1, text=object()))  # type: ignore[arg-type]


def test_a_mapping_of_any_class_is_an_object() -> None:
    """What only reads like a dictionary is written like one, its keys as text."""
    assert json_of(types.MappingProxyType({1: ("a", Severity.SEV2)})) == {"1": ["a", "SEV2"]}


def test_an_alerts_name_is_its_alertname_label() -> None:
    """The field's convention; without the label it has none."""
    common = {
        "key": "k",
        "status": "firing",
        "annotations": {},
        "starts_at": datetime(2026, 1, 1, tzinfo=UTC),
        "ends_at": None,
        "fingerprint": "f",
    }
    assert AlertSeen(labels={"alertname": "Down"}, **common).name == "Down"
    assert AlertSeen(labels={}, **common).name == ""
