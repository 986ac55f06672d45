"""Facts of the line in front of a busy concurrency group: who waits, who moved up, who left it, who was turned away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.facts.base import Fact
from bot.domain.ids import Digest, IncidentId, RunId
from bot.domain.nouns import Actor, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQueued(Fact, kind="run.queued"):
    """A run waits until its concurrency group is free; it has all that its start will need.

    `behind` is the run that holds the group, empty while none does and where a private incident's may not be named here; `place` counts from 1 among
    those that wait. `timeout` is how long it may take once it has begun, in seconds, None for no limit. The rest is as `RunStarted` has it.
    """

    run: RunId
    runbook: str
    digest: Digest
    seed: str
    autonomy: str
    inputs: Mapping[str, Any]
    scope: Mapping[str, Any]
    group: str
    severity: Severity
    behind: str
    place: int
    requested_by: Actor | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMoved(Fact, kind="run.moved"):
    """A run that waits has another place in the line, or waits for another run."""

    run: RunId
    behind: str
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDropped(Fact, kind="run.dropped"):
    """A run that waited will not begin; `why` says what became of it, the event's actor who took it out of the line."""

    run: RunId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRejected(Fact, kind="incident.run_rejected"):
    """A runbook was not started because its concurrency group is busy and its author wants no line.

    `busy` is the run that holds the group, empty where it is a private incident's that may not be named here.
    """

    incident: IncidentId
    runbook: str
    group: str
    busy: str
    why: str
