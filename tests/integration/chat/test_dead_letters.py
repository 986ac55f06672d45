"""Dead letters in chat: the incident's message says what can't go on, buttons and commands put it back or let it go, and the record says who."""

from __future__ import annotations

import httpx
import pytest

from bot.domain.dead_letters import Landing, land, land_run
from bot.domain.facts import DeadLetterDiscarded, DeadLetterRequeued, RunFinished, RunStarted
from bot.domain.ids import Digest, IncidentId, RunId, incident_stream
from bot.domain.nouns import FIRELINE, DeadKind, DeadReason, RunStatus, person
from tests.integration.chat.conftest import ADA, DANA, Workplace, until

RUN = RunId("1-1")
ELSEWHERE = "C0INCIDENTS"


async def stuck(place: Workplace) -> str:
    """Open an incident whose run can't go on; return its channel."""
    incident = await place.open_incident()
    started = RunStarted(
        run=RUN, runbook="checkout-errors", digest=Digest("d" * 64), seed="s", autonomy="auto", inputs={}, scope={}
    )  # fmt: skip
    ended = RunFinished(run=RUN, status=RunStatus.FAILED, reason="bug", detail="KeyError: 'x'", given_up=True)
    await place.store.journal.append(incident_stream(incident), FIRELINE, [started, ended])
    await place.store.journal.submit(
        lambda tx: land_run(tx, RUN, "checkout-errors", DeadReason.BUG, "KeyError: 'x'")
    )
    await until(lambda: place.channel_of(incident))
    channel = place.channel_of(incident)
    await place.posted(channel, f"incident/{incident}/status")
    await until(lambda: ADA in place.slack.world.channels[channel].members)
    return channel


async def test_a_run_is_put_back_with_its_button(place: Workplace) -> None:
    """The message says why it can't go on; the engine is asked to go on, in the name of who pressed."""
    channel = await stuck(place)
    ts = await place.posted(channel, "incident/1/status")
    await until(lambda: "Can't go on" in place.text(channel, ts))
    assert "KeyError: 'x'" in place.text(channel, ts)
    await place.press(ADA, channel, ts, "letter_requeue/1")
    await until(lambda: place.runs.asked)
    assert place.runs.asked == [("requeue", RUN, person(ADA))]


async def test_a_run_is_ended_with_its_button(place: Workplace) -> None:
    """A form asks why; then the list is empty, the message is calm again, and the record says who and why."""
    channel = await stuck(place)
    ts = await place.posted(channel, "incident/1/status")
    await place.press(ADA, channel, ts, "letter_discard/1")
    assert "what it did stays too" in str(await place.shown(ADA, "letter_discard"))
    with pytest.raises(httpx.HTTPStatusError):
        await place.submit(ADA)
    assert "required" in str(place.errors(ADA))
    await place.submit(ADA, why="moved by hand at 14:20")
    await until(lambda: "Can't go on" not in place.text(channel, ts))
    (event,) = [each for each in place.store.records.events() if isinstance(each.fact, DeadLetterDiscarded)]
    assert (event.actor, event.fact.why) == (person(ADA), "moved by hand at 14:20")
    ack = await place.command(ADA, channel, "dead-letters")
    assert "No dead letters" in str(ack["body"])


async def test_commands_list_put_back_and_let_go(place: Workplace) -> None:
    """In a channel what belongs to it, elsewhere all; a discard wants a reason; guests look, and do nothing."""
    channel = await stuck(place)
    other = Landing(
        what=DeadKind.SCHEDULE, about="sweep", reason=DeadReason.BUG, title="the sweep", detail="oh"
    )
    await place.store.journal.submit(lambda tx: land(tx, other))
    here = str((await place.command(ADA, channel, "dead-letters"))["body"])
    assert "run 1-1 of checkout-errors" in here
    assert "the sweep" not in here
    assert "2 dead letters" in str((await place.command(ADA, ELSEWHERE, "letters"))["body"])
    refused = await place.command(ADA, ELSEWHERE, "discard 2")
    assert "Say why" in str(refused["body"])
    place.slack.world.add_member(place.slack.world.channels[ELSEWHERE], DANA)
    guest = await place.command(DANA, ELSEWHERE, "requeue 2")
    await until(
        lambda: (
            "guests don't decide" in str(guest["body"])
            or any("guests don't decide" in each for each in place.texts(ELSEWHERE, seen_by=DANA))
        )
    )
    done = await place.command(ADA, ELSEWHERE, "requeue 2 the clock is mended")
    assert "its instant is answered now" in str(done["body"])
    again = await place.command(ADA, ELSEWHERE, "requeue 2")
    assert "already" in str(again["body"])
    (event,) = [each for each in place.store.records.events() if isinstance(each.fact, DeadLetterRequeued)]
    assert (event.actor, event.fact.why) == (person(ADA), "the clock is mended")
    assert "is discarded" in str((await place.command(ADA, channel, "discard 1 by hand"))["body"])
    assert not place.store.records.dead_letters_of(IncidentId(1))
