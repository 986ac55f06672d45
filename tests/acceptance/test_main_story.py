"""The story that must work: a real alert becomes a contained incident with a postmortem draft."""

import hashlib
from collections.abc import Callable

import pytest

from bot.demo.loopback import web
from bot.demo.monitoring import Monitoring
from bot.domain.facts import ApprovalVoted, EvidenceStored, PostmortemDrafted, RunStarted
from bot.domain.nouns import IncidentStatus, RunStatus
from tests.acceptance.conftest import BEN, FIRST, Story
from tests.fakes.postgres import Postgres, postgres  # noqa: F401 - a fixture

pytestmark = pytest.mark.slow


def tell_to_the_end(story: Story) -> None:
    """Play the story from the broken shop to the draft, and check each part of it."""
    story.break_shop("primary")
    channel = story.channel()
    story.ada.click(story.button(story.ada, "ack"))

    asked = story.button(story.ben, "approve")
    shown = story.says(story.ben, "/admin/weights/checkout", '"standby": 100')
    assert "http.request" in shown
    assert story.weights() == {"primary": 100, "standby": 0}, "nothing runs before it is approved"
    story.ben.click(asked)

    assert story.ended() is RunStatus.SUCCEEDED
    assert story.weights() == {"primary": 0, "standby": 100}
    assert [call["repeated"] for call in story.shifts()] == [False]
    decided = story.says(story.ada, f"<@{BEN}>")
    assert "pproved" in decided
    story.until("the approval's buttons to go", lambda: story.ada.button(channel, "approve") is None)

    story.until("the alert to end", lambda: story.record.alerts_over(FIRST))
    story.ada.command(channel, "resolve traffic moved to the standby")
    story.until("the resolution", lambda: story.record.resolved(FIRST))
    story.ada.command(channel, "postmortem")
    draft = story.until("the draft", lambda: story.record.draft(FIRST))
    story.says(story.ada, "ostmortem")

    check_what_is_on_record(story)
    text = draft.read_text(encoding="utf-8")
    for heading in (
        "Summary",
        "Impact",
        "Metrics",
        "Timeline",
        "Approvals",
        "Evidence",
        "Action items",
        "Open questions",
    ):
        assert f"## {heading}" in text
    assert "Ben Ruiz approved step shift" in text
    page = web().get(f"{story.stack.fireline}/incidents/1/postmortem")
    assert page.status_code == 200
    assert "Ben Ruiz" in page.text


def check_what_is_on_record(story: Story) -> None:
    """Check the projections against the files and the chain."""
    incident = story.record.incident(FIRST)
    assert incident is not None
    assert (incident.severity, incident.status) == ("SEV2", IncidentStatus.RESOLVED)
    assert incident.channel_name.startswith("inc-1-")
    assert len(story.record.facts(FIRST, RunStarted)) == 1
    (vote,) = story.record.facts(FIRST, ApprovalVoted)
    assert vote.as_member_of == "group:sre"
    voter = next(event.actor for event in story.record.events(FIRST) if event.fact == vote)
    assert voter.id == BEN
    evidence = story.record.facts(FIRST, EvidenceStored)
    assert {each.name for each in evidence} == {
        "error-rate-before.json",
        "service.log",
        "error-rate-after.json",
    }
    kept = {
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (story.stack.folder / "data" / "evidence").rglob("*")
        if path.is_file()
    }
    assert {each.sha256 for each in evidence} <= kept
    (drafted,) = story.record.facts(FIRST, PostmortemDrafted)
    assert drafted.through < story.record.events(FIRST)[-1].seq + 1
    story.check_record()


def test_with_the_stand_in(tell: Callable[..., Story]) -> None:
    """Without Prometheus and Alertmanager on the machine, recorded deliveries tell the same story, over Slack's HTTP mode."""
    tell_to_the_end(tell())


@pytest.mark.needs("prometheus", "alertmanager")
def test_with_real_monitoring(tell: Callable[..., Story], real_monitoring: Monitoring) -> None:
    """Real Prometheus notices, real Alertmanager delivers, and Slack is reached by Socket Mode."""
    tell_to_the_end(tell(real=real_monitoring, socket_mode=True))


@pytest.mark.needs("postgres")
def test_on_postgres(tell: Callable[..., Story], postgres: Postgres) -> None:  # noqa: F811 - the fixture
    """The store is a Postgres server, and nothing else differs."""
    tell_to_the_end(tell(settings={"database_url": postgres.new_database()}))
