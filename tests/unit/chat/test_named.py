"""Somebody is named at the API, where Slack offers no list to pick from: by their id, or by what people call them."""

from __future__ import annotations

import pytest

from bot.chat.identity import Identity
from bot.chat.pace import Pacer
from bot.errors import NotAllowed, Refused
from tests.fakes.moving_time import MovingTime
from tests.fakes.slack import FakeSlack

PEOPLE = {
    "U0ADA": {"id": "U0ADA", "name": "ada", "real_name": "Ada Byron"},
    "U0BOT": {"id": "U0BOT", "name": "deploybot", "is_bot": True},
}


def known() -> tuple[Identity, FakeSlack]:
    """Make an identity over a Slack with Ada and a bot."""
    time = MovingTime()
    slack = FakeSlack(clock=time, people=dict(PEOPLE))
    return Identity(slack, Pacer(time, time.sleep), time, {}), slack


async def test_by_id_and_by_name() -> None:
    """Both are the same person; a name that nobody has, and a bot, are refused."""
    identity, _ = known()
    assert await identity.named("U0ADA") == "U0ADA"
    assert await identity.named("@Ada") == "U0ADA"
    with pytest.raises(Refused, match="Nobody is called @ben") as refused:
        await identity.named("@ben")
    assert "member id" in refused.value.hint
    for bot in ("U0BOT", "@deploybot"):
        with pytest.raises(NotAllowed, match="bots"):
            await identity.named(bot)


async def test_an_id_that_slack_does_not_know() -> None:
    """A slip of the finger leads nothing; the hint says where an id is found."""
    identity, slack = known()
    slack.refuse("users.info", "user_not_found")
    with pytest.raises(Refused, match="knows nobody of the id U0ADDA") as refused:
        await identity.named("U0ADDA")
    assert "profile" in refused.value.hint


async def test_while_slack_is_away() -> None:
    """An id does, since a response must be led then too; a name can't be looked up, and the hint says what does."""
    identity, slack = known()
    slack.down = True
    assert await identity.named("U0BEN") == "U0BEN"
    with pytest.raises(Refused, match="does not say now") as refused:
        await identity.named("@ada")
    assert "member id" in refused.value.hint


async def test_a_title_has_names() -> None:
    """It stands in headers and topics, where Slack turns no id into a name: whose name nobody knows is called as they were mentioned."""
    identity, slack = known()
    said = "<@U0ADA|ada> sees <https://shop.test|the shop> fail"
    assert await identity.in_words(said) == "@Ada Byron sees the shop (https://shop.test) fail"
    asked = len(slack.of("users.info"))
    assert await identity.in_words("checkout fails < 5 %") == "checkout fails < 5 %"
    assert len(slack.of("users.info")) == asked, "nobody is asked for nothing"


async def test_a_title_waits_for_no_slack() -> None:
    """An incident is declared while Slack is away, too."""
    identity, slack = known()
    slack.down = True
    assert await identity.in_words("<@U0BEN|ben> and <@U0DAN>") == "@ben and @U0DAN"
