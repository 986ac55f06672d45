"""The one form in which JSON is hashed."""

import json

import pytest

from bot.domain import canonical as module
from bot.domain.canonical import canonical, digest_of


def test_canonical_form_sorts_and_packs() -> None:
    """Keys are sorted, nothing is padded, letters stay letters."""
    assert canonical({"b": [1, 2.5, None, True], "a": "ü"}) == '{"a":"ü","b":[1,2.5,null,true]}'


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_lacks_are_refused(value: float) -> None:
    """NaN in a record would be a record that others can't read."""
    with pytest.raises(ValueError, match="JSON"):
        canonical({"x": value})


def test_without_the_c_encoder_the_form_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python whose json has no C part writes, and so hashes, the very same text."""
    value = {"b": [1, 2.5, None, True], "a": 'ü "quoted" \n'}
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    assert module._make_encode()(value) == canonical(value)


def test_digest_of_ignores_the_order_of_keys() -> None:
    """Equal values have equal digests, however they were built."""
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})
