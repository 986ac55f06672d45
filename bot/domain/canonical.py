"""The one form in which JSON is hashed and stored: keys sorted by code point, no white space, UTF-8, no escaping beyond what JSON demands, no NaN."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from bot.domain.ids import Digest

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
text_in_json: Callable[[str], str] = json.encoder.encode_basestring
"""Write one text as JSON has it, with its quotes."""


def _make_encode() -> Callable[[Any], str]:
    """Return the encoder's function with its C part made once: the standard library makes it anew at every call."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _ENCODER.encode
    # As json.JSONEncoder.iterencode calls it. No markers: what is encoded here comes from frozen facts and can't hold itself.
    form = {"sort_keys": True, "skipkeys": False, "allow_nan": False}
    encode = make(
        markers=None,
        default=_ENCODER.default,
        encoder=text_in_json,
        indent=None,
        key_separator=":",
        item_separator=",",
        **form,
    )
    return lambda value: "".join(encode(value, 0))


_ENCODE = _make_encode()


def canonical(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write a JSON value in the one form that is hashed; ValueError for NaN and infinity, TypeError for what JSON can't hold."""
    return _ENCODE(value)


def digest_of(value: Any) -> Digest:  # noqa: ANN401 - any JSON value
    """Return the SHA-256 of a JSON value's canonical form."""
    return Digest(hashlib.sha256(canonical(value).encode()).hexdigest())
