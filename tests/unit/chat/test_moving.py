"""A channel that is gone under an open incident: the response goes on in a new one, with all that is still asked, and the old one is used no more."""

from __future__ import annotations

import pytest

from bot.chat.outbox.ledger import Ledger
from bot.domain.facts import (
    ApprovalClosed,
    ApprovalRequested,
    ChannelLeft,
    IncidentAcknowledged,
    IncidentOpened,
    LetIn,
    RunProposed,
    ShutOut,
    StepOutcomeUnknown,
    StepSettled,
)
from bot.domain.ids import ApprovalId, Digest, IncidentId, RunId, StepId
from bot.domain.nouns import ApprovalStatus, Settlement, Severity
from tests.unit.chat.conftest import CENTRAL, Post
from tests.unit.chat.test_losses import OUT, OUT_LEAD, STATUS, told

ONE, RUN = IncidentId(1), RunId("1-1")
FIRST, SECOND = "C00000000", "C00000001"
ASKED, DECIDED = "approval/1-1/shift/1", "approval/1-1/drain/1"
DOUBT, SETTLED = "unknown/1-1/flush", "unknown/1-1/purge"
PROPOSED = "incident/1/proposed/rollback"


async def under_way(post: Post) -> None:
    """Open an incident whose run asks for a decision and for what became of a call; another of each is answered."""
    await post.open(1)
    await post.ask(1)
    decided = ApprovalRequested(
        run=RUN,
        step=StepId("drain"),
        approval=ApprovalId("1-1/drain/1"),
        digest=Digest("b" * 64),
        action="a.b",
        effect="mutate",
        target="t",
        inputs={},
        sources=("group:sre",),
        quorum=1,
    )
    await post.write(
        1,
        decided,
        ApprovalClosed(run=RUN, step=decided.step, approval=decided.approval, status=ApprovalStatus.APPROVED),
        StepOutcomeUnknown(run=RUN, step=StepId("flush"), attempt=1, why="cut off"),
        StepOutcomeUnknown(run=RUN, step=StepId("purge"), attempt=1, why="cut off"),
        StepSettled(run=RUN, step=StepId("purge"), settlement=Settlement.HAPPENED),
        RunProposed(incident=ONE, runbook="rollback", why="it matches"),
    )
    await post.settled(within=60)


@pytest.mark.parametrize(
    ("code", "why", "words"),
    [
        ("is_archived", "archived", f"<#{FIRST}> was archived"),
        ("is_inactive", "archived", f"<#{FIRST}> was archived"),
        ("channel_not_found", "deleted", "Its channel was deleted"),
    ],
)
async def test_the_response_goes_on_in_a_new_channel(post: Post, code: str, why: str, words: str) -> None:
    """What is asked is asked there, of people who are there; what is answered stays behind; one line says where it went on."""
    await under_way(post)
    post.slack.closed[FIRST] = code
    before = len(post.slack.calls)
    await post.write(1, IncidentAcknowledged(incident=ONE, commander="U0CLEO"))
    await post.settled(within=60)
    (left,) = told(post, ChannelLeft)
    assert isinstance(left, ChannelLeft)
    assert (left.channel, left.why) == (FIRST, why)
    assert set(left.again) == {f"run/{RUN}", ASKED, DOUBT, PROPOSED}
    posts = [each for each in post.slack.calls[before:] if each.method == "chat.postMessage"]
    there = [
        each.arguments["metadata"]["event_payload"]["key"]
        for each in posts
        if each.arguments["channel"] == SECOND
    ]
    assert there[0] == STATUS, "what tells how it stands comes first"
    assert sorted(there) == sorted([STATUS, *left.again])
    assert {each["channel"] for key in (DECIDED, SETTLED) for each in post.slack.with_key(key)} == {FIRST}
    pins = [each.arguments["channel"] for each in post.slack.of("pins.add")]
    assert pins == [FIRST, SECOND]
    invited = [each for each in post.slack.of("conversations.invite") if each.arguments["channel"] == SECOND]
    assert {who for each in invited for who in each.arguments["users"].split(",")} >= {"U0ADA", "U0CLEO"}
    assert {each["channel_id"] for each in post.slack.bookmarks} == {FIRST, SECOND}
    (line,) = post.slack.with_key(OUT)
    assert line["channel"] == CENTRAL
    assert words in str(line["blocks"])
    assert f"*goes on in <#{SECOND}>*" in str(line["blocks"])
    assert not post.slack.with_key(OUT_LEAD)
    assert not told(post, ShutOut, LetIn)
    assert post.losses.trouble == ""


async def test_nothing_more_is_tried_in_the_old_channel(post: Post) -> None:
    """Once it is left, every call goes to the new one."""
    await under_way(post)
    post.slack.closed[FIRST] = "is_archived"
    await post.write(1, IncidentAcknowledged(incident=ONE, commander="U0CLEO"))
    await post.settled(within=60)
    before = len(post.slack.calls)
    closed = ApprovalClosed(
        run=RUN,
        step=StepId("shift"),
        approval=ApprovalId("1-1/shift/1"),
        status=ApprovalStatus.APPROVED,
    )
    await post.write(1, closed)
    await post.settled(within=60)
    used = {each.arguments.get("channel") for each in post.slack.calls[before:]}
    assert FIRST not in used
    assert SECOND in used
    decided = [each for each in post.slack.with_key(ASKED) if each["channel"] == SECOND]
    assert len(decided) == 1


async def test_a_new_channel_that_is_long_in_coming_loses_nothing(post: Post) -> None:
    """Slack lets us make none for a while: what is asked waits for it, and is not given up for want of a place."""
    await under_way(post)
    post.slack.closed[FIRST] = "is_archived"
    post.slack.throttle("conversations.create", 60, times=3)
    await post.write(1, IncidentAcknowledged(incident=ONE, commander="U0CLEO"))
    await post.settled(within=400)
    for key in (STATUS, ASKED, DOUBT, f"run/{RUN}"):
        assert [each["channel"] for each in post.slack.with_key(key)] == [FIRST, SECOND]
        assert not post.entry(key).gone


@pytest.mark.parametrize("code", ["is_archived", "not_in_channel"])
async def test_a_call_that_was_on_its_way_says_nothing_of_the_next_channel(post: Post, code: str) -> None:
    """Slack's event was quicker than its refusal: the channel is left once, nobody is told that the new one is shut, and nothing waits."""
    await under_way(post)
    post.slack.closed[FIRST] = code

    async def leave() -> None:
        call = post.slack.calls[-1]
        if call.method == "chat.update" and call.arguments["channel"] == FIRST:
            await Ledger(post.store.journal).left(ONE, FIRST, "archived")

    post.slack.latency = leave
    await post.write(1, IncidentAcknowledged(incident=ONE, commander="U0CLEO"))
    await post.settled(within=20)
    assert len(told(post, ChannelLeft)) == 1
    assert set(post.slack.channels) == {FIRST, SECOND}
    assert not told(post, ShutOut, LetIn)
    assert [each["channel"] for each in post.slack.with_key(ASKED)] == [FIRST, SECOND]


async def private(post: Post) -> None:
    """Open a private incident that somebody leads, and ask for something in it."""
    secret = IncidentOpened(incident=ONE, title="A leak", severity=Severity.SEV1, private=True)
    await post.write(1, secret, IncidentAcknowledged(incident=ONE, commander="U0ADA"))
    await post.settled(within=60)


async def test_a_private_channel_that_is_not_found_is_waited_for_a_little(post: Post) -> None:
    """Slack says the same of one that we were removed from: whoever leads may let us in; after five minutes it goes on in a new private one."""
    await private(post)
    post.slack.closed[FIRST] = "channel_not_found"
    await post.ask(1)
    await post.until(lambda: post.slack.with_key(OUT_LEAD), within=60)
    await post.time.advance(200)
    assert len(post.slack.channels) == 1
    await post.settled(within=400)
    (left,) = told(post, ChannelLeft)
    assert isinstance(left, ChannelLeft)
    assert left.why == "removed"
    assert {each.arguments["is_private"] for each in post.slack.of("conversations.create")} == {True}
    (direct,) = post.slack.with_key(OUT_LEAD)
    assert f"goes on in <#{SECOND}>" in str(direct["blocks"])
    assert CENTRAL not in {channel for channel, _ in post.slack.messages}
    assert [each["channel"] for each in post.slack.with_key(ASKED)] == [SECOND]
    assert post.losses.trouble == ""


async def test_let_in_to_a_private_channel_again_it_stays_there(post: Post) -> None:
    """Nothing is opened."""
    await private(post)
    post.slack.closed[FIRST] = "channel_not_found"
    await post.ask(1)
    await post.until(lambda: post.slack.with_key(OUT_LEAD), within=60)
    post.slack.closed.clear()
    await post.settled(within=200)
    assert [type(each) for each in told(post, ShutOut, LetIn, ChannelLeft)] == [ShutOut, LetIn]
    assert len(post.slack.channels) == 1
