"""What an outbox entry is about, read from its key; the projection makes the keys."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.ids import ApprovalId, RunId, StepId


class Subject(StrEnum):
    """The kinds of things that chat shows."""

    CHANNEL = "channel"
    STATUS = "status"
    ANNOUNCE = "announce"
    APPROVAL = "approval"
    ESCALATION = "escalation"
    UNKNOWN = "unknown"
    PROPOSED = "proposed"
    REJECTED = "rejected"
    POSTMORTEM = "postmortem"


_NO_APPROVAL, _NO_RUN, _NO_STEP = ApprovalId(""), RunId(""), StepId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key taken apart; only the fields that its subject has are filled."""

    subject: Subject
    approval: ApprovalId = _NO_APPROVAL
    run: RunId = _NO_RUN
    step: StepId = _NO_STEP
    runbook: str = ""


def parse(key: str) -> Key | None:
    """Read a key; None for one that this version does not know."""
    head, _, rest = key.partition("/")
    if head in {Subject.APPROVAL, Subject.ESCALATION} and rest:
        return Key(subject=Subject(head), approval=ApprovalId(rest))
    if head == "unknown":
        run, _, step = rest.partition("/")
        return Key(subject=Subject.UNKNOWN, run=RunId(run), step=StepId(step)) if step else None
    if head == "postmortem":
        return Key(subject=Subject.POSTMORTEM)
    if head != "incident":
        return None
    _, _, what = rest.partition("/")
    if what in {Subject.CHANNEL, Subject.STATUS, Subject.ANNOUNCE}:
        return Key(subject=Subject(what))
    name, _, runbook = what.partition("/")
    of_runbook = name in {Subject.PROPOSED, Subject.REJECTED} and runbook
    return Key(subject=Subject(name), runbook=runbook) if of_runbook else None


_CALLED = {
    Subject.CHANNEL: "the incident's channel",
    Subject.STATUS: "the incident's message",
    Subject.ANNOUNCE: "the incident's line in the central channel",
    Subject.APPROVAL: "the question for approval {approval}",
    Subject.ESCALATION: "the call to others about approval {approval}",
    Subject.UNKNOWN: "the question what became of step {step} of run {run}",
    Subject.PROPOSED: "the proposal of the runbook {runbook}",
    Subject.REJECTED: "the word that the runbook {runbook} was not started",
    Subject.POSTMORTEM: "the postmortem's draft",
}


def called(key: str) -> str:
    """Say in words what an outbox entry is, for people who look for it in chat."""
    parsed = parse(key)
    if parsed is None:
        return key
    return _CALLED[parsed.subject].format(
        approval=parsed.approval, step=parsed.step, run=parsed.run, runbook=parsed.runbook
    )
