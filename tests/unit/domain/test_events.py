"""Events: the one form that is hashed, and the chain that it makes."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from bot.domain import events
from bot.domain.canonical import canonical, digest_of
from bot.domain.clock import to_text
from bot.domain.events import GENESIS, Event, envelope, seal
from bot.domain.facts import NoteAdded, fact_to_data
from bot.domain.ids import IncidentId, incident_stream
from bot.domain.nouns import person

AT = datetime(2026, 11, 23, 7, 3, 48, 24000, tzinfo=UTC)


def test_canonical_form_sorts_and_packs() -> None:
    """Keys are sorted, nothing is padded, letters stay letters."""
    assert canonical({"b": [1, 2.5, None, True], "a": "ü"}) == '{"a":"ü","b":[1,2.5,null,true]}'


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_lacks_are_refused(value: float) -> None:
    """NaN in a record would be a record that others can't read."""
    with pytest.raises(ValueError, match="JSON"):
        canonical({"x": value})


def test_the_hash_is_of_the_canonical_envelope() -> None:
    """The hand-written envelope equals what a plain encoder makes of it, hostile text included."""
    data = canonical({"text": 'a "quoted" \u2028 line\n'})
    stream, actor = 'incident/1"', 'person:U"1'
    sealed = seal(
        seq=7, at=to_text(AT), stream=stream, actor=actor, kind="incident.note_added", data=data, prev=GENESIS
    )
    plain = {
        "actor": actor,
        "at": "2026-11-23T07:03:48.024000Z",
        "data": json.loads(data),
        "kind": "incident.note_added",
        "prev": "0" * 64,
        "seq": 7,
        "stream": stream,
    }
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert sealed == hashlib.sha256(text.encode()).hexdigest()


def test_digest_of_ignores_the_order_of_keys() -> None:
    """Equal values have equal digests, however they were built."""
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})


def test_an_envelope_shows_the_whole_event() -> None:
    """An export has every field that the chain covers, and the hashes."""
    fact = NoteAdded(incident=IncidentId(1), text="calm")
    event = Event(
        seq=1,
        at=AT,
        stream=incident_stream(IncidentId(1)),
        actor=person("U1"),
        fact=fact,
        prev=GENESIS,
        hash=GENESIS,
    )
    shown = envelope(event, fact_to_data(fact))
    assert shown["kind"] == event.kind == "incident.note_added"
    assert shown["actor"] == "person:U1"
    assert set(shown) == {"seq", "at", "stream", "actor", "kind", "data", "prev", "hash"}


def test_without_the_c_encoder_the_form_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python whose json has no C part writes, and so hashes, the very same text."""
    value = {"b": [1, 2.5, None, True], "a": 'ü "quoted" \n'}
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    assert events._make_encode()(value) == canonical(value)
