"""Files in an incident's channel: what may go up goes up once, whatever is lost on the way, and nothing else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat.client import Ambiguous
from bot.chat.config import Sharing
from bot.domain.facts import EvidenceStored, PostmortemDrafted
from bot.domain.ids import Digest, EvidenceId, IncidentId, RunId, StepId
from tests.fakes.moving_time import MovingTime
from tests.fakes.slack import FakeSlack
from tests.unit.chat.conftest import Post, put_together

LOG = "evidence/1-1/logs/a.log"
DRAFT = "postmortem_file/1"
SHARING = Sharing(evidence=frozenset({"logs"}), most=1000, postmortem="canvas")


@pytest.fixture
async def sharing(tmp_path: Path) -> AsyncIterator[Post]:
    """An outbox that may share logs and drafts."""
    time = MovingTime()
    made = await put_together(tmp_path, FakeSlack(clock=time), time, sharing=SHARING)
    yield made
    await made.stop()
    await made.store.close()


def stored(name: str = "a.log", evidence_class: str = "logs", size: int = 200) -> EvidenceStored:
    """A piece of evidence."""
    return EvidenceStored(
        incident=IncidentId(1),
        run=RunId("1-1"),
        step=StepId("logs"),
        evidence=EvidenceId(f"1-1/logs/{name}"),
        name=name,
        evidence_class=evidence_class,
        sha256=Digest("a" * 64),
        size=size,
        media_type="text/plain",
        source="http://shop",
        tool="http.request 1",
    )


def drafted(through: int = 5) -> PostmortemDrafted:
    """A draft."""
    return PostmortemDrafted(
        incident=IncidentId(1), sha256=Digest("b" * 64), through=through, path=f"pm-{through}.md"
    )


async def test_evidence_goes_up_free_of_secrets_and_once(sharing: Post) -> None:
    """As a file in the incident's channel, under its name, with the hash that stands in the log."""
    await sharing.open(1)
    await sharing.write(1, stored())
    await sharing.settled(within=30)
    (file,) = sharing.slack.files.values()
    record = sharing.store.records.incident(IncidentId(1))
    assert record is not None
    assert (file["name"], file["channel"]) == ("a.log", record.channel)
    assert b"***" in file["data"]
    assert len(file["data"]) == file["length"]
    assert "aaaaaaaaaaaa" in file["title"]
    assert len(sharing.slack.of("files.completeUploadExternal")) == 1


async def test_what_may_not_be_shown_stays_where_it_is(sharing: Post) -> None:
    """Another class, or too large: nobody is called, nothing is owed."""
    await sharing.open(1)
    await sharing.write(1, stored("b.json", "metrics"), stored("c.log", size=1001))
    await sharing.settled(within=30)
    assert not sharing.slack.files


@pytest.mark.parametrize("applied", [True, False])
async def test_a_last_call_whose_answer_was_lost(sharing: Post, *, applied: bool) -> None:
    """The file is looked for by its id: shown, it stays; not shown, it goes up."""
    problem = Ambiguous("files.completeUploadExternal: lost", code="no_answer")
    sharing.slack.fail("files.completeUploadExternal", problem, applied=applied)
    await sharing.open(1)
    await sharing.write(1, stored())
    await sharing.settled(within=120)
    assert len([each for each in sharing.slack.files.values() if each["channel"]]) == 1
    assert sharing.slack.of("files.info")


async def test_a_draft_becomes_the_channel_s_canvas_and_the_next_one_a_file(sharing: Post) -> None:
    """People may have edited the canvas: a later draft stands beside it."""
    await sharing.open(1)
    await sharing.write(1, drafted())
    await sharing.settled(within=30)
    assert list(sharing.slack.canvases.values()) == ["# Postmortem, pm-5.md"]
    assert not sharing.slack.files
    await sharing.write(1, drafted(9))
    await sharing.settled(within=30)
    (file,) = sharing.slack.files.values()
    assert (file["name"], file["data"]) == ("postmortem-1.md", b"# Postmortem, pm-9.md")


async def test_a_canvas_whose_answer_was_lost_is_not_made_twice(sharing: Post) -> None:
    """Slack itself says that it is there."""
    sharing.slack.lose_answer("conversations.canvases.create")
    await sharing.open(1)
    await sharing.write(1, drafted())
    await sharing.settled(within=120)
    assert len(sharing.slack.canvases) == 1
    assert not sharing.slack.files


@pytest.mark.parametrize(
    "code", ["canvas_disabled_user_team", "missing_scope", "team_tier_cannot_create_channel_canvases"]
)
async def test_where_slack_makes_no_canvas_a_file_goes_up(sharing: Post, code: str) -> None:
    """On a plan without canvases, or an app without the scope."""
    sharing.slack.refuse("conversations.canvases.create", code)
    await sharing.open(1)
    await sharing.write(1, drafted())
    await sharing.settled(within=30)
    (file,) = sharing.slack.files.values()
    assert file["channel"]
