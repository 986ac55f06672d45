"""The sentences of the dead-letter list: what could not go on, and what people did about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.domain import facts
from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.postmortem.wording import because, plain

Names = Mapping[str, str]


def _landed(fact: facts.DeadLetterLanded, _by: str, _event: Event, _names: Names) -> str:
    title = plain(fact.title) or fact.what.value
    tries = f" after {fact.tries:,} tries" if fact.tries > 1 else ""
    return f"{title[:1].upper()}{title[1:]} can't go on{tries}, and is dead letter {fact.letter}{because(fact.detail)}"


def _requeued(fact: facts.DeadLetterRequeued, by: str, _event: Event, _names: Names) -> str:
    return f"{by} put dead letter {fact.letter} ({_name(fact)}) back{because(fact.why)}"


def _discarded(fact: facts.DeadLetterDiscarded, by: str, _event: Event, _names: Names) -> str:
    return f"{by} discarded dead letter {fact.letter} ({_name(fact)}){because(fact.why)}"


def _name(fact: facts.DeadLetterRequeued | facts.DeadLetterDiscarded) -> str:
    return f"run {fact.run}" if fact.run is not None else fact.what.value


SENTENCES: Mapping[type[Fact], Callable[[Any, str, Event, Names], str]] = {
    facts.DeadLetterLanded: _landed,
    facts.DeadLetterRequeued: _requeued,
    facts.DeadLetterDiscarded: _discarded,
}
