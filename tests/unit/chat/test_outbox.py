"""The outbox: each thing once, at Slack's pace, the worst first, whatever Slack answers."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.chat.client import Ambiguous
from bot.chat.outbox.keys import Subject, called, parse
from bot.domain.ids import IncidentId
from bot.domain.nouns import DeadKind, DeadReason, Severity, person
from bot.domain.records import OutboxEntry
from bot.incidents import dead_letters
from tests.fakes.moving_time import MovingTime
from tests.fakes.slack import FakeSlack
from tests.unit.chat.conftest import CENTRAL, Post, put_together

STATUS = "incident/1/status"


async def test_an_incident_gets_its_channel_first_then_its_message_then_the_rest(post: Post) -> None:
    """Channel, people, topic, the pinned living message, the central line; each recorded, each once."""
    await post.open(1)
    await post.settled(within=5)
    methods = [each.method for each in post.slack.calls if each.method != "usergroups.list"]
    assert (
        methods.index("conversations.create") < methods.index("chat.postMessage") < methods.index("pins.add")
    )
    assert post.slack.of("conversations.invite")[0].arguments["users"] == "U0ADA,U0BEN"
    assert len(methods) <= 12
    kinds = [each.kind for each in post.store.records.events()]
    assert kinds.count("incident.channel_opened") == 1
    assert kinds.count("incident.message_posted") == 2


async def test_many_changes_are_one_update_of_the_latest_state(post: Post) -> None:
    """A hundred notes within a second cost Slack a call or two, and the last one counts."""
    await post.open(1)
    await post.settled(within=5)
    key = await post.ask(1)
    for _ in range(100):
        await post.note(1)
    await post.settled(within=10)
    assert len(post.slack.of("chat.update")) <= 2
    assert post.entry(STATUS).sent == post.entry(STATUS).wanted
    assert "Waiting for a decision" in str(post.slack.with_key(STATUS)[0]["blocks"])
    assert len(post.slack.with_key(key)) == 1


async def test_a_change_that_shows_nothing_new_calls_nobody(post: Post) -> None:
    """A note does not change the living message: no call is made for it."""
    await post.open(1)
    await post.settled(within=5)
    before = len(post.slack.calls)
    await post.note(1)
    await post.settled(within=5)
    assert len(post.slack.calls) == before


async def test_a_lost_answer_is_looked_for_before_anything_is_sent_again(post: Post) -> None:
    """Posted, the answer lost: found by its key in the history, after Slack had time to finish."""
    post.slack.lose_answer("chat.postMessage", times=2)
    await post.open(1)
    await post.settled(within=30)
    assert len(post.slack.with_key(STATUS)) == 1
    assert len(post.slack.with_key("incident/1/announce")) == 1
    assert len(post.slack.of("chat.postMessage")) == 2
    first, looked = post.slack.of("chat.postMessage")[0], post.slack.of("conversations.history")[0]
    assert looked.at - first.at >= timedelta(seconds=3)


async def test_an_answer_lost_before_it_was_applied_is_sent_again(post: Post) -> None:
    """Not posted at all, and nobody told us: looked for, not found, posted."""
    post.slack.fail("chat.postMessage", Ambiguous("lost", code="no_answer"), times=2)
    await post.open(1)
    await post.settled(within=30)
    assert len(post.slack.with_key(STATUS)) == 1
    assert len(post.slack.of("chat.postMessage")) == 4


async def test_a_look_that_fails_leaves_the_doubt(post: Post) -> None:
    """As long as the history can't be read, nothing is posted again."""
    post.slack.lose_answer("chat.postMessage", times=2)
    post.slack.refuse("conversations.history", "internal_hiccup", times=0)
    await post.open(1)
    await post.until(lambda: len(post.slack.messages) == 2, within=5)
    post.slack.down = True
    await post.time.advance(120)
    post.slack.down = False
    await post.settled(within=120)
    assert len(post.slack.with_key(STATUS)) == 1


async def test_a_process_that_dies_between_the_post_and_its_record_posts_nothing_twice(
    tmp_path: Path,
) -> None:
    """Killed after Slack took the message and before we wrote so: the next process finds it."""
    time = MovingTime()
    slack = FakeSlack(clock=time)
    first = await put_together(tmp_path, slack, time, central="")
    reached = asyncio.Event()

    async def hang_after_post() -> None:
        if slack.calls[-1].method == "chat.postMessage":
            slack._apply("chat.postMessage", dict(slack.calls[-1].arguments))
            reached.set()
            await asyncio.Event().wait()

    slack.latency = hang_after_post
    await first.open(1)
    await first.until(reached.is_set, within=5)
    await first.stop()
    await first.store.close()
    slack.latency = None
    second = await put_together(tmp_path, slack, time, central="")
    await second.settled(within=30)
    assert len(second.slack.with_key(STATUS)) == 1
    assert len(slack.of("chat.postMessage")) == 1
    assert len(slack.of("pins.add")) == 1
    await second.stop()
    await second.store.close()


async def test_a_channel_whose_answer_was_lost_is_found_by_who_made_it_and_when(post: Post) -> None:
    """The name is taken, and it is ours: adopted."""
    post.slack.lose_answer("conversations.create")
    await post.open(1)
    await post.settled(within=30)
    assert len(post.slack.channels) == 1
    assert post.entry("incident/1/channel").channel == "C00000000"


async def test_a_channel_of_somebody_else_is_left_alone(post: Post) -> None:
    """The name is taken, and nothing says that it is ours: another name."""
    post.slack.channels["C9"] = {"id": "C9", "name": "inc-1-trouble", "creator": "U0ADA", "created": 0}
    await post.open(1)
    await post.settled(within=30)
    record = post.store.records.incident(post.entry("incident/1/channel").incident)
    assert record is not None
    assert record.channel_name == "inc-1-trouble-2"


async def test_an_old_channel_of_ours_is_not_taken_for_the_new_one(post: Post) -> None:
    """A database begun anew counts from 1 again: last year's `inc-1-trouble` is not this one's."""
    post.slack.channels["C9"] = {"id": "C9", "name": "inc-1-trouble", "creator": "U0BOT", "created": 1}
    post.slack.fail("conversations.create", Ambiguous("lost", code="no_answer"))
    await post.open(1)
    await post.settled(within=30)
    assert post.entry("incident/1/channel").channel != "C9"


async def test_retry_after_is_obeyed(post: Post) -> None:
    """Nothing goes to that channel before Slack allows it."""
    post.slack.throttle("chat.postMessage", 30)
    await post.open(1)
    await post.until(lambda: post.slack.of("chat.postMessage"), within=5)
    await post.settled(within=60)
    by_channel: dict[str, list[float]] = {}
    for each in post.slack.of("chat.postMessage"):
        by_channel.setdefault(str(each.arguments["channel"]), []).append(each.at.timestamp())
    (twice,) = [times for times in by_channel.values() if len(times) == 2]
    assert twice[1] - twice[0] >= 30


async def test_slack_down_for_half_an_hour_loses_nothing_and_floods_nothing(post: Post) -> None:
    """Backoff while it is down; when it is back, the last state once."""
    await post.open(1)
    await post.settled(within=5)
    post.slack.down = True
    before = len(post.slack.calls)
    await post.ask(1)
    for minute in range(30):
        await post.note(1, str(minute))
        await post.time.advance(60)
    assert len(post.slack.calls) - before < 120
    post.slack.down = False
    updates = len(post.slack.of("chat.update"))
    await post.settled(within=120)
    assert len(post.slack.of("chat.update")) - updates <= 2
    assert len(post.slack.with_key("approval/1-1/shift/1")) == 1


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive"])
async def test_a_refused_token_stops_everything_and_gives_nothing_up(post: Post, code: str) -> None:
    """One call a minute, and everything goes on where it was when the token works again."""
    post.slack.refuse("conversations.create", code, times=5)
    post.slack.refuse("chat.postMessage", code, times=5)
    await post.open(1)
    await post.until(lambda: post.losses.trouble, within=5)
    assert post.losses.trouble == f"Slack refuses this app: {code}"
    calls = len(post.slack.calls)
    await post.time.advance(45)
    assert len(post.slack.calls) <= calls + 1
    await post.settled(within=1200)
    assert post.losses.trouble == ""
    assert not post.entry(STATUS).gone


@pytest.mark.parametrize("code", ["no_text", "restricted_action_read_only_channel"])
async def test_what_is_refused_for_good_is_given_up_with_its_reason(post: Post, code: str) -> None:
    """Recorded, not tried again, and the others go on."""
    await post.open(1)
    await post.settled(within=5)
    post.slack.refuse("chat.postMessage", code)
    key = await post.ask(1)
    await post.settled(within=30)
    assert code in post.entry(key).gone
    calls = len(post.slack.of("chat.postMessage"))
    await post.time.advance(600)
    assert len(post.slack.of("chat.postMessage")) == calls
    (letter,) = post.store.records.dead_letters_of(IncidentId(1))
    assert (letter.what, letter.reason) == (DeadKind.MESSAGE, DeadReason.REFUSED)
    assert letter.title == "the question for approval 1-1/shift/1"
    await post.store.journal.submit(lambda tx: dead_letters.requeue(tx, letter.id, person("U0ADA"), ""))
    await post.settled(within=30)
    assert post.slack.with_key(key)


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_blocks_too_long", "msg_too_long"])
async def test_refused_blocks_leave_the_text(post: Post, code: str) -> None:
    """Better the sentence than nothing, and the reason is kept."""
    await post.open(1)
    await post.settled(within=5)
    post.slack.refuse("chat.postMessage", code)
    key = await post.ask(1)
    await post.settled(within=30)
    (shown,) = post.slack.with_key(key)
    assert shown["blocks"] == []
    assert "Decide" in shown["text"]
    assert code in post.entry(key).error


async def test_a_channel_that_can_not_be_made_holds_up_nobody_else(post: Post) -> None:
    """Missing a scope: asked again later, other incidents go on, the central channel hears of both."""
    post.slack.refuse("conversations.create", "missing_scope")
    await post.open(1)
    await post.until(lambda: post.slack.of("conversations.create"), within=1)
    await post.open(2)
    await post.until(lambda: post.slack.with_key("incident/2/status"), within=10)
    await post.until(lambda: post.slack.with_key("incident/1/announce"), within=10)
    assert not post.slack.with_key(STATUS)
    await post.settled(within=700)
    assert post.slack.with_key(STATUS)


async def test_no_central_channel_is_no_trouble(tmp_path: Path) -> None:
    """Unset: the line is given up quietly."""
    time = MovingTime()
    made = await put_together(tmp_path, FakeSlack(clock=time), time, central="")
    await made.open(1)
    await made.settled(within=10)
    assert made.entry("incident/1/announce").gone
    await made.stop()
    await made.store.close()


async def test_a_central_channel_by_name_is_looked_up_once(tmp_path: Path) -> None:
    """The settings may say `#incidents`."""
    time = MovingTime()
    slack = FakeSlack(clock=time)
    slack.channels["C0000INC"] = {"id": "C0000INC", "name": "incidents"}
    made = await put_together(tmp_path, slack, time, central="#incidents")
    await made.open(1)
    await made.open(2)
    await made.settled(within=10)
    assert {each["channel"] for each in slack.messages.values()} >= {"C0000INC"}
    assert len(slack.of("conversations.list")) <= 2
    await made.stop()
    await made.store.close()


async def test_a_burst_is_paced_and_the_worst_goes_first(post: Post) -> None:
    """Thirty incidents and then a SEV1: it gets its channel as soon as one may be made, and no call is too quick."""
    for number in range(1, 31):
        await post.open(number, Severity.SEV4, f"small {number}")
    await post.open(31, Severity.SEV1, "everything")
    await post.settled(within=240)
    created = [each.arguments["name"] for each in post.slack.of("conversations.create")]
    assert len(created) == 31
    assert created.index("inc-31-everything") <= 21
    _check_tier(post, "conversations.create", 20)
    _check_tier(post, "chat.update", 50)
    central = [each.at for each in post.slack.of("chat.postMessage") if each.arguments["channel"] == CENTRAL]
    assert all((b - a).total_seconds() >= 1 for a, b in pairwise(central))


def _check_tier(post: Post, method: str, most: int) -> None:
    times = [each.at for each in post.slack.of(method)]
    for at, first in enumerate(times):
        assert sum(first <= each < first + timedelta(seconds=60) for each in times[at:]) <= most


async def test_an_unknown_key_is_given_up(post: Post) -> None:
    """A key of a newer version is nothing that this one can show."""
    await post.open(1)
    await post.settled(within=5)
    entry = OutboxEntry(key="hologram/1", incident=post.entry(STATUS).incident, wanted=99, sent=0)
    await post.store.journal.submit(lambda tx: tx.put_outbox(entry))
    post.outbox.wake()
    await post.settled(within=20)


async def test_a_message_that_can_not_be_drawn_stops_no_other(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in a renderer is recorded and tried later; the rest is shown."""
    real = post.store.records.approval
    monkeypatch.setattr(type(post.store.records), "approval", lambda *_: 1 / 0)
    await post.open(1)
    key = await post.ask(1)
    await post.until(lambda: post.entry(key).error, within=10)
    await post.until(lambda: post.slack.with_key(STATUS), within=10)
    assert "ZeroDivisionError" in post.entry(key).error
    assert real is not None


async def test_after_a_kill_slack_gets_its_time_before_it_is_searched(tmp_path: Path) -> None:
    """It may carry a post out long after the one who sent it has died: who looks at once finds nothing, and posts it twice."""
    time = MovingTime()
    slack = FakeSlack(clock=time)
    first = await put_together(tmp_path, slack, time)
    await first.open(1)
    await first.settled(within=5)

    async def never() -> None:
        await asyncio.Event().wait()

    slack.latency = never
    key = await first.ask(1)
    await first.until(
        lambda: slack.calls[-1].arguments.get("metadata", {}).get("event_payload") == {"key": key}, within=5
    )
    on_its_way = slack.of("chat.postMessage")[-1].arguments
    await first.stop()
    await first.store.close()
    slack.latency = None

    again = await put_together(tmp_path, slack, time)
    await time.advance(5)
    slack._post(dict(on_its_way))
    await again.settled(within=20)
    assert len(slack.with_key(key)) == 1
    assert again.entry(key).due_at is None
    await again.stop()
    await again.store.close()


async def test_a_fault_of_the_store_lets_a_lane_rest(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading fails, whatever the reason: the lane is begun again after a pause, not at once and for ever, and then shows everything."""
    whole, tries = post.store.records.outbox_entry, 0

    def broken(key: str) -> OutboxEntry | None:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise RuntimeError("the store has a fault")
        return whole(key)

    monkeypatch.setattr(type(post.store.records), "outbox_entry", lambda _, key: broken(key))
    began = post.time.now()
    await post.open(1)
    await post.settled(within=60)
    assert tries > 3
    assert post.time.now() - began >= timedelta(seconds=1)


@pytest.mark.parametrize("subject", Subject)
def test_everything_that_chat_shows_has_words(subject: Subject) -> None:
    """What is given up is told to people, who look for it in chat."""
    key = {
        Subject.APPROVAL: "approval/1-1/shift/1",
        Subject.ESCALATION: "escalation/1-1/shift/1",
        Subject.UNKNOWN: "unknown/1-1/shift",
        Subject.RUN: "run/1-1",
        Subject.POSTMORTEM: "postmortem/1",
        Subject.POSTMORTEM_FILE: "postmortem_file/1",
        Subject.EVIDENCE: "evidence/1-1/logs/a.log",
        Subject.PROPOSED: "incident/1/proposed/b",
        Subject.REJECTED: "incident/1/rejected/b",
        Subject.REMINDER: "incident/1/reminder/commander/x",
        Subject.UPDATE: "incident/1/update/7",
    }.get(subject, f"incident/1/{subject}")
    parsed = parse(key)
    assert parsed is not None
    assert parsed.subject is subject
    assert "{" not in called(key)
