"""An event: a fact with its place in the log, its time, its actor and the hash that chains it to the one before.

The log is one chain. An event's hash is the SHA-256 of the canonical JSON of {actor, at, data, kind, prev, seq, stream}, where canonical means: keys
sorted by code point, no white space, UTF-8, no escaping beyond what JSON demands, no NaN or infinity, and `prev` is the hash of the event
before (64 zeros for the first). `bot.evidence.verify` checks the same rule with code of its own; neither imports the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from bot.domain.clock import to_text
from bot.domain.facts import Fact
from bot.domain.ids import Digest, StreamId
from bot.domain.nouns import Actor

GENESIS = Digest("0" * 64)
"""What the first event names as the hash before it."""

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _make_encode() -> Callable[[Any], str]:
    """Return the encoder's function with its C part made once: the standard library makes it anew at every call."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _ENCODER.encode
    # As json.JSONEncoder.iterencode calls it. No markers: what is encoded here comes from frozen facts and can't hold itself.
    form = {"sort_keys": True, "skipkeys": False, "allow_nan": False}
    strings = json.encoder.encode_basestring
    encode = make(
        markers=None,
        default=_ENCODER.default,
        encoder=strings,
        indent=None,
        key_separator=":",
        item_separator=",",
        **form,
    )
    return lambda value: "".join(encode(value, 0))


_ENCODE = _make_encode()
_name_in_json = lru_cache(maxsize=4096)(_ENCODE)
"""How a stream's or an actor's name stands in JSON: the same few again and again."""


def canonical(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write a JSON value in the one form that is hashed; ValueError for NaN and infinity, TypeError for what JSON can't hold."""
    return _ENCODE(value)


def digest_of(value: Any) -> Digest:  # noqa: ANN401 - any JSON value
    """Return the SHA-256 of a JSON value's canonical form."""
    return Digest(hashlib.sha256(canonical(value).encode()).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact in the log. `seq` counts from 1 without gaps over all streams."""

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
