"""A failed run is tried again: what was done stands and is not done twice, what is left is done, and doubt is asked about first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.actions.outcome import Reason
from bot.domain.facts import (
    ApprovalClosed,
    ApprovalRequested,
    CallStarted,
    RunFinished,
    RunRetried,
    StepUndoFailed,
)
from bot.domain.nouns import ApprovalStatus, Part, RunStatus, Settlement, StepStatus, Vote
from bot.errors import Conflict, NotAllowed
from bot.runbook.model import OnFailure
from tests.fakes.gates import HELD, ToldGate
from tests.fakes.stage import (
    ADA,
    BEN,
    NOT_YET,
    Stage,
    approval,
    book,
    failed,
    loop,
    probe,
    step,
    undo,
    verify,
)

SURELY_NOT = failed(Reason.REJECTED, applied=False)
PERHAPS = failed(Reason.REJECTED, applied=True)


def keys(stage: Stage, name: str) -> list[str]:
    """The keys of a step's main calls."""
    return [call.key for call in stage.facts(CallStarted) if (call.step, call.part) == (name, Part.MAIN)]


def test_what_was_done_stands_and_what_failed_is_done() -> None:
    """The step before keeps its output; the one that failed is called under a new key; the one after it runs at last."""
    stage = Stage(
        book(
            step("a"), step("b", "push", needs=["a"], value="{{ steps.a.output.ok }}"), step("c", needs=["b"])
        )
    )
    stage.end("a")
    stage.end("b", SURELY_NOT)
    assert stage.ended is RunStatus.FAILED
    (retried,) = [fact for fact in stage.retry() if isinstance(fact, RunRetried)]
    assert retried.steps == ("b", "c")
    assert stage.running() == [("b", Part.MAIN)]
    assert len(keys(stage, "a")) == 1
    assert len(set(keys(stage, "b"))) == 2
    stage.end("b")
    stage.end("c")
    assert stage.ended is RunStatus.SUCCEEDED
    assert stage.state.digest == "d" * 64
    assert len(stage.facts(RunFinished)) == 2


def test_what_its_own_rule_kept_out_stays_out() -> None:
    """A step that its `if` skipped is no part of what is left; neither is a failure that the runbook went past."""
    stage = Stage(
        book(
            step("a", when="false", needs=[]),
            step("b", on_failure=OnFailure.CONTINUE, needs=[]),
            step("c", needs=["a", "b"]),
        )
    )
    stage.end("b", failed())
    stage.end("c", failed())
    stage.retry()
    assert stage.running() == [("c", Part.MAIN)]
    assert stage.step("a").status is StepStatus.SKIPPED
    assert stage.step("b").status is StepStatus.FAILED


def test_clean_up_runs_afresh_at_the_new_end() -> None:
    """Rescue and always belong to an end; the second end has its own, under keys of their own."""
    stage = Stage(book(step("a"), rescue=[step("r", "push")], always=[step("z")]))
    stage.end("a", failed())
    stage.end("r")
    stage.end("z")
    stage.retry()
    assert stage.facts(RunRetried)[0].cleanup == ("r", "z")
    stage.end("a", failed())
    assert stage.running() == [("r", Part.MAIN)]
    assert len(set(keys(stage, "r"))) == 2


def test_what_may_stand_and_can_t_be_repeated_is_asked_of_a_person() -> None:
    """It is never done twice in silence: they say whether it happened, and only then it is done, with its approval anew."""
    stage = Stage(book(step("a", "push", approval=approval())))
    stage.vote("a")
    stage.end("a", PERHAPS)
    stage.retry()
    assert stage.step("a").status is StepStatus.UNKNOWN
    stage.settle("a", Settlement.DID_NOT)
    assert stage.step("a").status is StepStatus.WAITING_APPROVAL
    stage.vote("a")
    assert stage.running() == [("a", Part.MAIN)]
    assert len(set(keys(stage, "a"))) == 2


def test_what_did_happen_is_done() -> None:
    """The run goes on after it."""
    stage = Stage(book(step("a", "push"), step("b", needs=["a"])))
    stage.end("a", PERHAPS)
    stage.retry()
    stage.settle("a", Settlement.HAPPENED)
    assert stage.running() == [("b", Part.MAIN)]
    assert len(keys(stage, "a")) == 1


def test_a_probe_is_asked_before_a_person() -> None:
    """Where the step has one; a person stopped the run when it could not tell."""
    stage = Stage(book(step("a", "push", settle=probe())))
    stage.crash()
    stage.end("a", failed())
    stage.settle("a", Settlement.STOP)
    assert stage.ended is RunStatus.FAILED
    stage.retry()
    assert stage.running() == [("a", Part.SETTLE)]
    stage.end("a", NOT_YET)
    assert stage.running() == [("a", Part.MAIN)]


def test_what_can_be_repeated_is_called_again_under_its_key() -> None:
    """Its effect may stand, and its target tells a repeat by the key: the same key, the same inputs."""
    stage = Stage(book(step("a", "put", value="x", approval=approval())))
    stage.vote("a")
    stage.end("a", PERHAPS)
    stage.retry()
    stage.vote("a")
    assert stage.running() == [("a", Part.MAIN)]
    assert len(set(keys(stage, "a"))) == 1


def test_a_verification_that_failed_is_looked_at_again() -> None:
    """The effect is there; only whether it helped is open, and it has all of its time anew."""
    stage = Stage(book(step("a", "push", verify=verify(every=2, within=4))))
    stage.end("a")
    stage.end("a", failed())
    assert stage.ended is RunStatus.FAILED
    stage.now += timedelta(hours=1)
    stage.retry()
    assert stage.running() == [("a", Part.VERIFY)]
    stage.end("a", NOT_YET)
    assert stage.due == 2
    assert len(keys(stage, "a")) == 1


def test_who_asks_for_it_can_t_approve_it_nor_can_who_asked_first() -> None:
    """Four eyes: everybody who wanted it to run is out."""
    stage = Stage(book(step("a", approval=approval())), requested_by=ADA)
    stage.vote("a", by=BEN)
    stage.end("a", SURELY_NOT)
    stage.retry(by=BEN)
    assert stage.facts(ApprovalRequested)[-1].requested_by == BEN
    for who in (ADA, BEN):
        with pytest.raises(NotAllowed):
            stage.vote("a", by=who)


def test_its_time_and_its_retries_begin_anew() -> None:
    """The deadline is as far away as at the start, and the runbook's retries are there again."""
    stage = Stage(book(step("a"), timeout=timedelta(seconds=30)))
    for _ in range(3):
        stage.end("a", failed(Reason.UNAVAILABLE), chance=0.0)
        stage.wait(0)
    assert stage.ended is RunStatus.FAILED
    stage.now += timedelta(hours=1)
    stage.retry()
    assert stage.due == 30
    stage.end("a", failed(Reason.UNAVAILABLE))
    assert stage.step("a").status is StepStatus.WAITING_RETRY


def test_a_run_that_ran_out_of_time_is_tried_again() -> None:
    """What was cut off by the deadline is what is left."""
    stage = Stage(book(step("a"), step("b", needs=["a"]), timeout=timedelta(seconds=30)))
    stage.wait(30)
    stage.end("a", failed(Reason.CANCELLED))
    assert stage.ended is RunStatus.FAILED
    stage.retry()
    assert stage.running() == [("a", Part.MAIN)]
    assert not stage.state.timed_out


def test_nothing_goes_on_from_what_was_undone() -> None:
    """The run is started anew instead, and the refusal says so."""
    stage = Stage(book(step("a", "put", undo=undo()), step("b", needs=["a"], on_failure=OnFailure.UNDO)))
    stage.end("a")
    stage.end("b", failed())
    stage.end("a")
    with pytest.raises(Conflict, match="was undone") as refusal:
        stage.retry()
    assert "anew" in refusal.value.hint


def test_only_a_failed_run_is_tried_again() -> None:
    """One that is under way, that succeeded, or that a person ended is not."""
    stage = Stage(book(step("a")))
    with pytest.raises(Conflict, match="under way"):
        stage.retry()
    stage.end("a")
    with pytest.raises(Conflict, match="succeeded"):
        stage.retry()
    other = Stage(book(step("a")))
    other.cancel()
    other.end("a", failed(Reason.CANCELLED))
    with pytest.raises(Conflict, match="was cancelled"):
        other.retry()


def test_a_run_that_fireline_gave_up_on_goes_on_as_after_a_crash() -> None:
    """What was under way was interrupted, and what was asked is asked anew."""
    stage = Stage(
        book(
            step("a", "push", needs=[]),
            step("b", needs=[], approval=approval()),
            step("c", "put", needs=[], verify=verify()),
            step("d", needs=["c"]),
        )
    )
    stage.end("c")
    given_up = RunFinished(run=stage.state.run, status=RunStatus.FAILED, reason=Reason.BUG)
    stage._log([(ADA, given_up)])
    stage.retry()
    assert stage.step("a").status is StepStatus.UNKNOWN
    assert stage.running() == [("c", Part.VERIFY)]
    (void,) = stage.facts(ApprovalClosed)
    assert void.status is ApprovalStatus.VOID
    assert [fact.approval for fact in stage.facts(ApprovalRequested)] == ["1-1/b/1", "1-1/b/2"]


def test_a_loop_goes_on_with_the_items_that_are_left() -> None:
    """What succeeded is not done again; the rest go as many side by side as the loop says, each looked into first where it is in doubt."""
    stage = Stage(book(step("a", "push", loop=loop(["x", "y", "z"], max_parallel=2))))
    stage.end("a[0]")
    stage.end("a[1]", PERHAPS)
    stage.end("a[2]", SURELY_NOT)
    assert stage.ended is RunStatus.FAILED
    stage.retry()
    assert stage.facts(RunRetried)[0].steps == ("a", "a[1]", "a[2]")
    assert stage.step("a[1]").status is StepStatus.UNKNOWN
    assert stage.running() == [("a[2]", Part.MAIN)]
    stage.settle("a[1]", Settlement.DID_NOT)
    assert stage.running() == [("a[1]", Part.MAIN), ("a[2]", Part.MAIN)]
    stage.end("a[1]")
    stage.end("a[2]")
    assert stage.ended is RunStatus.SUCCEEDED
    assert len(keys(stage, "a[0]")) == 1


def test_what_may_stand_is_looked_into_before_all_else_although_the_probe_must_wait() -> None:
    """While its probe stands at the gate, or its target is away, a step that can't be repeated is not taken for one that never began."""
    for shut, away in ((HELD, None), (None, timedelta(seconds=90))):
        gate = ToldGate()
        stage = Stage(book(step("a", "push", settle=probe())), gate=gate)
        stage.end("a", failed(Reason.TIMEOUT))
        stage.end("a", failed())
        stage.settle("a", Settlement.STOP)
        gate.shut, gate.away = shut, away
        stage.retry()
        assert stage.running() == []
        gate.shut, gate.away = None, None
        stage.wait(90)
        assert stage.running() == [("a", Part.SETTLE)]
        stage.end("a")
        assert stage.ended is RunStatus.SUCCEEDED
        assert len(keys(stage, "a")) == 1


def test_a_retry_that_was_cut_short_looks_into_what_may_stand() -> None:
    """The log may end with the retry itself: the process was being stopped. The next one begins with the look, not with the call."""
    stage = Stage(book(step("a", "push", settle=probe())))
    stage.end("a", failed(Reason.TIMEOUT))
    stage.end("a", failed())
    stage.settle("a", Settlement.STOP)
    stage.retry()
    while not isinstance(stage.events[-1].fact, RunRetried):
        stage.events.pop()
    stage.crash()
    assert stage.running() == [("a", Part.SETTLE)]


def test_what_is_denied_before_it_begins_again_is_not_forgotten() -> None:
    """What the step did before the run was tried again may stand still."""
    stage = Stage(book(step("a", "put", approval=approval())))
    stage.vote("a")
    stage.end("a", PERHAPS)
    stage.retry()
    stage.vote("a", Vote.DENY)
    assert stage.ended is RunStatus.FAILED
    assert stage.step("a").applied


def test_a_step_that_a_retry_never_reaches_says_that_its_effect_may_stand() -> None:
    """It is cancelled and not skipped: what was skipped did nothing."""
    gate = ToldGate()
    stage = Stage(
        book(step("a", "push", needs=[]), step("b", "put", needs=[], approval=approval())), gate=gate
    )
    stage.vote("b")
    stage.end("b", PERHAPS)
    stage.end("a", SURELY_NOT)
    gate.away = timedelta(seconds=90)
    stage.retry()
    assert stage.step("a").status is StepStatus.FAILED
    assert (stage.step("b").status, stage.step("b").applied) == (StepStatus.CANCELLED, True)


def test_items_that_a_loop_never_comes_to_again_end_with_it() -> None:
    """A loop that is denied, or cut short, leaves none of its items open; what one did before is not forgotten."""
    stage = Stage(
        book(
            step("a", "put", loop=loop(["x", "y", "z"], max_parallel=3), approval=approval(), undo=undo()),
            rescue=[
                step("r", loop=loop("{{ steps.a.output.items | map(attribute='detail') | unique | list }}"))
            ],
        )
    )
    stage.vote("a")
    stage.end("a[0]")
    stage.end("a[1]", SURELY_NOT)
    stage.end("a[2]", PERHAPS)
    stage.end("r[0]")
    stage.end("r[1]")
    assert stage.ended is RunStatus.FAILED
    stage.retry()
    stage.vote("a", Vote.DENY)
    stage.end("r[0]")
    stage.end("r[1]")
    assert stage.ended is RunStatus.FAILED
    assert [stage.step(f"a[{at}]").status for at in range(3)] == [
        StepStatus.SUCCEEDED,
        StepStatus.SKIPPED,
        StepStatus.CANCELLED,
    ]
    assert stage.step("a[2]").applied


def test_a_loop_that_is_shorter_when_it_is_done_afresh_leaves_no_item_behind() -> None:
    """Clean-up goes through what there is then; items of the longer list before are over."""
    stage = Stage(
        book(
            step("a", "push", needs=[]),
            always=[step("z", loop=loop("{{ ['x', 'y'] if steps.a.status == 'failed' else ['x'] }}"))],
        )
    )
    stage.end("a", SURELY_NOT)
    stage.end("z[0]")
    stage.end("z[1]")
    stage.retry()
    stage.end("a")
    stage.end("z[0]")
    assert stage.ended is RunStatus.SUCCEEDED
    assert stage.step("z[1]").status is StepStatus.SKIPPED


def test_an_undo_that_waited_when_fireline_gave_up_is_not_made_in_the_new_steps() -> None:
    """What was done stands when the run is tried again; at its new end, undo begins anew, and says anew what it can't take back."""
    gate = ToldGate()
    stage = Stage(
        book(
            step("a", "put", undo=undo(), needs=[]),
            step("b", "push", needs=[]),
            step("c", "put", needs=["a", "b"], on_failure=OnFailure.UNDO),
        ),
        gate=gate,
    )
    stage.end("a")
    stage.end("b")
    gate.shut = HELD
    stage.wait(0)
    assert stage.step("c").status is StepStatus.RUNNING
    stage.end("c", SURELY_NOT)
    assert stage.step("a").held is not None
    assert stage.step("b").undo_closed
    stage._log([(ADA, RunFinished(run=stage.state.run, status=RunStatus.FAILED, reason=Reason.BUG))])
    gate.shut = None
    stage.retry()
    assert stage.running() == [("c", Part.MAIN)]
    stage.end("c", SURELY_NOT)
    assert stage.running() == [("a", Part.UNDO)]
    assert [fact.step for fact in stage.facts(StepUndoFailed)] == ["b", "b"]


def test_a_condition_is_not_asked_again_of_what_may_have_been_done() -> None:
    """It let the step in the first time; whatever the run looks like now, an effect that may stand is not passed over as skipped."""
    stage = Stage(
        book(step("b", "push", needs=[]), step("a", "put", needs=[], when="steps.b.status == 'running'"))
    )
    stage.end("a", PERHAPS)
    stage.end("b")
    stage.retry()
    assert stage.running() == [("a", Part.MAIN)]


def test_what_clean_up_asked_when_fireline_gave_up_is_asked_anew() -> None:
    """The old question is taken back on record, so that nobody goes on to look at it."""
    stage = Stage(book(step("a", "push"), always=[step("z", approval=approval())]))
    stage.end("a", SURELY_NOT)
    stage._log([(ADA, RunFinished(run=stage.state.run, status=RunStatus.FAILED, reason=Reason.BUG))])
    stage.retry()
    (void,) = stage.facts(ApprovalClosed)
    assert (void.approval, void.status) == ("1-1/z/1", ApprovalStatus.VOID)
    stage.end("a")
    stage.vote("z")
    stage.end("z")
    assert stage.ended is RunStatus.SUCCEEDED
