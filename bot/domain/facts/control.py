"""Facts of a person's hand on a run: it is paused, and goes on. Who asked is the event's actor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts.base import Fact
from bot.domain.ids import ApprovalId, RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPaused(Fact, kind="run.paused"):
    """A person asked that the run begins nothing more for now; calls under way are let finish, and its clock stands still.

    `asking` are the approvals that wait meanwhile: they may be decided, and don't expire.
    """

    run: RunId
    why: str = ""
    asking: tuple[ApprovalId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """An approval that waited through a pause, and when it expires now."""

    approval: ApprovalId
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed(Fact, kind="run.resumed"):
    """The run goes on. Everything that it timed is `paused_for` seconds later: its deadline, its verifications, and the approvals that wait still."""

    run: RunId
    paused_for: float
    why: str = ""
    postponed: tuple[Postponed, ...] = ()
