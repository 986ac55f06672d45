"""The turnstile: the gate for one decision, which gives back what was let through and not written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from types import TracebackType
from typing import Self

from bot.domain.facts import CallStarted, Fact
from bot.domain.nouns import Actor
from bot.engine.conductor.gate import CallId, Entry, Go, Verdict
from bot.engine.guards.guards import Guards


class Turnstile:
    """A gate, as a context manager: the room of calls that were let through and not kept by its end is given back."""

    def __init__(self, guards: Guards, now: datetime) -> None:
        self._guards = guards
        self._now = now
        self._through: set[CallId] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._through:
            self._guards.give_back(self._through, self._now)

    def ask(self, entry: Entry) -> Verdict:
        """See `Gate.ask`."""
        verdict = self._guards.ask(entry)
        if isinstance(verdict, Go):
            self._through.add(entry.call)
        return verdict

    def waits(self, call: CallId) -> bool:
        """See `Gate.waits`."""
        return self._guards.waits(call)

    def keep(self, decisions: Iterable[tuple[Actor, Fact]]) -> None:
        """Keep the room of the calls whose intents are durable."""
        if self._through:
            for _, fact in decisions:
                if isinstance(fact, CallStarted):
                    self._through.discard((fact.run, fact.step, fact.part, fact.attempt))
