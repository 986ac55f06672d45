"""People by their email address: looked up once an hour, and no right from an answer that is too old."""

from __future__ import annotations

from datetime import timedelta

from bot.chat.identity import Identity
from bot.chat.pace import Pacer
from tests.fakes.moving_time import MovingTime
from tests.fakes.slack import FakeSlack

GROUPS = {"sre": ("U0ADA", "Ben@Example.com"), "leads": ("cleo@example.com",)}


def known() -> tuple[Identity, FakeSlack, MovingTime]:
    """Make an identity over a Slack in which Ben has his address, and nobody has Cleo's."""
    time = MovingTime()
    slack = FakeSlack(clock=time)
    slack.addresses = {"ben@example.com": "U0BEN"}
    return Identity(slack, Pacer(time, time.sleep), time, GROUPS), slack, time


async def test_an_address_stands_for_its_member() -> None:
    """In rights, mentions and invitations alike, in whatever case it is written; each is asked for once."""
    identity, slack, _ = known()
    assert await identity.groups_of("U0BEN") == {"sre"}
    assert await identity.groups_of("U0ADA") == {"sre"}
    assert identity.members("group:sre") == {"U0ADA", "U0BEN"}
    assert identity.mention("group:sre") == "<@U0ADA>, <@U0BEN>"
    assert [each.arguments["email"] for each in slack.of("users.lookupByEmail")] == [
        "ben@example.com",
        "cleo@example.com",
    ]


async def test_an_address_that_nobody_has_gives_nobody_a_right() -> None:
    """It is shown as it is written, so that somebody sees it, and asked for again after a while."""
    identity, slack, time = known()
    assert await identity.groups_of("U0CLEO") == frozenset()
    assert identity.mention("group:leads") == "cleo@example.com"
    assert identity.members("group:leads") == frozenset()
    slack.addresses["cleo@example.com"] = "U0CLEO"
    assert await identity.groups_of("U0CLEO") == frozenset()
    await time.advance(timedelta(minutes=11).total_seconds())
    assert await identity.groups_of("U0CLEO") == {"leads"}


async def test_while_slack_is_away_an_answer_serves_for_a_day() -> None:
    """A mention may be old, a right not for ever."""
    identity, slack, time = known()
    await identity.refresh_groups()
    slack.down = True
    await time.advance(timedelta(hours=20).total_seconds())
    assert "sre" in await identity.groups_of("U0BEN")
    await time.advance(timedelta(hours=5).total_seconds())
    assert await identity.groups_of("U0BEN") == frozenset()
    assert await identity.groups_of("U0ADA") == {"sre"}, "an id needs nobody's word"
    assert identity.mention("group:sre") == "<@U0ADA>, <@U0BEN>"
