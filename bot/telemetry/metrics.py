"""What Prometheus reads at `/metrics`: one object with every metric, made by the wiring and passed to whoever counts.

Names and units follow https://prometheus.io/docs/practices/naming/. No label ever carries what came from outside (an alert's name, a URL, an
incident): each has few values, so that an alert storm can't grow the registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""What `render` returns, as the Content-Type header says it."""

_MILLISECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_CALLS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One metric as an operator meets it on the page."""

    name: str
    kind: str
    purpose: str
    labels: tuple[str, ...]


class Metrics:
    """Every metric, in a registry of its own: two in one process don't meet, and a test reads exactly what it caused."""

    def __init__(self, *, version: str, process: bool = True) -> None:
        """Register everything; `process` adds memory, files, CPU and garbage collection of this process."""
        self.registry = CollectorRegistry()
        self.described: list[Described] = []
        if process:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)
            GCCollector(registry=self.registry)
        self.build = self._gauge("build_info", "Always 1; the label says which version runs.", "version")
        self.build.labels(version=version).set(1)
        self.leader = self._gauge("leader", "Whether this process leads: 1, or 0 while it stands by.")
        self._intake()
        self._journal()
        self._work()
        self._chat()

    def _intake(self) -> None:
        self.deliveries = self._counter(
            "deliveries",
            "Webhook deliveries by what was answered: accepted, unreadable, unauthorized, too_large, behind.",
            "outcome",
        )
        self.alerts = self._counter(
            "alerts",
            "Alerts taken in, by what became of them: new, repeated, resolved, attached, unmatched.",
            "result",
        )
        self.relay_kept = self._counter(
            "relay_kept",
            "What this process took in for the one that leads, while it stood by: delivery, refusal, chat.",
            "kind",
        )
        self.relay_taken = self._counter(
            "relay_taken", "What this process, leading, took over from those that stand by.", "kind"
        )
        self.http_requests = self._counter(
            "http_requests",
            "Requests answered, by the route's template and the status.",
            "method",
            "route",
            "status",
        )
        self.http_request_seconds = self._histogram(
            "http_request_seconds",
            "From a request's arrival to the end of its answer.",
            _MILLISECONDS,
            "method",
            "route",
        )

    def _journal(self) -> None:
        self.journal_units = self._counter("journal_units", "Units of work made durable.")
        self.journal_commits = self._counter(
            "journal_commits", "Transactions committed; units by commits is the batch."
        )
        self.journal_batch_units = self._histogram(
            "journal_batch_units", "Units of work in one transaction.", _BATCHES
        )
        self.journal_commit_seconds = self._histogram(
            "journal_commit_seconds", "From a transaction's begin to its being on disk.", _MILLISECONDS
        )
        self.journal_waiting = self._gauge("journal_waiting", "Units of work that wait for the writer.")

    def _work(self) -> None:
        self.runs = self._counter(
            "runs", "Runs of runbooks that ended, by how: succeeded, failed, cancelled, undone.", "outcome"
        )
        self.runs_active = self._gauge("runs_active", "Runs of runbooks that have not ended.")
        self.dead_letters = self._gauge(
            "dead_letters",
            "What can't go on and waits for a person, by its kind: run, alert, schedule, request, message, relayed.",
            "kind",
        )
        self.dead_letters_landed = self._counter(
            "dead_letters_landed", "What landed in the dead-letter list, each time, by its kind.", "kind"
        )
        self.calls = self._counter(
            "calls",
            "Calls of actions that ended, each attempt, verification and undo: succeeded, or the reason of the failure.",
            "action",
            "outcome",
        )
        self.call_seconds = self._histogram(
            "call_seconds", "How long a call of an action took.", _CALLS, "action"
        )
        self.calls_held = self._counter(
            "calls_held",
            "Calls that had to wait before they were made, by why: running, parallel, rate, paused, trial, retries, frozen.",
            "cause",
        )
        self.call_hold_seconds = self._histogram(
            "call_hold_seconds", "How long calls waited that had to, before they were made.", _CALLS, "cause"
        )
        self.calls_refused = self._counter(
            "calls_refused",
            "Calls that were not made because their target is away, by the limits that it is under: default, or the settings' pattern.",
            "limits",
        )
        self.breakers_open = self._gauge(
            "breakers_open",
            "Targets that do not answer and are not called, by the limits that they are under.",
            "limits",
        )
        self.changes_frozen = self._gauge(
            "changes_frozen", "Whether a freeze holds back every call that changes something: 1, or 0."
        )
        self.approvals = self._counter(
            "approvals", "Approvals that ended, by how: approved, denied, expired, void.", "outcome"
        )

    def _chat(self) -> None:
        self.outbox_pending = self._gauge("outbox_pending", "Changes that the chat does not show yet.")
        self.outbox_sent = self._counter(
            "outbox_sent", "Calls to the chat that did what they were for.", "method"
        )
        self.outbox_errors = self._counter(
            "outbox_errors", "Calls to the chat that failed, by its own word for why.", "method", "code"
        )
        self.chat_stopped = self._gauge(
            "chat_stopped", "Workspaces in which the chat refuses this app; 0 while it does nowhere."
        )
        self.chat_losses = self._counter(
            "chat_losses",
            "What the chat took away under us: message (deleted), channel (removed from it, or it is gone).",
            "what",
        )
        self.slack_rate_limited = self._counter(
            "slack_rate_limited", "Answers 429 from Slack: our pacing was too quick.", "method"
        )

    def render(self) -> bytes:
        """Return everything in Prometheus' text format (`CONTENT_TYPE`)."""
        return generate_latest(self.registry)

    def _counter(self, name: str, purpose: str, *labels: str) -> Counter:
        self._describe(f"{name}_total", "counter", purpose, labels)
        return Counter(f"fireline_{name}", purpose, labels, registry=self.registry)

    def _gauge(self, name: str, purpose: str, *labels: str) -> Gauge:
        self._describe(name, "gauge", purpose, labels)
        return Gauge(f"fireline_{name}", purpose, labels, registry=self.registry)

    def _histogram(self, name: str, purpose: str, buckets: Sequence[float], *labels: str) -> Histogram:
        self._describe(name, "histogram", purpose, labels)
        return Histogram(f"fireline_{name}", purpose, labels, buckets=buckets, registry=self.registry)

    def _describe(self, name: str, kind: str, purpose: str, labels: tuple[str, ...]) -> None:
        self.described.append(Described(name=f"fireline_{name}", kind=kind, purpose=purpose, labels=labels))


def render_reference() -> str:
    """Write docs/metrics.md: every metric with its labels."""
    lines = [
        "# Metrics",
        "",
        "<!-- Written by `make docs` from bot/telemetry/metrics.py; not edited by hand. -->",
        "",
        "`GET /metrics` answers in Prometheus' text format. Beside these stand the process's own (`process_*`, `python_*`).",
        "",
        "| metric | kind | labels | what it counts |",
        "|---|---|---|---|",
    ]
    for each in Metrics(version="", process=False).described:
        labels = ", ".join(f"`{label}`" for label in each.labels)
        lines.append(f"| `{each.name}` | {each.kind} | {labels} | {each.purpose} |")
    return "\n".join(lines) + "\n"
