"""An event: a fact with its place in the log, its time, its actor and the hash that chains it to the one before.

The log is one chain. An event's hash is the SHA-256 of the canonical JSON (`bot.domain.canonical`) of {actor, at, data, kind, prev, seq, stream},
where `prev` is the hash of the event before, 64 zeros for the first. `bot.evidence.verify` checks the same rule with code of its own; neither imports
the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from bot.domain.canonical import text_in_json
from bot.domain.clock import to_text
from bot.domain.facts import Fact
from bot.domain.ids import Digest, StreamId
from bot.domain.nouns import Actor

GENESIS = Digest("0" * 64)
"""What the first event names as the hash before it."""

_name_in_json = lru_cache(maxsize=4096)(text_in_json)
"""How a stream's or an actor's name stands in JSON: the same few again and again."""


class Event(NamedTuple):
    """A fact in the log. `seq` counts from 1 without gaps over all streams. A named tuple, because a busy engine makes ten thousand a second."""

    seq: int
    at: datetime
    stream: StreamId
    actor: Actor
    fact: Fact
    prev: Digest
    hash: Digest

    @property
    def kind(self) -> str:
        """What happened, as it stands in the log."""
        return self.fact.KIND


def seal(*, seq: int, at: str, stream: str, actor: str, kind: str, data: str, prev: str) -> Digest:
    """Return the hash of an event; `data` is the fact's canonical JSON text, `at` as `to_text` writes it."""
    # The keys are written in sorted order by hand, so that the data, the largest part, is encoded once and stored as it was hashed.
    text = (
        f'{{"actor":{_name_in_json(actor)},"at":"{at}","data":{data},"kind":"{kind}",'
        f'"prev":"{prev}","seq":{seq},"stream":{_name_in_json(stream)}}}'
    )
    return Digest(hashlib.sha256(text.encode()).hexdigest())


def envelope(event: Event, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as the JSON object that exports and APIs show; `data` is its fact's data."""
    return {
        "seq": event.seq,
        "at": to_text(event.at),
        "stream": event.stream,
        "actor": str(event.actor),
        "kind": event.kind,
        "data": dict(data),
        "prev": event.prev,
        "hash": event.hash,
    }
