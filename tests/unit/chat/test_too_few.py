"""A question that too few people may answer says so, and what to do: it must not look as if it only took time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat.blocks import approval_message, as_it_is, living_message
from bot.chat.blocks.picture import Picture
from bot.chat.identity import Identity
from bot.chat.pace import Pacer
from bot.domain.nouns import ApprovalStatus, Vote, person
from bot.domain.records import ApprovalRecord, VoteRecord
from tests.fakes.alerts import NOON, incident
from tests.fakes.moving_time import MovingTime
from tests.fakes.slack import FakeSlack
from tests.unit.chat.test_escalation import asked

ASKED = replace(
    asked(until=None),
    sources=("group:sre",),
    quorum=2,
    requested_by=person("U0ADA"),
    escalated_at=None,
    escalated_to=(),
)
BOTH = frozenset({"U0ADA", "U0BEN"})


def shown(approval: ApprovalRecord, people: frozenset[str] | None) -> tuple[str, str]:
    """Return the question and the living message as text."""
    deciders = {approval.id: people} if people is not None else {}
    picture = Picture(incident=incident(42), approvals=[approval], deciders=deciders)
    return (
        str(approval_message(picture, approval, redact=as_it_is).blocks),
        str(living_message(picture, redact=as_it_is).blocks),
    )


def test_a_quorum_that_the_requester_is_needed_for() -> None:
    """Two of a group of two, and one of them asked for the run: both messages say it, and the question says what to do."""
    question, living = shown(ASKED, BOTH)
    lacking = "⚠️ *Too few people may decide:* it needs 2 people, and only <@U0BEN> may approve (<@U0ADA> asked for the run)"
    assert (
        f"{lacking}.\\nDeny it, cancel the run and let somebody else ask for it, "
        "or add people to the group `sre`."
    ) in question
    assert lacking in living


def test_nobody_at_all() -> None:
    """Then nobody can deny it either."""
    question, _ = shown(replace(ASKED, quorum=1), frozenset({"U0ADA"}))
    assert "it needs 1 person, and nobody may approve (<@U0ADA> asked for the run)" in question
    assert ".\\nCancel the run and let somebody else ask for it, or add people" in question
    question, _ = shown(replace(ASKED, sources=("user:U0BEN",), requested_by=None), frozenset())
    assert "nobody may approve.\\nCancel the run." in question


def test_many_are_counted() -> None:
    """A long list of names is no answer at night."""
    question, _ = shown(replace(ASKED, quorum=9), frozenset({"U0ADA", *(f"U00{each}" for each in range(6))}))
    assert "only <@U000>, <@U001>, <@U002>, <@U003> and 2 more may approve" in question


@pytest.mark.parametrize(
    ("approval", "people"),
    [
        (ASKED, BOTH | {"U0CLEO"}),
        (replace(ASKED, requested_by=None), BOTH),
        (ASKED, None),
        (replace(ASKED, status=ApprovalStatus.DENIED), BOTH),
        (
            replace(
                ASKED,
                votes=(
                    VoteRecord(
                        by=person("U0CLEO"), vote=Vote.APPROVE, as_member_of="group:sre", at=NOON, why=""
                    ),
                ),
            ),
            BOTH,
        ),
    ],
)
def test_nothing_is_said_without_need(approval: ApprovalRecord, people: frozenset[str] | None) -> None:
    """Where enough may, where nobody knows, once it is decided, and where somebody approved and left the group since."""
    assert "Too few" not in "".join(shown(approval, people))


async def test_who_can_be_counted() -> None:
    """People by id always; a group once Slack has told who is in it, or who has the addresses in it; anyone never."""
    time = MovingTime()
    slack = FakeSlack(clock=time)
    slack.addresses = {"ben@example.com": "U0BEN"}
    groups = {"sre": ("U0ADA", "Ben@example.com", "gone@example.com"), "db": ("U0CLEO",)}
    identity = Identity(slack, Pacer(time, time.sleep), time, groups)
    assert identity.deciders(["user:U0ADA", "group:db"]) == {"U0ADA", "U0CLEO"}
    assert identity.deciders(["group:sre"]) is None
    assert identity.deciders(["group:web"]) is None
    await identity.refresh_groups()
    assert identity.deciders(["group:sre"]) == BOTH
    assert identity.deciders(["group:web"]) == frozenset(), "no such group is nobody"
    assert identity.deciders(["user:U0ADA", "anyone"]) is None


def test_a_vote_names_people() -> None:
    """A reason for a Deny is what a person said, with the names of those whom they meant."""
    vote = VoteRecord(
        by=person("U0BEN"),
        vote=Vote.DENY,
        as_member_of="group:sre",
        at=NOON,
        why="ask <@U0CLEO|cleo> first <!here>",
    )
    denied = replace(
        ASKED,
        status=ApprovalStatus.DENIED,
        votes=(vote,),
        closed_at=NOON + timedelta(minutes=1),
        why=vote.why,
    )
    question, _ = shown(denied, None)
    assert "ask <@U0CLEO> first &lt;!here&gt;" in question
