"""Channels at a Slack that refuses what the real one refuses."""

from __future__ import annotations

from bot.domain.facts import ChannelRetired, IncidentOpened, IncidentReopened
from bot.domain.ids import IncidentId, incident_stream
from bot.domain.nouns import FIRELINE, Severity, person
from tests.integration.chat.conftest import ADA, BEN, CLEO, Workplace, until

INCIDENTS = "C0INCIDENTS"
ONE = IncidentId(1)


async def test_a_reopened_incident_goes_on_where_people_can_post(http_place: Workplace) -> None:
    """Archived in time; Slack lets no app unarchive it; so there is a new channel with its people, its pinned message, and the way back."""
    place = http_place
    incident = await place.open_incident()
    await until(lambda: place.channel_of(incident))
    old = place.channel_of(incident)
    await place.posted(old, "incident/1/status")
    await place.settled()
    await place.command(ADA, old, "resolve the deploy was rolled back")
    await place.settled()
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
