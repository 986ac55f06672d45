"""What an outbox entry is about, read from its key; the projection makes the keys."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.ids import ApprovalId, EvidenceId, RunId, StepId
from bot.domain.nouns import ReminderOf


class Subject(StrEnum):
    """The kinds of things that chat shows."""

    CHANNEL = "channel"
    BOOKMARKS = "bookmarks"
    STATUS = "status"
    ANNOUNCE = "announce"
    RUN = "run"
    APPROVAL = "approval"
    ESCALATION = "escalation"
    UNKNOWN = "unknown"
    PROPOSED = "proposed"
    REJECTED = "rejected"
    SHUT_OUT = "shut_out"
    SHUT_OUT_LEAD = "shut_out_lead"
    """The same, to whoever leads."""
    POSTMORTEM = "postmortem"
    POSTMORTEM_FILE = "postmortem_file"
    EVIDENCE = "evidence"
    REMINDER = "reminder"
    UPDATE = "update"


ELSEWHERE = frozenset({Subject.ANNOUNCE, Subject.SHUT_OUT, Subject.SHUT_OUT_LEAD})
"""What stands in no incident's channel."""
_WITH_RUNBOOK = frozenset({Subject.PROPOSED, Subject.REJECTED})
_OF_INCIDENT = frozenset({Subject.CHANNEL, Subject.BOOKMARKS, Subject.STATUS, *ELSEWHERE})
_NO_APPROVAL, _NO_RUN, _NO_STEP, _NO_EVIDENCE = ApprovalId(""), RunId(""), StepId(""), EvidenceId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key taken apart; only the fields that its subject has are filled. `text` is the key as it was."""

    subject: Subject
    approval: ApprovalId = _NO_APPROVAL
    run: RunId = _NO_RUN
    step: StepId = _NO_STEP
    runbook: str = ""
    evidence: EvidenceId = _NO_EVIDENCE
    of: ReminderOf | None = None
    event: int = 0
    text: str = ""


def parse(key: str) -> Key | None:  # noqa: PLR0911 - a table of subjects
    """Read a key; None for one that this version does not know."""
    head, _, rest = key.partition("/")
    if head == "incident":
        _, _, what = rest.partition("/")
        return _of_incident(what, key)
    match head:
        case Subject.APPROVAL | Subject.ESCALATION if rest:
            return Key(subject=Subject(head), approval=ApprovalId(rest))
        case Subject.RUN if rest:
            return Key(subject=Subject.RUN, run=RunId(rest))
        case Subject.UNKNOWN if "/" in rest:
            run, _, step = rest.partition("/")
            return Key(subject=Subject.UNKNOWN, run=RunId(run), step=StepId(step))
        case Subject.EVIDENCE if rest:
            return Key(subject=Subject.EVIDENCE, evidence=EvidenceId(rest))
        case Subject.POSTMORTEM | Subject.POSTMORTEM_FILE:
            return Key(subject=Subject(head))
    return None


def _of_incident(what: str, key: str) -> Key | None:
    """Read the part of a key that follows `incident/42/`."""
    if what in _OF_INCIDENT:
        return Key(subject=Subject(what))
    name, _, runbook = what.partition("/")
    if name == Subject.UPDATE and runbook.isdecimal():
        return Key(subject=Subject.UPDATE, event=int(runbook), text=key)
    if name == Subject.REMINDER:
        of, _, which = runbook.partition("/")
        approval = ApprovalId(which if of == ReminderOf.APPROVAL else "")
        known = of in ReminderOf._value2member_map_
        return (
            Key(subject=Subject.REMINDER, of=ReminderOf(of), approval=approval, text=key) if known else None
        )
    return Key(subject=Subject(name), runbook=runbook) if name in _WITH_RUNBOOK and runbook else None


_CALLED = {
    Subject.CHANNEL: "the incident's channel",
    Subject.STATUS: "the incident's message",
    Subject.ANNOUNCE: "the incident's line in the central channel",
    Subject.RUN: "how the steps of run {run} go",
    Subject.APPROVAL: "the question for approval {approval}",
    Subject.ESCALATION: "the call to others about approval {approval}",
    Subject.UNKNOWN: "the question what became of step {step} of run {run}",
    Subject.PROPOSED: "the proposal of the runbook {runbook}",
    Subject.REJECTED: "the word that the runbook {runbook} was not started",
    Subject.POSTMORTEM: "the postmortem's draft",
    Subject.POSTMORTEM_FILE: "the postmortem's draft as a canvas or a file",
    Subject.EVIDENCE: "the evidence {evidence} as a file",
    Subject.BOOKMARKS: "the links on top of the incident's channel",
    Subject.REMINDER: "a reminder",
    Subject.UPDATE: "an update for stakeholders",
    Subject.SHUT_OUT: "the word that the incident's channel can't be written in",
    Subject.SHUT_OUT_LEAD: "the word to whoever leads that the incident's channel can't be written in",
}


def called(key: str) -> str:
    """Say in words what an outbox entry is, for people who look for it in chat."""
    parsed = parse(key)
    if parsed is None:
        return key
    return _CALLED[parsed.subject].format(
        approval=parsed.approval,
        step=parsed.step,
        run=parsed.run,
        runbook=parsed.runbook,
        evidence=parsed.evidence,
    )
