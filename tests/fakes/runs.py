"""A `RunControl` that runs nothing: it remembers what was asked, and writes votes and settlements into the log as the engine does."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.domain.facts import (
    ApprovalClosed,
    ApprovalVoted,
    Fact,
    RunCancelRequested,
    RunPaused,
    RunRequeued,
    RunResumed,
    RunRetried,
    StepSettled,
)
from bot.domain.ids import ApprovalId, Digest, RunId, StepId, incident_of_run, incident_stream
from bot.domain.nouns import Actor, ApprovalStatus, Part, Settlement, Vote
from bot.domain.ports import Journal, Reader
from bot.errors import Conflict, NotFound
from bot.policy.approvals import right_to_decide


@dataclass(kw_only=True)
class RememberedRuns:
    """Remembers; `asked` holds a tuple for each call, the method's name first."""

    journal: Journal
    reader: Reader
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def freezing(self, *, by: Actor, why: str, until: datetime | None) -> AsyncIterator[None]:
        """See `RunControl.freezing`."""
        self.asked.append(("freezing", by, why, until))
        yield

    async def take_up(self, run: RunId) -> None:
        """See `RunControl.take_up`."""
        self.asked.append(("take_up", run))

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
        """See `RunControl.vote`."""
        record = self.reader.approval(approval)
        if record is None:
            raise NotFound(f"There is no approval {approval}.")
        if record.closed_at is not None:
            raise Conflict(f"This is decided already: {record.status}.")
        if digest != record.digest:
            raise Conflict("What would run has changed since it was shown to you.")
        source = right_to_decide(
            by=by, groups=groups, sources=record.sources, requested_by=record.requested_by
        )
        if any(each.by == by for each in record.votes):
            raise Conflict("You have decided already.")
        self.asked.append(("vote", approval, by, vote))
        where: dict[str, Any] = {"run": record.run, "step": record.step, "approval": approval}
        facts: list[Fact] = [ApprovalVoted(**where, vote=vote, as_member_of=source, why=why)]
        approved = sum(each.vote is Vote.APPROVE for each in record.votes) + (vote is Vote.APPROVE)
        if vote is Vote.DENY:
            facts.append(ApprovalClosed(**where, status=ApprovalStatus.DENIED))
        elif approved >= record.quorum:
            facts.append(ApprovalClosed(**where, status=ApprovalStatus.APPROVED))
        await self.journal.append(incident_stream(incident_of_run(record.run)), by, facts)

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
        """See `RunControl.settle`."""
        self.asked.append(("settle", run, step, part, attempt, by, settlement))
        fact = StepSettled(run=run, step=step, settlement=settlement, why=why, part=part)
        await self.journal.append(incident_stream(incident_of_run(run)), by, [fact])

    async def cancel(self, run: RunId, *, by: Actor, why: str = "", undo: bool = False) -> None:
        """See `RunControl.cancel`."""
        self.asked.append(("cancel and undo" if undo else "cancel", run, by))
        await self._write(run, by, RunCancelRequested(run=run, why=why, undo=undo))

    async def pause(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """See `RunControl.pause`."""
        self.asked.append(("pause", run, by))
        await self._write(run, by, RunPaused(run=run, why=why))

    async def retry(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """See `RunControl.retry`."""
        self.asked.append(("retry", run, by))
        await self._write(run, by, RunRetried(run=run, why=why))

    async def requeue(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """See `RunControl.requeue`."""
        self.asked.append(("requeue", run, by))
        await self._write(run, by, RunRequeued(run=run, lay_for=0.0, why=why))

    async def resume(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """See `RunControl.resume`."""
        self.asked.append(("resume", run, by))
        await self._write(run, by, RunResumed(run=run, paused_for=0.0, why=why))

    async def _write(self, run: RunId, by: Actor, fact: Fact) -> None:
        await self.journal.append(incident_stream(incident_of_run(run)), by, [fact])
