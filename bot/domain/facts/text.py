"""A fact as the canonical JSON text that is hashed and stored.

`fact_to_text(fact)` is `canonical(fact_to_data(fact))`, in a third of the time, as a busy engine writes ten thousand facts a second: each type has
a function that names its fields in order, made once from their annotations, as `dataclasses` makes its methods.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from bot.domain.canonical import canonical, text_in_json
from bot.domain.clock import to_text
from bot.domain.facts.base import Fact, json_of
from bot.domain.nouns import Actor

Write = Callable[[Any], str]

_WRITES: dict[type, Write] = {}
_MOST_REMEMBERED = 256
_REMEMBERED: dict[int, tuple[Mapping[str, str], str]] = {}


def fact_to_text(fact: Fact) -> str:
    """Return a fact's canonical JSON; TypeError or ValueError when a value has no form in the log."""
    write = _WRITES.get(type(fact))
    if write is None:
        write = _WRITES[type(fact)] = _writer(type(fact))
    return write(fact)


def words_to_text(words: Mapping[str, str]) -> str:
    """Return the canonical JSON of an alert's labels or annotations.

    They are the most of what busy intake writes, and are written twice, into the event and into the alert's row: so the last of them are remembered.
    Like all that a fact holds, they never change.
    """
    known = _REMEMBERED.get(id(words))
    if known is not None and known[0] is words:
        return known[1]
    text = canonical(words if type(words) is dict else dict(words))
    if len(_REMEMBERED) >= _MOST_REMEMBERED:
        _REMEMBERED.clear()
    _REMEMBERED[id(words)] = (words, text)
    return text


def _writer(cls: type) -> Write:
    """Make the function that writes a dataclass: an f-string with an expression for each field, which finds what it calls in `names`."""
    hints = get_type_hints(cls)
    names: dict[str, Any] = dict(_NAMES)
    places = [
        f'"{each}":{{{_expression(hints[each], f"it.{each}", names)}}}'
        for each in sorted(field.name for field in fields(cls))
    ]
    source = f"lambda it: f'''{{{{{','.join(places)}}}}}'''"
    made: Write = eval(source, names)  # noqa: S307 - of the names of our own fields, and nothing else
    return made


def _expression(kind: Any, value: str, names: dict[str, Any]) -> str:  # noqa: ANN401, PLR0911 - any annotation may come; a case each
    """Return the expression that writes what `value` stands for; what it calls beside `_NAMES` is put into `names`."""
    if isinstance(kind, NewType):
        return _expression(kind.__supertype__, value, names)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        (inner,) = [each for each in arguments if each is not type(None)]
        return f"NULL if {value} is None else {_expression(inner, value, names)}"
    if origin is tuple:
        return f"{_named(_list_writer(arguments[0]), names)}({value})"
    if origin is Mapping and arguments == (str, str):
        return f"words({value})"
    if isinstance(kind, type) and is_dataclass(kind) and kind is not Actor:
        return f"{_named(_writer(kind), names)}({value})"
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _ENUM.format(value)
    return _SIMPLE.get(kind, "other({0})").format(value)


def _list_writer(kind: Any) -> Write:  # noqa: ANN401 - any annotation may come
    names: dict[str, Any] = dict(_NAMES)
    source = f"lambda it: f'''{{{_expression(kind, 'it', names)}}}'''"
    each: Write = eval(source, names)  # noqa: S307 - as above
    return lambda items: f"[{','.join([each(item) for item in items])}]"


def _named(write: Write, names: dict[str, Any]) -> str:
    name = f"write_{len(names)}"
    names[name] = write
    return name


def _other(value: Any) -> str:  # noqa: ANN401 - a mapping may hold anything: the value itself tells
    return canonical(json_of(value))


def _number(value: Any) -> str:  # noqa: ANN401 - a number
    return float.__repr__(value) if value.__class__ is float and math.isfinite(value) else _other(value)


def _instant(value: datetime) -> str:
    return f'"{to_text(value)}"'


_NAMES: Mapping[str, Any] = {
    "text": text_in_json,
    "number": _number,
    "instant": _instant,
    "words": words_to_text,
    "other": _other,
    "NULL": "null",
    "TRUE": "true",
    "FALSE": "false",
}
_SIMPLE: Mapping[Any, str] = {
    # What is declared as text may be an enum.
    str: "text({0}) if {0}.__class__ is str else other({0})",
    int: "{0} if {0}.__class__ is int else other({0})",
    bool: "TRUE if {0} is True else FALSE if {0} is False else other({0})",
    float: "number({0})",
    datetime: "instant({0})",
}
_ENUM = "text({0}) if isinstance({0}, str) else other({0})"
