"""Escalation: others are asked besides when nobody decided in time, once, and after that it fails closed."""

from datetime import timedelta

import pytest

from bot.actions.outcome import Reason
from bot.domain.facts import ApprovalClosed, ApprovalEscalated, ApprovalVoted, RunCancelRequested
from bot.domain.nouns import ApprovalStatus, Part, RunStatus, StepStatus, Vote
from bot.engine.conductor import evolve
from bot.errors import Conflict, NotAllowed
from bot.runbook.model import Autonomy
from tests.fakes.stage import ADA, BEN, Stage, approval, book, step


def asking(*, quorum: int = 1, expires: float | None = 600, **more: object) -> Stage:
    """Make a run whose only step asks the SRE group, and their leads after ten minutes."""
    rule = approval(quorum=quorum, expires=expires, escalate_to=["group:sre-leads"])
    return Stage(book(step("a", "push", approval=rule)), **more)  # type: ignore[arg-type]


def test_others_are_asked_besides_when_nobody_decided_in_time() -> None:
    """Who was asked before is asked still, and everybody has the whole time anew."""
    stage = asking()
    stage.wait(600)
    (escalated,) = stage.facts(ApprovalEscalated)
    assert escalated.added == ("group:sre-leads",)
    assert escalated.sources == ("group:sre", "group:sre-leads")
    assert escalated.approval == "1-1/a/1"
    assert stage.step("a").status is StepStatus.WAITING_APPROVAL
    assert stage.due == 600


@pytest.mark.parametrize("group", ["sre", "sre-leads"])
def test_old_and_new_may_decide(group: str) -> None:
    """Whoever wakes late finds the door open, and so does who was called in."""
    stage = asking()
    stage.wait(600)
    stage.vote("a", groups=[group])
    assert stage.running() == [("a", Part.MAIN)]
    (voted,) = stage.facts(ApprovalVoted)
    assert voted.as_member_of == f"group:{group}"


def test_those_called_in_may_not_decide_before() -> None:
    """Leads have no right of their own until it is theirs to decide."""
    stage = asking()
    with pytest.raises(NotAllowed):
        stage.vote("a", groups=["sre-leads"])


def test_what_was_said_counts_on() -> None:
    """The question is the same, so one word of two stands, and nobody counts twice."""
    stage = asking(quorum=2)
    stage.vote("a", by=ADA)
    stage.wait(600)
    with pytest.raises(Conflict, match="already"):
        stage.vote("a", by=ADA)
    stage.vote("a", by=BEN, groups=["sre-leads"])
    assert stage.running() == [("a", Part.MAIN)]


def test_it_escalates_once_and_then_fails_closed() -> None:
    """Nobody decided twice: it does not run, and the reason says so."""
    stage = asking()
    stage.wait(600)
    stage.wait(600)
    assert len(stage.facts(ApprovalEscalated)) == 1
    (closed,) = stage.facts(ApprovalClosed)
    assert closed.status is ApprovalStatus.EXPIRED
    assert closed.why == "nobody decided in time, nor after it was escalated"
    assert stage.step("a").reason == Reason.REJECTED
    assert stage.ended is RunStatus.FAILED


def test_a_word_that_comes_as_the_time_ends_counts() -> None:
    """The vote may arrive before the alarm rings: it escalates first, and the vote counts."""
    stage = asking()
    stage.now += timedelta(seconds=600)
    stage.vote("a", groups=["sre-leads"])
    assert len(stage.facts(ApprovalEscalated)) == 1
    assert stage.running() == [("a", Part.MAIN)]


def test_a_denial_after_escalation_ends_it() -> None:
    """One Deny is enough, whoever says it."""
    stage = asking()
    stage.wait(600)
    stage.vote("a", Vote.DENY, groups=["sre-leads"])
    assert stage.ended is RunStatus.FAILED


def test_a_process_that_was_away_still_gives_people_their_time() -> None:
    """Back after hours, it escalates now and not into the past."""
    stage = asking()
    stage.now += timedelta(hours=5)
    stage.crash()
    assert stage.due == 600


def test_without_an_expiry_of_its_own_the_settings_hold() -> None:
    """Both times."""
    stage = asking(expires=None, approval_expiry=timedelta(seconds=60))
    stage.wait(60)
    assert stage.due == 60
    stage.wait(60)
    assert stage.ended is RunStatus.FAILED


def test_an_expiry_that_is_gone_leaves_the_question_open() -> None:
    """Where nothing says how long, those called in may take their time."""
    stage = asking(expires=None, approval_expiry=timedelta(seconds=60))
    object.__setattr__(stage.plan, "approval_expiry", None)
    stage.wait(60)
    assert stage.due is None
    assert stage.step("a").status is StepStatus.WAITING_APPROVAL


def test_a_run_that_ends_calls_nobody_in() -> None:
    """At the same instant the run's time is over: the question is closed, and no lead is woken for it."""
    rule = approval(expires=600, escalate_to=["group:sre-leads"])
    stage = Stage(book(step("a", "push", approval=rule), timeout=timedelta(seconds=600)))
    stage.wait(600)
    assert stage.facts(RunCancelRequested)
    assert not stage.facts(ApprovalEscalated)


def test_what_autonomy_demands_does_not_escalate() -> None:
    """A question that no step wrote has nobody to escalate to."""
    runbook = book(step("a", "push"), autonomy=Autonomy.APPROVE)
    stage = Stage(runbook, approval_expiry=timedelta(seconds=60))
    stage.wait(60)
    assert not stage.facts(ApprovalEscalated)
    assert stage.ended is RunStatus.FAILED


def test_an_escalation_of_another_question_changes_nothing() -> None:
    """Facts of a question that is over are read again in a replay, and move no other."""
    stage = asking()
    stage.wait(600)
    (fact,) = stage.facts(ApprovalEscalated)
    before = stage.state
    stage.vote("a", Vote.DENY)
    assert evolve(stage.state, fact, stage.now) == stage.state
    assert before != stage.state
