"""Order: what runs when, what is skipped, and how a run ends."""

from datetime import timedelta

import pytest

from bot.actions.contract import Effect
from bot.actions.outcome import Reason
from bot.domain.events import GENESIS, Event
from bot.domain.facts import CallStarted, EvidenceStored, NoteAdded, PhaseEntered, RunFinished
from bot.domain.ids import Digest, EvidenceId, IncidentId, RunId, StepId, incident_stream
from bot.domain.nouns import FIRELINE, Part, Phase, RunStatus, StepStatus
from bot.engine.conductor import (
    Began,
    CallEnded,
    Recovered,
    TimeCame,
    decide,
    effects,
    evolve,
    next_due,
    replay,
)
from bot.errors import Conflict, NotFound
from bot.runbook.model import Autonomy, OnFailure
from tests.fakes.stage import OK, START, Stage, book, failed, step


def test_steps_without_needs_start_side_by_side_and_the_next_waits_for_all() -> None:
    """A step starts when everything that it needs has ended, and not before."""
    stage = Stage(book(step("a"), step("b"), step("c", needs=["a", "b"])))
    assert stage.running() == [("a", Part.MAIN), ("b", Part.MAIN)]
    stage.end("a")
    assert stage.running() == [("b", Part.MAIN)]
    stage.end("b")
    assert stage.running() == [("c", Part.MAIN)]
    stage.end("c")
    assert stage.ended is RunStatus.SUCCEEDED
    assert stage.running() == []
    assert stage.due is None


def test_a_runbook_whose_steps_are_all_skipped_succeeds() -> None:
    """Nothing to do is not a failure, and a skipped step holds nobody up."""
    stage = Stage(
        book(step("a", when="1 == 2"), step("b", needs=["a"], when="steps.a.status == 'succeeded'"))
    )
    assert stage.statuses() == {"a": StepStatus.SKIPPED, "b": StepStatus.SKIPPED}
    assert stage.ended is RunStatus.SUCCEEDED


def test_outputs_feed_later_steps() -> None:
    """What a step returned is in scope of those after it."""
    stage = Stage(book(step("a"), step("b", needs=["a"], value="{{ steps.a.output.ok }}")))
    stage.end("a")
    (call,) = [fact for fact in stage.facts(CallStarted) if fact.step == "b"]
    assert call.inputs == {"value": True}


def test_a_failed_step_stops_the_run_but_lets_what_runs_finish() -> None:
    """Cutting a call half-way would make its outcome unknown; nothing new starts."""
    stage = Stage(book(step("a"), step("b"), step("c", needs=["b"])))
    stage.end("a", failed())
    assert stage.ended is None
    stage.end("b")
    assert stage.statuses() == {"a": StepStatus.FAILED, "b": StepStatus.SUCCEEDED, "c": StepStatus.SKIPPED}
    assert stage.ended is RunStatus.FAILED
    (end,) = stage.facts(RunFinished)
    assert (end.reason, end.detail) == (Reason.REJECTED, "step a: no")


def test_on_failure_continue_goes_on() -> None:
    """A step that may fail holds nothing up, and the run succeeds without it."""
    stage = Stage(book(step("a", on_failure=OnFailure.CONTINUE), step("b", needs=["a"])))
    stage.end("a", failed())
    stage.end("b")
    assert stage.ended is RunStatus.SUCCEEDED


def test_rescue_runs_after_a_failure_and_always_runs_last() -> None:
    """Rescue is for failed runs alone; always is for every run; the run stays failed."""
    stage = Stage(book(step("a"), rescue=[step("r")], always=[step("z")]))
    stage.end("a", failed())
    assert stage.running() == [("r", Part.MAIN)]
    stage.end("r")
    assert stage.running() == [("z", Part.MAIN)]
    stage.end("z")
    assert stage.ended is RunStatus.FAILED
    assert [fact.phase for fact in stage.facts(PhaseEntered)] == [Phase.RESCUE, Phase.ALWAYS]


def test_a_run_that_succeeds_skips_rescue_and_still_does_always() -> None:
    """Always means always."""
    stage = Stage(book(step("a"), rescue=[step("r")], always=[step("z")]))
    stage.end("a")
    assert stage.running() == [("z", Part.MAIN)]
    stage.end("z")
    assert stage.ended is RunStatus.SUCCEEDED
    assert stage.statuses()["r"] is StepStatus.PENDING


def test_a_rescue_that_fails_does_not_keep_always_from_running() -> None:
    """The first reason stays the run's reason."""
    stage = Stage(book(step("a"), rescue=[step("r"), step("r2", needs=["r"])], always=[step("z")]))
    stage.end("a", failed(detail="first"))
    stage.end("r", failed(detail="second"))
    assert stage.statuses()["r2"] is StepStatus.SKIPPED
    stage.end("z")
    (end,) = stage.facts(RunFinished)
    assert (end.status, end.detail) == (RunStatus.FAILED, "step a: first")


def test_an_always_step_that_fails_fails_the_run() -> None:
    """Cleaning up belongs to the work."""
    stage = Stage(book(step("a"), always=[step("z")]))
    stage.end("a")
    stage.end("z", failed(detail="left a mess"))
    (end,) = stage.facts(RunFinished)
    assert (end.status, end.reason, end.detail) == (RunStatus.FAILED, Reason.REJECTED, "step z: left a mess")


def test_a_condition_or_input_that_has_no_value_fails_the_step() -> None:
    """An expression's error is the step's failure, told in its words, and no action runs."""
    stage = Stage(
        book(
            step("a", when="steps.a.output.nothing > 1", on_failure=OnFailure.CONTINUE),
            step("b", value="{{ inputs.x }}"),
        )
    )
    assert stage.statuses() == {"a": StepStatus.FAILED, "b": StepStatus.FAILED}
    assert stage.step("b").reason == Reason.INVALID
    assert stage.ended is RunStatus.FAILED


def test_inputs_that_do_not_fit_the_action_fail_the_step() -> None:
    """The action's own model has the last word."""
    stage = Stage(book(step("a", value="x")))
    assert stage.running()
    odd = step("a")
    object.__setattr__(odd, "inputs", type(odd.inputs).compile({"number": "many"}))
    stage = Stage(book(odd))
    assert "number" in stage.step("a").detail
    object.__setattr__(odd, "inputs", type(odd.inputs).compile("text"))
    assert "must be a mapping" in Stage(book(odd)).step("a").detail


def test_an_action_that_is_not_installed_fails_the_step() -> None:
    """A runbook may outlive an integration; that is told, not guessed around."""
    stage = Stage(book(step("a", action="gone")))
    assert stage.step("a").detail.startswith("there is no action 'gone'")


def test_observe_only_looks() -> None:
    """Under `observe` what would change something is skipped, and says so."""
    stage = Stage(book(step("a"), step("b", action="push"), autonomy=Autonomy.OBSERVE))
    stage.end("a")
    assert stage.statuses() == {"a": StepStatus.SUCCEEDED, "b": StepStatus.SKIPPED}
    assert "only looks" in stage.step("b").detail


def test_a_declared_read_is_not_gated() -> None:
    """A runbook may say that a request only reads."""
    stage = Stage(book(step("b", action="push", effect=Effect.READ), autonomy=Autonomy.OBSERVE))
    assert stage.running() == [("b", Part.MAIN)]


def test_the_runs_own_timeout_ends_it_and_cleans_up() -> None:
    """Past its time the run stops its calls and does always; it failed, nobody cancelled it."""
    stage = Stage(book(step("a"), step("b", needs=["a"]), always=[step("z")], timeout=timedelta(seconds=60)))
    assert stage.due == 60
    stage.wait(60)
    assert stage.ended is None
    stage.end("a", failed(Reason.CANCELLED, "stopped"))
    assert stage.statuses() == {"a": StepStatus.CANCELLED, "b": StepStatus.SKIPPED, "z": StepStatus.RUNNING}
    stage.end("z")
    (end,) = stage.facts(RunFinished)
    assert (end.status, end.reason, end.detail) == (
        RunStatus.FAILED,
        Reason.TIMEOUT,
        "the run's time is over",
    )


def test_evidence_is_recorded_before_the_outcome() -> None:
    """Whoever reads that a step succeeded finds its evidence already in the log."""
    stage = Stage(book(step("a", evidence="a.log")))
    stored = EvidenceStored(
        incident=IncidentId(1),
        run=RunId("1-1"),
        step=StepId("a"),
        evidence=EvidenceId("1-1/a/a.log"),
        name="a.log",
        evidence_class="logs",
        sha256=Digest("e" * 64),
        size=3,
        media_type="text/plain",
        source="test",
        tool="look",
    )
    assert stage.end("a", evidence=stored)[0] == stored


def test_late_and_foreign_arrivals_change_nothing() -> None:
    """A machine's late word is no error: it decides nothing, and a run that is over stays over."""
    stage = Stage(book(step("a")))
    late = CallEnded(step=StepId("a"), part=Part.MAIN, attempt=7, outcome=OK, took=0, chance=0)
    assert stage.arrive(late) == []
    assert stage.arrive(TimeCame()) == []
    stage.end("a")
    assert stage.arrive(late) == []
    assert stage.arrive(Began()) == []
    assert stage.arrive(Recovered()) == []
    with pytest.raises(Conflict, match="over"):
        stage.cancel()
    assert effects(stage.state) == ()
    assert next_due(stage.state) is None


def test_a_step_that_the_run_does_not_have_is_not_found() -> None:
    """A word about an unknown step is refused by name."""
    stage = Stage(book(step("a")))
    with pytest.raises(NotFound, match="no step 'x'"):
        stage.arrive(CallEnded(step=StepId("x"), part=Part.MAIN, attempt=1, outcome=OK, took=0, chance=0))


def test_facts_of_others_leave_a_run_as_it_is() -> None:
    """An incident's stream holds more than runs."""
    stage = Stage(book(step("a")))
    note = NoteAdded(incident=IncidentId(1), text="calm")
    assert evolve(stage.state, note, START) == stage.state
    stray = Event(
        seq=1,
        at=START,
        stream=incident_stream(IncidentId(1)),
        actor=FIRELINE,
        fact=note,
        prev=GENESIS,
        hash=GENESIS,
    )
    assert replay([stray]) is None


def test_deciding_twice_gives_the_same_facts() -> None:
    """The same arguments give the same decisions: that is what makes a rehearsal true."""
    stage = Stage(book(step("a", value="{{ run.id }}"), step("b")))
    once = decide(stage.plan, stage.state, Recovered(), stage.now)
    assert once == decide(stage.plan, stage.state, Recovered(), stage.now)
