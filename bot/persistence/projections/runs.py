"""Runs and their steps: where each stands, for people to see. The conductor never reads these; it evolves its state from the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from bot.domain.canonical import canonical
from bot.domain.clock import to_text
from bot.domain.events import Event
from bot.domain.facts import (
    CallFailed,
    CallHeld,
    CallRefused,
    CallStarted,
    CallSucceeded,
    LoopBegan,
    LoopExpanded,
    PhaseEntered,
    RunDropped,
    RunFinished,
    RunMoved,
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
    StepUndoFailed,
    StepUndone,
    json_of,
)
from bot.domain.ids import RunId, StepId, incident_of_run
from bot.domain.nouns import Part, Phase, RunStatus, StepStatus
from bot.domain.targets import spoken
from bot.persistence.changes import Change
from bot.persistence.tables import APPROVALS, RUNS, STEPS


class OfStep(Protocol):
    """A fact that names a step of a run."""

    @property
    def run(self) -> RunId:
        """The run."""
        ...

    @property
    def step(self) -> StepId:
        """The step."""
        ...


def step(fact: OfStep, event: Event, **values: Any) -> Change:  # noqa: ANN401 - any column
    """Change a step's row; the first event that names a step makes it."""
    return Change(STEPS, (fact.run, fact.step), values, {"seq": event.seq})


def started(fact: RunStarted, event: Event, at: str) -> Iterable[Change]:
    """Begin a run."""
    yield _new_run(
        fact,
        event,
        at,
        status=RunStatus.RUNNING.value,
        behind="",
        place=0,
        parent=fact.parent,
        parent_step=fact.parent_step,
        parent_part=fact.parent_part.value,
        parent_attempt=fact.parent_attempt,
    )


def queued(fact: RunQueued, event: Event, at: str) -> Iterable[Change]:
    """Put a run into the line."""
    yield _new_run(
        fact,
        event,
        at,
        status=RunStatus.QUEUED.value,
        severity=fact.severity.value,
        behind=fact.behind,
        place=fact.place,
    )


def _new_run(fact: RunStarted | RunQueued, event: Event, at: str, **more: Any) -> Change:  # noqa: ANN401 - any column
    """Write what is known of a run from its first moment; one that waited has it all written again as it begins."""
    values = {
        "incident": incident_of_run(fact.run),
        "ordinal": int(fact.run.partition("-")[2]),
        "runbook": fact.runbook,
        "digest": fact.digest,
        "phase": Phase.STEPS.value,
        "requested_by": None if fact.requested_by is None else str(fact.requested_by),
        "inputs": canonical(json_of(fact.inputs)),
        "concurrency_group": fact.group,
        "started_at": at,
        "seq": event.seq,
    }
    return Change(RUNS, (fact.run,), values={**values, **more})


def moved(fact: RunMoved, _event: Event, _at: str) -> Iterable[Change]:
    """Move it up."""
    yield Change(RUNS, (fact.run,), {"behind": fact.behind, "place": fact.place}, create=False)


def dropped(fact: RunDropped, _event: Event, at: str) -> Iterable[Change]:
    """Take it out; it never began."""
    values = {
        "status": RunStatus.CANCELLED.value,
        "finished_at": at,
        "detail": fact.why,
        "behind": "",
        "place": 0,
    }
    yield Change(RUNS, (fact.run,), values, create=False)


def phase_entered(fact: PhaseEntered, _event: Event, _at: str) -> Iterable[Change]:
    """Go on to another list of steps; why it left the first stays until the end says better."""
    values = {"phase": fact.phase.value}
    if fact.reason:
        values |= {"reason": fact.reason, "detail": fact.detail}
    yield Change(RUNS, (fact.run,), values, create=False)


def undo_requested(fact: RunUndoRequested, _event: Event, _at: str) -> Iterable[Change]:
    """Go on with a run that was over, to undo what it did."""
    values = {
        "status": RunStatus.RUNNING.value,
        "phase": Phase.UNDO.value,
        "finished_at": None,
        "reason": "",
        "detail": "",
    }
    yield Change(RUNS, (fact.run,), values, create=False)


def finished(fact: RunFinished, _event: Event, at: str) -> Iterable[Change]:
    """End a run."""
    values = {"status": fact.status.value, "finished_at": at, "reason": fact.reason, "detail": fact.detail}
    yield Change(RUNS, (fact.run,), {**values, **_GOING}, create=False)


_GOING: Mapping[str, Any] = {"paused_at": None, "paused_by": None, "paused_why": ""}


def paused(fact: RunPaused, event: Event, at: str) -> Iterable[Change]:
    """Hold a run."""
    values = {"paused_at": at, "paused_by": str(event.actor), "paused_why": fact.why}
    yield Change(RUNS, (fact.run,), values, create=False)


def resumed(fact: RunResumed, _event: Event, _at: str) -> Iterable[Change]:
    """Let a run go on; what waits for people expires later by as much."""
    yield Change(RUNS, (fact.run,), _GOING, create=False)
    yield from _postponed(fact)


def requeued(fact: RunRequeued, _event: Event, _at: str) -> Iterable[Change]:
    """Go on with a run that was given up, where it stood."""
    values = {"status": RunStatus.RUNNING.value, "finished_at": None, "reason": "", "detail": ""}
    yield Change(RUNS, (fact.run,), values, create=False)
    yield from _postponed(fact)


def _postponed(fact: RunResumed | RunRequeued) -> Iterable[Change]:
    for each in fact.postponed:
        expires_at = None if each.expires_at is None else to_text(each.expires_at)
        yield Change(APPROVALS, (each.approval,), {"expires_at": expires_at}, create=False)


def retried(fact: RunRetried, event: Event, _at: str) -> Iterable[Change]:
    """Take a failed run up again: what is to be done still is pending, all else stays as it ended."""
    values = {
        "status": RunStatus.RUNNING.value,
        "phase": Phase.STEPS.value,
        "finished_at": None,
        "reason": "",
        "detail": "",
    }
    yield Change(RUNS, (fact.run,), values, create=False)
    for name in (*fact.steps, *fact.cleanup):
        cleared = {"status": StepStatus.PENDING.value, "finished_at": None, "reason": "", "detail": ""}
        yield Change(STEPS, (fact.run, name), cleared, {"seq": event.seq})


def loop_expanded(fact: LoopExpanded, event: Event, _at: str) -> Iterable[Change]:
    """Write down what a loop goes through; each item has a row of its own once it is begun."""
    yield step(fact, event, item_list=canonical(list(fact.items)))


def loop_began(fact: LoopBegan, event: Event, at: str) -> Iterable[Change]:
    """Let a loop's items go."""
    yield step(fact, event, status=StepStatus.RUNNING.value, started_at=at)


_CALLING: Mapping[Part, StepStatus] = {
    Part.MAIN: StepStatus.RUNNING,
    Part.SETTLE: StepStatus.RUNNING,
    Part.VERIFY: StepStatus.VERIFYING,
}
"""What a call of each part makes of its step; an undo leaves it as it is, because that tells how the step itself ended."""


_GOES_ON: Mapping[str, Any] = {"waits_for": "", "due_at": None}
"""What a step that waits no longer waits for."""


def call_started(fact: CallStarted, event: Event, at: str) -> Iterable[Change]:
    """Begin an action."""
    if fact.part is Part.MAIN:
        since = {"started_at": at} if fact.attempt == 1 else {}
        yield step(fact, event, status=StepStatus.RUNNING.value, attempt=fact.attempt, **since, **_GOES_ON)
    elif fact.part in _CALLING:
        yield step(fact, event, status=_CALLING[fact.part].value, **_GOES_ON)
    else:
        yield step(fact, event, **_GOES_ON)


_HELD: Mapping[Part, StepStatus] = {Part.MAIN: StepStatus.HELD, Part.VERIFY: StepStatus.VERIFYING}
_REFUSED: Mapping[Part, StepStatus] = {Part.MAIN: StepStatus.WAITING_RETRY, Part.VERIFY: StepStatus.VERIFYING}


def call_held(fact: CallHeld, event: Event, _at: str) -> Iterable[Change]:
    """Wait for room."""
    status = {"status": _HELD[fact.part].value} if fact.part in _HELD else {}
    due = None if fact.until is None else to_text(fact.until)
    yield step(fact, event, waits_for=fact.detail, due_at=due, **status)


def call_refused(fact: CallRefused, event: Event, _at: str) -> Iterable[Change]:
    """Wait for a target that is away, or give up at once: then what follows says so."""
    if fact.retry_at is not None:
        status = {"status": _REFUSED[fact.part].value} if fact.part in _REFUSED else {}
        waits_for = f"{spoken(fact.target)} is not answering"
        yield step(fact, event, waits_for=waits_for, due_at=to_text(fact.retry_at), **status)


def call_succeeded(fact: CallSucceeded, event: Event, _at: str) -> Iterable[Change]:
    """Keep what the main part brought; a call whose `until` is not true yet waits to be made again."""
    if fact.part is Part.MAIN:
        again = (
            {}
            if fact.next_at is None
            else {"status": StepStatus.WAITING_RETRY.value, "reason": "", "detail": ""}
        )
        yield step(fact, event, output=_output(fact), **again)


def call_failed(fact: CallFailed, event: Event, _at: str) -> Iterable[Change]:
    """Say why, and whether it waits for another try."""
    values = {"reason": fact.reason, "detail": fact.detail}
    if fact.part is Part.MAIN:
        values["output"] = _output(fact)
        if fact.retry_at is not None:
            values |= {"status": StepStatus.WAITING_RETRY.value, "due_at": to_text(fact.retry_at)}
    yield step(fact, event, **values)


def outcome_unknown(fact: StepOutcomeUnknown, event: Event, _at: str) -> Iterable[Change]:
    """Wait for a person to say what became of a call. When it is an undo, how the step itself ended is known still."""
    if fact.part is Part.UNDO:
        yield step(fact, event, in_doubt=True)
    else:
        yield step(fact, event, in_doubt=True, status=StepStatus.UNKNOWN.value, detail=fact.why)


def settled(fact: StepSettled, event: Event, _at: str) -> Iterable[Change]:
    """Go on: what became of the call is known now."""
    if fact.part is Part.UNDO:
        yield step(fact, event, in_doubt=False)
    else:
        yield step(fact, event, in_doubt=False, status=StepStatus.RUNNING.value)


def step_succeeded(fact: StepSucceeded, event: Event, at: str) -> Iterable[Change]:
    """Done, and verified where it had to be."""
    yield step(
        fact, event, status=StepStatus.SUCCEEDED.value, finished_at=at, reason="", detail="", **_GOES_ON
    )


def step_failed(fact: StepFailed, event: Event, at: str) -> Iterable[Change]:
    """Failed for good."""
    yield step(
        fact,
        event,
        status=StepStatus.FAILED.value,
        finished_at=at,
        reason=fact.reason,
        detail=fact.detail,
        **_GOES_ON,
    )


def step_skipped(fact: StepSkipped, event: Event, at: str) -> Iterable[Change]:
    """Will not run."""
    yield step(fact, event, status=StepStatus.SKIPPED.value, finished_at=at, detail=fact.why, **_GOES_ON)


def step_cancelled(fact: StepCancelled, event: Event, at: str) -> Iterable[Change]:
    """End before the work was done."""
    yield step(
        fact,
        event,
        status=StepStatus.CANCELLED.value,
        finished_at=at,
        detail=fact.why,
        in_doubt=False,
        **_GOES_ON,
    )


def step_undone(fact: StepUndone, event: Event, at: str) -> Iterable[Change]:
    """Taken back."""
    yield step(fact, event, status=StepStatus.UNDONE.value, finished_at=at, **_GOES_ON)


def step_undo_failed(fact: StepUndoFailed, event: Event, _at: str) -> Iterable[Change]:
    """Could not be taken back: the step stands as it did, and says why."""
    yield step(fact, event, reason=fact.reason, detail=fact.detail, **_GOES_ON)


def _output(fact: CallSucceeded | CallFailed) -> str:
    return canonical(json_of(fact.output))
