"""What Slack takes away under us: said once in the log, told to whoever can mend it, and said again when it is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.facts import (
    ChatStopped,
    ChatWentOn,
    Fact,
    IncidentAcknowledged,
    IncidentResolved,
    LetIn,
    MessageLost,
    PostmortemDrafted,
    ShutOut,
)
from bot.domain.ids import Digest, IncidentId
from tests.fakes.moving_time import MovingTime
from tests.fakes.slack import FakeSlack
from tests.unit.chat.conftest import CENTRAL, Post, put_together

STATUS = "incident/1/status"
OUT, OUT_LEAD = "incident/1/shut_out", "incident/1/shut_out_lead"


def told(post: Post, *kinds: type[Fact]) -> list[Fact]:
    """Return the facts of these kinds, in log order."""
    return [each.fact for each in post.store.records.events() if isinstance(each.fact, kinds)]


async def test_a_revoked_token_is_told_once_and_so_is_its_end(post: Post) -> None:
    """However many calls it costs; how long it lasted stands in the log."""
    post.slack.refuse("conversations.create", "token_revoked", times=3)
    post.slack.refuse("chat.postMessage", "token_revoked", times=3)
    await post.open(1)
    await post.settled(within=1200)
    stopped, went_on = told(post, ChatStopped, ChatWentOn)
    assert stopped == ChatStopped(code="token_revoked")
    assert isinstance(went_on, ChatWentOn)
    assert 60 <= went_on.stopped_for <= 600
    assert post.losses.trouble == ""


async def test_a_new_token_after_a_restart_ends_it(tmp_path: Path) -> None:
    """The next process learns from the log how the one before left it: it does not say it again, and says when it is over."""
    time = MovingTime()
    slack = FakeSlack(clock=time)
    before = await put_together(tmp_path, slack, time)
    slack.refuse("conversations.create", "token_revoked", times=9)
    slack.refuse("chat.postMessage", "token_revoked", times=9)
    await before.open(1)
    await before.until(lambda: before.losses.trouble, within=5)
    await before.stop()
    await before.store.close()
    await time.advance(300)
    slack._faults.clear()
    after = await put_together(tmp_path, slack, time)
    try:
        await after.settled(within=120)
        assert [type(each) for each in told(after, ChatStopped, ChatWentOn)] == [ChatStopped, ChatWentOn]
    finally:
        await after.stop()
        await after.store.close()


async def test_a_deleted_message_is_on_record_and_posted_anew(post: Post) -> None:
    """Which one, and where it stood."""
    await post.open(1)
    await post.settled(within=5)
    place = next(where for where, each in post.slack.messages.items() if each in post.slack.with_key(STATUS))
    del post.slack.messages[place]
    await post.ask(1)
    await post.settled(within=30)
    (lost,) = told(post, MessageLost)
    assert lost == MessageLost(incident=IncidentId(1), key=STATUS, channel=place[0], ts=place[1])
    assert len(post.slack.with_key(STATUS)) == 1


async def test_removed_from_the_channel_it_tells_the_central_channel_and_who_leads(post: Post) -> None:
    """Nothing is given up; both are told, once; invited again, what was missing is brought, and both are told so."""
    await post.open(1)
    await post.write(1, IncidentAcknowledged(incident=IncidentId(1), commander="U0ADA"))
    await post.settled(within=30)
    channel = post.entry(STATUS).channel
    post.slack.shut.add(channel)
    key = await post.ask(1)
    await post.until(lambda: post.slack.with_key(OUT) and post.slack.with_key(OUT_LEAD), within=60)
    (central,), (direct,) = post.slack.with_key(OUT), post.slack.with_key(OUT_LEAD)
    assert (central["channel"], direct["channel"]) == (CENTRAL, "U0ADA")
    assert "/invite @Fireline" in str(central["blocks"])
    assert "<@U0ADA>, Fireline was removed" in str(direct["blocks"])
    assert "#1" in post.losses.trouble
    await post.time.advance(600)
    assert not post.entry(key).gone
    assert len(told(post, ShutOut)) == 1

    post.slack.shut.clear()
    await post.settled(within=700)
    assert [type(each) for each in told(post, ShutOut, LetIn)] == [ShutOut, LetIn]
    assert len(post.slack.with_key(key)) == 1
    assert post.losses.trouble == ""
    for each in (*post.slack.with_key(OUT), *post.slack.with_key(OUT_LEAD)):
        assert "can write in" in str(each["blocks"])


async def test_where_nobody_leads_the_central_channel_is_told_alone(post: Post) -> None:
    """Nobody is written to in private."""
    await post.open(1)
    await post.settled(within=30)
    post.slack.shut.add(post.entry(STATUS).channel)
    await post.ask(1)
    await post.until(lambda: post.slack.with_key(OUT), within=60)
    await post.time.advance(5)
    assert not post.slack.with_key(OUT_LEAD)
    assert not post.entry(OUT_LEAD).gone


@pytest.mark.parametrize("code", ["is_archived", "channel_not_found"])
async def test_what_was_for_the_channel_of_an_incident_that_is_over_is_let_go(post: Post, code: str) -> None:
    """Archived or deleted by somebody who was done with it: no other channel is opened for that."""
    await post.open(1)
    await post.write(1, IncidentResolved(incident=IncidentId(1)))
    await post.settled(within=60)
    post.slack.closed[post.entry(STATUS).channel] = code
    drafted = PostmortemDrafted(incident=IncidentId(1), sha256=Digest("b" * 64), through=1, path="p")
    await post.write(1, drafted)
    await post.settled(within=60)
    assert code in post.entry("postmortem/1").gone
    assert len(post.slack.channels) == 1
    assert not told(post, ShutOut)


async def test_what_takes_no_call_says_nothing_of_slack(post: Post) -> None:
    """While the token is revoked, things that need no call are done; that is no answer of Slack's."""
    await post.open(1)
    await post.settled(within=30)
    for method in (
        "chat.postMessage",
        "chat.update",
        "usergroups.list",
        "conversations.invite",
        "users.info",
    ):
        post.slack.refuse(method, "token_revoked", times=50)
    await post.ask(1)
    await post.until(lambda: post.losses.trouble, within=10)
    for number in range(3):
        await post.note(1, f"nothing that the message shows: {number}")
        await post.time.advance(30)
    assert len(told(post, ChatStopped)) == 1
    assert not told(post, ChatWentOn)
