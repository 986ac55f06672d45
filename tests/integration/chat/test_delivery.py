"""What goes wrong on the way to Slack and back: lost answers, refusals, redeliveries, a process that died."""

from __future__ import annotations

import asyncio

from bot.domain.ids import IncidentId
from bot.domain.nouns import Actor, Severity, person
from bot.domain.records import InboxEntry
from tests.integration.chat.conftest import ADA, BEN, Workplace, make, until

INCIDENTS = "C0INCIDENTS"


async def test_a_post_whose_answer_was_lost_stands_there_once(http_place: Workplace) -> None:
    """Slack posts and drops the connection: the message is found by its key, not posted again, and goes on living."""
    place = http_place
    await place.fault(kind="apply_then_drop", target="chat.postMessage", count=2)
    incident = await place.open_incident()
    await until(lambda: place.channel_of(incident))
    await place.settled()
    assert len(place.posts(place.channel_of(incident), "incident/1/status")) == 1
    assert len(place.posts(INCIDENTS, "incident/1/announce")) == 1
    await place.command(ADA, place.channel_of(incident), "ack")
    await place.settled()
    ts = place.posts(place.channel_of(incident), "incident/1/status")[0]
    assert f"*Lead*\\n<@{ADA}>" in place.text(place.channel_of(incident), ts)


async def test_a_channel_whose_answer_was_lost_is_not_made_twice(http_place: Workplace) -> None:
    """Slack makes the channel and drops the connection: the one that stands there is taken."""
    place = http_place
    await place.fault(kind="apply_then_drop", target="conversations.create", count=1)
    incident = await place.open_incident()
    await place.settled()
    names = [each.name for each in place.slack.world.channels.values() if each.name.startswith("inc-")]
    assert names == ["inc-1-checkout-is-failing"]
    assert place.channel_of(incident)


async def test_a_name_that_is_taken_gets_a_number(http_place: Workplace) -> None:
    """Somebody else's channel of that name is left alone."""
    place = http_place
    place.slack.world.create_channel("inc-1-checkout-is-failing", creator=ADA)
    incident = await place.open_incident()
    await place.settled()
    record = place.store.records.incident(incident)
    assert record is not None
    assert record.channel_name == "inc-1-checkout-is-failing-2"


async def test_a_refused_call_waits_as_long_as_slack_says(http_place: Workplace) -> None:
    """A 429 is obeyed: the next try comes after Retry-After, and what was to be shown is shown once."""
    place = http_place
    await place.fault(kind="ratelimited", target="chat.postMessage", count=1, retry_after=2)
    incident = await place.open_incident()
    await place.settled()
    channel = place.channel_of(incident)
    posts = place.calls("chat.postMessage")
    refused = next(each for each in posts if each.status == 429)
    again = next(each for each in posts if each.args["channel"] == refused.args["channel"] and each.ok)
    assert again.at - refused.at >= 2
    assert len(place.posts(channel, "incident/1/status")) == 1


async def test_blocks_that_slack_refuses_become_text(http_place: Workplace) -> None:
    """The text alone is shown rather than nothing, and the entry says why."""
    place = http_place
    await place.fault(kind="error", target="chat.postMessage", count=1, error="invalid_blocks")
    await place.open_incident()
    await place.settled()
    entries = [place.store.records.outbox_entry(f"incident/1/{what}") for what in ("status", "announce")]
    assert any(each is not None and "invalid_blocks" in each.error for each in entries)


async def test_a_revoked_token_pauses_everything_and_gives_nothing_up(http_place: Workplace) -> None:
    """Nothing is lost and nothing hammers Slack: the surface says why it stands still."""
    place = http_place
    await until(lambda: place.surface.ready() is None)
    (await place.people.post("/_local/tokens", json={"revoked": True})).raise_for_status()
    await place.open_incident()
    await until(lambda: place.surface.ready() is not None)
    await asyncio.sleep(0.3)
    assert "Slack refuses this app" in (place.surface.ready() or "")
    assert len(place.calls("conversations.create")) == 1
    assert not any(each.gone for each in place.store.records.outbox_behind())


async def test_one_click_delivered_four_times_is_one_vote(http_place: Workplace) -> None:
    """Redeliveries are acknowledged and dropped, whatever their headers say."""
    place = http_place
    incident = await place.open_incident()
    approval = await place.ask_approval(incident, quorum=2)
    await until(lambda: place.channel_of(incident))
    channel = place.channel_of(incident)
    ts = await place.posted(channel, f"approval/{approval}")
    await place.fault(kind="duplicate", target="interactive", copies=4)
    ack = await place.press(ADA, channel, ts, "approve")
    assert ack["outcome"] == "ok"

    def votes() -> list[Actor]:
        record = place.store.records.approval(approval)
        assert record is not None
        return [vote.by for vote in record.votes]

    await until(votes)
    await place.settled()
    assert votes() == [person(ADA)]
    assert not any("decided already" in each for each in place.texts(channel, seen_by=ADA))
    await until(lambda: any("1 of 2" in each for each in place.texts(channel, seen_by=ADA)))


async def test_a_message_that_was_deleted_comes_back(http_place: Workplace) -> None:
    """The living message is what people look for: deleted by somebody, it is posted anew with the next change."""
    place = http_place
    incident = await place.open_incident()
    await place.settled()
    channel = place.slack.world.channels[place.channel_of(incident)]
    old = place.posts(channel.id, "incident/1/status")[0]
    place.slack.world.delete(channel, channel.messages[old])
    await place.command(ADA, channel.id, "ack")
    await until(lambda: place.posts(channel.id, "incident/1/status") not in ([], [old]))


async def test_what_a_crash_left_in_the_inbox_is_done_at_the_next_start(http_place: Workplace) -> None:
    """A command that was durable and not handled: handled once after the start, and its person is told."""
    place = http_place
    await place.command(ADA, INCIDENTS, "help")
    said = place.slack.world.handles.new_response_url(ADA, "C0INCIDENTS") if False else ""
    await place.stop()
    again = await make(place.folder, place.slack, place.url, "http")
    payload = {
        "kind": "command",
        "user": ADA,
        "channel": INCIDENTS,
        "text": "declare SEV1 all is down",
        "response_url": said,
    }
    entry = InboxEntry(
        key="command/left",
        kind="command",
        payload=payload,
        received_at=place.store.journal._committer._clock.now(),
    )
    await again.store.journal.submit(lambda tx: tx.put_inbox(entry))
    try:
        await again.start()
        await until(lambda: again.channel_of(IncidentId(1)))
        await again.settled()
        assert any("SEV1 #1" in each for each in again.texts(INCIDENTS, seen_by=ADA))
        assert not again.store.records.inbox_waiting()
        assert len(again.store.records.incidents()) == 1
    finally:
        await again.stop()
        await again.people.aclose()
        place.store = again.store


async def test_a_refreshed_line_loses_nothing(place: Workplace) -> None:
    """Slack refreshes every line while people type; each command is answered."""
    if place.mode != "socket":
        return
    (await place.people.post("/_local/sockets", json={"disconnect": "refresh_requested"})).raise_for_status()
    await until(lambda: place.slack.sockets.connected > 0)
    for number in range(3):
        await place.command(BEN, INCIDENTS, f"declare SEV3 trouble {number}")
    await until(lambda: len(place.store.records.incidents()) == 3)


async def test_the_worst_incident_gets_its_channel_first(http_place: Workplace) -> None:
    """Many at once: a SEV1 does not stand behind the SEV4s that came before it."""
    place = http_place
    for _ in range(5):
        await place.open_incident(severity=Severity.SEV4)
    worst = await place.open_incident("All is down", Severity.SEV1)
    await until(lambda: place.channel_of(worst))
    await place.settled()
    made = [each.args["name"] for each in place.calls("conversations.create")]
    assert made.index("inc-6-all-is-down") <= 5
