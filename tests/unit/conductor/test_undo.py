"""Undo and cancel: effects are taken back in reverse order of completion, and what can't be is said."""

from datetime import timedelta

import pytest

from bot.actions.outcome import Reason
from bot.domain.facts import CallStarted, PhaseEntered, RunFinished, StepUndoFailed, StepUndone
from bot.domain.nouns import Part, Phase, RunStatus, Settlement, StepStatus
from bot.engine.conductor import CancelCall, effects
from bot.errors import Conflict
from bot.runbook.model import NoUndo, OnFailure
from tests.fakes.stage import NOT_YET, OK, Stage, approval, book, failed, probe, step, undo, verify


def three(**last: object) -> Stage:
    """Make a run of two effects that completed and a third that is under way and undoes on failure."""
    stage = Stage(
        book(
            step("one", "put", undo=undo("1")),
            step("two", "put", needs=["one"], undo=undo("2")),
            step("three", "put", needs=["two"], undo=undo("3"), on_failure=OnFailure.UNDO, **last),  # type: ignore[arg-type]
            rescue=[step("r")],
        )
    )
    stage.end("one")
    stage.end("two")
    return stage


def test_undo_is_the_reverse_of_completion() -> None:
    """Last in, first out, one at a time; then rescue."""
    stage = three()
    stage.end("three", failed(Reason.REJECTED))
    undone = []
    while stage.running() and stage.running()[0][1] is Part.UNDO:
        ((name, _),) = stage.running()
        undone.append(name)
        stage.end(name)
    assert undone == ["two", "one"]
    assert stage.running() == [("r", Part.MAIN)]
    stage.end("r")
    assert stage.ended is RunStatus.FAILED
    assert [fact.phase for fact in stage.facts(PhaseEntered)] == [Phase.UNDO, Phase.RESCUE, Phase.ALWAYS]
    assert stage.statuses()["one"] is StepStatus.UNDONE


def test_a_failed_step_that_may_have_been_applied_is_undone_first() -> None:
    """Undo goes over the steps that completed or may have."""
    stage = three()
    stage.end("three", failed(Reason.BUG, "crashed in the middle"))
    assert stage.running() == [("three", Part.UNDO)]


def test_a_verification_that_failed_leads_to_undo() -> None:
    """The effect stands and did not help: it is taken back."""
    stage = three(verify=verify(within=0))
    stage.end("three")
    stage.end("three", NOT_YET)
    assert stage.running() == [("three", Part.UNDO)]


def test_what_can_not_be_undone_is_said() -> None:
    """Each effect that stays is reported, with the runbook's reason or the lack of one."""
    stage = Stage(
        book(
            step("mail", "put", undo=NoUndo(why="mail is sent")),
            step("bare", "put", needs=["mail"]),
            step("look", needs=["bare"]),
            step("last", "put", needs=["look"], on_failure=OnFailure.UNDO),
        )
    )
    for name in ("mail", "bare", "look"):
        stage.end(name)
    stage.end("last", failed())
    assert [(fact.step, fact.detail) for fact in stage.facts(StepUndoFailed)] == [
        ("bare", "the runbook has no undo for it"),
        ("mail", "can't be undone: mail is sent"),
    ]
    assert stage.ended is RunStatus.FAILED


def test_an_undo_is_retried_and_then_reported() -> None:
    """A passing failure is ridden out; a lasting one is told, and the next undo goes on."""
    stage = three()
    stage.end("three", failed())
    for _ in range(2):
        stage.end("two", failed(Reason.UNAVAILABLE))
        assert stage.running() == []
        assert stage.wait(0) == []
        stage.wait(stage.due or 0)
    stage.end("two", failed(Reason.UNAVAILABLE, "router is down"))
    assert stage.running() == [("one", Part.UNDO)]
    stage.end("one")
    assert [fact.detail for fact in stage.facts(StepUndoFailed)] == ["router is down"]
    assert [fact.step for fact in stage.facts(StepUndone)] == ["one"]


def test_a_doubtful_undo_that_is_not_repeatable_is_not_repeated() -> None:
    """It is reported, because doing it twice could be worse."""
    stage = Stage(
        book(step("a", "put", undo=undo(action="push"), verify=verify(within=0), on_failure=OnFailure.UNDO))
    )
    stage.end("a")
    stage.end("a", NOT_YET)
    stage.end("a", failed(Reason.TIMEOUT, "no answer"))
    assert [fact.detail for fact in stage.facts(StepUndoFailed)] == ["no answer"]


def test_an_undo_that_can_not_be_rendered_is_reported() -> None:
    """A broken expression keeps nobody from knowing."""
    stage = Stage(
        book(
            step("a", "put", undo=undo("{{ inputs.x }}"), verify=verify(within=0), on_failure=OnFailure.UNDO)
        )
    )
    stage.end("a")
    stage.end("a", NOT_YET)
    (fact,) = stage.facts(StepUndoFailed)
    assert fact.reason == Reason.INVALID


@pytest.mark.parametrize(
    ("settlement", "running", "undone", "not_undone"),
    [
        (Settlement.HAPPENED, [], 1, 0),
        (Settlement.DID_NOT, [("a", Part.UNDO)], 0, 0),
        (Settlement.STOP, [], 0, 1),
    ],
)
def test_an_interrupted_undo_is_settled_by_a_person(
    settlement: Settlement, running: list[tuple[str, Part]], undone: int, not_undone: int
) -> None:
    """An undo is an effect too: it is never repeated in silence."""
    stage = Stage(
        book(step("a", "put", undo=undo(action="push"), verify=verify(within=0), on_failure=OnFailure.UNDO))
    )
    stage.end("a")
    stage.end("a", NOT_YET)
    stage.crash()
    assert stage.running() == []
    assert stage.ended is None
    assert stage.step("a").undo_unknown is True
    stage.settle("a", settlement)
    assert stage.running() == running
    assert len(stage.facts(StepUndone)) == undone
    assert len(stage.facts(StepUndoFailed)) == not_undone


def test_an_undos_own_timeout_counts() -> None:
    """An undo may be given more or less time than its step."""
    slow = undo(timeout=timedelta(seconds=7))
    stage = Stage(
        book(
            step(
                "a",
                "put",
                undo=slow,
                timeout=timedelta(seconds=3),
                verify=verify(within=0),
                on_failure=OnFailure.UNDO,
            )
        )
    )
    stage.end("a")
    stage.end("a", NOT_YET)
    timeouts = {call.part: call.timeout for call in stage.facts(CallStarted)}
    assert timeouts == {Part.MAIN: 3, Part.VERIFY: 3, Part.UNDO: 7}


# ---- cancel


def test_cancel_stops_calls_ends_waits_and_cleans_up() -> None:
    """What runs is stopped, what waits ends at once, what has not begun never does; rescue and always run."""
    stage = Stage(
        book(
            step("runs"),
            step("asks", "push", approval=approval()),
            step("later", needs=["runs"]),
            rescue=[step("r")],
            always=[step("z")],
        )
    )
    stage.cancel("wrong incident")
    assert [each for each in effects(stage.state) if isinstance(each, CancelCall)]
    stage.end("runs", failed(Reason.CANCELLED, "stopped"))
    assert stage.statuses()["runs"] is StepStatus.CANCELLED
    assert stage.statuses()["asks"] is StepStatus.CANCELLED
    assert stage.statuses()["later"] is StepStatus.SKIPPED
    assert [each for each in effects(stage.state) if isinstance(each, CancelCall)] == []
    stage.end("r")
    stage.end("z")
    (end,) = stage.facts(RunFinished)
    assert (end.status, end.reason, end.detail) == (RunStatus.CANCELLED, Reason.CANCELLED, "wrong incident")


def test_cancel_twice_is_told() -> None:
    """The second to ask learns that it is under way."""
    stage = Stage(book(step("a")))
    stage.cancel("")
    assert stage.state.cancelled == "cancelled by hand"
    with pytest.raises(Conflict, match="ending already"):
        stage.cancel()


def test_a_cancelled_effect_is_asked_about_by_its_probe() -> None:
    """A call that was cut half-way may have been applied."""
    stage = Stage(book(step("a", "push", settle=probe())))
    stage.cancel()
    stage.end("a", failed(Reason.CANCELLED))
    assert stage.running() == [("a", Part.SETTLE)]
    assert all(not isinstance(each, CancelCall) for each in effects(stage.state))
    stage.end("a", NOT_YET)
    assert stage.step("a").status is StepStatus.CANCELLED
    assert stage.step("a").applied is False
    assert stage.ended is RunStatus.CANCELLED


def test_a_cancelled_effect_that_happened_is_done() -> None:
    """The probe's word counts even while the run ends."""
    stage = Stage(book(step("a", "push", settle=probe(), verify=verify())))
    stage.cancel()
    stage.end("a", failed(Reason.CANCELLED))
    stage.end("a", OK)
    assert stage.step("a").status is StepStatus.CANCELLED
    assert stage.step("a").applied is True


def test_cancel_during_a_verification_ends_it() -> None:
    """The effect stands, and the record says that nobody verified it."""
    stage = Stage(book(step("a", "put", verify=verify())))
    stage.end("a")
    stage.end("a", NOT_YET)
    stage.cancel()
    assert stage.step("a").status is StepStatus.CANCELLED
    assert stage.step("a").applied is True
    assert stage.ended is RunStatus.CANCELLED


def test_cancel_ends_an_unknown_outcome_as_unknown() -> None:
    """A person who ends the run need not settle first; the step's effect counts as standing."""
    stage = Stage(book(step("a", "push")))
    stage.crash()
    stage.cancel()
    assert stage.step("a").applied is True
    assert stage.ended is RunStatus.CANCELLED


def test_a_settle_that_is_cut_short_by_failure_elsewhere_leaves_it_unknown() -> None:
    """A halted run makes no further attempt, and does not guess either."""
    stage = Stage(book(step("a", "push", settle=probe()), step("b")))
    stage.end("b", failed())
    stage.crash()
    stage.end("a", failed(Reason.UNAVAILABLE, "away"))
    assert stage.step("a").status is StepStatus.UNKNOWN
    assert stage.ended is None
    stage.settle("a", Settlement.DID_NOT)
    assert stage.step("a").status is StepStatus.CANCELLED
    assert stage.ended is RunStatus.FAILED


def test_cancel_in_a_clean_up_phase_lets_it_finish() -> None:
    """Always means always: a cancel that comes late changes how the run is called, not what is cleaned up."""
    stage = Stage(book(step("a"), always=[step("z")]))
    stage.end("a")
    stage.cancel()
    assert stage.running() == [("z", Part.MAIN)]
    stage.end("z")
    assert stage.statuses()["z"] is StepStatus.SUCCEEDED


def test_a_failure_while_the_run_is_cancelled_does_not_undo() -> None:
    """A cancel undoes nothing unasked."""
    stage = Stage(book(step("a", "put", undo=undo(), on_failure=OnFailure.UNDO)))
    stage.cancel()
    stage.end("a", failed())
    assert Phase.UNDO not in [fact.phase for fact in stage.facts(PhaseEntered)]
    assert stage.ended is RunStatus.CANCELLED


def test_an_interrupted_repeatable_effect_in_a_stopping_run_counts_as_standing() -> None:
    """Nobody saw whether it was applied, so undo must consider it."""
    stage = Stage(book(step("a", "put", undo=undo()), step("b", on_failure=OnFailure.UNDO)))
    stage.end("b", failed())
    stage.crash()
    assert stage.running() == [("a", Part.UNDO)]
    assert OK.output == {"ok": True}
