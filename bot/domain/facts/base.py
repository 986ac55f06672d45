"""How a fact is written as JSON data and read again.

The codec is driven by the fields' types: datetimes, enums, actors, nested facts, tuples and plain JSON. Fields that a newer version added are
ignored on reading, fields that an older version lacked take their defaults; a kind that nobody knows is an error, never a guess.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, NewType, Union, get_args, get_origin, get_type_hints

from bot.domain.clock import from_text, to_text
from bot.domain.nouns import Actor


class Fact:
    """Base of all facts; a subclass is a frozen dataclass and names its kind: `class Rang(Fact, kind="bell.rang")`."""

    __slots__ = ()
    KIND: ClassVar[str]

    def __init_subclass__(cls, *, kind: str = "", **rest: Any) -> None:  # noqa: ANN401 - passed on unread
        super().__init_subclass__(**rest)
        if kind:
            cls.KIND = kind
        # A slotted dataclass is made twice, the second time without class arguments: KIND is inherited from the first.
        _KINDS[cls.KIND] = cls
        _READERS.pop(cls, None)


_KINDS: dict[str, type[Fact]] = {}
_READERS: dict[type, Callable[[Any], Any]] = {}


def kinds() -> Mapping[str, type[Fact]]:
    """Return every kind of fact there is, with its type."""
    return dict(_KINDS)


def kind_of(fact: Fact) -> str:
    """Return the kind under which a fact stands in the log."""
    return fact.KIND


def fact_to_data(fact: Fact) -> dict[str, Any]:
    """Return the fact's fields as JSON data."""
    return {name: _plain(getattr(fact, name)) for name in _names(type(fact))}


def fact_from_data(kind: str, data: Mapping[str, Any]) -> Fact:
    """Read a fact back; ValueError for an unknown kind, or when a field is missing or of the wrong form."""
    cls = _KINDS.get(kind)
    if cls is None:
        msg = f"no such kind of event: {kind!r}"
        raise ValueError(msg)
    made = _reader(cls)(data)
    assert isinstance(made, Fact)  # noqa: S101 - `_KINDS` holds nothing else
    return made


def _names(cls: type, _cache: dict[type, tuple[str, ...]] = {}) -> tuple[str, ...]:  # noqa: B006 - a cache by type
    names = _cache.get(cls)
    if names is None:
        names = _cache[cls] = tuple(each.name for each in fields(cls))
    return names


def _plain(value: Any) -> Any:  # noqa: ANN401, PLR0911 - any JSON value comes out; a case each
    if value is None or type(value) in _AS_IT_IS:
        return value
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Actor):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name)) for name in _names(type(value))}
    msg = f"{type(value).__name__} has no form in the log"
    raise TypeError(msg)


_AS_IT_IS = frozenset({str, int, float, bool})


def _reader(kind: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - any annotation may come
    """Make the function that reads JSON data into values of an annotated type."""
    made = _READERS.get(kind) if isinstance(kind, type) else None
    if made is None:
        made = _make_reader(kind)
        if isinstance(kind, type):
            _READERS[kind] = made
    return made


def _make_reader(kind: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - any annotation may come
    if isinstance(kind, NewType):
        return _reader(kind.__supertype__)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        (inner,) = [each for each in arguments if each is not type(None)]
        read = _reader(inner)
        return lambda value: None if value is None else read(value)
    if origin is tuple:
        read = _reader(arguments[0])
        return lambda value: tuple(read(each) for each in value)
    if not isinstance(kind, type):
        return _same
    return _class_reader(kind)


def _class_reader(kind: type) -> Callable[[Any], Any]:
    if issubclass(kind, StrEnum):
        return kind
    if kind is datetime:
        return from_text
    if kind is Actor:
        return Actor.parse
    if kind is float:
        return float
    if is_dataclass(kind):
        return _dataclass_reader(kind)
    return _same


def _dataclass_reader(cls: type) -> Callable[[Any], Any]:
    hints = get_type_hints(cls)
    readers = {each.name: _reader(hints[each.name]) for each in fields(cls)}
    required = {
        each.name for each in fields(cls) if each.default is MISSING and each.default_factory is MISSING
    }

    def read(data: Any) -> Any:  # noqa: ANN401 - JSON in, a dataclass out
        missing = required - data.keys()
        if missing:
            msg = f"{cls.__name__} lacks {', '.join(sorted(missing))}"
            raise ValueError(msg)
        return cls(**{name: readers[name](data[name]) for name in readers.keys() & data.keys()})

    return read


def _same(value: Any) -> Any:  # noqa: ANN401 - JSON data passes as it is
    return value
