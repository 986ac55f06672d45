"""What waits for whom: the one question that a person has at 3 a.m., answered from records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts import StepOutcomeUnknown
from bot.domain.nouns import ApprovalStatus, Part, RunStatus, StepStatus, Vote
from bot.domain.records import ApprovalRecord, IncidentRecord, RunRecord, StepRecord
from bot.postmortem.wording import count, duration, person_name, plain, source_name

Names = Mapping[str, str]

_WORKING = {
    StepStatus.RUNNING: "runs step {step}",
    StepStatus.VERIFYING: "verifies that step {step} helped",
    StepStatus.WAITING_RETRY: "will try step {step} again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Somebody has something to do. `people` tells people from Fireline; `more` is what to know of it."""

    who: str
    what: str
    more: str
    people: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """An incident's runs with their steps and its approvals, as they stand; `unknown` are the outcomes that nobody has settled."""

    runs: Sequence[RunRecord]
    unknown: Sequence[StepOutcomeUnknown]
    steps: Mapping[str, Sequence[StepRecord]]
    approvals: Sequence[ApprovalRecord]


def waiting(incident: IncidentRecord, progress: Progress, names: Names, now: datetime) -> list[Wait]:
    """List what is to be done and by whom, people first; empty for an incident that is over."""
    if not incident.open:
        return []
    asked = [
        _decide(each, names, now) for each in progress.approvals if each.status is ApprovalStatus.PENDING
    ]
    unknown = [_settle(each) for each in progress.unknown]
    take = [] if incident.acknowledged_at else [_take(incident, now)]
    running = [run for run in progress.runs if run.status is RunStatus.RUNNING]
    work = [_work(step, now) for run in running for step in progress.steps[run.id] if step.status in _WORKING]
    idle = [] if asked or unknown or work else [_go_on(run) for run in running]
    return [*asked, *unknown, *take, *work, *idle] or [_close(incident, names)]


def _decide(approval: ApprovalRecord, names: Names, now: datetime) -> Wait:
    who = " or ".join(source_name(each, names) for each in approval.sources) or "nobody"
    yes = sum(vote.vote is Vote.APPROVE for vote in approval.votes)
    target = f" on {plain(approval.target)}" if approval.target else ""
    left = ", escalated" if approval.escalated_at else ""
    if approval.expires_at is not None:
        seconds = (approval.expires_at - now).total_seconds()
        left += f", {duration(seconds)} left" if seconds > 0 else ", its time is over"
    return Wait(
        who=who[0].upper() + who[1:],
        what=f"to approve or deny step {approval.step}",
        more=f"{plain(approval.action)} ({plain(approval.effect)}){target}; {yes} of {approval.quorum} approved{left}",
        people=True,
    )


def _settle(unknown: StepOutcomeUnknown) -> Wait:
    what = "the undo of step" if unknown.part is Part.UNDO else "step"
    return Wait(
        who="A person",
        what=f"to say what became of {what} {unknown.step}",
        more=plain(unknown.why),
        people=True,
    )


def _go_on(run: RunRecord) -> Wait:
    return Wait(who="Fireline", what=f"goes on with run {run.id}", more="", people=False)


def _take(incident: IncidentRecord, now: datetime) -> Wait:
    since = duration(max(0.0, (now - incident.opened_at).total_seconds()))
    return Wait(who="Somebody", what="to take the incident", more=f"unacknowledged for {since}", people=True)


def _work(step: StepRecord, now: datetime) -> Wait:
    since = f"for {duration(max(0.0, (now - step.started_at).total_seconds()))}" if step.started_at else ""
    attempt = f"attempt {step.attempt}" if step.attempt > 1 else ""
    return Wait(
        who="Fireline",
        what=_WORKING[step.status].format(step=step.step),
        more=", ".join(part for part in (attempt, since) if part),
        people=False,
    )


def _close(incident: IncidentRecord, names: Names) -> Wait:
    who = person_name(incident.commander, names) if incident.commander else "Somebody"
    if incident.firing:
        more = f"{count(incident.firing, 'alert still fires', 'alerts still fire')}"
        return Wait(who=who, what="to decide what is next", more=f"no step is under way; {more}", people=True)
    return Wait(who=who, what="to resolve it", more="no step is under way, and no alert fires", people=True)
