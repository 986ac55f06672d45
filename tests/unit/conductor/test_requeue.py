"""A run that Fireline gave up on is put back: it goes on from where it stood, and repeats nothing in silence."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.actions.outcome import Reason
from bot.domain.facts import RunFinished, RunRequeued, RunRetried, StepUndone
from bot.domain.ids import RunId
from bot.domain.nouns import Part, Phase, RunStatus, Settlement, StepStatus
from bot.engine.conductor import UndoAsked
from bot.errors import Conflict
from bot.runbook.model import OnFailure
from tests.fakes.stage import OK, Stage, approval, book, failed, inside, named, step, undo, verify


def test_what_was_cut_off_is_asked_about_and_the_rest_goes_on() -> None:
    """An effect that can't be repeated is a question, a read is made again, and what was done is not done again."""
    stage = Stage(book(step("done", "push"), step("push", "push"), step("look", needs=["done"])))
    stage.end("done")
    stage.give_up()
    assert stage.ended is RunStatus.FAILED
    stage.requeue()
    assert stage.step("push").status is StepStatus.UNKNOWN
    assert stage.running() == [("look", Part.MAIN)]
    stage.settle("push", Settlement.HAPPENED)
    stage.end("look")
    assert stage.ended is RunStatus.SUCCEEDED
    assert [fact.detail for fact in stage.facts(RunFinished)] == ["a bug", ""]


def test_its_clock_stood_still() -> None:
    """Its deadline, its approvals and its verifications are later by as long as it lay."""
    stage = Stage(
        book(
            step("ask", approval=approval(expires=60), needs=[]),
            step("check", "put", verify=verify(within=5), needs=[]),
            timeout=timedelta(seconds=100),
        )
    )
    stage.end("check")
    stage.give_up()
    stage.requeue(after=3600)
    assert stage.state.deadline == stage.now + timedelta(seconds=100)
    (fact,) = stage.facts(RunRequeued)
    assert fact.lay_for == 3600
    assert [each.expires_at for each in fact.postponed] == [stage.now + timedelta(seconds=60)]
    assert stage.step("ask").approval.asked.expires_at == stage.now + timedelta(seconds=60)
    assert stage.step("check").verifying_since == stage.now
    stage.vote("ask")
    assert stage.running() == [("ask", Part.MAIN), ("check", Part.VERIFY)]


def test_a_paused_run_goes_on_without_the_pause() -> None:
    """Who puts a run back wants it to go on; the time from its pause on does not count."""
    stage = Stage(book(step("a"), timeout=timedelta(seconds=100)))
    stage.pause()
    stage.wait(50)
    stage.give_up()
    stage.requeue(after=50)
    assert stage.state.paused is None
    assert stage.state.deadline == stage.now + timedelta(seconds=100)


def test_a_time_that_was_over_before_is_over() -> None:
    """The process was away past the deadline, and then gave the run up: it ends as it would have."""
    stage = Stage(book(step("a", "push"), timeout=timedelta(seconds=10)))
    stage.now += timedelta(seconds=20)
    stage.give_up()
    stage.requeue()
    assert stage.state.timed_out
    assert stage.ended is RunStatus.FAILED
    assert stage.facts(RunFinished)[-1].reason == Reason.TIMEOUT


def test_an_undo_that_was_given_up_goes_on() -> None:
    """What was taken back is not taken back twice, what is left is, and the run fails for its first reason."""
    stage = Stage(
        book(
            step("one", "push", undo=undo()),
            step("two", "push", needs=["one"], undo=undo()),
            step("three", needs=["two"], on_failure=OnFailure.UNDO),
        )
    )
    stage.end("one")
    stage.end("two")
    stage.end("three", failed(Reason.REJECTED, "no room"))
    stage.end("two")
    assert stage.state.phase is Phase.UNDO
    stage.give_up()
    stage.requeue()
    assert stage.running() == [("one", Part.UNDO)]
    stage.end("one", OK)
    assert [fact.step for fact in stage.facts(StepUndone)] == ["two", "one"]
    end = stage.facts(RunFinished)[-1]
    assert (end.reason, end.detail) == (Reason.REJECTED, "step three: no room")


def test_a_run_that_a_bug_failed_is_tried_again() -> None:
    """It came to its end, so it goes on as any failed run does: from the step that failed."""
    stage = Stage(book(step("a"), step("b", needs=["a"])))
    stage.end("a")
    stage.end("b", failed(Reason.BUG, "push raised KeyError"))
    assert stage.ended is RunStatus.FAILED
    stage.requeue()
    assert [fact.steps for fact in stage.facts(RunRetried)] == [("b",)]
    stage.end("b")
    assert stage.ended is RunStatus.SUCCEEDED


def test_it_can_be_given_up_again() -> None:
    """Each time it goes on from where it stands then."""
    stage = Stage(book(step("a"), step("b", needs=["a"])))
    stage.give_up()
    stage.requeue(after=10)
    stage.end("a")
    stage.give_up()
    stage.requeue(after=10)
    stage.end("b")
    assert stage.ended is RunStatus.SUCCEEDED


def test_only_what_could_not_go_on_is_put_back() -> None:
    """A run under way, and one that failed by its own rules, are refused in words that say what to do."""
    stage = Stage(book(step("a")))
    with pytest.raises(Conflict, match="is under way"):
        stage.requeue()
    stage.end("a", failed(Reason.REJECTED))
    with pytest.raises(Conflict, match="no bug is to blame") as refused:
        stage.requeue()
    assert "retry 1-1" in refused.value.hint
    other = Stage(book(step("a")))
    other.end("a")
    with pytest.raises(Conflict, match="it succeeded"):
        other.requeue()


def test_a_run_inside_another_is_not_put_back() -> None:
    """The run around it has gone on without it; put that one back instead."""
    stage = Stage(book(step("a")))
    started = stage.events[0]
    stage.events[0] = started._replace(fact=replace(started.fact, parent=RunId("1-9")))
    stage.give_up()
    with pytest.raises(Conflict, match="inside run 1-9"):
        stage.requeue()
    stage.arrive(UndoAsked(why="the run around it takes it back"))
    assert stage.state.given_up is None


def test_a_run_that_waits_for_one_inside_it_goes_on_waiting() -> None:
    """That one is no call that was cut off."""
    looks = named("looks", book(step("look")))
    stage = Stage(book(inside("sub", "looks")), books=[looks])
    stage.give_up()
    stage.requeue()
    assert stage.running() == [("sub", Part.MAIN)]
