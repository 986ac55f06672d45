"""Votes on approvals, from a button or from a form: who may, what counts, and what is said of it."""

from __future__ import annotations

from bot.chat.blocks.answers import said
from bot.chat.blocks.kit import Message
from bot.chat.identity import Identity
from bot.chat.inbound.worker import Task
from bot.domain.clock import to_text
from bot.domain.ids import ApprovalId, Digest
from bot.domain.nouns import ApprovalStatus, Vote, person
from bot.domain.ports import Reader
from bot.engine.control import RunControl
from bot.errors import Conflict, NotFound
from bot.policy.approvals import right_to_decide

_ENDED = {
    ApprovalStatus.APPROVED: "it was approved",
    ApprovalStatus.DENIED: "it was denied",
    ApprovalStatus.EXPIRED: "nobody decided in time",
    ApprovalStatus.VOID: "it is no longer asked",
}


class Voting:
    """Hands people's words on approvals to the engine, which counts each person once."""

    def __init__(self, *, runs: RunControl, reader: Reader, identity: Identity) -> None:
        self._runs = runs
        self._reader = reader
        self._identity = identity

    async def vote(
        self, task: Task, approval: ApprovalId, digest: Digest, vote: Vote, *, why: str = ""
    ) -> Message | None:
        """Count a person's word; raises FirelineError where it does not count."""
        user = task.asked.user
        await self._identity.must_be_able_to_decide(user)
        groups = await self._identity.groups_of(user)
        self._must_be_meant(approval, user, groups)
        try:
            await self._runs.vote(approval, by=person(user), groups=groups, vote=vote, digest=digest, why=why)
        except Conflict:
            # A crash between the vote and the mark that it is handled brings it here a second time.
            if task.again and self._counted(approval, user, vote):
                return None
            self._say_how_it_ended(approval)
            raise
        return self._still_open(approval)

    def _say_how_it_ended(self, approval: ApprovalId) -> None:
        """Conflict with what was decided and by whom, where it is: the one who came late may not see the message."""
        record = self._reader.approval(approval)
        if record is None or record.closed_at is None:
            return
        names = " and ".join(self._identity.name(each.by.id) for each in record.votes)
        by = f" by {names}" if record.status in {ApprovalStatus.APPROVED, ApprovalStatus.DENIED} else ""
        raise Conflict(
            f"This is decided already: {_ENDED[record.status]}{by}, at {to_text(record.closed_at)[11:16]} UTC.",
            hint="The message in the channel shows it.",
        )

    def _must_be_meant(self, approval: ApprovalId, user: str, groups: frozenset[str]) -> None:
        """Refuse a vote where the approval is not, and one by an id that a runbook means in another workspace; the engine decides the rest."""
        record = self._reader.approval(approval)
        if record is None:
            raise NotFound(
                "There is no such approval here.", hint="Decide in the channel that it was asked in."
            )
        if self._identity.named_by_id:
            return
        others = [each for each in record.sources if not each.startswith("user:")]
        right_to_decide(by=person(user), groups=groups, sources=others, requested_by=record.requested_by)

    def _counted(self, approval: ApprovalId, user: str, vote: Vote) -> bool:
        record = self._reader.approval(approval)
        me = person(user)
        return record is not None and any(each.by == me and each.vote is vote for each in record.votes)

    def _still_open(self, approval: ApprovalId) -> Message | None:
        record = self._reader.approval(approval)
        if record is None or record.closed_at is not None or record.quorum <= 1:
            return None
        got = sum(each.vote is Vote.APPROVE for each in record.votes)
        return (
            said(f"👍 Counted: {got} of {record.quorum} have approved.") if 0 < got < record.quorum else None
        )
