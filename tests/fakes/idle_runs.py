"""Run control that does nothing at all: it remembers what it was asked, in order, and writes no word of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.domain.ids import ApprovalId, Digest, RunId, StepId
from bot.domain.nouns import Actor, Part, Settlement, Vote


@dataclass(slots=True)
class IdleRuns:
    """Implements `bot.engine.control.RunControl`; `fails` is raised by the next call, once."""

    taken_up: list[RunId] = field(default_factory=list)
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    fails: Exception | None = None

    async def take_up(self, run: RunId) -> None:
        """Remember the run."""
        self._fail_once()
        self.taken_up.append(run)

    async def vote(
        self,
        approval: ApprovalId,
        *,
        by: Actor,
        groups: frozenset[str],
        vote: Vote,
        digest: Digest,
        why: str = "",
    ) -> None:
        """Remember the vote."""
        self._fail_once()
        self.asked.append(("vote", approval, by, groups, vote, digest, why))

    async def settle(
        self,
        run: RunId,
        step: StepId,
        *,
        part: Part,
        attempt: int,
        by: Actor,
        settlement: Settlement,
        why: str = "",
    ) -> None:
        """Remember the word."""
        self._fail_once()
        self.asked.append(("settle", run, step, part, attempt, by, settlement, why))

    async def cancel(self, run: RunId, *, by: Actor, why: str = "", undo: bool = False) -> None:
        """Remember the wish."""
        self._fail_once()
        self.asked.append(("cancel and undo" if undo else "cancel", run, by, why))

    async def requeue(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """Remember the wish."""
        self._fail_once()
        self.asked.append(("requeue", run, by, why))

    async def pause(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """Remember the wish."""
        self._fail_once()
        self.asked.append(("pause", run, by, why))

    async def retry(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """Remember the wish."""
        self._fail_once()
        self.asked.append(("retry", run, by, why))

    async def resume(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """Remember the wish."""
        self._fail_once()
        self.asked.append(("resume", run, by, why))

    @contextlib.asynccontextmanager
    async def freezing(self, *, by: Actor, why: str, until: datetime | None) -> AsyncIterator[None]:
        """Remember the wish."""
        self._fail_once()
        self.asked.append(("freezing", by, why, until))
        yield

    def _fail_once(self) -> None:
        error, self.fails = self.fails, None
        if error is not None:
            raise error
