"""What the surfaces may ask of runs. `bot.engine.driver` implements it; `tests/fakes` has one that only remembers."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from bot.domain.ids import ApprovalId, Digest, RunId, StepId
from bot.domain.nouns import Actor, Part, Settlement, Vote


class RunControl(Protocol):
    """People's hands on runs. Each method returns once what was asked is durable.

    Each raises NotFound when there is no such run or approval under way, NotAllowed when the asker may not, and Conflict when it is decided
    already or what would run has changed.
    """

    async def take_up(self, run: RunId) -> None:
        """Conduct a run whose `RunStarted` is in the log; harmless when it is under way already."""
        ...

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
        """Count a person's word on an approval; `groups` are theirs, `digest` is of what they were shown."""
        ...

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
        """Say what became of a call whose outcome is unknown: of this attempt of this part, as it was shown."""
        ...

    async def cancel(self, run: RunId, *, by: Actor, why: str = "", undo: bool = False) -> None:
        """Ask the run to end: what runs is stopped, with `undo` what took effect is taken back, then rescue and always run."""
        ...

    async def pause(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """Hold the run: what runs is let finish, nothing begins, and its clock stands still."""
        ...

    async def retry(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """Have a run that failed go on from where it did: what was done stands, approvals are asked anew."""
        ...

    async def requeue(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """Put a run back that could not go on: it goes on from where it stood, and what was cut off is looked into first."""
        ...

    async def resume(self, run: RunId, *, by: Actor, why: str = "") -> None:
        """Let a paused run go on."""
        ...

    def freezing(self, *, by: Actor, why: str, until: datetime | None) -> AbstractAsyncContextManager[None]:
        """Let no call go from now on that changes something; at the end of the block, what the log says of a freeze counts."""
        ...
