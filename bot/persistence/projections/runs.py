"""Runs and their steps: where each stands, for people to see. The conductor never reads these; it evolves its state from the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from bot.domain.events import Event, canonical
from bot.domain.facts import (
    CallFailed,
    CallStarted,
    CallSucceeded,
    PhaseEntered,
    RunFinished,
    RunStarted,
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
from bot.persistence.changes import Change
from bot.persistence.tables import RUNS, STEPS


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
    yield Change(
        RUNS,
        (fact.run,),
        values={
            "incident": incident_of_run(fact.run),
            "ordinal": int(fact.run.partition("-")[2]),
            "runbook": fact.runbook,
            "digest": fact.digest,
            "status": RunStatus.RUNNING.value,
            "phase": Phase.STEPS.value,
            "requested_by": None if fact.requested_by is None else str(fact.requested_by),
            "inputs": canonical(json_of(fact.inputs)),
            "started_at": at,
            "seq": event.seq,
        },
    )


def phase_entered(fact: PhaseEntered, _event: Event, _at: str) -> Iterable[Change]:
    """Go on to another list of steps; why it left the first stays until the end says better."""
    values = {"phase": fact.phase.value}
    if fact.reason:
        values |= {"reason": fact.reason, "detail": fact.detail}
    yield Change(RUNS, (fact.run,), values, create=False)


def finished(fact: RunFinished, _event: Event, at: str) -> Iterable[Change]:
    """End a run."""
    values = {"status": fact.status.value, "finished_at": at, "reason": fact.reason, "detail": fact.detail}
    yield Change(RUNS, (fact.run,), values, create=False)


_CALLING: Mapping[Part, StepStatus] = {
    Part.MAIN: StepStatus.RUNNING,
    Part.SETTLE: StepStatus.RUNNING,
    Part.VERIFY: StepStatus.VERIFYING,
}
"""What a call of each part makes of its step; an undo leaves it as it is, because that tells how the step itself ended."""


def call_started(fact: CallStarted, event: Event, at: str) -> Iterable[Change]:
    """Begin an action."""
    if fact.part is Part.MAIN:
        since = {"started_at": at} if fact.attempt == 1 else {}
        yield step(fact, event, status=StepStatus.RUNNING.value, attempt=fact.attempt, **since)
    elif fact.part in _CALLING:
        yield step(fact, event, status=_CALLING[fact.part].value)


def call_succeeded(fact: CallSucceeded, event: Event, _at: str) -> Iterable[Change]:
    """Keep what the main part brought."""
    if fact.part is Part.MAIN:
        yield step(fact, event, output=_output(fact))


def call_failed(fact: CallFailed, event: Event, _at: str) -> Iterable[Change]:
    """Say why, and whether it waits for another try."""
    values = {"reason": fact.reason, "detail": fact.detail}
    if fact.part is Part.MAIN:
        values["output"] = _output(fact)
        if fact.retry_at is not None:
            values["status"] = StepStatus.WAITING_RETRY.value
    yield step(fact, event, **values)


def outcome_unknown(fact: StepOutcomeUnknown, event: Event, _at: str) -> Iterable[Change]:
    """Wait for a person to say what became of a call. When it is an undo, how the step itself ended is known still."""
    if fact.part is not Part.UNDO:
        yield step(fact, event, status=StepStatus.UNKNOWN.value, detail=fact.why)


def settled(fact: StepSettled, event: Event, _at: str) -> Iterable[Change]:
    """Go on: what became of the call is known now."""
    if fact.part is not Part.UNDO:
        yield step(fact, event, status=StepStatus.RUNNING.value)


def step_succeeded(fact: StepSucceeded, event: Event, at: str) -> Iterable[Change]:
    """Done, and verified where it had to be."""
    yield step(fact, event, status=StepStatus.SUCCEEDED.value, finished_at=at, reason="", detail="")


def step_failed(fact: StepFailed, event: Event, at: str) -> Iterable[Change]:
    """Failed for good."""
    yield step(
        fact, event, status=StepStatus.FAILED.value, finished_at=at, reason=fact.reason, detail=fact.detail
    )


def step_skipped(fact: StepSkipped, event: Event, at: str) -> Iterable[Change]:
    """Will not run."""
    yield step(fact, event, status=StepStatus.SKIPPED.value, finished_at=at, detail=fact.why)


def step_cancelled(fact: StepCancelled, event: Event, at: str) -> Iterable[Change]:
    """End before the work was done."""
    yield step(fact, event, status=StepStatus.CANCELLED.value, finished_at=at, detail=fact.why)


def step_undone(fact: StepUndone, event: Event, at: str) -> Iterable[Change]:
    """Taken back."""
    yield step(fact, event, status=StepStatus.UNDONE.value, finished_at=at)


def step_undo_failed(fact: StepUndoFailed, event: Event, _at: str) -> Iterable[Change]:
    """Could not be taken back: the step stands as it did, and says why."""
    yield step(fact, event, reason=fact.reason, detail=fact.detail)


def _output(fact: CallSucceeded | CallFailed) -> str:
    return canonical(json_of(fact.output))
