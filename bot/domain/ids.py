"""Names of things. Ids are small, readable and given in order, so that a person can say them on a call.

incident  42                      a number
run       42-1                    the first run of incident 42
step      shift                   as the runbook says; unique in its run
          restart[0]              the first item that the loop `restart` goes through
approval  42-1/shift/1            the first time that step `shift` asked
evidence  42-1/logs/pods.log      run, step and the name that the runbook gave
letter    7                       a number, over all incidents
stream    incident/42, intake, system
silence   fireline/42/9f86d081     the incident, and what no other installation gives
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NewType

IncidentId = NewType("IncidentId", int)
RunId = NewType("RunId", str)
StepId = NewType("StepId", str)
ApprovalId = NewType("ApprovalId", str)
EvidenceId = NewType("EvidenceId", str)
AlertKey = NewType("AlertKey", str)
LetterId = NewType("LetterId", int)
LetterKey = NewType("LetterKey", str)
"""What a dead letter is about: its kind and a name, `run/42-1`."""
StreamId = NewType("StreamId", str)
SilenceKey = NewType("SilenceKey", str)
Digest = NewType("Digest", str)
"""A SHA-256 as 64 lower-case hex digits."""

_INSTANCE = re.compile(r"([^\[]+)\[(0|[1-9][0-9]{0,5})\]", re.ASCII)

INTAKE = StreamId("intake")
"""What arrived, before it belongs to an incident."""
SYSTEM = StreamId("system")
"""What the process itself did: it started, it loaded runbooks."""


@lru_cache(maxsize=8192)
def incident_stream(incident: IncidentId) -> StreamId:
    """Name the stream that holds every event of an incident, its runs included."""
    return StreamId(f"incident/{incident}")


def incident_of_stream(stream: StreamId) -> IncidentId | None:
    """Return the incident that a stream belongs to, None for the other streams."""
    head, _, tail = stream.partition("/")
    return IncidentId(int(tail)) if head == "incident" else None


def run_id(incident: IncidentId, ordinal: int) -> RunId:
    """Name the `ordinal`-th run (from 1) of an incident."""
    return RunId(f"{incident}-{ordinal}")


@lru_cache(maxsize=8192)
def incident_of_run(run: RunId) -> IncidentId:
    """Return the incident that a run belongs to."""
    return IncidentId(int(run.partition("-")[0]))


def approval_id(run: RunId, step: StepId, ordinal: int) -> ApprovalId:
    """Name the `ordinal`-th time (from 1) that a step asked for approval."""
    return ApprovalId(f"{run}/{step}/{ordinal}")


def run_of_approval(approval: ApprovalId) -> RunId:
    """Return the run whose step asked for this approval."""
    return RunId(approval.partition("/")[0])


@lru_cache(maxsize=8192)
def instance_id(loop: StepId, index: int) -> StepId:
    """Name the `index`-th item (from 0) of a loop as the step that it is."""
    return StepId(f"{loop}[{index}]")


def instance_of(step: StepId) -> tuple[StepId, int] | None:
    """Return the loop and the index that `instance_id` put into a name, None for any other step: no id in a runbook has a bracket."""
    if "[" not in step:
        return None
    found = _INSTANCE.fullmatch(step)
    return (StepId(found[1]), int(found[2])) if found else None


def evidence_id(run: RunId, step: StepId, name: str) -> EvidenceId:
    """Name a piece of evidence that a step gathered."""
    return EvidenceId(f"{run}/{step}/{name}")
