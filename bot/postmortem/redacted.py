"""An event with every secret-looking word of its free text replaced, before anything of it is cut, joined or shown.

What is an identifier by its type (`NewType`), an instant, a closed set or an actor stays as it is: those are what references point at.
A run's scope is left out: nothing shows it, and it can hold thousands of alerts.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from bot.domain.events import Event
from bot.domain.nouns import Actor

Redact = Callable[[str], str]

_NOT_SHOWN = frozenset({"scope"})


def redacted(event: Event, redact: Redact) -> Event:
    """Return the event as others may read it; place, time, actor and hash stay those of the log."""
    return event._replace(fact=_of(event.fact, redact))


def _of(value: Any, redact: Redact) -> Any:  # noqa: ANN401 - any value that a fact holds
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: _of(each, redact) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_of(each, redact) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **_changes(value, redact))
    return value


def _changes(value: Any, redact: Redact) -> dict[str, Any]:  # noqa: ANN401 - a fact, or a dataclass inside of one
    names = _free_text(type(value))  # type: ignore[arg-type]  # typeshed: a type is hashable all the same
    return {name: {} if name in _NOT_SHOWN else _of(getattr(value, name), redact) for name in names}


@cache
def _free_text(cls: type) -> frozenset[str]:
    hints = get_type_hints(cls)
    return frozenset(each.name for each in fields(cls) if not _names_something(hints[each.name]))


def _names_something(kind: Any) -> bool:  # noqa: ANN401 - any annotation
    if get_origin(kind) in (tuple, Union, types.UnionType):
        return any(_names_something(each) for each in get_args(kind))
    return isinstance(kind, NewType) or kind is Actor
