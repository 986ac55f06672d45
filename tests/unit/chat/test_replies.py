"""A run's reply below the living message: every step of it, in one message that changes, at a pace that costs little."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.facts import CallStarted, IncidentOpened, NoteAdded, RunStarted, StepSucceeded
from bot.domain.ids import Digest, IncidentId, RunId, StepId
from bot.domain.nouns import SCHEDULE, Part, Severity
from tests.unit.chat.conftest import Post

STATUS, REPLY = "incident/1/status", "run/1-1"
RUN, STEP = RunId("1-1"), StepId("look")


def started(run: RunId = RUN) -> RunStarted:
    """Make the start of a run."""
    return RunStarted(
        run=run, runbook="r", digest=Digest("a" * 64), seed="s", autonomy="auto", inputs={}, scope={}
    )


def called(attempt: int = 1) -> CallStarted:
    """Make a call of its step."""
    return CallStarted(
        run=RUN,
        step=STEP,
        part=Part.MAIN,
        attempt=attempt,
        action="a.b",
        inputs={},
        key="k",
        timeout=10,
    )


async def test_a_run_has_one_reply_below_the_living_message(post: Post) -> None:
    """The channel itself holds the living message alone; the steps are in its thread."""
    await post.open(1)
    await post.write(1, started(), called())
    await post.settled(within=5)
    (living,), (reply,) = post.slack.with_key(STATUS), post.slack.with_key(REPLY)
    assert reply["thread_ts"] == living["ts"]
    assert "▶️ *look*" in str(reply["blocks"])
    assert "thread_ts" not in {name for name, value in living.items() if value}


async def test_steps_that_follow_quickly_are_one_change_of_it(post: Post) -> None:
    """Twenty changes in ten seconds cost one call, and the last of them is what stands there."""
    await post.open(1)
    await post.write(1, started(), called())
    await post.settled(within=5)
    (reply,) = post.slack.with_key(REPLY)
    for attempt in range(2, 22):
        await post.write(1, called(attempt))
        await post.time.advance(0.4)
    await post.write(1, StepSucceeded(run=RUN, step=STEP))
    await post.settled(within=15)
    changes = [each for each in post.slack.of("chat.update") if each.arguments["ts"] == reply["ts"]]
    assert len(changes) == 1
    assert "✅ look" in str(post.slack.with_key(REPLY)[0]["blocks"])


async def test_a_reply_whose_answer_was_lost_is_looked_for_in_its_thread(post: Post) -> None:
    """The channel's history has no replies."""
    await post.open(1)
    await post.settled(within=5)
    post.slack.lose_answer("chat.postMessage")
    await post.write(1, started())
    await post.settled(within=30)
    assert len(post.slack.with_key(REPLY)) == 1
    (looked,) = post.slack.of("conversations.replies")
    assert looked.arguments["ts"] == post.slack.with_key(STATUS)[0]["ts"]
    assert not post.slack.of("conversations.history")


async def test_a_quiet_run_has_none_until_somebody_is_needed(post: Post) -> None:
    """What a schedule started shows nothing in chat; once people are called, its steps are there."""
    quiet = IncidentOpened(
        incident=IncidentId(1), title="Nightly", severity=Severity.SEV4, scheduled=post.time.now()
    )
    await post.write(1, quiet, replace(started(), requested_by=SCHEDULE))
    await post.write(1, started(RunId("1-2")))
    await post.settled(within=5)
    assert post.slack.messages == {}
    await post.write(1, NoteAdded(incident=IncidentId(1), text="looking"))
    await post.write(1, started(RunId("1-3")))
    await post.settled(within=20)
    assert len(post.slack.with_key("run/1-3")) == 1
    assert not post.slack.with_key(REPLY)


async def test_where_the_living_message_can_t_stand_there_is_no_reply(post: Post) -> None:
    """It is given up with a reason, and nothing waits for ever."""
    post.slack.refuse("conversations.create", "some_refusal")
    await post.open(1)
    await post.write(1, started())
    await post.settled(within=120)
    assert post.entry(REPLY).gone
