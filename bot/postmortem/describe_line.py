"""The sentences of the line in front of a busy concurrency group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.domain import facts
from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.postmortem.wording import because, plain, who

Names = Mapping[str, str]


def _queued(fact: facts.RunQueued, _by: str, _event: Event, names: Names) -> str:
    asked = f", asked for by {who(fact.requested_by, names)}," if fact.requested_by else ""
    behind = f", behind run {fact.behind}" if fact.behind else ""
    return (
        f"Run {fact.run} of the runbook {plain(fact.runbook)}{asked} waits in the queue of {plain(fact.group)}, "
        f"number {fact.place}{behind}"
    )


def _moved(fact: facts.RunMoved, _by: str, _event: Event, _names: Names) -> str:
    behind = f", behind run {fact.behind}" if fact.behind else ""
    return f"Run {fact.run} is number {fact.place} in its queue now{behind}"


def _dropped(fact: facts.RunDropped, by: str, _event: Event, _names: Names) -> str:
    return f"{by} took run {fact.run} out of the queue{because(fact.why)}"


def _rejected(fact: facts.RunRejected, _by: str, _event: Event, _names: Names) -> str:
    return f"The runbook {plain(fact.runbook)} was not started{because(fact.why)}"


SENTENCES: Mapping[type[Fact], Callable[[Any, str, Event, Names], str]] = {
    facts.RunQueued: _queued,
    facts.RunMoved: _moved,
    facts.RunDropped: _dropped,
    facts.RunRejected: _rejected,
}
