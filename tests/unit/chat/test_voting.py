"""Votes where an id may be somebody else's: in a workspace that is not home."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.chat.inbound.payload import ACTION, Asked
from bot.chat.inbound.worker import Task
from bot.chat.voting import Voting
from bot.domain.ids import ApprovalId, Digest
from bot.domain.nouns import ApprovalStatus, Vote, person
from bot.errors import Conflict, NotAllowed, NotFound
from tests.fakes.alerts import NOON

ASK = ApprovalId("1-1/shift/1")


class Runs:
    """Remembers votes."""

    def __init__(self) -> None:
        self.votes: list[str] = []

    async def vote(self, approval: ApprovalId, **how: Any) -> None:
        """Count one."""
        self.votes.append(f"{how['by'].id} on {approval}")


def voting(*sources: str, home: bool, groups: tuple[str, ...] = ()) -> tuple[Voting, Runs]:
    """Voting of a workspace whose one person is in these groups; without sources there is no such approval there."""

    async def may(_user: str) -> None:
        return None

    async def groups_of(_user: str) -> frozenset[str]:
        return frozenset(groups)

    asked = SimpleNamespace(sources=sources, requested_by=person("U0BEN"), closed_at=None, quorum=1)
    reader = SimpleNamespace(approval=lambda _: asked if sources else None)
    identity = SimpleNamespace(
        named_by_id=home,
        must_be_able_to_decide=may,
        groups_of=groups_of,
        name=lambda _: "Ben Ruiz",
    )
    runs = Runs()
    return Voting(runs=cast("Any", runs), reader=cast("Any", reader), identity=cast("Any", identity)), runs


@pytest.mark.parametrize(
    ("sources", "home", "groups", "refusal"),
    [
        (("user:U0ADA",), True, (), None),
        (("user:U0ADA",), False, (), NotAllowed),
        (("user:U0ADA", "group:sre"), False, ("sre",), None),
        (("anyone",), False, (), None),
        ((), False, (), NotFound),
        ((), True, (), NotFound),
    ],
)
async def test_an_id_of_the_settings_counts_at_home(
    *, sources: tuple[str, ...], home: bool, groups: tuple[str, ...], refusal: type[Exception] | None
) -> None:
    """Elsewhere `user:U0ADA` may be anybody; groups, and what is open to anyone, hold everywhere. What is not there nobody decides."""
    voter, runs = voting(*sources, home=home, groups=groups)
    task = Task(asked=Asked(kind=ACTION, user="U0ADA"), journal=cast("Any", None), again=False)
    voted = voter.vote(task, ASK, Digest("d"), Vote.APPROVE)
    if refusal is None:
        await voted
        assert runs.votes == [f"U0ADA on {ASK}"]
    else:
        with pytest.raises(refusal):
            await voted
        assert not runs.votes


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (ApprovalStatus.APPROVED, "This is decided already: it was approved by Ben Ruiz, at 12:00 UTC."),
        (ApprovalStatus.EXPIRED, "This is decided already: nobody decided in time, at 12:00 UTC."),
        (ApprovalStatus.PENDING, "As the engine says."),
    ],
)
async def test_who_comes_late_hears_how_it_ended(status: ApprovalStatus, said: str) -> None:
    """By whom where people decided; what is still open is refused for another reason, which stands."""
    voter, runs = voting("group:sre", home=True, groups=("sre",))

    async def refuse(_approval: ApprovalId, **_how: Any) -> None:
        msg = "As the engine says."
        raise Conflict(msg)

    runs.vote = refuse  # type: ignore[method-assign,assignment]
    asked = cast("Any", voter)._reader.approval(ASK)
    asked.status, asked.votes = status, [SimpleNamespace(by=person("U0BEN"), vote=Vote.APPROVE)]
    asked.closed_at = NOON if status is not ApprovalStatus.PENDING else None
    task = Task(asked=Asked(kind=ACTION, user="U0ADA"), journal=cast("Any", None), again=False)
    with pytest.raises(Conflict) as refusal:
        await voter.vote(task, ASK, Digest("d"), Vote.APPROVE)
    assert str(refusal.value) == said
