"""The tables of a draft: approvals with their votes, the evidence manifest, what was undone, what people noted and told, and who had which role."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.domain import facts
from bot.domain.ids import ApprovalId
from bot.domain.nouns import COMMANDER, ApprovalStatus, Vote
from bot.postmortem.draft import ApprovalRow, EvidenceRow, NoteRow, UndoRow, VoteRow, ref, refs
from bot.postmortem.story import Story, Told
from bot.postmortem.wording import (
    count,
    heard,
    json_text,
    lines,
    listed,
    person_name,
    plain,
    source_name,
    who,
)

_VOTES = {Vote.APPROVE: "approved", Vote.DENY: "denied"}


def approvals(
    story: Story, names: Mapping[str, str], redact: Callable[[str], str]
) -> tuple[ApprovalRow, ...]:
    """Tell each approval: exactly what was asked, who said what, and how it ended."""
    votes: dict[ApprovalId, list[Told[facts.ApprovalVoted]]] = {}
    for vote in story.told(facts.ApprovalVoted):
        votes.setdefault(vote.fact.approval, []).append(vote)
    closed = {each.fact.approval: each for each in story.told(facts.ApprovalClosed)}
    escalated = {each.fact.approval: each for each in story.told(facts.ApprovalEscalated)}
    return tuple(
        _approval(
            asked,
            votes.get(asked.fact.approval, []),
            (escalated.get(asked.fact.approval), closed.get(asked.fact.approval)),
            names,
            redact,
        )
        for asked in story.told(facts.ApprovalRequested)
    )


def _approval(
    asked: Told[facts.ApprovalRequested],
    votes: list[Told[facts.ApprovalVoted]],
    course: tuple[Told[facts.ApprovalEscalated] | None, Told[facts.ApprovalClosed] | None],
    names: Mapping[str, str],
    redact: Callable[[str], str],
) -> ApprovalRow:
    fact, (escalated, closed) = asked.fact, course
    sources = escalated.fact.sources if escalated else fact.sources
    told = [each.event for each in (escalated, closed) if each]
    return ApprovalRow(
        approval=fact.approval,
        step=fact.step,
        action=plain(fact.action),
        effect=plain(fact.effect) + _of_list(fact),
        target=plain(fact.target),
        inputs=plain(redact(json_text(fact.inputs))),
        digest=fact.digest,
        undo=plain(fact.undo),
        of=listed([source_name(each, names) for each in sources]),
        quorum=fact.quorum,
        requested_by=who(fact.requested_by, names) if fact.requested_by else "",
        asked_at=asked.at,
        outcome=closed.fact.status if closed else ApprovalStatus.PENDING,
        closed_at=closed.at if closed else None,
        why=plain(heard(closed.fact.why, names)) if closed else "",
        votes=tuple(_vote(each, names) for each in votes),
        refs=refs([asked.event, *(each.event for each in votes), *told]),
    )


def _of_list(fact: facts.ApprovalRequested) -> str:
    over = f"; {plain(fact.over)}" if fact.over else ""
    return f", for {count(fact.items, 'item')}{over}" if fact.items else ""


def _vote(vote: Told[facts.ApprovalVoted], names: Mapping[str, str]) -> VoteRow:
    return VoteRow(
        by=who(vote.event.actor, names),
        vote=_VOTES[vote.fact.vote],
        as_member_of=source_name(vote.fact.as_member_of, names),
        at=vote.at,
        why=plain(heard(vote.fact.why, names)),
        ref=ref(vote.event),
    )


def evidence(story: Story) -> tuple[EvidenceRow, ...]:
    """List everything that was kept, with what proves that it is the same still."""
    return tuple(
        EvidenceRow(
            evidence=each.fact.evidence,
            name=plain(each.fact.name),
            evidence_class=plain(each.fact.evidence_class),
            sha256=each.fact.sha256,
            size=each.fact.size,
            media_type=plain(each.fact.media_type),
            source=plain(each.fact.source),
            tool=plain(each.fact.tool),
            step=each.fact.step,
            at=each.at,
            truncated=each.fact.truncated,
            ref=ref(each.event),
        )
        for each in story.told(facts.EvidenceStored)
    )


def undone(story: Story) -> tuple[UndoRow, ...]:
    """Tell what was taken back and what could not be, in the order in which it was tried."""
    rows = [
        UndoRow(step=each.fact.step, undone=True, at=each.at, why="", ref=ref(each.event))
        for each in story.told(facts.StepUndone)
    ]
    rows += [
        UndoRow(
            step=each.fact.step,
            undone=False,
            at=each.at,
            why=", ".join(part for part in (plain(each.fact.reason), plain(each.fact.detail)) if part),
            ref=ref(each.event),
        )
        for each in story.told(facts.StepUndoFailed)
    ]
    return tuple(sorted(rows, key=lambda row: row.ref))


def notes(story: Story, names: Mapping[str, str]) -> tuple[NoteRow, ...]:
    """Return what people wrote, as they wrote it."""
    return tuple(
        NoteRow(
            by=who(each.event.actor, names),
            at=each.at,
            text=lines(heard(each.fact.text, names)),
            ref=ref(each.event),
        )
        for each in story.told(facts.NoteAdded)
    )


def updates(story: Story, names: Mapping[str, str]) -> tuple[NoteRow, ...]:
    """Return what stakeholders were told, as it was told."""
    return tuple(
        NoteRow(
            by=who(each.event.actor, names),
            at=each.at,
            text=lines(heard(each.fact.message, names)),
            ref=ref(each.event),
        )
        for each in story.told(facts.UpdateGiven)
    )


def roles(story: Story, names: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return who had which role besides the lead, each role with all who had it, in order."""
    had: dict[str, dict[str, None]] = {}
    for each in story.told(facts.RoleAssigned):
        if each.fact.role != COMMANDER and each.fact.person:
            had.setdefault(plain(each.fact.role).replace("_", " "), {})[
                person_name(each.fact.person, names)
            ] = None
    return tuple((role, listed(people)) for role, people in had.items())


def led_by(story: Story, names: Mapping[str, str]) -> tuple[str, ...]:
    """Name everybody who led the incident, in order."""
    found: list[str] = []
    for event in story.events:
        if isinstance(event.fact, facts.IncidentAcknowledged):
            found.append(event.fact.commander or event.actor.id)
        elif isinstance(event.fact, facts.RoleAssigned) and event.fact.role == COMMANDER:
            found.append(event.fact.person)
    return tuple(dict.fromkeys(person_name(each, names) for each in found if each))
