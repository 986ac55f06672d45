"""What a tired person reads in a message: who said what, what would undo it, and lengths of time that say something."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.chat.blocks import approval_message, as_it_is
from bot.chat.blocks.ink import span
from bot.chat.blocks.picture import Picture
from bot.domain.ids import ApprovalId, Digest, IncidentId, RunId, StepId
from bot.domain.nouns import FIRELINE, ApprovalStatus, IncidentStatus, Severity, Vote, person
from bot.domain.records import ApprovalRecord, IncidentRecord, VoteRecord

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
INCIDENT = IncidentRecord(
    id=IncidentId(1),
    title="Checkout is failing",
    severity=Severity.SEV2,
    status=IncidentStatus.INVESTIGATING,
    group="",
    runbook="checkout-errors",
    opened_by=FIRELINE,
    opened_at=AT,
    acknowledged_at=None,
    resolved_at=None,
    commander="",
    channel="",
    channel_name="",
    alerts=1,
    firing=1,
    resolution="",
    last_seq=1,
)


def written(*, undo: str = "", votes: tuple[VoteRecord, ...] = (), status: ApprovalStatus) -> str:
    """Return all that an approval's message says, as one text."""
    approval = ApprovalRecord(
        id=ApprovalId("1-1/shift/1"),
        incident=INCIDENT.id,
        run=RunId("1-1"),
        step=StepId("shift"),
        status=status,
        digest=Digest("d" * 64),
        action="http.request",
        effect="mutate",
        target="http://router",
        inputs={"method": "PUT"},
        undo=undo,
        sources=("group:sre",),
        quorum=1,
        requested_by=None,
        requested_at=AT,
        expires_at=None,
        closed_at=None,
        why="",
        votes=votes,
    )
    return str(approval_message(Picture(incident=INCIDENT), approval, redact=as_it_is).blocks)


@pytest.mark.parametrize(
    ("vote", "status", "said"),
    [
        (Vote.APPROVE, ApprovalStatus.APPROVED, "👍 approved by <@U0BEN>, one of sre · <!date^"),
        (Vote.DENY, ApprovalStatus.DENIED, "👎 denied by <@U0BEN>, one of sre · <!date^"),
    ],
)
def test_a_decision_says_who_and_by_what_right(vote: Vote, status: ApprovalStatus, said: str) -> None:
    """A sign alone leaves a reader guessing."""
    cast = VoteRecord(by=person("U0BEN"), vote=vote, as_member_of="group:sre", at=AT)
    assert said in written(votes=(cast,), status=status)


@pytest.mark.parametrize(
    ("undo", "said"),
    [
        ('http.request {"json":{"primary":100}}', '*Undo:* `http.request {"json":{"primary":100}}`'),
        ("none: a message can't be unsent", "*Undo:* ⚠️ none: a message can't be unsent"),
        ("", "*Undo:* ⚠️ none"),
    ],
)
def test_an_undo_stands_letter_by_letter(undo: str, said: str) -> None:
    """As code, in which Slack makes no emoji of `:100:` and no bold of stars; and where there is none, that is seen."""
    assert said in written(undo=undo, status=ApprovalStatus.PENDING).replace("\\'", "'")


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0.0 s"), (0.0004, "1 ms"), (0.012, "12 ms"), (0.05, "0.1 s"), (9.96, "10 s")]
)
def test_a_short_time_is_not_nothing(seconds: float, said: str) -> None:
    """What took milliseconds is not said to have taken 0.0 s."""
    assert span(timedelta(seconds=seconds)) == said
