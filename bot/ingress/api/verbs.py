"""What a verb is: the right that it takes, the form of its body, and what does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.nouns import ActorKind
from bot.ingress.api import bodies
from bot.ingress.api.holders import Holder, Right

Answer = Mapping[str, Any]
Standing = Callable[[str], Awaitable[None]]
"""Raises NotAllowed for a person who is known to decide nothing: a guest, a bot, somebody whose account is closed."""
Named = Callable[[str], Awaitable[str]]
"""Returns the id of the person whom somebody named, by it or as `@ada`; raises FirelineError when it is nobody's who could do anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """Something that can be asked for."""

    right: Right
    body: type[bodies.Body]
    does: Callable[[Holder, Any], Awaitable[Answer]]


async def must_stand(holder: Holder, standing: Standing) -> None:
    """NotAllowed for a person who is known to decide nothing; of a program nobody could say so."""
    if holder.actor.kind is ActorKind.PERSON:
        await standing(holder.actor.id)
