"""A run inside a run: what is called, what is asked before, what its end means, how it is ended and how it is undone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.actions.contract import Effect
from bot.actions.nested import DEEPEST, RUN_RUNBOOK, TAKE_BACK
from bot.actions.outcome import Failed, Reason, Succeeded
from bot.domain.facts import (
    ApprovalClosed,
    ApprovalRequested,
    CallInterrupted,
    CallStarted,
    RunFinished,
    RunUndoRequested,
    StepFailed,
    StepUndoFailed,
)
from bot.domain.ids import RunId
from bot.domain.nouns import ApprovalStatus, Part, Phase, RunStatus, StepStatus
from bot.engine.conductor import CancelInside, Plan, RetryAsked, UndoAsked, decide, effects
from bot.engine.conductor.nested import LEFT_OUT, MOST_OUTPUT, outcome
from bot.errors import Conflict, RunbookError
from bot.runbook.model import Autonomy, InputDecl, InputType, NoUndo, OnFailure, Retry
from bot.runbook.templates import Template
from tests.fakes.stage import (
    ADA,
    BEN,
    CATALOGUE,
    Stage,
    approval,
    book,
    failed,
    inside,
    loop,
    named,
    step,
    undo,
)

HOSTS = InputDecl(name="hosts", type=InputType.INTEGER)
ZONE = InputDecl(name="zone", default=Template.compile("a"), required=False)
SHIFT = named("shift", book(step("push", "push", undo=undo())), inputs=(HOSTS, ZONE))
LOOKS = named("looks", book(step("look")))


def done(**more: Any) -> Succeeded:
    """Make the outcome of a run inside that succeeded."""
    said = {"run": "1-2", "runbook": "shift", "status": "succeeded", "changed": True, "steps": {}}
    return Succeeded(output={**said, **more})


def shifting(**rest: Any) -> Stage:
    """Begin a run whose one step runs `shift`."""
    return Stage(book(inside("sub", "shift", given={"hosts": 3}, **rest)), books=[SHIFT])


# ---- what is called


def test_the_intent_pins_name_version_and_inputs() -> None:
    """The call says which runbook in which version it is, with every input of it, the defaults too, each of its own type."""
    stage = Stage(
        book(inside("sub", "{{ inputs.book }}", given={"hosts": "{{ '3' }}"})),
        inputs={"book": "shift"},
        books=[SHIFT],
    )
    (call,) = stage.facts(CallStarted)
    assert call.action == RUN_RUNBOOK
    assert call.inputs == {"name": "shift", "digest": SHIFT.digest, "inputs": {"hosts": 3, "zone": "a"}}
    assert stage.running() == [("sub", Part.MAIN)]


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("shfit", {"hosts": 1}, "there is no runbook 'shfit'"),
        ("shift", {}, "hosts: it was not given"),
        ("shift", {"hosts": "many"}, "should be a whole number"),
        ("shift", {"hosts": 1, "host": 2}, "there is no such input"),
        ("test-book", {}, "test-book would run inside itself: test-book → test-book"),
        (7, {}, "name"),
    ],
)
def test_what_can_not_be_run_fails_the_step(name: object, given: dict[str, Any], words: str) -> None:
    """An unknown runbook, inputs that don't fit and a circle are told, and nothing began."""
    stage = Stage(book(inside("sub", name, given=given)), books=[SHIFT])
    (fact,) = stage.facts(StepFailed)
    assert (fact.reason, fact.applied) == (Reason.INVALID, False)
    assert words in fact.detail
    assert stage.facts(CallStarted) == []


def test_a_circle_through_others_is_refused() -> None:
    """A runbook that stands around this one can't begin inside it."""
    stage = Stage(
        book(inside("sub", "shift", given={"hosts": 1})), books=[SHIFT], ancestors=("shift", "other")
    )
    (fact,) = stage.facts(StepFailed)
    assert "shift → other → test-book → shift" in fact.detail


def test_the_depth_is_limited() -> None:
    """So many runs may stand one inside another, and no more."""
    books, deep = [SHIFT], tuple(f"book-{number}" for number in range(DEEPEST - 1))
    runbook = book(inside("sub", "shift", given={"hosts": 1}))
    assert Stage(runbook, books=books, ancestors=deep[1:]).running()
    (fact,) = Stage(runbook, books=books, ancestors=deep).facts(StepFailed)
    assert f"{DEEPEST} runs stand one inside another already" in fact.detail


def test_only_its_own_limits_bound_it() -> None:
    """Without a timeout of its own the step leaves the run inside its time; with one, that holds."""
    assert shifting().facts(CallStarted)[0].timeout == 0
    assert shifting(timeout=timedelta(minutes=2)).facts(CallStarted)[0].timeout == 120


# ---- what is asked before


def test_an_approval_shows_what_the_runbook_is() -> None:
    """Name, version and inputs, the worst that it does, and how it would be taken back."""
    stage = shifting(approval=approval())
    (asked,) = stage.facts(ApprovalRequested)
    assert asked.inputs == {"name": "shift", "digest": SHIFT.digest, "inputs": {"hosts": 3, "zone": "a"}}
    assert (asked.effect, asked.target) == (Effect.MUTATE, "the runbook shift")
    assert asked.undo == "its own steps' undos, in reverse order"
    stage.vote("sub")
    assert stage.facts(CallStarted)[0].inputs == asked.inputs


def test_the_effect_shown_is_that_of_the_runbook() -> None:
    """A runbook that only looks only reads; a step may say that it does more; what runs it in turn counts."""
    assert _effect_shown(LOOKS) is Effect.READ
    assert _effect_shown(LOOKS, effect=Effect.DESTROY) is Effect.DESTROY
    assert _effect_shown(named("outer", book(inside("a", "looks"), inside("b", "outer")))) is Effect.READ
    assert _effect_shown(named("outer", book(inside("a", "shift")))) is Effect.MUTATE
    assert _effect_shown(named("outer", book(inside("a", "gone")))) is Effect.MUTATE
    assert _effect_shown(named("outer", book(inside("a", "{{ inputs.any }}")))) is Effect.MUTATE
    assert _effect_shown(named("outer", book(step("a", "gone.away")))) is Effect.MUTATE


def _effect_shown(runbook: Any, **rest: Any) -> object:
    step_ = inside("sub", runbook.name, approval=approval(), **rest)
    (asked,) = Stage(book(step_), books=[runbook, LOOKS, SHIFT]).facts(ApprovalRequested)
    return asked.effect


def test_a_runbook_that_changes_after_it_was_shown_is_asked_anew() -> None:
    """An approval is for that version: when another is in force as the step begins, people see it first."""
    stage = shifting(approval=approval(quorum=2))
    stage.vote("sub")
    stage.books["shift"] = named("shift", SHIFT, title="edited")
    stage.vote("sub", by=BEN)
    assert [fact.status for fact in stage.facts(ApprovalClosed)] == [
        ApprovalStatus.APPROVED,
        ApprovalStatus.VOID,
    ]
    assert stage.facts(ApprovalRequested)[1].inputs["digest"] == stage.books["shift"].digest
    assert stage.running() == []


def test_the_step_itself_passes_the_gate() -> None:
    """What a run may do unasked is judged at each step inside it, so that a run that only looks still looks everywhere."""
    for autonomy in (Autonomy.OBSERVE, Autonomy.APPROVE):
        stage = Stage(book(inside("sub", "shift", given={"hosts": 1}), autonomy=autonomy), books=[SHIFT])
        assert stage.running() == [("sub", Part.MAIN)]


# ---- what its end means


def test_the_step_ends_as_the_run_inside_does() -> None:
    """Success is success, with what the steps inside put out in scope; failure is failure, with its reason."""
    stage = Stage(
        book(inside("sub", "shift", given={"hosts": 1}), step("next", needs=["sub"], value="{{ steps.sub.output.steps.push.output.to }}")),
        books=[SHIFT],
    )  # fmt: skip
    stage.end("sub", done(steps={"push": {"status": "succeeded", "output": {"to": "b"}}}))
    assert stage.step("next").call.inputs["value"] == "b"

    stage = shifting()
    stage.end("sub", failed(Reason.TIMEOUT, applied=False))
    assert stage.step("sub").status is StepStatus.FAILED
    assert stage.state.reason == Reason.TIMEOUT


def test_a_restart_goes_on_waiting() -> None:
    """A run inside is never interrupted: the log knows how it stands."""
    stage = shifting()
    assert stage.crash() == []
    assert stage.facts(CallInterrupted) == []
    assert stage.running() == [("sub", Part.MAIN)]


def test_the_run_inside_ends_with_the_one_around() -> None:
    """A cancel is passed on, and the step waits until the run inside has cleaned up."""
    stage = shifting()
    stage.cancel()
    wanted = effects(stage.state)
    assert [each.call.step for each in wanted if isinstance(each, CancelInside)] == ["sub"]
    assert stage.state.cancelled_by == ADA
    stage.end("sub", failed(Reason.CANCELLED, applied=True))
    assert stage.step("sub").status is StepStatus.CANCELLED
    assert stage.state.status is RunStatus.CANCELLED


def test_a_run_that_changed_nothing_may_be_tried_again() -> None:
    """A failure after which nothing stands is retried where the step says so; one that left something behind is not."""
    stage = shifting(retry=Retry(attempts=2, on=frozenset({Reason.REJECTED})))
    stage.end("sub", failed(applied=False))
    stage.wait(60)
    assert [call.attempt for call in stage.facts(CallStarted)] == [1, 2]
    stage.end("sub", failed(applied=True))
    assert stage.step("sub").status is StepStatus.FAILED


# ---- undo


def undoing(first: Any, end: Any, **rest: Any) -> Stage:
    """Run `first`, end it, then fail a step that undoes."""
    stage = Stage(
        book(first, step("bad", "push", needs=["sub"], on_failure=OnFailure.UNDO), **rest),
        books=[SHIFT, LOOKS],
    )
    stage.end("sub", end)
    stage.end("bad", failed(applied=False))
    return stage


def test_undo_takes_back_what_the_run_inside_did() -> None:
    """Without an undo of its own, the step is undone by that run's own undos."""
    stage = undoing(inside("sub", "shift", given={"hosts": 1}), done())
    assert stage.state.phase is Phase.UNDO
    call = stage.step("sub").call
    assert (call.action, call.inputs, call.part, call.timeout) == (TAKE_BACK, {"run": "1-2"}, Part.UNDO, 0)
    assert stage.crash() == []
    stage.end("sub", Succeeded())
    assert stage.step("sub").status is StepStatus.UNDONE
    assert stage.state.status is RunStatus.FAILED


def test_what_could_not_be_taken_back_is_said() -> None:
    """The undo fails where the run inside says so, and the run goes on to its end."""
    stage = undoing(inside("sub", "shift", given={"hosts": 1}), done())
    stage.end("sub", failed(detail="run 1-2: not everything", applied=True))
    (fact,) = stage.facts(StepUndoFailed)
    assert fact.detail == "run 1-2: not everything"


def test_another_way_back_is_the_steps_own() -> None:
    """A step may name its own undo, or say that there is none."""
    stage = undoing(inside("sub", "shift", given={"hosts": 1}, undo=undo()), done())
    assert stage.step("sub").call.action == "put"
    stage = undoing(inside("sub", "shift", given={"hosts": 1}, undo=undo(action="push")), done())
    assert stage.step("sub").call.action == "push"
    stage = undoing(inside("sub", "shift", given={"hosts": 1}, undo=NoUndo(why="it heals by itself")), done())
    assert "it heals by itself" in stage.facts(StepUndoFailed)[0].detail


def test_a_run_inside_that_changed_nothing_needs_no_undo() -> None:
    """What only looked is not taken up again."""
    stage = undoing(inside("sub", "looks"), done(changed=False))
    assert stage.step("sub").status is StepStatus.SUCCEEDED
    assert [call.part for call in stage.facts(CallStarted)] == [Part.MAIN, Part.MAIN]


def test_an_undo_that_has_no_run_is_told() -> None:
    """When the outcome names no run, nothing is called, and people hear of it."""
    stage = undoing(inside("sub", "shift", given={"hosts": 1}), Succeeded(output={"changed": True}))
    assert "no run began inside it" in stage.facts(StepUndoFailed)[0].detail


# ---- as the run inside sees it


def ended_with(*steps: Any, **rest: Any) -> Stage:
    """Run these steps, each to its success."""
    stage = Stage(book(*steps, **rest), books=[SHIFT])
    for each in steps:
        stage.end(each.id)
    return stage


def test_a_run_that_is_over_is_taken_back_in_reverse() -> None:
    """Its steps are undone, last completed first; its rescue and always don't run again; it ends as undone."""
    stage = ended_with(
        step("a", "put", undo=undo()), step("look"), step("b", "put", needs=["a"], undo=undo()), always=[]
    )
    assert stage.state.status is RunStatus.SUCCEEDED
    stage.arrive(UndoAsked(why="because"))
    assert stage.running() == [("b", Part.UNDO)]
    stage.end("b")
    assert stage.running() == [("a", Part.UNDO)]
    assert stage.crash()
    stage.end("a")
    assert (stage.state.status, stage.state.detail) == (RunStatus.UNDONE, "")
    assert stage.facts(RunUndoRequested)[0].why == "because"
    assert stage.arrive(UndoAsked()) == []


def test_a_run_that_can_not_be_taken_back_whole_says_what_is_left() -> None:
    """A step without an undo, and one whose undo fails, still stand."""
    stage = ended_with(
        step("a", "put", undo=undo()), step("b", "put", undo=NoUndo(why="gone")), step("c", "put")
    )
    stage.arrive(UndoAsked())
    stage.end("a", failed())
    (_, end) = stage.facts(RunFinished)
    assert (end.status, end.reason) == (RunStatus.FAILED, Reason.REJECTED)
    assert end.detail == "not everything could be taken back: a, b, c"


def test_a_run_under_way_is_not_taken_back() -> None:
    """Only a run that is over can be asked to undo what it did."""
    stage = Stage(book(step("a")))
    assert stage.arrive(UndoAsked()) == []


def test_a_run_that_changed_nothing_is_taken_back_at_once() -> None:
    """There is nothing to undo, and it says so by its status."""
    stage = ended_with(step("look"))
    stage.arrive(UndoAsked())
    assert stage.state.status is RunStatus.UNDONE


# ---- what it is to the step around it


def outcome_of(stage: Stage, action: str = RUN_RUNBOOK) -> Any:
    """Return what the run on the stage is to the step around it."""
    return outcome(stage.plan, stage.state, action)


def test_the_outcome_tells_how_the_run_ended() -> None:
    """Its id, its status, whether something stands, and each step with what it put out."""
    ended = outcome_of(ended_with(step("a", "put"), step("look")))
    assert isinstance(ended, Succeeded)
    assert ended.output["run"] == "1-1"
    assert (ended.output["runbook"], ended.output["status"], ended.output["changed"]) == (
        "test-book",
        "succeeded",
        True,
    )
    assert ended.output["steps"]["look"] == {"status": "succeeded", "output": {"ok": True}}
    assert outcome_of(ended_with(step("look"))).output["changed"] is False


def test_a_failure_keeps_its_reason() -> None:
    """The step around fails for the reason that the run failed, and says whether something may stand."""
    stage = Stage(book(step("a", "push")))
    stage.end("a", failed(Reason.FORBIDDEN, "no", applied=False))
    ended = outcome_of(stage)
    assert isinstance(ended, Failed)
    assert (ended.reason, ended.may_have_applied) == (Reason.FORBIDDEN, False)
    assert ended.detail == "run 1-1 of test-book failed: step a: no"
    assert ended.output["steps"]["a"]["status"] == "failed"


def test_a_runbook_that_can_not_be_read_is_told_all_the_same() -> None:
    """Without its text the steps that began are still known, and something may stand."""
    stage = Stage(book(step("a"), step("b", needs=["a"])))
    stage.end("a")
    stage._log([(ADA, RunFinished(run=stage.state.run, status=RunStatus.FAILED, reason="odd", detail=""))])
    ended = outcome(None, stage.state, RUN_RUNBOOK)
    assert isinstance(ended, Failed)
    assert ended.reason is Reason.BUG
    assert ended.output["changed"] is True
    assert ended.output["steps"]["a"] == {"status": "succeeded", "output": {"ok": True}}


def test_large_outputs_are_left_out_the_largest_first() -> None:
    """What the steps put out must fit one event; what is left out says so, and the rest stays."""
    stage = Stage(book(step("a"), step("b"), step("c")))
    for name, size in (("a", 10), ("b", MOST_OUTPUT), ("c", MOST_OUTPUT // 2)):
        stage.end(name, Succeeded(output={"text": "x" * size}))
    steps = outcome_of(stage).output["steps"]
    assert steps["b"]["output"] == LEFT_OUT
    assert len(steps["c"]["output"]["text"]) == MOST_OUTPUT // 2
    assert steps["a"]["output"] == {"text": "x" * 10}


def test_an_output_that_is_too_large_alone_is_left_out() -> None:
    """Then nothing is left of what the steps put out, and how they ended still is."""
    stage = Stage(book(step("a")))
    stage.end("a", Succeeded(output={"text": "x" * (MOST_OUTPUT + 1)}))
    assert outcome_of(stage).output["steps"] == {"a": {"status": "succeeded", "output": LEFT_OUT}}


def test_a_runbook_that_stands_alone_finds_no_other() -> None:
    """Without a library there is nothing to run."""
    with pytest.raises(RunbookError, match="there is no runbook 'shift'"):
        Plan(runbook=SHIFT, catalogue=CATALOGUE).book("shift")


def test_the_outcome_of_taking_back() -> None:
    """Undone is a success; anything that is left is a failure after which something stands."""
    stage = ended_with(step("a", "put", undo=undo()))
    stage.arrive(UndoAsked())
    stage.end("a")
    assert outcome_of(stage, TAKE_BACK) == Succeeded(
        output={"run": "1-1", "runbook": "test-book", "status": "undone"}
    )
    stage = ended_with(step("a", "put"))
    stage.arrive(UndoAsked())
    left = outcome_of(stage, TAKE_BACK)
    assert isinstance(left, Failed)
    assert (left.reason, left.applied, left.detail) == (
        Reason.REJECTED,
        True,
        "run 1-1: not everything could be taken back: a",
    )


# ---- tried again


def test_what_failed_in_a_run_inside_is_tried_again_where_nothing_stands() -> None:
    """Another run begins in its place; where what the one inside did may stand, only a person can sort it out."""
    stage = shifting()
    stage.end("sub", failed(Reason.REJECTED, applied=False))
    stage.retry()
    assert stage.running() == [("sub", Part.MAIN)]
    stage.end("sub", failed(Reason.REJECTED, applied=True))
    with pytest.raises(Conflict, match="may stand") as refusal:
        stage.retry()
    assert "anew" in refusal.value.hint


def test_a_run_inside_another_is_tried_again_with_that_one() -> None:
    """The run around it has gone on without it."""
    stage = Stage(book(step("a")))
    stage.end("a", failed(Reason.REJECTED))
    inner = replace(stage.state, parent=RunId("1-9"))
    with pytest.raises(Conflict, match="runs inside run 1-9"):
        decide(stage.plan, inner, RetryAsked(by=BEN), stage.now)


def test_one_that_was_taken_back_is_not_tried_again() -> None:
    """The one who asks is told so, in words."""
    stage = ended_with(step("a", "put", undo=undo()))
    stage.arrive(UndoAsked())
    stage.end("a")
    with pytest.raises(Conflict, match="was undone: only one that failed can be tried again"):
        stage.retry()


def test_a_run_inside_is_waited_for_when_the_one_around_is_tried_again() -> None:
    """Fireline had given that one up: the log knows how the run inside stands, so nobody is asked about it, and it is not begun twice."""
    stage = shifting()
    stage.give_up()
    stage.retry()
    assert not stage.facts(CallInterrupted)
    assert stage.running() == [("sub", Part.MAIN)]
    assert stage.step("sub").attempt(Part.MAIN) == 1
    stage.end("sub", done())
    assert stage.ended is RunStatus.SUCCEEDED


# ---- given up, and taken back


def test_what_was_under_way_when_fireline_gave_up_may_stand() -> None:
    """To the run around it such a run has changed something, and it is undone with the rest."""
    stage = Stage(book(step("a", "push", undo=undo())))
    stage.give_up()
    told = outcome_of(stage, RUN_RUNBOOK)
    assert isinstance(told, Failed)
    assert (told.reason, told.applied) == (Reason.BUG, True)
    stage.arrive(UndoAsked())
    assert [fact.again for fact in stage.facts(CallInterrupted)] == [False]
    assert (stage.step("a").status, stage.step("a").applied) == (StepStatus.CANCELLED, True)
    assert stage.running() == [("a", Part.UNDO)]
    stage.end("a")
    assert stage.ended is RunStatus.UNDONE


def test_what_only_waited_when_fireline_gave_up_ends() -> None:
    """A question, a step that never began, one that waits for its next attempt, and a loop with its items: none of it goes on."""
    stage = Stage(
        book(
            step("asks", "put", approval=approval(), needs=[]),
            step("tries", "put", undo=undo(), needs=[]),
            step("items", "put", loop=loop(["x", "y"]), undo=undo(), value="{{ item }}", needs=[]),
            step("later", "put", needs=["asks"]),
        )
    )
    stage.end("tries", failed(Reason.TIMEOUT))
    stage.end("items[0]")
    stage.give_up()
    assert stage.step("tries").status is StepStatus.WAITING_RETRY
    stage.arrive(UndoAsked())
    assert [fact.status for fact in stage.facts(ApprovalClosed)] == [ApprovalStatus.VOID]
    assert {
        name: stage.step(name).status for name in ("asks", "tries", "items", "items[1]")
    } == dict.fromkeys(("asks", "tries", "items", "items[1]"), StepStatus.CANCELLED)
    undone = []
    while stage.ended is None:
        ((name, part),) = stage.running()
        assert part is Part.UNDO
        undone.append(name)
        stage.end(name)
    assert undone == ["tries", "items[1]", "items[0]"]
    assert stage.ended is RunStatus.UNDONE


def test_what_was_approved_and_not_begun_when_fireline_gave_up_is_skipped() -> None:
    """It was held, and never called."""
    stage = Stage(book(step("a", "put", approval=approval(), undo=undo())))
    stage.pause()
    stage.vote("a")
    stage.give_up()
    stage.arrive(UndoAsked())
    assert stage.step("a").status is StepStatus.SKIPPED
    assert stage.ended is RunStatus.UNDONE


def test_an_undo_that_was_cut_off_when_fireline_gave_up_is_made_again() -> None:
    """Where it can be repeated; else a person is asked, as after any crash."""
    stage = Stage(book(step("a", "put", undo=undo()), step("b", on_failure=OnFailure.UNDO, needs=["a"])))
    stage.end("a")
    stage.end("b", failed(Reason.REJECTED))
    assert stage.running() == [("a", Part.UNDO)]
    stage.give_up()
    stage.arrive(UndoAsked())
    assert stage.running() == [("a", Part.UNDO)]
    assert stage.step("a").attempt(Part.UNDO) == 2
    stage.end("a")
    assert stage.ended is RunStatus.UNDONE


def test_a_run_inside_one_that_was_given_up_is_waited_for_before_it_is_undone() -> None:
    """It was asked to end, and what it did can be said only then: last done, first undone."""
    stage = Stage(
        book(step("a", "put", undo=undo()), inside("sub", "shift", given={"hosts": 3}, needs=["a"])),
        books=[SHIFT],
    )
    stage.end("a")
    stage.give_up()
    stage.arrive(UndoAsked())
    assert stage.running() == [("sub", Part.MAIN)]
    stage.end("sub", Failed(reason=Reason.CANCELLED, detail="ended", applied=True, output={"run": "1-2"}))
    assert stage.running() == [("sub", Part.UNDO)]
    stage.end("sub")
    assert stage.running() == [("a", Part.UNDO)]
    stage.end("a")
    assert stage.ended is RunStatus.UNDONE
