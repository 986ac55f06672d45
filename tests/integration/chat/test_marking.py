"""Messages that people add to a timeline, by a shortcut and by a reaction, and what becomes of them."""

from __future__ import annotations

from typing import Any

from bot.domain.facts import MarkedMessageDeleted, MarkedMessageEdited, MessageMarked
from bot.domain.ids import IncidentId
from bot.domain.nouns import person
from tests.integration.chat.conftest import ADA, BEN, CLEO, Workplace, until
from tests.integration.chat.test_forms import facts, opened


async def say(place: Workplace, user: str, channel: str, text: str, **more: Any) -> str:
    """Write a message; return its name."""
    answer = await place.people.post(
        "/_local/message", json={"user": user, "channel": channel, "text": text, **more}
    )
    answer.raise_for_status()
    return str(answer.json()["ts"])


async def do(place: Workplace, act: str, **body: Any) -> None:
    """Act as a person."""
    (await place.people.post(f"/_local/{act}", json=body)).raise_for_status()


async def test_a_reaction_adds_a_message_once_and_what_becomes_of_it_is_recorded(place: Workplace) -> None:
    """Two people's pins are one entry; an edit and a deletion follow; taking the pin back takes nothing out."""
    channel = await opened(place)
    ts = await say(place, BEN, channel, "the <queue> is & stays empty")
    other = await say(place, BEN, channel, "lunch?")
    await do(place, "reaction", user=ADA, channel=channel, ts=ts, name="pushpin")
    await until(lambda: any("stands in the timeline" in each for each in place.texts(channel, seen_by=ADA)))
    await do(place, "reaction", user=BEN, channel=channel, ts=ts, name="pushpin")
    await do(place, "reaction", user=ADA, channel=channel, ts=other, name="eyes")
    (marked,) = facts(place, MessageMarked)
    assert (marked.author, marked.text, marked.ts) == (BEN, "the <queue> is & stays empty", ts)
    assert marked.permalink.endswith(f"archives/{channel}/p{ts.replace('.', '')}")
    event = next(each for each in place.store.records.events() if each.fact == marked)
    assert event.actor == person(ADA)
    await do(place, "edit", user=BEN, channel=channel, ts=other, text="dinner?")
    await do(place, "edit", user=BEN, channel=channel, ts=ts, text="the queue is empty again")
    await until(lambda: facts(place, MarkedMessageEdited))
    assert [each.text for each in facts(place, MarkedMessageEdited)] == ["the queue is empty again"]
    await do(place, "reaction", user=ADA, channel=channel, ts=ts, name="pushpin")
    await until(lambda: any("stays in the timeline" in each for each in place.texts(channel, seen_by=ADA)))
    await do(place, "delete", user=BEN, channel=channel, ts=ts)
    await until(lambda: facts(place, MarkedMessageDeleted))
    assert len(facts(place, MessageMarked)) == 1


async def test_a_shortcut_does_the_same_and_a_second_one_says_so(place: Workplace) -> None:
    """On a reply of a thread too; elsewhere it says where it works."""
    channel = await opened(place)
    ts = await say(place, BEN, channel, "looking")
    reply = await say(place, BEN, channel, "found it: the pool is full", thread_ts=ts)
    body = {"user": ADA, "channel": channel, "ts": reply, "callback_id": "add_to_timeline"}
    await do(place, "shortcut", **body)
    await until(lambda: facts(place, MessageMarked))
    assert facts(place, MessageMarked)[0].text == "found it: the pool is full"
    await do(place, "shortcut", **body)
    await until(lambda: any("already" in each for each in place.texts(channel, seen_by=ADA)))
    elsewhere = await say(place, ADA, "C0INCIDENTS", "hello")
    await do(place, "shortcut", **body | {"channel": "C0INCIDENTS", "ts": elsewhere})
    await until(lambda: any("no incident" in each for each in place.texts("C0INCIDENTS", seen_by=ADA)))
    assert len(facts(place, MessageMarked)) == 1


async def test_a_reaction_on_a_reply_is_read_from_its_thread(http_place: Workplace) -> None:
    """The event does not carry the text, and the channel's history does not have it."""
    place = http_place
    channel = await opened(place)
    ts = await say(place, BEN, channel, "looking")
    for text in ("one", "two"):
        reply = await say(place, BEN, channel, text, thread_ts=ts)
    await say(place, BEN, channel, "later")
    await do(place, "reaction", user=ADA, channel=channel, ts=reply, name="pushpin")
    await until(lambda: facts(place, MessageMarked))
    assert facts(place, MessageMarked)[0].text == "two"


async def test_an_event_delivered_four_times_counts_once(place: Workplace) -> None:
    """Slack sends an event again under the same id."""
    channel = await opened(place)
    ts = await say(place, BEN, channel, "the queue is empty")
    await place.fault(kind="duplicate", target="reaction_added", copies=4)
    await do(place, "reaction", user=ADA, channel=channel, ts=ts, name="pushpin")
    await until(lambda: facts(place, MessageMarked))
    await until(lambda: not place.store.records.inbox_waiting())
    assert len(facts(place, MessageMarked)) == 1


async def test_a_global_shortcut_declares(http_place: Workplace) -> None:
    """From anywhere; there is no channel, so the modal itself says what came of it."""
    place = http_place
    await do(place, "shortcut", user=ADA, callback_id="declare_incident")
    await place.shown(ADA, "declare")
    await place.submit(ADA, title="Search is slow", severity="SEV3")
    assert "is open" in str(await place.shown(ADA, "outcome"))
    assert place.store.records.incident(IncidentId(1)) is not None


async def test_who_comes_by_themselves_reads_how_it_stands(http_place: Workplace) -> None:
    """For their eyes alone, and nobody who was invited is told again."""
    place = http_place
    channel = await opened(place)
    await do(place, "join", user=CLEO, channel=channel)
    await until(lambda: any("Checkout is failing" in each for each in _for_alone(place, channel, CLEO)))
    assert _for_alone(place, channel, ADA) == []


def _for_alone(place: Workplace, channel: str, user: str) -> list[str]:
    return [
        f"{each.text} {each.blocks}"
        for each in place.slack.world.channels[channel].messages.values()
        if each.visible_to == user
    ]
