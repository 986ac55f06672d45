"""Records as JSON data, for programs that read what a command prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from bot.domain.clock import to_text
from bot.domain.nouns import Actor

Redact = Callable[[str], str]


def plain(value: Any) -> Any:  # noqa: ANN401 - any record becomes JSON
    """Return a record, or what one holds, as JSON data."""
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, Actor):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [plain(each) for each in value]
    return value


def hidden(value: Any, hide: Redact) -> Any:  # noqa: ANN401 - JSON data in and out
    """Take known secrets out of data for a program; what only looks like one stays, because a program may need it letter by letter."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        return {hide(key): hidden(each, hide) for key, each in value.items()}
    return [hidden(each, hide) for each in value] if isinstance(value, list) else value
