"""Slack is away for half an hour: the response goes on without it, and when it is back it hears how things stand, in order and once."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.facts import NoteAdded
from bot.domain.ids import incident_stream
from bot.domain.nouns import Severity, Vote, person
from tests.integration.chat.conftest import ADA, BEN, DIGEST, Workplace, owed
from tests.integration.chat.moved import pass_time, wait_for
from tests.integration.chat.storm import stormy

CENTRAL = "C0INCIDENTS"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Workplace]:
    """A workplace whose time the test moves, over a Slack that is strict about its pace."""
    async with stormy(tmp_path) as made:
        yield made


def settled(place: Workplace) -> bool:
    """Tell whether Slack shows everything."""
    return not owed(place.store.records)


@pytest.mark.slow  # half an hour, in seconds
async def test_half_an_hour_without_slack(place: Workplace) -> None:
    """Decisions are made by another way meanwhile; afterwards each message is brought to its last state at once, the worst incident first."""
    first = await place.open_incident()
    approval = await place.ask_approval(first)
    await wait_for(place, lambda: settled(place), within=60)
    channel = place.channel_of(first)
    await place.fault(kind="drop", target="*", count=None)

    for minute in range(30):
        if minute == 3:
            by = person(ADA, via="api/ada")
            await place.runs.vote(
                approval, by=by, groups=frozenset({"sre"}), vote=Vote.APPROVE, digest=DIGEST, why="by hand"
            )
        if minute == 5:
            for number in range(3):
                await place.open_incident(f"Slow search {number}", Severity.SEV4)
        if minute == 6:
            worst = await place.open_incident("All is down", Severity.SEV1)
        note = NoteAdded(incident=first, text=f"minute {minute}")
        await place.store.journal.append(incident_stream(first), person(BEN), [note])
        await pass_time(place, 60, step=20)
    record = place.store.records.approval(approval)
    assert record is not None
    assert record.closed_at is not None, "it was decided while Slack was away"
    assert not any(each.gone for each in place.store.records.outbox_behind())
    tries = len(place.slack.log.calls)
    assert tries < 600, "a call now and then, not a hammering"

    place.slack.faults.clear()
    await wait_for(place, lambda: settled(place), within=300)
    after = list(place.slack.log.calls)[tries:]
    assert not [each for each in after if each.status == 429]
    changed = Counter(each.args["ts"] for each in after if each.method == "chat.update" and each.ok)
    assert not changed or max(changed.values()) <= 2, "the last state, not each step between"
    made = [each.args["name"] for each in after if each.method == "conversations.create"]
    assert made[0].startswith(f"inc-{worst}-"), "the worst first"
    assert len(made) == len(set(made)) == 4
    keys = Counter(
        (message.metadata or {}).get("event_payload", {}).get("key")
        for each in place.slack.world.channels.values()
        for message in each.messages.values()
        if message.metadata
    )
    assert max(keys.values()) == 1, f"posted twice: {keys}"
    decided = place.text(channel, place.posts(channel, f"approval/{approval}")[0])
    assert f"<@{ADA}> (by the API)" in decided
    assert len(after) <= 60
