"""Other ends of the story: denied, expired, undone, asked by a person, and a machine that repeats itself."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.demo.loopback import web
from bot.domain.facts import ApprovalClosed, ApprovalVoted, IncidentOpened, RunStarted, StepUndone
from bot.domain.nouns import ApprovalStatus, RunStatus
from tests.acceptance.conftest import BEN, FIRST, Story, variant

pytestmark = pytest.mark.slow
UNTOUCHED = {"primary": 100, "standby": 0}


def test_denied(tell: Callable[..., Story]) -> None:
    """One Deny ends it: nothing was shifted, the run failed, and the message says who and why."""
    story = tell()
    story.break_shop("primary")
    story.ben.click(story.button(story.ben, "deny"))
    form = story.until("the form of a Deny", lambda: story.ben.form("deny"))
    story.ben.submit(form, why="let us watch first")
    assert story.ended() is RunStatus.FAILED
    assert story.weights() == UNTOUCHED
    assert story.shifts() == []
    story.says(story.ada, "enied", f"<@{BEN}>", "let us watch first")
    (closed,) = story.record.facts(FIRST, ApprovalClosed)
    assert closed.status is ApprovalStatus.DENIED
    story.check_record()


def test_expired(tell: Callable[..., Story], tmp_path: Path) -> None:
    """Nobody decides in time: it fails closed, and the message says that it expired."""
    story = tell(runbooks=variant(tmp_path / "runbooks", **{"expires: 10m": "expires: 2s"}))
    story.break_shop("primary")
    assert story.ended() is RunStatus.FAILED
    assert story.shifts() == []
    (closed,) = story.record.facts(FIRST, ApprovalClosed)
    assert closed.status is ApprovalStatus.EXPIRED
    story.says(story.ada, "xpired")
    assert story.ada.button(story.channel(), "approve") is None


def test_undone(tell: Callable[..., Story], tmp_path: Path) -> None:
    """The standby is broken too: the error rate does not fall, so the step fails half-way and its undo moves traffic back."""
    story = tell(runbooks=variant(tmp_path / "runbooks", **{"within: 2m": "within: 4s"}))
    story.break_shop("primary", "standby")
    story.ben.click(story.button(story.ben, "approve"))
    assert story.ended() is RunStatus.FAILED
    assert story.weights() == UNTOUCHED
    assert [call["weights"]["standby"] for call in story.shifts()] == [100, 0]
    assert [fact.step for fact in story.record.facts(FIRST, StepUndone)] == ["shift"]
    story.says(story.ada, "↩️ Move traffic to the standby · undone")
    story.check_record()


def test_the_requester_can_not_approve(tell: Callable[..., Story]) -> None:
    """Ada runs it by hand and may not approve her own run; Cleo is not in the group; Ben may."""
    story = tell()
    story.break_shop("primary")
    general = story.until("the channel #general", lambda: story.ada.channel("general"))
    # The stand-in needs a few scrapes before its queries have an answer.
    story.until("an error rate", lambda: _error_share(story))
    story.ada.command(general, "run checkout-errors service=checkout")
    channel = story.channel()
    story.ada.click(story.button(story.ada, "approve"))
    story.until("a private answer to Ada", lambda: "somebody else" in story.ada.texts(channel))
    assert "somebody else" not in story.ben.texts(channel)
    story.cleo.join(channel)
    story.cleo.click(story.button(story.cleo, "approve"))
    story.until("a private answer to Cleo", lambda: "not among them" in story.cleo.texts(channel))
    assert story.shifts() == []
    story.ben.click(story.button(story.ben, "approve"))
    assert story.ended() is RunStatus.SUCCEEDED
    assert len(story.record.facts(FIRST, ApprovalVoted)) == 1


def _error_share(story: Story) -> bool:
    query = 'sum(rate(shop_requests_total{service="checkout",code=~"5.."}[5s])) / sum(rate(shop_requests_total{service="checkout"}[5s]))'
    answer = web().get(f"{story.stack.prometheus}/api/v1/query", params={"query": query}).json()
    result = answer["data"]["result"]
    return bool(result) and float(result[0]["value"][1]) > 0.1


def test_the_same_delivery_two_hundred_times(tell: Callable[..., Story]) -> None:
    """Three connections at once repeat one delivery: one incident, one channel, one run."""
    story = tell()
    body = story.delivery()

    def send(_number: int) -> int:
        return story.post(body).status_code

    with ThreadPoolExecutor(max_workers=3) as pool:
        statuses = set(pool.map(send, range(200)))
    assert statuses == {200}
    story.channel()
    opened = [event for event in story.record.reader.events() if isinstance(event.fact, IncidentOpened)]
    started = [event for event in story.record.reader.events() if isinstance(event.fact, RunStarted)]
    assert (len(opened), len(started)) == (1, 1)
    incident_channels = [each for each in story.ada.state()["channels"] if each["name"].startswith("inc-")]
    assert len(incident_channels) == 1
    (alert,) = story.record.reader.recent_alerts()
    assert alert.deliveries == 200


def test_an_alert_that_no_runbook_wants(tell: Callable[..., Story]) -> None:
    """It is kept, opens nothing, and shows among the unmatched; the wrong token is refused."""
    story = tell()
    assert story.alert(alertname="SomethingElse").status_code == 200
    story.until("the alert to be set aside", story.record.reader.unmatched_alerts)
    assert story.record.reader.incidents() == []
    assert story.post(story.delivery(), token="wrong").status_code == 401
