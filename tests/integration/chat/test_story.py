"""What people type and press, and what they then see, over the wire in both modes."""

from __future__ import annotations

from bot.domain.ids import IncidentId
from bot.domain.nouns import Vote, person
from tests.integration.chat.conftest import ADA, BEN, CLEO, DANA, Workplace, until

INCIDENTS = "C0INCIDENTS"


async def test_a_declared_incident_gets_its_channel_its_message_and_its_line(place: Workplace) -> None:
    """One command: a channel with its people in it, a pinned message that says how it stands, a line in the central channel."""
    ack = await place.command(ADA, INCIDENTS, 'declare SEV2 "Checkout is failing"')
    assert ack["outcome"] == "ok"
    assert "#1" in str(ack["body"])
    await until(lambda: place.channel_of(IncidentId(1)))
    channel = place.channel_of(IncidentId(1))
    ts = await place.posted(channel, "incident/1/status")
    await place.posted(INCIDENTS, "incident/1/announce")
    await place.settled()
    made = place.slack.world.channels[channel]
    assert made.name == "inc-1-checkout-is-failing"
    assert {ADA, BEN} <= set(made.members)
    assert [pin["ts"] for pin in made.pins] == [ts]
    assert f"<#{channel}>" in place.texts(INCIDENTS)[-1]


async def test_inside_its_channel_an_incident_needs_no_number(place: Workplace) -> None:
    """Acknowledge, note, resolve and draft, all without a number; each is answered and shows."""
    incident = await place.open_incident()
    await until(lambda: place.channel_of(incident))
    channel = place.channel_of(incident)
    ts = await place.posted(channel, "incident/1/status")
    for text, answer in (
        ("ack", "You lead #1"),
        ("note 3 pods crash & burn <here>", "Noted"),
        ("resolve the deploy was rolled back", "#1 is resolved"),
        ("postmortem", "draft for #1"),
    ):
        ack = await place.command(ADA, channel, text)
        assert answer in str(ack["body"]), text
    await place.posted(channel, "postmortem/1")
    await place.settled()
    living = place.text(channel, ts)
    assert "Resolved" in living
    assert "rolled back" in living
    assert "open/reopen" in living
    assert "'acknowledge'" not in living
    notes = [each.fact for each in place.store.records.events() if each.kind == "incident.note_added"]
    assert [note.text for note in notes] == ["3 pods crash & burn <here>"]


async def test_an_approval_is_decided_with_a_button_and_says_by_whom(place: Workplace) -> None:
    """The buttons go, the message tells who decided, and the engine was asked once."""
    incident = await place.open_incident()
    approval = await place.ask_approval(incident)
    await until(lambda: place.channel_of(incident))
    channel = place.channel_of(incident)
    ts = await place.posted(channel, f"approval/{approval}")
    await place.press(ADA, channel, ts, "approve")
    await until(lambda: "Approved" in place.text(channel, ts))
    await place.settled()
    decided = place.text(channel, ts)
    assert f"<@{ADA}>" in decided
    assert "'actions'" not in decided
    assert place.runs.asked == [("vote", approval, person(ADA), Vote.APPROVE)]


async def test_who_may_not_decide_is_told_so_in_private(place: Workplace) -> None:
    """Somebody outside the group, a guest, and the one who asked: each reads why, and nobody else sees it. That too few are left, all see."""
    incident = await place.open_incident()
    approval = await place.ask_approval(incident, requested_by=person(BEN), quorum=9)
    await until(lambda: place.channel_of(incident))
    channel = place.channel_of(incident)
    ts = await place.posted(channel, f"approval/{approval}")
    assert "Too few people may decide" in place.text(channel, ts)
    for user, reason in ((CLEO, "not among them"), (DANA, "guests"), (BEN, "somebody else must decide")):
        if user not in place.slack.world.channels[channel].members:
            place.slack.world.add_member(place.slack.world.channels[channel], user)
        await place.press(user, channel, ts, "approve")
        await until(
            lambda user=user, reason=reason: any(
                reason in each for each in place.texts(channel, seen_by=user)
            )
        )
        assert not any(reason in each for each in place.texts(channel))
    assert place.runs.asked == []


async def test_a_wrong_word_gets_the_nearest_right_one(place: Workplace) -> None:
    """A typo is answered in the ack itself."""
    ack = await place.command(ADA, INCIDENTS, "delcare SEV1 x")
    assert "declare" in str(ack["body"])
