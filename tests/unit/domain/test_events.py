"""Events, and the chain that they make."""

import hashlib
import json
from datetime import UTC, datetime

from bot.domain.canonical import canonical
from bot.domain.clock import to_text
from bot.domain.events import GENESIS, Event, envelope, seal
from bot.domain.facts import NoteAdded, fact_to_data
from bot.domain.ids import IncidentId, incident_stream
from bot.domain.nouns import person

AT = datetime(2026, 11, 23, 7, 3, 48, 24000, tzinfo=UTC)


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
