"""A storm, small enough for every day; `make bench` lets the whole one loose."""

from pathlib import Path

import pytest

from bot.domain.nouns import Severity
from tests.integration.chat.conftest import ADA, SHIFT, Workplace, until
from tests.integration.chat.storm import storm, stormy


@pytest.mark.slow  # some hundred calls to a Slack, over HTTP
async def test_none_is_lost_and_the_worst_come_first(tmp_path: Path) -> None:
    """A hundred alerts of twenty groups within a minute, the strict Slack at its real pace."""
    async with stormy(tmp_path) as place:
        seen = await storm(place, groups=20, alerts=100, worst=4)
        assert len(seen.opened) == 20
        assert not [each for each in place.slack.log.calls if each.status == 429]
        assert max(seen.calls_until_asked().values()) <= 12
        worst = [each for each in seen.opened if seen.severity(each) is Severity.SEV1]
        assert len(worst) == 4
        assert max(seen.announced(each) for each in worst) <= 10
        for incident in seen.opened:
            channel = place.channel_of(incident)
            assert len(place.posts(channel, f"incident/{incident}/status")) == 1
            assert len(place.posts(channel, f"approval/{incident}-1/{SHIFT}/1")) == 1


async def test_ready_within_seconds_though_slack_is_slow(http_place: Workplace) -> None:
    """200 ms for each call: the channel, the message and the question stand there within five seconds."""
    place = http_place
    await until(lambda: place.surface.ready() is None)
    await place.fault(kind="slow", target="*", count=None, seconds=0.2)
    began = place.slack.clock.now()
    incident = await place.open_incident("All is down", Severity.SEV1)
    approval = await place.ask_approval(incident)
    await until(lambda: place.channel_of(incident))
    ts = await place.posted(place.channel_of(incident), f"approval/{approval}")
    assert float(ts) - began.timestamp() < 5
    assert ADA in place.slack.world.channels[place.channel_of(incident)].members
