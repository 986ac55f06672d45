"""A fact as the plain values of its fields, for another process of this very version; what is kept goes by `text` and `base`.

Pickled as they are, facts take three times as long: each is a dataclass with slots, which Python asks for its state in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from bot.domain.facts.base import Fact, kinds

Values = tuple[Any, ...]

_READ: dict[type, Callable[[Any], Values]] = {}
_MADE: dict[str, Callable[[Sequence[Any]], Fact]] = {}


def values_of(fact: Fact) -> Values:
    """Return the values of a fact's fields, in their order."""
    read = _READ.get(type(fact))
    if read is None:
        read = _READ[type(fact)] = _reader(type(fact))
    return read(fact)


def fact_of(kind: str, values: Sequence[Any]) -> Fact:
    """Return the fact of a kind that has these values; KeyError when nobody knows the kind."""
    make = _MADE.get(kind)
    if make is None:
        make = _MADE[kind] = _maker(kinds()[kind])
    return make(values)


def _reader(cls: type) -> Callable[[Any], Values]:
    names = [each.name for each in fields(cls)]
    if len(names) == 1:
        one = attrgetter(*names)
        return lambda fact: (one(fact),)
    return attrgetter(*names)


def _maker(cls: Any) -> Callable[[Sequence[Any]], Fact]:  # noqa: ANN401 - a fact's type, which is a dataclass
    # The slots are filled themselves: the values were a fact's before, so that the constructor of a frozen dataclass, which takes twice as long,
    # has nothing to add.
    setters = [getattr(cls, each.name).__set__ for each in fields(cls)]

    def make(values: Sequence[Any]) -> Fact:
        made: Fact = object.__new__(cls)
        for set_value, value in zip(setters, values, strict=True):
            set_value(made, value)
        return made

    return make
