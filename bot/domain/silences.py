"""Silences: which alerts Alertmanager is asked to keep to itself, and how it is asked. `integrations.alertmanager` does the asking.

Matchers as Alertmanager has them: a label that an alert lacks is an empty text, and a regular expression holds for the whole of a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.ids import SilenceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """What a label must be: `value` itself, or with `regex` something that it matches."""

    name: str
    value: str
    regex: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A silence as it is asked for; `key` is our name for it, `by` who wanted it, `comment` what people read in Alertmanager."""

    key: SilenceKey
    matchers: tuple[Matcher, ...]
    since: datetime
    until: datetime
    by: str
    comment: str


class Alertmanager(Protocol):
    """What is asked of Alertmanager. Each raises `bot.actions.outcome.ActionError`, whose failure says whether it may have happened."""

    async def matched(self, matchers: Sequence[Matcher]) -> Sequence[Mapping[str, str]]:
        """Return the labels of every alert there now that these matchers match, silenced or not."""
        ...

    async def find(self, key: SilenceKey) -> str | None:
        """Return the id of the silence of this name that stands or is to begin, None when there is none."""
        ...

    async def make(self, silence: Silence) -> str:
        """Make a silence and return its id."""
        ...

    async def expire(self, ident: str) -> None:
        """End a silence; one that has ended, or that nobody knows, is fine."""
        ...
