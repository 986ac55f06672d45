"""The words on a question that too few people may answer: what is lacking, and the ways out. Without them it looks as if it only took time."""

from __future__ import annotations

from collections.abc import Iterator

from bot.chat.blocks.ink import Ink, mention
from bot.chat.blocks.picture import Picture
from bot.chat.blocks.words import counted, who
from bot.domain.nouns import ApprovalStatus, Vote
from bot.domain.records import ApprovalRecord
from bot.policy.approvals import able_to_approve

_NAMED = 4


def too_few(picture: Picture, approval: ApprovalRecord, ink: Ink) -> str:
    """Say what an open question lacks: `it needs 2 people, and only @ben may approve`; empty while enough may, or nobody knows who may."""
    people = picture.deciders.get(approval.id)
    if people is None or approval.status is not ApprovalStatus.PENDING:
        return ""
    able = _able(picture, approval)
    if len(able) >= approval.quorum:
        return ""
    named = ", ".join(mention(each, ink) for each in able[:_NAMED])
    more = f" and {len(able) - _NAMED} more" if len(able) > _NAMED else ""
    asked = approval.requested_by
    why = f" ({who(asked, ink)} asked for the run)" if asked is not None and asked.id in people else ""
    only = f"only {named}{more}" if able else "nobody"
    return f"it needs {counted(approval.quorum, 'person', 'people')}, and {only} may approve{why}"


def ways_out(picture: Picture, approval: ApprovalRecord, ink: Ink) -> str:
    """Say what people can do about it."""
    ways = list(_ways(picture, approval, ink))
    if len(ways) == 1:
        return f"{ways[0]}."
    return f"{', '.join(ways[:-1])}, or {ways[-1]}."


def _ways(picture: Picture, approval: ApprovalRecord, ink: Ink) -> Iterator[str]:
    asked = approval.requested_by
    starts_anew = asked is not None and asked.id in picture.deciders[approval.id]
    cancel = "cancel the run and let somebody else ask for it" if starts_anew else "cancel the run"
    if _able(picture, approval):
        yield "Deny it"
        yield cancel
    else:
        yield cancel[0].upper() + cancel[1:]
    groups = [each.removeprefix("group:") for each in approval.sources if each.startswith("group:")]
    if groups:
        named = " or ".join(ink.code(each, 60) for each in groups[:_NAMED])
        yield f"add people to the group {named}"


def _able(picture: Picture, approval: ApprovalRecord) -> list[str]:
    approved = (each.by for each in approval.votes if each.vote is Vote.APPROVE)
    people = picture.deciders[approval.id]
    return sorted(able_to_approve(people, requested_by=approval.requested_by, approved=approved))
