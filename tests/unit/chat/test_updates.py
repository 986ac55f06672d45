"""Updates as those in the incident's channel read them: each a post, and none that a later one overtook."""

from __future__ import annotations

import json
from datetime import datetime

from bot.chat.blocks import as_it_is, update_message
from bot.domain.facts import IncidentAcknowledged, UpdateGiven
from bot.domain.ids import IncidentId
from bot.domain.nouns import IncidentStatus, person
from bot.localslack.blocks import check_message
from tests.fakes.alerts import NOON, incident
from tests.unit.chat.conftest import Post

ONE = IncidentId(1)


def given(message: str, due: datetime | None = None) -> UpdateGiven:
    """Make an update."""
    return UpdateGiven(incident=ONE, message=message, status=IncidentStatus.IDENTIFIED, next_due=due)


def posts(post: Post, words: str) -> list[str]:
    """Every post that is an update and says this."""
    every = [str(each["blocks"]) for each in post.slack.messages.values()]
    return [each for each in every if "📣 *Identified*" in each and words in each]


async def test_an_update_is_a_post_of_its_own(post: Post) -> None:
    """The same words a second time are a second post; no change afterwards makes another."""
    await post.open(1)
    for _ in range(2):
        await post.write(1, given("nothing is new"))
        await post.settled(within=10)
    await post.write(1, IncidentAcknowledged(incident=ONE, commander="U0ADA"))
    await post.settled(within=10)
    assert len(posts(post, "nothing is new")) == 2


async def test_after_slack_was_away_the_last_one_is_said(post: Post) -> None:
    """The state counts, not each step on the way to it."""
    await post.open(1)
    await post.settled(within=10)
    post.slack.down = True
    await post.write(1, given("first"))
    await post.time.advance(30)
    await post.write(1, given("second"))
    post.slack.down = False
    await post.settled(within=120)
    assert (len(posts(post, "first")), len(posts(post, "second"))) == (0, 1)


def test_what_an_update_says() -> None:
    """Who said it, where the response stands, when people hear again; a person who is named is named, and nobody else is called."""
    message = update_message(
        incident(42), given("Ask <@U0BEN|ben>, not <!channel>", NOON), person("U0ADA"), redact=as_it_is
    )
    text = message.blocks[0]["text"]["text"]
    assert text.startswith("📣 *Identified* · <@U0ADA> · the next by <!date^")
    assert text.endswith("\n> Ask <@U0BEN>, not &lt;!channel&gt;")
    long = update_message(incident(42), given("<&>" * 9000), person("U0ADA"), redact=as_it_is)
    assert check_message(json.loads(json.dumps(list(long.blocks)))) == []
