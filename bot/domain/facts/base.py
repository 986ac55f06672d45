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
from operator import attrgetter
from typing import Any, ClassVar, NewType, Union, get_args, get_origin, get_type_hints

from bot.domain.clock import from_text, to_text
from bot.domain.nouns import Actor

Writer = Callable[[Any], Any]


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
        _WRITERS.pop(cls, None)


_KINDS: dict[str, type[Fact]] = {}
_READERS: dict[type, Callable[[Any], Any]] = {}
_WRITERS: dict[Any, Writer] = {}


def kinds() -> Mapping[str, type[Fact]]:
    """Return every kind of fact there is, with its type."""
    return dict(_KINDS)


def kind_of(fact: Fact) -> str:
    """Return the kind under which a fact stands in the log."""
    return fact.KIND


def fact_to_data(fact: Fact) -> dict[str, Any]:
    """Return the fact's fields as JSON data; TypeError when a value has no form in the log."""
    written: dict[str, Any] = _writer(type(fact))(fact)
    return written


def fact_from_data(kind: str, data: Mapping[str, Any]) -> Fact:
    """Read a fact back; ValueError for an unknown kind, or when a field is missing or of the wrong form."""
    cls = _KINDS.get(kind)
    if cls is None:
        msg = f"no such kind of event: {kind!r}"
        raise ValueError(msg)
    made = _reader(cls)(data)
    assert isinstance(made, Fact)  # noqa: S101 - `_KINDS` holds nothing else
    return made


def _writer(kind: Any) -> Writer:  # noqa: ANN401 - any annotation may come
    """Make, once, the function that writes values of an annotated type as JSON data: thousands of facts a second go through it."""
    made = _WRITERS.get(kind)
    if made is None:
        made = _WRITERS[kind] = _make_writer(kind)
    return made


def _make_writer(kind: Any) -> Writer:  # noqa: ANN401, PLR0911 - any annotation may come; a case each
    if isinstance(kind, NewType):
        return _writer(kind.__supertype__)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        (inner,) = [each for each in arguments if each is not type(None)]
        write = _writer(inner)
        return lambda value: None if value is None else write(value)
    if origin is tuple:
        write = _writer(arguments[0])
        return lambda value: [write(each) for each in value]
    if kind is datetime:
        return to_text
    if origin is Mapping and arguments == (str, str):
        # Labels and annotations: by far the most of what is written.
        return lambda value: value if type(value) is dict else json_of(value)
    if isinstance(kind, type) and is_dataclass(kind) and kind is not Actor:
        return _dataclass_writer(kind)
    # What is declared as text may be an enum, and a mapping may hold anything: the value itself tells.
    return json_of


def _dataclass_writer(cls: type) -> Writer:
    hints = get_type_hints(cls)
    parts = [(each.name, attrgetter(each.name), _writer(hints[each.name])) for each in fields(cls)]

    def write(value: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass in, JSON out
        return {
            # Most fields are words and numbers: for them, not even a function is called.
            name: part if (part := get(value)).__class__ in _AS_IT_IS else write_part(part)
            for name, get, write_part in parts
        }

    return write


def json_of(value: Any) -> Any:  # noqa: ANN401 - any JSON value comes out; a case each
    """Return a fact's value as JSON data; TypeError when it has no form in the log."""
    kind = value.__class__
    if value is None or kind in _AS_IT_IS:
        return value
    if kind is dict:
        return {
            key if key.__class__ is str else str(key): each if each.__class__ in _AS_IT_IS else json_of(each)
            for key, each in value.items()
        }
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): json_of(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [json_of(each) for each in value]
    if isinstance(value, Actor):
        return str(value)
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
