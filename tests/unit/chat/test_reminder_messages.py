"""Reminders as people read them: to those who can do something, once, and no more once it is done."""

from __future__ import annotations

from bot.domain.facts import ApprovalClosed, IncidentAcknowledged, IncidentResolved, Reminded
from bot.domain.ids import ApprovalId, IncidentId, RunId, StepId
from bot.domain.nouns import ApprovalStatus, ReminderOf
from tests.unit.chat.conftest import Post

ONE, ASKED = IncidentId(1), ApprovalId("1-1/shift/1")
NOBODY = "incident/1/reminder/commander/once"
HALF = f"incident/1/reminder/approval/{ASKED}"


def reminded(post: Post, of: ReminderOf, approval: str = "") -> Reminded:
    """Make a reminder that is due now."""
    return Reminded(incident=ONE, of=of, due=post.time.now(), approval=ApprovalId(approval))


async def test_nobody_leads_and_somebody_can_take_it_there(post: Post) -> None:
    """Those on call are mentioned, with the button; once somebody leads, it says who and has none."""
    await post.open(1)
    await post.write(1, reminded(post, ReminderOf.COMMANDER))
    await post.settled(within=10)
    (message,) = post.slack.with_key(NOBODY)
    assert "*Nobody leads this yet*" in str(message["blocks"])
    assert "<@U0ADA>, <@U0BEN>: who takes it?" in str(message["blocks"])
    assert "'action_id': 'acknowledge'" in str(message["blocks"])
    await post.write(1, IncidentAcknowledged(incident=ONE, commander="U0ADA"))
    await post.settled(within=10)
    (message,) = post.slack.with_key(NOBODY)
    assert "☑️ <@U0ADA> leads the response" in str(message["blocks"])
    assert "actions" not in str(message["blocks"])


async def test_half_of_an_approval_s_time_is_over(post: Post) -> None:
    """Those who may decide are mentioned, and nobody else; then it says what became of it."""
    await post.open(1)
    await post.ask(1)
    await post.write(1, reminded(post, ReminderOf.APPROVAL, ASKED))
    await post.settled(within=10)
    (message,) = post.slack.with_key(HALF)
    assert "⏰ *Half of the time is over:* shift. <@U0ADA>, <@U0BEN>, please decide" in str(message["blocks"])
    assert "<!channel>" not in str(message)
    closed = ApprovalClosed(
        run=RunId("1-1"), step=StepId("shift"), approval=ASKED, status=ApprovalStatus.DENIED
    )
    await post.write(1, closed)
    await post.settled(within=10)
    assert "⛔ Denied: shift" in str(post.slack.with_key(HALF)[0]["blocks"])


async def test_each_update_that_is_due_is_a_post_of_its_own(post: Post) -> None:
    """A message that changes makes no phone ring; the form is a click away."""
    await post.open(1)
    await post.write(1, IncidentAcknowledged(incident=ONE, commander="U0ADA"))
    for _ in range(2):
        await post.write(1, reminded(post, ReminderOf.UPDATE))
        await post.settled(within=10)
        await post.time.advance(1800)
    texts = [str(each["blocks"]) for each in post.slack.messages.values()]
    due = [each for each in texts if "*No word on how it stands for too long.* <@U0ADA>, tell" in each]
    assert len(due) == 2
    assert all("'action_id': 'open/update'" in each for each in due)


async def test_what_became_needless_while_slack_was_away_is_not_posted(post: Post) -> None:
    """Taken, decided and over before anybody could read it: nobody is disturbed."""
    await post.open(1)
    await post.ask(1)
    await post.settled(within=10)
    post.slack.down = True
    await post.write(
        1,
        reminded(post, ReminderOf.COMMANDER),
        reminded(post, ReminderOf.APPROVAL, ASKED),
        reminded(post, ReminderOf.UPDATE),
    )
    await post.time.advance(30)
    closed = ApprovalClosed(
        run=RunId("1-1"), step=StepId("shift"), approval=ASKED, status=ApprovalStatus.APPROVED
    )
    await post.write(1, IncidentAcknowledged(incident=ONE, commander="U0ADA"), closed)
    await post.write(1, IncidentResolved(incident=ONE))
    post.slack.down = False
    await post.settled(within=120)
    assert not [each for each in post.slack.messages.values() if "⏰" in str(each)]
