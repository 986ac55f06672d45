"""A pause: what runs is let finish, nothing begins, no instant comes; and then all of it goes on, later by as long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.actions.outcome import Reason
from bot.domain.facts import CallStarted, RunFinished, RunPaused, RunResumed
from bot.domain.nouns import Part, RunStatus, Settlement, StepStatus, Vote
from bot.engine.conductor import TimeCame, effects, next_due
from bot.errors import Conflict
from bot.runbook.model import OnFailure
from tests.fakes.stage import (
    ADA,
    BEN,
    NOT_YET,
    OK,
    Stage,
    approval,
    book,
    failed,
    probe,
    step,
    undo,
    verify,
)


def test_what_runs_is_let_finish_and_nothing_begins() -> None:
    """The call under way ends as it would have; the step after it begins when the run goes on."""
    stage = Stage(book(step("a"), step("b", needs=["a"])))
    stage.pause("a deploy is under way")
    assert stage.running() == [("a", Part.MAIN)]
    stage.end("a")
    assert stage.statuses() == {"a": StepStatus.SUCCEEDED, "b": StepStatus.PENDING}
    assert stage.running() == []
    assert stage.due is None
    stage.resume()
    assert stage.running() == [("b", Part.MAIN)]


def test_who_paused_it_and_why_is_on_record() -> None:
    """The actor of the event is the person; so it is with the one who lets it go on."""
    stage = Stage(book(step("a")))
    stage.pause("wait for Ben")
    stage.resume(after=90)
    told = [
        (event.actor, event.fact) for event in stage.events if isinstance(event.fact, RunPaused | RunResumed)
    ]
    assert told[0] == (ADA, RunPaused(run=stage.state.run, why="wait for Ben"))
    assert told[1] == (BEN, RunResumed(run=stage.state.run, paused_for=90.0))


def test_a_run_is_not_paused_twice_nor_resumed_unasked() -> None:
    """Each is refused in words."""
    stage = Stage(book(step("a")))
    with pytest.raises(Conflict, match="is not paused"):
        stage.resume()
    stage.pause()
    with pytest.raises(Conflict, match="paused already") as refusal:
        stage.pause()
    assert "resume" in refusal.value.hint


def test_a_run_that_is_over_can_t_be_held() -> None:
    """It says how it ended."""
    stage = Stage(book(step("a")))
    stage.end("a")
    with pytest.raises(Conflict, match="is over"):
        stage.pause()


def test_the_last_step_of_a_paused_run_does_not_end_it() -> None:
    """What runs in any case waits too, and so the end."""
    stage = Stage(book(step("a"), always=[step("z")]))
    stage.pause()
    stage.end("a")
    assert stage.ended is None
    stage.resume()
    assert stage.running() == [("z", Part.MAIN)]


def test_the_deadline_waits() -> None:
    """A run with ten seconds left has ten seconds left after an hour's pause."""
    stage = Stage(book(step("a"), step("b", needs=["a"]), timeout=timedelta(seconds=30)))
    stage.wait(20)
    stage.pause()
    stage.now += timedelta(hours=1)
    stage.end("a")
    assert not stage.state.stopping
    stage.resume()
    assert stage.due == 10
    stage.wait(10)
    assert stage.state.timed_out


def test_an_approval_waits_and_may_be_decided_meanwhile() -> None:
    """It does not expire through a pause; a vote counts at once, and what it lets run starts when the run goes on."""
    stage = Stage(book(step("a", approval=approval(expires=60), value="x")))
    stage.wait(40)
    stage.pause()
    stage.now += timedelta(seconds=600)
    stage.arrive(TimeCame())
    assert stage.step("a").status is StepStatus.WAITING_APPROVAL
    stage.vote("a")
    assert stage.running() == []
    stage.resume()
    assert stage.running() == [("a", Part.MAIN)]


def test_an_approval_expires_later_by_as_long() -> None:
    """With twenty seconds left, it has twenty seconds left; the fact names the new instant for those who show it."""
    stage = Stage(book(step("a", approval=approval(expires=60)), step("b", approval=approval(), needs=[])))
    stage.wait(40)
    stage.pause()
    assert set(stage.facts(RunPaused)[0].asking) == {"1-1/a/1", "1-1/b/1"}
    stage.resume(after=500)
    assert stage.due == 20
    postponed = {each.approval: each.expires_at for each in stage.facts(RunResumed)[0].postponed}
    assert postponed == {"1-1/a/1": stage.now + timedelta(seconds=20), "1-1/b/1": None}
    stage.wait(20)
    assert stage.step("a").status is StepStatus.FAILED


def test_a_denial_while_paused_ends_the_step_and_the_rest_waits() -> None:
    """A No is a No; what follows from it, rescue first of all, begins when the run goes on."""
    stage = Stage(book(step("a", approval=approval()), rescue=[step("r")]))
    stage.pause()
    stage.vote("a", Vote.DENY)
    assert stage.step("a").status is StepStatus.FAILED
    assert stage.running() == []
    stage.resume()
    assert stage.running() == [("r", Part.MAIN)]


def test_a_retry_waits_and_is_due_at_once_afterwards() -> None:
    """The target had its rest."""
    stage = Stage(book(step("a")))
    stage.end("a", failed(Reason.UNAVAILABLE), chance=1.0)
    stage.pause()
    stage.wait(300)
    assert stage.running() == []
    stage.resume()
    assert stage.running() == [("a", Part.MAIN)]


def test_a_verification_has_all_of_its_time() -> None:
    """What a pause took of it is given back; its next look comes when the run goes on."""
    stage = Stage(book(step("a", "put", verify=verify(every=2, within=10))))
    stage.end("a")
    stage.end("a", NOT_YET)
    stage.wait(2)
    stage.pause()
    stage.now += timedelta(seconds=100)
    stage.end("a", NOT_YET)
    assert stage.step("a").status is StepStatus.VERIFYING
    stage.resume()
    assert stage.running() == [("a", Part.VERIFY)]
    stage.end("a", NOT_YET)
    assert stage.step("a").status is StepStatus.VERIFYING
    stage.wait(stage.due or 0)
    stage.end("a", OK)
    assert stage.ended is RunStatus.SUCCEEDED


def test_the_first_look_after_an_effect_is_made_though_the_run_is_paused() -> None:
    """It only looks; and all of the verification's time is before it still when the run goes on."""
    stage = Stage(book(step("a", "put", verify=verify(every=2, within=4))))
    stage.pause()
    stage.now += timedelta(seconds=100)
    stage.end("a")
    assert stage.running() == [("a", Part.VERIFY)]
    stage.end("a", NOT_YET)
    stage.resume(after=100)
    assert stage.running() == [("a", Part.VERIFY)]
    stage.end("a", NOT_YET)
    assert stage.due == 2


def test_what_did_not_happen_is_run_when_the_run_goes_on() -> None:
    """A person says of an interrupted call that it did not happen: that is heard, and acted on later."""
    stage = Stage(book(step("a", "push")))
    stage.pause()
    stage.crash()
    stage.settle("a", Settlement.DID_NOT)
    assert stage.running() == []
    stage.resume()
    assert [(call.part, call.attempt) for call in stage.facts(CallStarted)] == [
        (Part.MAIN, 1),
        (Part.MAIN, 2),
    ]


def test_what_a_probe_says_is_heard_and_acted_on_later() -> None:
    """The settle probe only looks, so it is asked though the run is paused."""
    stage = Stage(book(step("a", "push", settle=probe())))
    stage.pause()
    stage.crash()
    assert stage.running() == [("a", Part.SETTLE)]
    stage.end("a", NOT_YET)
    assert stage.running() == []
    stage.resume()
    assert stage.running() == [("a", Part.MAIN)]


def test_an_interrupted_call_that_can_be_repeated_waits() -> None:
    """The process was killed while the run was paused and its last call under way: it is made again when the run goes on."""
    stage = Stage(book(step("a", "put")))
    stage.pause()
    stage.crash()
    stage.crash()
    assert stage.running() == []
    assert effects(stage.state) == ()
    stage.resume()
    assert stage.running() == [("a", Part.MAIN)]


def test_what_was_to_be_made_again_is_not_when_the_run_ends_instead() -> None:
    """It may have happened, so its undo is tried."""
    stage = Stage(book(step("a", "put", undo=undo())))
    stage.pause()
    stage.crash()
    stage.cancel(undo=True)
    assert stage.step("a").status is StepStatus.CANCELLED
    assert stage.running() == [("a", Part.UNDO)]


def test_undo_waits_too() -> None:
    """A run that is paused while it undoes takes nothing back until it goes on."""
    books = book(
        step("a", "put", undo=undo()),
        step("b", "put", undo=undo(), needs=["a"]),
        step("c", needs=["b"], on_failure=OnFailure.UNDO),
    )
    stage = Stage(books)
    stage.end("a")
    stage.end("b")
    stage.end("c", failed())
    assert stage.running() == [("b", Part.UNDO)]
    stage.pause()
    stage.end("b")
    assert stage.running() == []
    assert next_due(stage.state) is None
    stage.resume()
    assert stage.running() == [("a", Part.UNDO)]


def test_an_undo_that_is_said_not_to_have_happened_waits() -> None:
    """Said while paused, done when the run goes on."""
    stage = Stage(
        book(step("a", "put", undo=undo(action="push")), step("b", needs=["a"], on_failure=OnFailure.UNDO))
    )
    stage.end("a")
    stage.end("b", failed())
    stage.pause()
    stage.crash()
    stage.settle("a", Settlement.DID_NOT)
    assert stage.running() == []
    stage.resume()
    assert stage.running() == [("a", Part.UNDO)]


def test_a_clock_that_was_set_back_makes_no_pause_shorter_than_nothing() -> None:
    """The deadline moves by the length of the pause, which is never negative."""
    stage = Stage(book(step("a"), timeout=timedelta(seconds=30)))
    stage.wait(20)
    stage.pause()
    stage.resume(after=-10)
    assert stage.facts(RunResumed)[0].paused_for == 0


def test_a_run_that_ends_while_it_is_paused_is_not_paused_any_more() -> None:
    """The driver gives up on a run that it can't conduct, paused or not."""
    stage = Stage(book(step("a")))
    stage.pause()
    given_up = RunFinished(run=stage.state.run, status=RunStatus.FAILED, reason=Reason.BUG)
    stage._log([(ADA, given_up)])
    assert stage.state.paused is None
