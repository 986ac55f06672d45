"""Metrics from the log: every commit's events are counted once, where they become durable, so that no room counts by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from prometheus_client import Counter, Histogram

from bot.domain.events import Event
from bot.domain.facts import (
    AlertsAttached,
    AlertsUnmatched,
    ApprovalClosed,
    CallFailed,
    CallStarted,
    CallSucceeded,
    ChangesFrozen,
    ChangesUnfrozen,
    ChannelLeft,
    Fact,
    RunFinished,
    RunRequeued,
    RunRetried,
    RunStarted,
    RunUndoRequested,
)
from bot.domain.ids import RunId, StepId
from bot.domain.nouns import Part
from bot.telemetry import Metrics

CallName = tuple[StepId, Part, int]


class CountEvents:
    """A listener of the journal, and the observer of its commits."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._actions: dict[RunId, dict[CallName, str]] = {}
        self._of_action: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self._on: Mapping[type[Fact], Callable[[Any], None]] = {
            AlertsAttached: lambda fact: self._metrics.alerts.labels("attached").inc(len(fact.keys)),
            AlertsUnmatched: lambda fact: self._metrics.alerts.labels("unmatched").inc(len(fact.keys)),
            RunStarted: lambda _: self._metrics.runs_active.inc(),
            RunRetried: lambda _: self._metrics.runs_active.inc(),
            RunRequeued: lambda _: self._metrics.runs_active.inc(),
            RunUndoRequested: lambda _: self._metrics.runs_active.inc(),
            RunFinished: self._run_finished,
            CallStarted: self._call_started,
            CallSucceeded: lambda fact: self._call_ended(fact, "succeeded"),
            CallFailed: lambda fact: self._call_ended(fact, fact.reason),
            ChannelLeft: lambda _: self._metrics.chat_losses.labels("channel").inc(),
            ChangesFrozen: lambda _: self._metrics.changes_frozen.set(1),
            ChangesUnfrozen: lambda _: self._metrics.changes_frozen.set(0),
            ApprovalClosed: lambda fact: self._metrics.approvals.labels(fact.status.value).inc(),
        }

    def begin(self, *, runs: int, waiting: Callable[[], int], frozen: bool = False) -> None:
        """Say how many runs the log already has under way, how to ask the journal what waits, and whether changes are frozen; before all else."""
        self._metrics.runs_active.set(runs)
        self._metrics.changes_frozen.set(frozen)
        self._metrics.journal_waiting.set_function(waiting)

    def __call__(self, events: Sequence[Event]) -> None:
        """Count what one commit made durable."""
        for event in events:
            count = self._on.get(type(event.fact))
            if count is not None:
                count(event.fact)

    def on_commit(self, units: int, events: int, seconds: float) -> None:  # noqa: ARG002 - the observer's signature
        """Count a commit (see `bot.persistence.journal.JournalObserver`)."""
        self._metrics.journal_units.inc(units)
        self._metrics.journal_commits.inc()
        self._metrics.journal_batch_units.observe(units)
        self._metrics.journal_commit_seconds.observe(seconds)

    def _run_finished(self, fact: RunFinished) -> None:
        self._metrics.runs.labels(fact.status.value).inc()
        self._metrics.runs_active.dec()
        # Calls that were interrupted never end; their run does.
        self._actions.pop(fact.run, None)

    def _call_started(self, fact: CallStarted) -> None:
        self._actions.setdefault(fact.run, {})[(fact.step, fact.part, fact.attempt)] = fact.action

    def _call_ended(self, fact: CallSucceeded | CallFailed, outcome: str) -> None:
        action = self._actions.get(fact.run, {}).pop((fact.step, fact.part, fact.attempt), None)
        if action is not None:
            calls, seconds = self._counters(action, outcome)
            calls.inc()
            seconds.observe(fact.took)

    def _counters(self, action: str, outcome: str) -> tuple[Counter, Histogram]:
        """Return what counts calls of an action that ended so; looked up by its labels once, since that costs more than counting."""
        found = self._of_action.get((action, outcome))
        if found is None:
            found = self._metrics.calls.labels(action, outcome), self._metrics.call_seconds.labels(action)
            self._of_action[(action, outcome)] = found
        return found
