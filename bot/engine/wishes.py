"""What people ask of runs, as the arrivals that the conductor decides on: a method of `bot.engine.control.RunControl` each."""

from __future__ import annotations

from abc import ABC, abstractmethod

from bot.domain.ids import ApprovalId, Digest, RunId, StepId, run_of_approval
from bot.domain.nouns import Actor, Part, RunStatus, Settlement, Vote
from bot.domain.ports import Journal
from bot.domain.records import RunRecord
from bot.engine import dead_letters
from bot.engine.conductor import (
    CancelAsked,
    PauseAsked,
    RequeueAsked,
    ResumeAsked,
    RetryAsked,
    SettlementGiven,
    VoteCast,
)
from bot.engine.conductor.arrivals import Wish
from bot.errors import Conflict, NotFound, Refused


class Wishes(ABC):
    """Turns what people ask into arrivals; whoever conducts runs brings them to theirs."""

    _journal: Journal

    async def retry(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """See `RunControl.retry`."""
        await self.wish(run, RetryAsked(by=by, why=why))

    async def requeue(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """See `RunControl.requeue`."""
        asking = self.wish(run, RequeueAsked(by=by, why=why))
        await dead_letters.requeue(asking, self._journal, run, by=by, why=why)

    @abstractmethod
    async def wish(self, run: RunId, arrival: Wish) -> None:
        """Bring what a person asks of a run; raises as `RunControl` says."""

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
        arrival = VoteCast(approval=approval, by=by, groups=groups, vote=vote, digest=digest, why=why)
        await self.wish(run_of_approval(approval), arrival)

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
        arrival = SettlementGiven(
            step=step, part=part, attempt=attempt, by=by, settlement=settlement, why=why
        )
        await self.wish(run, arrival)

    async def cancel(self, run: RunId, *, by: Actor, why: str = "", undo: bool = False) -> None:
        """See `RunControl.cancel`."""
        await self.wish(run, CancelAsked(by=by, why=why, undo=undo))

    async def pause(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """See `RunControl.pause`."""
        await self.wish(run, PauseAsked(by=by, why=why))

    async def resume(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """See `RunControl.resume`."""
        await self.wish(run, ResumeAsked(by=by, why=why))


def not_under_way(run: RunId, record: RunRecord | None) -> Refused:
    """Say why nothing can be asked of a run that nobody conducts."""
    if record is None:
        return NotFound(f"There is no run {run}.", hint="`runs` lists an incident's runs.")
    if record.status is RunStatus.QUEUED:
        waits = f"Run {run} waits in line; it has not begun."
        return Conflict(waits, hint="Cancel it, and it leaves the line; nothing runs.")
    return Conflict(f"Run {run} is over.", hint="The incident's message shows how it ended.")
