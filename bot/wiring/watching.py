"""Metrics from the log: every commit's events are counted once, where they become durable, so that no room counts by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.domain.events import Event
from bot.domain.facts import (
    AlertsAttached,
    AlertsUnmatched,
    ApprovalClosed,
    CallFailed,
    CallStarted,
    CallSucceeded,
    Fact,
    RunFinished,
    RunStarted,
)
from bot.domain.ids import RunId, StepId
from bot.domain.nouns import Part
from bot.telemetry import Metrics

CallName = tuple[RunId, StepId, Part, int]


class CountEvents:
    """A listener of the journal, and the observer of its commits."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._started: dict[CallName, tuple[str, datetime]] = {}
        self._on: Mapping[type[Fact], Callable[[Any, Event], None]] = {
            AlertsAttached: lambda fact, _: self._metrics.alerts.labels("attached").inc(len(fact.keys)),
            AlertsUnmatched: lambda fact, _: self._metrics.alerts.labels("unmatched").inc(len(fact.keys)),
            RunStarted: lambda _, __: self._metrics.runs_active.inc(),
            RunFinished: self._run_finished,
            CallStarted: self._call_started,
            CallSucceeded: lambda fact, event: self._call_ended(fact, event, "succeeded"),
            CallFailed: lambda fact, event: self._call_ended(fact, event, fact.reason),
            ApprovalClosed: lambda fact, _: self._metrics.approvals.labels(fact.status.value).inc(),
        }

    def __call__(self, events: Sequence[Event]) -> None:
        """Count what one commit made durable."""
        for event in events:
            count = self._on.get(type(event.fact))
            if count is not None:
                count(event.fact, event)

    def on_commit(self, units: int, events: int, seconds: float) -> None:  # noqa: ARG002 - the observer's signature
        """Count a commit (see `bot.persistence.journal.JournalObserver`)."""
        self._metrics.journal_units.inc(units)
        self._metrics.journal_commits.inc()
        self._metrics.journal_batch_units.observe(units)
        self._metrics.journal_unit_seconds.observe(seconds)

    def _run_finished(self, fact: RunFinished, _event: Event) -> None:
        self._metrics.runs.labels(fact.status.value).inc()
        self._metrics.runs_active.dec()
        # Calls that were interrupted never end; their run does.
        self._started = {name: started for name, started in self._started.items() if name[0] != fact.run}

    def _call_started(self, fact: CallStarted, event: Event) -> None:
        self._started[(fact.run, fact.step, fact.part, fact.attempt)] = (fact.action, event.at)

    def _call_ended(self, fact: CallSucceeded | CallFailed, event: Event, outcome: str) -> None:
        started = self._started.pop((fact.run, fact.step, fact.part, fact.attempt), None)
        if started is None:
            return
        action, at = started
        self._metrics.steps.labels(action, outcome).inc()
        self._metrics.step_seconds.labels(action).observe(max((event.at - at).total_seconds(), 0.0))
