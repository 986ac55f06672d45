"""Facts of a person's hand on a run: it is paused, goes on, is tried again, is put back. Who asked is the event's actor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts.base import Fact
from bot.domain.ids import ApprovalId, RunId, StepId


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRetried(Fact, kind="run.retried"):
    """A run that failed goes on from where it did. `steps` are to be done still; every other step stands as it ended, with what it brought.

    `cleanup` are those steps of rescue and always that had begun: they run afresh at the run's new end. `deadline` is the new one.
    """

    run: RunId
    why: str = ""
    steps: tuple[StepId, ...] = ()
    cleanup: tuple[StepId, ...] = ()
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequeued(Fact, kind="run.requeued"):
    """A run that Fireline had given up on goes on from where it stood, as after a crash.

    Its clock stood still for `lay_for` seconds: what it timed is later by as much, its approvals as `postponed` says.
    """

    run: RunId
    lay_for: float
    why: str = ""
    postponed: tuple[Postponed, ...] = ()
