"""Facts of a run: what the conductor decides, and what came of each call.

A call is one attempt of one action for one part of a step. `CallStarted` is durable before the action begins; whatever the outcome is, one of
`CallSucceeded`, `CallFailed` or `CallInterrupted` follows before anything else is decided about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.domain.facts.base import Fact
from bot.domain.ids import ApprovalId, Digest, RunId, StepId
from bot.domain.nouns import Actor, ApprovalStatus, HoldCause, Part, Phase, RunStatus, Settlement, Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Fact, kind="run.started"):
    """A run of a runbook began, with all that its expressions may ever see.

    `seed` makes idempotency keys unique to this run. `scope` holds `alert`, `alerts`, `incident` and `vars` as they were. `requested_by` is None
    when an alert started it. `deadline` ends the run, None for no limit. `group` is the concurrency group that the run holds until it ends, empty
    for none.

    A run inside another names that one in `parent`, and the call of it that this run is (`parent_step`, `parent_part`, `parent_attempt`);
    `ancestors` are the names of the runbooks around it, the outermost first.
    """

    run: RunId
    runbook: str
    digest: Digest
    seed: str
    autonomy: str
    inputs: Mapping[str, Any]
    scope: Mapping[str, Any]
    requested_by: Actor | None = None
    deadline: datetime | None = None
    group: str = ""
    parent: RunId | None = None
    parent_step: StepId | None = None
    parent_part: Part = Part.MAIN
    parent_attempt: int = 0
    ancestors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseEntered(Fact, kind="run.phase_entered"):
    """The run went on to undo, rescue or always; `reason` is why it left the steps, empty when nothing failed."""

    run: RunId
    phase: Phase
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCancelRequested(Fact, kind="run.cancel_requested"):
    """A person asked that the run ends; who they are is the event's actor. With `undo`, what it did is taken back first."""

    run: RunId
    why: str = ""
    undo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUndoRequested(Fact, kind="run.undo_requested"):
    """A run that was over is taken up again to undo what it did, because the run around it takes back the step that it was."""

    run: RunId
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Fact, kind="run.finished"):
    """The run is over; `reason` and `detail` say why when it did not succeed.

    `given_up` says that it did not come to its end: Fireline could not go on with it, and it can be put back.
    """

    run: RunId
    status: RunStatus
    reason: str = ""
    detail: str = ""
    given_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopExpanded(Fact, kind="loop.expanded"):
    """What a loop goes through is known: `items` is the list as it was, and as it stays, however often the process is started anew.

    `left_out` counts those for which its `if` was false. `over` says by how much the list is longer than the runbook foresaw, empty where it is not:
    then people are asked before any of it runs.
    """

    run: RunId
    step: StepId
    items: tuple[Any, ...]
    left_out: int = 0
    over: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopBegan(Fact, kind="loop.began"):
    """Nothing stands before a loop's items any more. Each goes as a step of its own, `restart[0]`, and has facts of its own."""

    run: RunId
    step: StepId


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequested(Fact, kind="approval.requested"):
    """A step waits for people. What is shown is exactly what will run: `inputs` are rendered, `digest` binds them and the runbook.

    `sources` says who may decide (`group:sre`, `user:U0ADA`); `requested_by` may not. `expires_at` is None for never. A loop asks once for all of its
    `items`, which counts them and is 0 for any other step: `inputs` is then `{"items": […]}`, those of each call in their order. `over` is what
    made it ask where the list is longer than foreseen.
    """

    run: RunId
    step: StepId
    approval: ApprovalId
    digest: Digest
    action: str
    effect: str
    target: str
    inputs: Mapping[str, Any]
    sources: tuple[str, ...]
    quorum: int
    undo: str = ""
    requested_by: Actor | None = None
    expires_at: datetime | None = None
    items: int = 0
    over: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalEscalated(Fact, kind="approval.escalated"):
    """Nobody decided in time, so others are asked besides.

    `added` says who is new; `sources` is everybody who may decide from now on. What was said so far counts on. `expires_at` is None for never.
    """

    run: RunId
    step: StepId
    approval: ApprovalId
    added: tuple[str, ...]
    sources: tuple[str, ...]
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalVoted(Fact, kind="approval.voted"):
    """A person decided; who they are is the event's actor, `as_member_of` the source that gave them the right."""

    run: RunId
    step: StepId
    approval: ApprovalId
    vote: Vote
    as_member_of: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalClosed(Fact, kind="approval.closed"):
    """The question is answered or moot."""

    run: RunId
    step: StepId
    approval: ApprovalId
    status: ApprovalStatus
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSkipped(Fact, kind="step.skipped"):
    """The step will not run; `why` tells the condition, the failed need or the autonomy that kept it.

    `stopped` says that nothing of its own kept it: the run had stopped before it began.
    """

    run: RunId
    step: StepId
    why: str
    stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(Fact, kind="call.started"):
    """An action is about to run: this is the intent. `timeout` is in seconds; `key` is the same for every attempt of the same intent."""

    run: RunId
    step: StepId
    part: Part
    attempt: int
    action: str
    inputs: Mapping[str, Any]
    key: str
    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld(Fact, kind="call.held"):
    """A call waits for room and has not been made; `until` is when it goes on, where that can be known. `inputs` are what it will be sent."""

    run: RunId
    step: StepId
    part: Part
    attempt: int
    action: str
    inputs: Mapping[str, Any]
    target: str
    cause: HoldCause
    detail: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRefused(Fact, kind="call.refused"):
    """A call was not made because its target is away, as other calls found, `since` then.

    `retry_at` is when it is asked for again, None when the step does not wait. `attempt` is not used up.
    """

    run: RunId
    step: StepId
    part: Part
    attempt: int
    action: str
    inputs: Mapping[str, Any]
    target: str
    detail: str
    since: datetime
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSucceeded(Fact, kind="call.succeeded"):
    """An action did what it was asked to; `took` is in seconds.

    `next_at` is when a verify asks again, or a call is made again whose `until` is not true yet; None when nothing more follows.
    """

    run: RunId
    step: StepId
    part: Part
    attempt: int
    took: float
    output: Mapping[str, Any] = field(default_factory=dict)
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFailed(Fact, kind="call.failed"):
    """An action did not; `retry_at` is when the next attempt is due, None when there is none. `took` is in seconds."""

    run: RunId
    step: StepId
    part: Part
    attempt: int
    took: float
    reason: str
    detail: str
    may_have_applied: bool
    retry_at: datetime | None = None
    output: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallInterrupted(Fact, kind="call.interrupted"):
    """The process died while the action ran; nobody saw how it ended. `again` tells whether it is safe to run it again."""

    run: RunId
    step: StepId
    part: Part
    attempt: int
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSucceeded(Fact, kind="step.succeeded"):
    """The step did its work, and its verification, if it has one, agreed."""

    run: RunId
    step: StepId


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed(Fact, kind="step.failed"):
    """The step failed for good; `applied` tells whether its effect may stand all the same."""

    run: RunId
    step: StepId
    reason: str
    detail: str
    applied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcomeUnknown(Fact, kind="step.outcome_unknown"):
    """A call was interrupted and can't be repeated; no probe could tell what happened, so a person must."""

    run: RunId
    step: StepId
    attempt: int
    why: str
    part: Part = Part.MAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSettled(Fact, kind="step.settled"):
    """A probe (actor: the system) or a person said what became of an interrupted call."""

    run: RunId
    step: StepId
    settlement: Settlement
    why: str = ""
    part: Part = Part.MAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCancelled(Fact, kind="step.cancelled"):
    """The step was ended before its work was done; `applied` tells whether its effect may stand all the same."""

    run: RunId
    step: StepId
    why: str
    applied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUndone(Fact, kind="step.undone"):
    """The step's effect was taken back."""

    run: RunId
    step: StepId


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUndoFailed(Fact, kind="step.undo_failed"):
    """The step's effect could not be taken back, or the runbook says that it can't be."""

    run: RunId
    step: StepId
    reason: str
    detail: str
