"""The message that calls in those whom an approval escalates to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.chat.blocks import approval_message, as_it_is, escalation_message, living_message
from bot.chat.blocks.picture import Links, Picture
from bot.domain.ids import ApprovalId, Digest, IncidentId, RunId, StepId
from bot.domain.nouns import ApprovalStatus
from bot.domain.records import ApprovalRecord
from tests.fakes.alerts import incident

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
WHO = {"group:sre": "<!subteam^S1>", "group:sre-leads": "<!subteam^S2>"}
LINK = "https://acme.slack.test/archives/C1/p1"


def asked(status: ApprovalStatus = ApprovalStatus.PENDING, *, until: datetime | None = AT) -> ApprovalRecord:
    """Make a question that escalated."""
    return ApprovalRecord(
        id=ApprovalId("42-1/shift/1"),
        incident=IncidentId(42),
        run=RunId("42-1"),
        step=StepId("shift"),
        status=status,
        digest=Digest("d" * 64),
        action="http.request",
        effect="mutate",
        target="",
        inputs={},
        undo="",
        sources=("group:sre", "group:sre-leads"),
        quorum=1,
        requested_by=None,
        requested_at=AT - timedelta(minutes=20),
        expires_at=until,
        closed_at=None,
        why="",
        escalated_at=AT - timedelta(minutes=10),
        escalated_to=("group:sre-leads",),
    )


def picture(approval: ApprovalRecord, *, linked: bool = True) -> Picture:
    """Show it in its incident."""
    messages = {f"approval/{approval.id}": LINK} if linked else {}
    return Picture(
        incident=incident(42),
        runs=(),
        approvals=[approval],
        evidence=(),
        alerts=(),
        links=Links(incident="", postmortem="", messages=messages),
        who_may=WHO,
    )


def test_it_calls_in_those_who_are_new() -> None:
    """They are mentioned, they see until when, and the decision is a click away; who was asked before is not woken again."""
    message = escalation_message(picture(asked()), asked(), redact=as_it_is)
    assert message.text.startswith("⏫ *Nobody decided in time.* <!subteam^S2>, please decide until")
    assert "<!subteam^S1>" not in message.text
    assert LINK in message.text


def test_without_a_time_and_a_link_it_still_says_what_to_do() -> None:
    """Nothing is promised that is not there."""
    approval = asked(until=None)
    message = escalation_message(picture(approval, linked=False), approval, redact=as_it_is)
    assert "please decide: *shift*" in message.text
    assert "Decide →" not in message.text


def test_once_decided_it_says_so() -> None:
    """Whoever comes late reads how it ended."""
    approval = asked(ApprovalStatus.APPROVED)
    message = escalation_message(picture(approval), approval, redact=as_it_is)
    assert message.text.startswith("✅ Approved: shift · it had been escalated to <!subteam^S2>")


def test_the_question_and_the_living_message_show_it() -> None:
    """Wherever the question stands, it says to whom it went, and that it did."""
    question = str(approval_message(picture(asked()), asked(), redact=as_it_is).blocks)
    assert "⏫ escalated to <!subteam^S2>" in question
    assert "<!subteam^S1>, <!subteam^S2>" in question
    assert "⏫ escalated" in str(living_message(picture(asked()), redact=as_it_is).blocks)
