"""What a run is, folded from its events: nothing here that the log does not say.

The states have no slots, so that they can be copied quickly (`bot.engine.conductor.copies`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.domain.facts import ApprovalRequested, CallHeld, CallStarted
from bot.domain.ids import Digest, RunId, StepId
from bot.domain.nouns import Actor, Part, Phase, RunStatus, StepStatus, Vote
from bot.engine.conductor.copies import replace


@dataclass(frozen=True, kw_only=True)
class ApprovalState:
    """An approval that waits; `votes` maps each person to their word. `asked` tells who is asked now, and until when."""

    asked: ApprovalRequested
    votes: Mapping[Actor, Vote] = field(default_factory=dict)
    granted: bool = False
    escalated: bool = False

    @property
    def in_favour(self) -> int:
        """How many distinct people approved."""
        return sum(vote is Vote.APPROVE for vote in self.votes.values())


@dataclass(frozen=True, kw_only=True)
class StepState:
    """A step of a run.

    `call` is the attempt under way, None between attempts; `part` and `attempts` tell which calls were made so far, `sent` the inputs that each part
    was sent. `due` is when something happens by itself: a retry, the next look of a verification. `again` says that the main call is to be made
    again as soon as the run may. `applied` tells whether an effect of the step may stand in the world; `undo_unknown` that its undo was interrupted
    and a person must say what happened, `undo_closed` that there is nothing left to undo. `order` is the step's place among those that ended,
    from 1, 0 while it has not. `items` is what a loop goes through, None until that is known and for any other step; its items are steps of their
    own. `over` says by how much the list is longer than foreseen. `held` is the call that waits for room, not made yet, and
    `held_since` when it began to; `refused_since` is since when the target has been known to be away. `refreshed` holds the parts whose credential
    was refused once. `stopped` says that it was skipped because the run had stopped.

    Where a person had the run tried again: `anew` says that the step is to be done still and has not begun, `earlier` how many calls of each part
    were made before, `intent` counts what is asked of the target: an intent keeps its inputs and its key for as long as its effect may stand.
    """

    status: StepStatus = StepStatus.PENDING
    part: Part = Part.MAIN
    call: CallStarted | None = None
    attempts: Mapping[Part, int] = field(default_factory=dict)
    sent: Mapping[Part, Mapping[str, Any]] = field(default_factory=dict)
    due: datetime | None = None
    verifying_since: datetime | None = None
    approval: ApprovalState | None = None
    asked: int = 0
    output: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    detail: str = ""
    applied: bool = False
    undo_unknown: bool = False
    undo_closed: bool = False
    again: bool = False
    order: int = 0
    items: tuple[Any, ...] | None = None
    over: str = ""
    held: CallHeld | None = None
    held_since: datetime | None = None
    refused_since: datetime | None = None
    refreshed: frozenset[Part] = frozenset()
    stopped: bool = False
    anew: bool = False
    earlier: Mapping[Part, int] = field(default_factory=dict)
    intent: int = 1

    def attempt(self, part: Part) -> int:
        """How many calls this part has made."""
        return self.attempts.get(part, 0)


_UNTOUCHED = StepState()


@dataclass(frozen=True, kw_only=True)
class GivenUp:
    """That Fireline could not go on with a run, `since` then by the run's own clock. `reason` and `detail` say why it was failing already."""

    since: datetime
    reason: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class RunState:
    """A run, and where it stands.

    `steps` holds those to which something happened; `ended` counts steps that came to an end. `cancelled` says why the run was ended early, and
    `cancelled_by` who did; `undo` that what it did is to be taken back then; `paused` since when it is paused; `retried_by` who had it tried again.
    A run inside another has that one as its `parent`; `ancestors` are the names of the runbooks around it, the outermost first. `taking_back` says
    that it was over and goes on only to undo what it did; `given_up` that it did not come to its end.
    """

    run: RunId
    runbook: str
    digest: Digest
    seed: str
    autonomy: str
    inputs: Mapping[str, Any]
    scope: Mapping[str, Any]
    requested_by: Actor | None
    started_at: datetime
    deadline: datetime | None
    status: RunStatus = RunStatus.RUNNING
    phase: Phase = Phase.STEPS
    parent: RunId | None = None
    ancestors: tuple[str, ...] = ()
    taking_back: bool = False
    cancelled: str | None = None
    cancelled_by: Actor | None = None
    undo: bool = False
    timed_out: bool = False
    paused: datetime | None = None
    given_up: GivenUp | None = None
    retried_by: tuple[Actor, ...] = ()
    reason: str = ""
    detail: str = ""
    steps: Mapping[StepId, StepState] = field(default_factory=dict)
    ended: int = 0

    def step(self, step: StepId) -> StepState:
        """Return a step's state; one that nothing happened to is pending."""
        return self.steps.get(step, _UNTOUCHED)

    def with_step(self, step: StepId, state: StepState) -> RunState:
        """Return the run with one step changed."""
        return replace(self, steps={**self.steps, step: state})

    @property
    def over(self) -> bool:
        """Whether the run has finished."""
        return self.status is not RunStatus.RUNNING

    @property
    def stopping(self) -> bool:
        """Whether a person or the run's own deadline asked it to end early."""
        return self.cancelled is not None
