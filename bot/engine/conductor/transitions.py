"""The table of states: every change that a run, a step, an item of a loop or an approval may go through, and the fact that causes it.

A change that stands in no row was thought through by nobody. `Turn.record` refuses it, so it is never decided and never written. What the log has
already is taken as it is: a replay asks nobody. `docs/states.md` shows the same tables as diagrams.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.facts import (
    ApprovalClosed,
    ApprovalEscalated,
    ApprovalRequested,
    CallFailed,
    CallHeld,
    CallRefused,
    CallStarted,
    CallSucceeded,
    Fact,
    LoopBegan,
    PhaseEntered,
    RunDropped,
    RunFinished,
    RunPaused,
    RunQueued,
    RunRequeued,
    RunResumed,
    RunRetried,
    RunStarted,
    RunUndoRequested,
    StepCancelled,
    StepFailed,
    StepOutcomeUnknown,
    StepSettled,
    StepSkipped,
    StepSucceeded,
    StepUndone,
)
from bot.domain.ids import StepId, instance_of
from bot.domain.nouns import ApprovalStatus, Phase, RunStatus, StepStatus
from bot.engine.conductor.plan import Plan
from bot.engine.conductor.state import ApprovalState, RunState
from bot.errors import IllegalTransition


class Subject(StrEnum):
    """What a row is about."""

    RUN = "run"
    STEP = "step"
    """A step that makes calls of its own."""
    LOOP = "loop"
    """A step that goes through a list: its items make the calls."""
    ITEM = "item"
    """An item of a loop, which is a step by itself."""
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """From any of the states `before` a fact leads to `after`; `when` says in words what has happened, `of` whom it happens to.

    An empty `before` is the beginning, before the first fact.
    """

    before: tuple[str, ...]
    by: type[Fact]
    after: str
    when: str
    of: tuple[Subject, ...]


BEGINNING = ""
PAUSED = "paused"
ESCALATED = "escalated"

_EACH = (Subject.STEP, Subject.LOOP, Subject.ITEM)
_CALLS = (Subject.STEP, Subject.ITEM)
_ASKS = (Subject.STEP, Subject.LOOP)
_LOOP = (Subject.LOOP,)
_S = StepStatus
_AT_WORK = (_S.PENDING, _S.HELD, _S.WAITING_RETRY, _S.RUNNING, _S.VERIFYING)


def _row(before: Iterable[str], by: type[Fact], after: str, when: str, of: tuple[Subject, ...]) -> Row:
    return Row(before=tuple(before), by=by, after=after, when=when, of=of)


STEPS: tuple[Row, ...] = (
    # before its call
    _row([_S.PENDING], StepSkipped, _S.SKIPPED, "its `if` is false, its list is empty, autonomy keeps it out, or the run ended before it", _EACH),
    _row([_S.PENDING], ApprovalRequested, _S.WAITING_APPROVAL, "people are asked", _ASKS),
    _row([_S.WAITING_APPROVAL], ApprovalClosed, _S.PENDING, "decided, expired or void: it then starts, ends, or is asked about anew", _ASKS),
    _row([_S.PENDING], LoopBegan, _S.RUNNING, "nothing stands before its items any more", _LOOP),
    # its call
    _row([_S.PENDING, _S.HELD, _S.WAITING_RETRY], CallStarted, _S.RUNNING, "its call is made, or after a retry its `settle` looks first", _CALLS),
    _row([_S.PENDING, _S.RUNNING, _S.WAITING_RETRY], CallHeld, _S.HELD, "its call waits for room", _CALLS),
    _row([_S.PENDING, _S.HELD, _S.RUNNING], CallRefused, _S.WAITING_RETRY, "its target is away", _CALLS),
    _row([_S.RUNNING], CallFailed, _S.WAITING_RETRY, "its call failed with a reason that is tried again", _CALLS),
    _row([_S.RUNNING], CallSucceeded, _S.WAITING_RETRY, "its call was answered, and its `until` is not true yet", _CALLS),
    _row([_S.RUNNING, _S.PENDING], StepOutcomeUnknown, _S.UNKNOWN, "nobody knows what became of its call: a person is asked", _CALLS),
    _row([_S.UNKNOWN], StepSettled, _S.RUNNING, "a person said what became of it: it then ends, is verified, or is called", _CALLS),
    _row([_S.UNKNOWN, _S.RUNNING], StepSettled, _S.PENDING, "after a retry: it did not happen, so it begins anew", _CALLS),
    # its verification
    _row([_S.RUNNING, _S.PENDING], CallStarted, _S.VERIFYING, "its effect is made, and `verify` looks whether it helped", _CALLS),
    _row([_S.RUNNING, _S.PENDING], CallHeld, _S.VERIFYING, "the same, and the look waits for room", _CALLS),
    _row([_S.RUNNING, _S.PENDING], CallRefused, _S.VERIFYING, "the same, and what it looks at is away", _CALLS),
    _row([_S.PENDING], CallHeld, _S.RUNNING, "after a retry its `settle` looks first, and waits for room", _CALLS),
    _row([_S.PENDING], CallRefused, _S.RUNNING, "after a retry its `settle` looks first, and what it looks at is away", _CALLS),
    # its end
    _row([_S.RUNNING, _S.VERIFYING], StepSucceeded, _S.SUCCEEDED, "done, and verified where it says how", _CALLS),
    _row([_S.RUNNING], StepSucceeded, _S.SUCCEEDED, "its items are done", _LOOP),
    _row(_AT_WORK, StepFailed, _S.FAILED, "it ended with a reason", _CALLS),
    _row([_S.PENDING, _S.RUNNING], StepFailed, _S.FAILED, "its list or its approval came to nothing, or an item failed", _LOOP),
    _row([*_AT_WORK, _S.UNKNOWN], StepCancelled, _S.CANCELLED, "the run ended before it did", _CALLS),
    _row([_S.PENDING, _S.RUNNING], StepCancelled, _S.CANCELLED, "the run ended before it did", _LOOP),
    # after its end
    _row([_S.SUCCEEDED, _S.FAILED, _S.CANCELLED], StepUndone, _S.UNDONE, "its effect was taken back, a loop's in each of its items", _EACH),
    _row([_S.FAILED, _S.CANCELLED, _S.SKIPPED], RunRetried, _S.PENDING, "the run is tried again, and this is to be done still", _EACH),
    _row([_S.SUCCEEDED], RunRetried, _S.PENDING, "the run is tried again, and its clean-up belongs to its new end", _EACH),
    _row([*_AT_WORK[1:], _S.UNKNOWN], RunRetried, _S.PENDING, "the same, of clean-up that Fireline gave up on", _CALLS),
    _row([_S.RUNNING], RunRetried, _S.PENDING, "the same, of clean-up that Fireline gave up on", _LOOP),
)  # fmt: skip
ITEMS: tuple[Row, ...] = tuple(row for row in STEPS if Subject.ITEM in row.of)
"""What an item of a loop goes through: what any step does that has calls, and nothing of what is asked of the loop as a whole."""

_RUN = (Subject.RUN,)
_PHASES = (Phase.STEPS, Phase.UNDO, Phase.RESCUE, Phase.ALWAYS)
_R = RunStatus
RUNS: tuple[Row, ...] = (
    _row([BEGINNING, _R.QUEUED], RunStarted, Phase.STEPS, "it begins", _RUN),
    _row([BEGINNING], RunQueued, _R.QUEUED, "its concurrency group is busy, and it waits in line", _RUN),
    _row([_R.QUEUED], RunDropped, _R.CANCELLED, "it was taken out of the line", _RUN),
    _row([Phase.STEPS], PhaseEntered, Phase.ALWAYS, "its steps are done", _RUN),
    _row([Phase.STEPS], PhaseEntered, Phase.UNDO, "it failed in a step with `on_failure: undo`, or was cancelled with undo", _RUN),
    _row([Phase.STEPS], PhaseEntered, Phase.RESCUE, "it failed, was cancelled, or ran out of time", _RUN),
    _row([Phase.UNDO], PhaseEntered, Phase.RESCUE, "what could be taken back is", _RUN),
    _row([Phase.RESCUE], PhaseEntered, Phase.ALWAYS, "its rescue is over", _RUN),
    _row([Phase.ALWAYS], RunFinished, _R.SUCCEEDED, "nothing failed that stops a run", _RUN),
    _row([Phase.ALWAYS], RunFinished, _R.FAILED, "something did, or its time was over", _RUN),
    _row([Phase.ALWAYS], RunFinished, _R.CANCELLED, "a person had ended it", _RUN),
    _row(_PHASES, RunPaused, PAUSED, "a person holds it", _RUN),
    *(_row([PAUSED], RunResumed, phase, "it goes on where it was", _RUN) for phase in _PHASES),
    _row([_R.SUCCEEDED, _R.FAILED, _R.CANCELLED], RunUndoRequested, Phase.UNDO, "the run around it takes back what it did", _RUN),
    _row([Phase.UNDO], RunFinished, _R.UNDONE, "all of it was taken back for the run around it", _RUN),
    _row([Phase.UNDO], RunFinished, _R.FAILED, "not all of it could be", _RUN),
    _row([_R.FAILED], RunRetried, Phase.STEPS, "a person has it tried again", _RUN),
    *(_row([_R.FAILED], RunRequeued, phase, "Fireline had given up on it there, and a person puts it back", _RUN) for phase in _PHASES),
    _row([Phase.STEPS, Phase.RESCUE, PAUSED], RunFinished, _R.FAILED, "it can't be conducted any more, and Fireline gave up on it", _RUN),
)  # fmt: skip

_APPROVAL = (Subject.APPROVAL,)
_A = ApprovalStatus
APPROVALS: tuple[Row, ...] = (
    _row([BEGINNING], ApprovalRequested, _A.PENDING, "people are shown what exactly will run", _APPROVAL),
    _row([_A.PENDING], ApprovalEscalated, ESCALATED, "nobody decided in time, and others are asked besides", _APPROVAL),
    _row([_A.PENDING, ESCALATED], ApprovalClosed, _A.APPROVED, "as many as its quorum approved", _APPROVAL),
    _row([_A.PENDING, ESCALATED], ApprovalClosed, _A.DENIED, "one denied", _APPROVAL),
    _row([_A.PENDING, ESCALATED], ApprovalClosed, _A.EXPIRED, "nobody decided in time", _APPROVAL),
    _row([_A.PENDING, ESCALATED], ApprovalClosed, _A.VOID, "the run ended first, or is tried again", _APPROVAL),
    _row([_A.APPROVED], ApprovalClosed, _A.VOID, "what would run is no longer what was shown", _APPROVAL),
)  # fmt: skip

Change = tuple[Subject, str, type[Fact], str]
"""Whose state a fact changed, from what to what."""


def changes(rows: Iterable[Row]) -> frozenset[Change]:
    """Return what rows allow, one by one."""
    return frozenset(
        (subject, before, row.by, row.after) for row in rows for subject in row.of for before in row.before
    )


LEGAL: frozenset[Change] = changes((*STEPS, *RUNS, *APPROVALS))
# Looked through and not hashed: a member of an enum takes longer to hash than ten take to compare.
_BY: dict[type[Fact], tuple[Change, ...]] = {
    kind: tuple(change for change in LEGAL if change[2] is kind) for kind in {each[2] for each in LEGAL}
}
_OF_CALLS = frozenset({CallStarted, CallSucceeded, CallFailed})
"""Facts that often change nobody's state."""
_OF_APPROVALS = frozenset({ApprovalRequested, ApprovalEscalated, ApprovalClosed})


def check(plan: Plan, before: RunState, fact: Fact, after: RunState) -> None:
    """Refuse a fact whose changes are in no table: IllegalTransition, before anything is written."""
    if type(fact) in _OF_CALLS and before.step(fact.step).status is after.step(fact.step).status:  # type: ignore[attr-defined]  # each has it
        return
    for change in made(plan, before, fact, after):
        if change not in _BY.get(type(fact), ()):
            subject, was, by, becomes = change
            msg = (
                f"run {before.run}: no {subject} goes from {was or 'its beginning'} to {becomes} by {by.KIND}"
            )
            raise IllegalTransition(msg, hint="This is a bug in Fireline; the log is as it was before.")


def made(plan: Plan, before: RunState, fact: Fact, after: RunState) -> list[Change]:
    """Return the changes that a fact made."""
    by = type(fact)
    step: StepId | None = getattr(fact, "step", None)
    if step is not None:
        found = _of_step(plan, step, before, by, after)
        return [*found, _of_approval(before.step(step).approval, fact)] if by in _OF_APPROVALS else found
    was, becomes = place(before), place(after)
    found = [(Subject.RUN, was, by, becomes)] if was != becomes else []
    if isinstance(fact, RunRetried):
        for name in (*fact.steps, *fact.cleanup):
            found += _of_step(plan, name, before, by, after)
    return found


def place(run: RunState) -> str:
    """Return where a run stands: how it ended, that it is paused, or its phase."""
    if run.over:
        return run.status
    return run.phase if run.paused is None else PAUSED


def _of_step(plan: Plan, step: StepId, before: RunState, by: type[Fact], after: RunState) -> list[Change]:
    was, becomes = before.step(step).status, after.step(step).status
    return [] if was is becomes else [(_subject(plan, step), was, by, becomes)]


def _subject(plan: Plan, name: StepId) -> Subject:
    if instance_of(name) is not None:
        return Subject.ITEM
    step = plan.step(name)
    return Subject.STEP if step is None or step.loop is None else Subject.LOOP


def _of_approval(seen: ApprovalState | None, fact: Fact) -> Change:
    was = BEGINNING
    if seen is not None:
        was = _A.APPROVED if seen.granted else ESCALATED if seen.escalated else _A.PENDING
    if isinstance(fact, ApprovalClosed):
        return Subject.APPROVAL, was, ApprovalClosed, fact.status
    becomes = ESCALATED if isinstance(fact, ApprovalEscalated) else _A.PENDING
    return Subject.APPROVAL, was, type(fact), becomes
