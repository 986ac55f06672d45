"""What waits for whom: the one question that a person has at 3 a.m., answered from records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.facts import StepOutcomeUnknown
from bot.domain.grouping import Grouped, grouped
from bot.domain.nouns import ApprovalStatus, Part, RunStatus, StepStatus, Vote
from bot.domain.records import ApprovalRecord, DeadLetter, IncidentRecord, RunRecord, StepRecord
from bot.incidents.line import stands
from bot.postmortem.wording import count, duration, person_name, plain, source_name

Names = Mapping[str, str]

_WORKING = {
    StepStatus.RUNNING: "runs step {step}",
    StepStatus.VERIFYING: "verifies that step {step} helped",
    StepStatus.HELD: "holds step {step} back",
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
    letters: Sequence[DeadLetter]


def waiting(incident: IncidentRecord, progress: Progress, names: Names, now: datetime) -> list[Wait]:
    """List what is to be done and by whom, people first; empty for an incident that is over."""
    if not incident.open:
        return []
    asked = [
        _decide(each, names, now) for each in progress.approvals if each.status is ApprovalStatus.PENDING
    ]
    unknown = [_settle(each) for each in progress.unknown]
    dead = [_put_back(each) for each in progress.letters]
    take = [] if incident.acknowledged_at else [_take(incident, now)]
    running = [run for run in progress.runs if run.status is RunStatus.RUNNING]
    queued = [_queue(run, now) for run in progress.runs if run.status is RunStatus.QUEUED]
    steps = [step for run in running for step in grouped(progress.steps[run.id]) if _works(step)]
    work = [_work(step, now) for step in steps]
    held = [_go_on(run, names, now) for run in running if run.paused_at is not None]
    going = [] if asked or unknown or work else [run for run in running if run.paused_at is None]
    idle = [_go_on(run, names, now) for run in going]
    return [*asked, *unknown, *dead, *held, *take, *work, *idle, *queued] or [_close(incident, names)]


def _decide(approval: ApprovalRecord, names: Names, now: datetime) -> Wait:
    who = " or ".join(source_name(each, names) for each in approval.sources) or "nobody"
    yes = sum(vote.vote is Vote.APPROVE for vote in approval.votes)
    target = f" on {plain(approval.target)}" if approval.target else ""
    times = f" for {count(approval.items, 'item')}" if approval.items else ""
    over = f"; {plain(approval.over)}" if approval.over else ""
    left = ", escalated" if approval.escalated_at else ""
    if approval.expires_at is not None:
        seconds = (approval.expires_at - now).total_seconds()
        left += f", {duration(seconds)} left" if seconds > 0 else ", its time is over"
    return Wait(
        who=who[0].upper() + who[1:],
        what=f"to approve or deny step {approval.step}",
        more=f"{plain(approval.action)} ({plain(approval.effect)}){times}{target}{over}; {yes} of {approval.quorum} approved{left}",
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


def _put_back(letter: DeadLetter) -> Wait:
    return Wait(
        who="Somebody",
        what=f"to put dead letter {letter.id} back, or to discard it",
        more=f"{plain(letter.title)} can't go on: {plain(letter.detail)}",
        people=True,
    )


def _queue(run: RunRecord, now: datetime) -> Wait:
    since = duration(max(0.0, (now - run.started_at).total_seconds()))
    return Wait(
        who="Fireline",
        what=f"begins run {run.id} when its turn comes",
        more=f"it {plain(stands(run))}, for {since}",
        people=False,
    )


def _go_on(run: RunRecord, names: Names, now: datetime) -> Wait:
    if run.paused_at is not None:
        by = f" by {person_name(run.paused_by.id, names)}" if run.paused_by else ""
        since = duration(max(0.0, (now - run.paused_at).total_seconds()))
        why = f": {plain(run.paused_why)}" if run.paused_why else ""
        return Wait(
            who="Somebody", what=f"to resume run {run.id}", more=f"paused{by} for {since}{why}", people=True
        )
    return Wait(who="Fireline", what=f"goes on with run {run.id}", more="", people=False)


def _take(incident: IncidentRecord, now: datetime) -> Wait:
    since = duration(max(0.0, (now - incident.opened_at).total_seconds()))
    return Wait(who="Somebody", what="to take the incident", more=f"unacknowledged for {since}", people=True)


def _works(step: Grouped) -> bool:
    """Tell whether Fireline is at a step; of a loop, at any of its items: those whose outcome is unknown wait for a person."""
    under_way = [each.record.status for each in step.items if not each.record.status.final]
    return step.record.status in _WORKING and (not under_way or any(each in _WORKING for each in under_way))


def _work(working: Grouped, now: datetime) -> Wait:
    step = working.record
    since = f"for {duration(max(0.0, (now - step.started_at).total_seconds()))}" if step.started_at else ""
    attempt = f"attempt {step.attempt}" if step.attempt > 1 else ""
    return Wait(
        who="Fireline",
        what=_WORKING[step.status].format(step=step.step),
        more=", ".join(part for part in (working.how_far, attempt, since, _waits(step, now)) if part),
        people=False,
    )


def _waits(step: StepRecord, now: datetime) -> str:
    """Say what a step waits for, and how long it still will, where that is known."""
    left = 0.0 if step.due_at is None else (step.due_at - now).total_seconds()
    again = f"for {duration(left)} more" if left > 0 else ""
    return ": ".join(part for part in (plain(step.waits_for), again) if part)


def _close(incident: IncidentRecord, names: Names) -> Wait:
    who = person_name(incident.commander, names) if incident.commander else "Somebody"
    if incident.firing:
        more = f"{count(incident.firing, 'alert still fires', 'alerts still fire')}"
        return Wait(who=who, what="to decide what is next", more=f"no step is under way; {more}", people=True)
    return Wait(who=who, what="to resolve it", more="no step is under way, and no alert fires", people=True)
