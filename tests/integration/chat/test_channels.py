"""Channels at a Slack that refuses what the real one refuses."""

from __future__ import annotations

import pytest

from bot.domain.facts import ChannelRetired, IncidentOpened, IncidentReopened, PostmortemDrafted
from bot.domain.ids import IncidentId, incident_stream
from bot.domain.nouns import FIRELINE, Severity, person
from tests.fakes.behind import owed
from tests.integration.chat.conftest import ADA, BEN, CLEO, DIGEST, Workplace, until
from tests.integration.chat.moved import wait_for

INCIDENTS = "C0INCIDENTS"
ONE = IncidentId(1)


async def ended(place: Workplace) -> tuple[IncidentId, str]:
    """Open an incident and resolve it; return its number and its channel."""
    incident = await place.open_incident()
    await until(lambda: place.channel_of(incident))
    channel = place.channel_of(incident)
    await place.posted(channel, "incident/1/status")
    await place.settled()
    await place.command(ADA, channel, "resolve the deploy was rolled back")
    await place.settled()
    return incident, channel


async def ask(place: Workplace, act: str, channel: str) -> None:
    """Do something to a channel, as Ada."""
    (await place.people.post(f"/_local/{act}", json={"user": ADA, "channel": channel})).raise_for_status()


async def test_a_reopened_incident_goes_on_where_people_can_post(http_place: Workplace) -> None:
    """Archived in time; Slack lets no app unarchive it; so there is a new channel with its people, its pinned message, and the way back."""
    place = http_place
    incident, old = await ended(place)
    retired = ChannelRetired(incident=incident, channel=old)
    await place.store.journal.append(incident_stream(incident), FIRELINE, [retired])
    await until(lambda: place.slack.world.channels[old].archived)
    reopened = IncidentReopened(incident=incident, why="it is back")
    await place.store.journal.append(incident_stream(incident), person(ADA), [reopened])
    await until(lambda: place.channel_of(incident) not in {"", old})
    new = place.channel_of(incident)
    ts = await place.posted(new, "incident/1/status")
    await place.settled()
    made = place.slack.world.channels[new]
    assert made.name == "inc-1-checkout-is-failing-2"
    assert {ADA, BEN} <= set(made.members)
    assert [pin["ts"] for pin in made.pins] == [ts]
    assert f"Goes on here from <#{old}>" in place.text(new, ts)
    assert f"<#{new}>" in place.texts(INCIDENTS)[-1]


@pytest.mark.parametrize("how", ["archive", "channel/delete"])
async def test_a_channel_that_somebody_ends_is_left_at_once(http_place: Workplace, how: str) -> None:
    """While a decision is waited for: it can be made in the new channel, and the central one says where that is."""
    place = http_place
    incident = await place.open_incident()
    approval = await place.ask_approval(incident)
    await wait_for(place, lambda: not owed(place.store.records), within=60)
    old = place.channel_of(incident)
    await ask(place, how, old)
    await until(lambda: place.channel_of(incident) not in {"", old})
    await wait_for(place, lambda: not owed(place.store.records), within=60)
    new = place.channel_of(incident)
    asked = await place.posted(new, f"approval/{approval}")
    assert {ADA, BEN} <= set(place.slack.world.channels[new].members)
    assert "Goes on here" in place.text(new, place.posts(new, "incident/1/status")[0])
    told = place.text(INCIDENTS, place.posts(INCIDENTS, "incident/1/shut_out")[0])
    assert f"*goes on in <#{new}>*" in told
    await place.press(BEN, new, asked, "approve")
    await until(lambda: f"<@{BEN}>" in place.text(new, asked))
    assert place.surface.ready() is None
    stale = [each for each in place.slack.log.calls if not each.ok and each.args.get("channel") == old]
    assert not stale, "nothing was tried there once it was heard of"


async def test_a_channel_that_somebody_archives_afterwards_stays_so(http_place: Workplace) -> None:
    """The incident is over: it is on record, and nothing more is brought there, nor anywhere else."""
    place = http_place
    incident, channel = await ended(place)
    await ask(place, "archive", channel)
    await until(lambda: place.store.records.channel_of(incident).archived_at is not None)
    drafted = PostmortemDrafted(incident=incident, sha256=DIGEST, through=1, path="pm.md")
    await place.store.journal.append(incident_stream(incident), person(ADA), [drafted])
    await place.settled()
    assert place.channel_of(incident) == channel
    assert not place.store.records.outbox_given_up(incident)
    assert len(place.calls("conversations.create")) == 1


async def test_a_private_incident_is_seen_by_its_people_alone(http_place: Workplace) -> None:
    """Its channel is private, and nobody hears of it in the central one."""
    place = http_place
    opened = IncidentOpened(incident=ONE, title="A leak", severity=Severity.SEV1, private=True)
    await place.store.journal.append(incident_stream(ONE), FIRELINE, [opened])
    await until(lambda: place.channel_of(ONE))
    channel = place.channel_of(ONE)
    await place.posted(channel, "incident/1/status")
    await place.settled()
    made = place.slack.world.channels[channel]
    assert made.is_private
    assert CLEO not in made.members
    assert not any("leak" in each for each in place.texts(INCIDENTS))
