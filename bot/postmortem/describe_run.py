"""The sentences of a run's events: what the runbook did, who was asked, what came of each call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.actions.outcome import Reason
from bot.domain import facts
from bot.domain.events import Event
from bot.domain.facts import Fact
from bot.domain.labels import label_of
from bot.domain.nouns import ApprovalStatus, Part, Phase, RunStatus, Settlement, Vote
from bot.postmortem.wording import (
    because,
    count,
    duration,
    heard,
    instant,
    listed,
    person_name,
    plain,
    source_name,
    who,
)

Names = Mapping[str, str]
_FROZEN = re.compile(r"^frozen by (\S+): ")
NAMED = 12
"""Items of a loop that a sentence names before it only counts."""

_PART = {
    Part.MAIN: "",
    Part.SETTLE: "the settling probe of ",
    Part.VERIFY: "the check of ",
    Part.UNDO: "the undo of ",
}
_PART_INSIDE = {Part.UNDO: "the undo of "}
_PHASE = {
    Phase.STEPS: "went on with its steps",
    Phase.UNDO: "began to undo what it had done",
    Phase.RESCUE: "went on to its rescue steps",
    Phase.ALWAYS: "went on to the steps that run in any case",
}
_RUN_END = {
    RunStatus.QUEUED: "waits for its turn",
    RunStatus.RUNNING: "is still under way",
    RunStatus.SUCCEEDED: "succeeded",
    RunStatus.FAILED: "failed",
    RunStatus.CANCELLED: "was cancelled",
    RunStatus.UNDONE: "was undone",
}
_APPROVAL_END = {
    ApprovalStatus.PENDING: "is still open",
    ApprovalStatus.APPROVED: "was given",
    ApprovalStatus.DENIED: "was denied",
    ApprovalStatus.EXPIRED: "expired without a decision",
    ApprovalStatus.VOID: "became void",
}
_SETTLED = {
    Settlement.HAPPENED: "it happened",
    Settlement.DID_NOT: "it did not happen",
    Settlement.STOP: "the run must stop",
}


def reason(word: str, detail: str) -> str:
    """Append a closed reason and its sentence: `: timeout, no answer within 30 s`; nothing when both are empty."""
    said = [part for part in (plain(word), plain(detail)) if part]
    return f": {', '.join(said)}" if said else ""


def _noun(part: Part, step: str) -> str:
    return f"{_PART[part]}step {step}"


def _subject(part: Part, step: str) -> str:
    words = _noun(part, step)
    return words[0].upper() + words[1:]


def _started(fact: facts.RunStarted, _by: str, _event: Event, names: Names) -> str:
    head = f"Run {fact.run} of the runbook {plain(fact.runbook)} began"
    if fact.parent is not None:
        # Who asked for it asked for the run around it, and is named there.
        return f"{head} inside run {fact.parent}, as {_PART_INSIDE.get(fact.parent_part, '')}its step {fact.parent_step}"
    return f"{head}, asked for by {who(fact.requested_by, names)}" if fact.requested_by else head


def _phase(fact: facts.PhaseEntered, _by: str, _event: Event, _names: Names) -> str:
    return f"Run {fact.run} {_PHASE[fact.phase]}{reason(fact.reason, fact.detail)}"


def _cancel(fact: facts.RunCancelRequested, by: str, _event: Event, names: Names) -> str:
    undo = ", and to undo what it did" if fact.undo else ""
    return f"{by} asked run {fact.run} to end{undo}{because(heard(fact.why, names))}"


def _paused(fact: facts.RunPaused, by: str, _event: Event, names: Names) -> str:
    return f"{by} paused run {fact.run}{because(heard(fact.why, names))}"


def _retried(fact: facts.RunRetried, by: str, _event: Event, names: Names) -> str:
    left = f" with {count(len(fact.steps), 'step')} to do still" if fact.steps else ""
    return f"{by} had run {fact.run} tried again from where it failed{left}{because(heard(fact.why, names))}"


def _resumed(fact: facts.RunResumed, by: str, _event: Event, names: Names) -> str:
    return f"{by} let run {fact.run} go on after a pause of {duration(fact.paused_for)}{because(heard(fact.why, names))}"


def _requeued(fact: facts.RunRequeued, _by: str, _event: Event, _names: Names) -> str:
    return f"Run {fact.run} goes on from where it stood, after it lay for {duration(fact.lay_for)}"


def _undo_asked(fact: facts.RunUndoRequested, _by: str, _event: Event, _names: Names) -> str:
    return f"Run {fact.run} began to undo what it had done{because(fact.why)}"


def _finished(fact: facts.RunFinished, _by: str, _event: Event, _names: Names) -> str:
    return f"Run {fact.run} {_RUN_END[fact.status]}{reason(fact.reason, fact.detail)}"


def _expanded(fact: facts.LoopExpanded, _by: str, _event: Event, _names: Names) -> str:
    left = f"; {fact.left_out:,} left out by its condition" if fact.left_out else ""
    over = f"; that is more than it may do unasked: {plain(fact.over)}" if fact.over else ""
    return f"Step {fact.step} has {count(len(fact.items), 'item')} to go through: {_named(fact.items)}{left}{over}"


def _named(items: Sequence[Any]) -> str:
    shown = [plain(label_of(each)) for each in items[:NAMED]]
    more = [f"{len(items) - NAMED:,} more"] if len(items) > NAMED else []
    return listed([*shown, *more])


def _began(fact: facts.LoopBegan, _by: str, _event: Event, _names: Names) -> str:
    return f"Step {fact.step} began to go through its items"


def _asked(fact: facts.ApprovalRequested, _by: str, _event: Event, names: Names) -> str:
    target = f" on {plain(fact.target)}" if fact.target else ""
    of = listed([source_name(each, names) for each in fact.sources]) or "nobody"
    until = f", until {instant(fact.expires_at)}" if fact.expires_at else ""
    times = f" for {count(fact.items, 'item')}" if fact.items else ""
    over = f"; {plain(fact.over)}" if fact.over else ""
    return (
        f"Step {fact.step} asked {count(fact.quorum, 'person', 'people')} of {of} to approve "
        f"{plain(fact.action)} ({plain(fact.effect)}){times}{target}{until}{over}"
    )


def _escalated(fact: facts.ApprovalEscalated, _by: str, _event: Event, names: Names) -> str:
    added = listed([source_name(each, names) for each in fact.added]) or "nobody new"
    until = f", until {instant(fact.expires_at)}" if fact.expires_at else ""
    return f"Nobody decided on step {fact.step} in time, so {added} may decide too{until}"


def _voted(fact: facts.ApprovalVoted, by: str, _event: Event, names: Names) -> str:
    verb = "approved" if fact.vote is Vote.APPROVE else "denied"
    right = (
        f" as a member of {source_name(fact.as_member_of, names)}"
        if fact.as_member_of.startswith("group:")
        else ""
    )
    return f"{by} {verb} step {fact.step}{right}{because(heard(fact.why, names))}"


def _closed(fact: facts.ApprovalClosed, _by: str, _event: Event, names: Names) -> str:
    return f"The approval for step {fact.step} {_APPROVAL_END[fact.status]}{because(heard(fact.why, names))}"


def _skipped(fact: facts.StepSkipped, _by: str, _event: Event, _names: Names) -> str:
    return f"Step {fact.step} was skipped{because(fact.why)}"


def _call(fact: facts.CallStarted, _by: str, _event: Event, _names: Names) -> str:
    again = f" again, attempt {fact.attempt}" if fact.attempt > 1 else ""
    return f"{_subject(fact.part, fact.step)} began{again}: {plain(fact.action)}"


def _held(fact: facts.CallHeld, _by: str, _event: Event, names: Names) -> str:
    until = f" until {instant(fact.until)}" if fact.until else ""
    # The gate knows who froze changes by their id alone.
    why = _FROZEN.sub(lambda found: f"frozen by {person_name(found[1], names)}: ", fact.detail)
    return f"{_subject(fact.part, fact.step)} waits{until}, and was not called{because(why)}"


def _refused(fact: facts.CallRefused, _by: str, _event: Event, _names: Names) -> str:
    then = f"; it waits until {instant(fact.retry_at)}" if fact.retry_at else ""
    why = because(fact.detail).rstrip(".")
    return f"{_subject(fact.part, fact.step)} was not called{why}, since {instant(fact.since)}{then}"


def _call_done(fact: facts.CallSucceeded, _by: str, _event: Event, _names: Names) -> str:
    after = f"; it asks again at {instant(fact.next_at)}" if fact.next_at else ""
    return f"{_subject(fact.part, fact.step)} got its answer in {duration(fact.took)}{after}"


def _call_failed(fact: facts.CallFailed, _by: str, _event: Event, _names: Names) -> str:
    again = f"; it is tried again at {instant(fact.retry_at)}" if fact.retry_at else ""
    stands = "; it may have had its effect all the same" if fact.may_have_applied else ""
    why = reason(fact.reason, fact.detail).rstrip(".")
    return f"{_subject(fact.part, fact.step)} failed at attempt {fact.attempt}{why}{stands}{again}"


def _interrupted(fact: facts.CallInterrupted, _by: str, _event: Event, _names: Names) -> str:
    then = "it is safe to run it again" if fact.again else "it can't be repeated safely"
    return f"Fireline stopped while {_noun(fact.part, fact.step)} ran, so nobody saw how it ended; {then}"


def _succeeded(fact: facts.StepSucceeded, _by: str, _event: Event, _names: Names) -> str:
    return f"Step {fact.step} succeeded"


def _failed(fact: facts.StepFailed, _by: str, _event: Event, names: Names) -> str:
    stands = "; its effect may stand" if fact.applied else ""
    # A person's words stand in the detail of a Deny; any other is a machine's, and is shown as it came.
    detail = heard(fact.detail, names) if fact.reason == Reason.REJECTED else fact.detail
    return f"Step {fact.step} failed{reason(fact.reason, detail).rstrip('.')}{stands}"


def _unknown(fact: facts.StepOutcomeUnknown, _by: str, _event: Event, _names: Names) -> str:
    return (
        f"Nobody knows how attempt {fact.attempt} of {_noun(fact.part, fact.step)} ended{because(fact.why)}"
    )


def _settled(fact: facts.StepSettled, by: str, event: Event, _names: Names) -> str:
    said = by if event.actor.kind == "person" else "A probe"
    return f"{said} settled {_noun(fact.part, fact.step)}: {_SETTLED[fact.settlement]}{because(fact.why)}"


def _cancelled(fact: facts.StepCancelled, _by: str, _event: Event, _names: Names) -> str:
    stands = "; its effect may stand" if fact.applied else ""
    return f"Step {fact.step} was ended before its work was done{because(fact.why).rstrip('.')}{stands}"


def _undone(fact: facts.StepUndone, _by: str, _event: Event, _names: Names) -> str:
    return f"The effect of step {fact.step} was taken back"


def _undo_failed(fact: facts.StepUndoFailed, _by: str, _event: Event, _names: Names) -> str:
    return f"The effect of step {fact.step} could not be taken back{reason(fact.reason, fact.detail)}"


SENTENCES: Mapping[type[Fact], Callable[[Any, str, Event, Names], str]] = {
    facts.RunStarted: _started,
    facts.PhaseEntered: _phase,
    facts.RunCancelRequested: _cancel,
    facts.RunUndoRequested: _undo_asked,
    facts.RunPaused: _paused,
    facts.RunResumed: _resumed,
    facts.RunRetried: _retried,
    facts.RunRequeued: _requeued,
    facts.RunFinished: _finished,
    facts.LoopExpanded: _expanded,
    facts.LoopBegan: _began,
    facts.ApprovalRequested: _asked,
    facts.ApprovalEscalated: _escalated,
    facts.ApprovalVoted: _voted,
    facts.ApprovalClosed: _closed,
    facts.StepSkipped: _skipped,
    facts.CallStarted: _call,
    facts.CallHeld: _held,
    facts.CallRefused: _refused,
    facts.CallSucceeded: _call_done,
    facts.CallFailed: _call_failed,
    facts.CallInterrupted: _interrupted,
    facts.StepSucceeded: _succeeded,
    facts.StepFailed: _failed,
    facts.StepOutcomeUnknown: _unknown,
    facts.StepSettled: _settled,
    facts.StepCancelled: _cancelled,
    facts.StepUndone: _undone,
    facts.StepUndoFailed: _undo_failed,
}
