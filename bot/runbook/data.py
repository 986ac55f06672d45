"""What an expression may give: plain data, copied, within the limits.

Objects, functions and what is undefined stop here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from enum import Enum

from jinja2 import Undefined

from bot.domain.clock import to_text as instant_text
from bot.domain.durations import format_duration
from bot.runbook.limits import DEEPEST, TooMuch, fits_items, fits_text

Data = None | bool | int | float | str | list["Data"] | dict[str, "Data"]
"""JSON as Python holds it."""


class NotData(TypeError):
    """A value that a runbook can't carry: its message says what it is."""


def plain(value: object, *, secrets: bool = True) -> Data:
    """Copy a value as JSON data; instants and durations become text as Fireline writes them.

    With `secrets` False, a mapping that would be read as a secret's name is refused: names of secrets stand
    in the runbook, they don't come from outside. Raises NotData, TooMuch, or the undefined value's own
    error.
    """
    return _Copier(secrets=secrets).copy(value, 0)


class _Copier:
    __slots__ = ("items", "secrets", "text")

    def __init__(self, *, secrets: bool) -> None:
        self.secrets = secrets
        self.items = 0
        self.text = 0

    def copy(self, value: object, depth: int) -> Data:
        if type(value) is str:
            return self._text(value)
        if value is None or type(value) is bool or type(value) is int:
            return value
        if isinstance(value, Mapping):
            return self._mapping(value, depth + 1)
        if isinstance(value, list | tuple | Iterator | range):
            return self._sequence(value, depth + 1)
        return self._scalar(value)

    def _text(self, value: str) -> str:
        self.text += len(value)
        fits_text(self.text)
        return _whole(value)

    def _count(self, depth: int) -> None:
        self.items += 1
        fits_items(self.items)
        if depth > DEEPEST:
            raise TooMuch(f"the result is nested more than {DEEPEST} deep")

    def _sequence(
        self, value: list[object] | tuple[object, ...] | Iterator[object] | range, depth: int
    ) -> list[Data]:
        out: list[Data] = []
        for each in value:
            self._count(depth)
            out.append(self.copy(each, depth))
        return out

    def _mapping(self, value: Mapping[object, object], depth: int) -> dict[str, Data]:
        if not self.secrets and len(value) == 1 and "secret" in value:
            raise NotData(
                'the value {"secret": …} would be read as the name of a secret; such names stand in the runbook'
            )
        out: dict[str, Data] = {}
        for key, each in value.items():
            self._count(depth)
            if not isinstance(key, str):
                raise NotData(f"the key {key!r} is no text")
            out[self._text(str(key))] = self.copy(each, depth)
        return out

    def _scalar(self, value: object) -> Data:
        if isinstance(value, Undefined):
            value._fail_with_undefined_error()  # noqa: SLF001 - Jinja's way to have an undefined value speak
        if isinstance(value, Enum):
            return self.copy(value.value, 0)
        if isinstance(value, str):
            return self._text(str(value))
        if isinstance(value, float):
            if not math.isfinite(value):
                raise NotData(f"{value} is no number that JSON can carry")
            return value
        if isinstance(value, int):
            return int(value)
        return self._text(_moment(value))


def is_torn(text: str) -> bool:
    """Tell whether a text holds half of a surrogate pair: JSON and YAML can name one, UTF-8 can't hold it, so it could never be written."""
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


def _whole(text: str) -> str:
    if is_torn(text):
        raise NotData("the text holds half of a surrogate pair, which is no character")
    return text


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return format_duration(value)
    raise NotData(f"a value of the type {type(value).__name__} is no data")


def as_json(value: object, indent: int | None = None) -> str:
    """Write a value as JSON text; keys stay in their order, non-ASCII text stays readable."""
    text = json.dumps(
        plain(value), ensure_ascii=False, indent=indent, separators=None if indent else (", ", ": ")
    )
    fits_text(len(text))
    return text


def as_text(value: object) -> str:
    """Write a value as it stands inside a text: booleans as `true`, lists and mappings as JSON.

    Null is refused, because an empty gap in a URL or a command is worse than a failed step.
    """
    if type(value) is str:
        return _whole(value)
    data = plain(value)
    if data is None:
        raise NotData("the value is null, and null is no text")
    return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
