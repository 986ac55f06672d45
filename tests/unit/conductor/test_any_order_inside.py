"""Runs inside runs, in any order: each call is one run, none outlives the one around it, an end reaches inside, and so does undo."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.actions.nested import RUN_RUNBOOK, TAKE_BACK, is_nested
from bot.actions.outcome import Outcome, Succeeded
from bot.domain.facts import (
    ApprovalRequested,
    ApprovalVoted,
    CallInterrupted,
    CallStarted,
    Fact,
    RunFinished,
    StepUndoFailed,
    StepUndone,
)
from bot.domain.ids import RunId, StepId, instance_of
from bot.domain.nouns import Actor, Part, RunStatus, Settlement, StepStatus, Vote
from bot.engine.conductor import (
    Arrival,
    CallEnded,
    CancelAsked,
    PauseAsked,
    Recovered,
    RequeueAsked,
    ResumeAsked,
    RetryAsked,
    SettlementGiven,
    TimeCame,
    VoteCast,
    next_due,
)
from bot.engine.conductor.nested import left_standing
from bot.errors import Refused
from bot.runbook.model import OnFailure, Runbook
from tests.fakes.any_runbooks import ASKING, OUTCOMES
from tests.fakes.nest import Conducted, Nest
from tests.fakes.stage import ADA, BEN, book, inside, loop, named, probe, step, undo, verify

ENOUGH = 400
"""Arrivals after which runs of these sizes must have come to their end."""


def whole_of(name: StepId) -> StepId:
    """Return the step of the runbook that a step of the run is, or is an item of."""
    place = instance_of(name)
    return place[0] if place else name


@st.composite
def nests(draw: st.DrawFn) -> tuple[Runbook, list[Runbook]]:
    """Draw a runbook that runs one that runs another, with a way back or without."""
    failing = st.sampled_from(list(OnFailure))
    leaf = named(
        "leaf",
        book(
            step("l0", "push", undo=undo(), settle=probe()),
            step(
                "l1",
                "put",
                needs=["l0"],
                undo=undo(),
                verify=verify(),
                approval=draw(st.sampled_from([None, *ASKING])),
                on_failure=draw(failing),
            ),
            rescue=[step("lr", "put")],
        ),
    )
    again = loop(["x", "y"], max_parallel=draw(st.integers(1, 2))) if draw(st.booleans()) else None
    mid = named(
        "mid",
        book(
            step("m0", "put", undo=undo()),
            inside("m1", "leaf", needs=["m0"], loop=again, on_failure=draw(failing)),
            step("m2", "put", needs=["m1"], undo=undo(), on_failure=OnFailure.UNDO),
            always=[step("mz")],
        ),
    )
    outer = named(
        "outer",
        book(
            inside("o0", "leaf", on_failure=draw(failing)),
            inside("o1", "mid", needs=["o0"] if draw(st.booleans()) else [], on_failure=draw(failing)),
            step("o2", "push", needs=["o1"], on_failure=OnFailure.UNDO),
            always=[inside("oz", "leaf")] if draw(st.booleans()) else [],
            timeout=draw(st.sampled_from([None, timedelta(seconds=90)])),
        ),
    )
    return outer, [leaf, mid]


class Inside(RuleBasedStateMachine):
    """A nest of runs, and what may happen to any of them."""

    @initialize(drawn=nests())
    def begin(self, drawn: tuple[Runbook, list[Runbook]]) -> None:
        """Start the outer run."""
        self.nest = Nest(*drawn, self.watch)

    def watch(self, run: Conducted, fact: Fact) -> None:
        """Look at each fact before it counts: no step begins before its needs, and undo goes backwards."""
        state, plan = run.state, run.plan
        if isinstance(fact, CallStarted) and fact.part is Part.MAIN:
            wanted = plan.steps[whole_of(fact.step)]
            assert all(state.step(need).status.final for need in wanted.needs), "never before what it needs"
            assert state.step(fact.step).call is None, "one call of a step at a time"
            assert state.paused is None, "a run that is held acts on nothing"
        if isinstance(fact, StepUndone | StepUndoFailed):
            later = [
                name
                for name, seen in state.steps.items()
                if seen.order > state.step(fact.step).order
                and name in left_standing(plan, state)
                and not seen.undo_closed
            ]
            # A loop is undone when nothing is left of its items; it has no effect of its own.
            assert not later or plan.steps[whole_of(fact.step)].loop is not None, (
                "what ended later is undone earlier"
            )

    def bring(self, run: RunId, arrival: Arrival, *, slow: bool = False) -> list[Fact]:
        """Bring an arrival; what a person may not have decides nothing, and a machine is never refused."""
        try:
            return self.nest.bring(run, arrival, slow=slow)
        except Refused:
            assert not isinstance(arrival, CallEnded | TimeCame | Recovered)
            return []

    def some(self, which: int) -> RunId:
        """Return one of the runs."""
        return list(self.nest.runs)[which % len(self.nest.runs)]

    # ---- what happens

    @rule(
        which=st.integers(0, 9),
        outcome=OUTCOMES | st.just(Succeeded(output={"ok": True})),
        slow=st.booleans(),
    )
    def a_call_ends(self, which: int, outcome: Outcome, slow: bool) -> None:  # noqa: FBT001 - drawn
        """A call of any run ends; what that means to other runs is told now or later."""
        calls = self.nest.calls()
        if calls:
            self.end(calls[which % len(calls)], outcome, slow=slow)

    @rule(most=st.integers(2, 16), at_last=st.none() | OUTCOMES)
    def the_world_goes_along(self, most: int, at_last: Outcome | None) -> None:
        """Calls end well and people approve, one after the other, so that the runs go far; then a call ends in another way."""
        for _ in range(most):
            if calls := self.nest.calls():
                self.end(calls[0], Succeeded(output={"ok": True}))
            for run, asked in self.questions():
                self.decide_on(run, asked, BEN, Vote.APPROVE)
        if at_last is not None and (calls := self.nest.calls()):
            self.end(calls[-1], at_last)

    @rule(which=st.integers(0, 9), by=st.sampled_from([ADA, BEN]), vote=st.sampled_from(Vote))
    def somebody_votes(self, which: int, by: Actor, vote: Vote) -> None:
        """A person decides on what a run asks; whoever asked for the outer run asked for those inside it too."""
        if asked := self.questions():
            run, one = asked[which % len(asked)]
            new = self.decide_on(run, one, by, vote)
            assert not any(isinstance(fact, ApprovalVoted) for fact in new) or by != ADA

    @rule(which=st.integers(0, 9), really=st.sampled_from([False, False, False, True]))
    def fireline_gives_up(self, which: int, really: bool) -> None:  # noqa: FBT001 - drawn
        """A run can't be conducted any more, whatever it had under way."""
        run = self.some(which)
        if really and not self.nest.runs[run].state.over:
            self.nest.give_up(run)

    @rule(which=st.integers(0, 9), seconds=st.sampled_from([0, 600]))
    def somebody_puts_it_back(self, which: int, seconds: float) -> None:
        """A person puts back a run; one inside another never is, for that one has gone on without it."""
        run = self.some(which)
        given_up = self.nest.runs[run].state.given_up is not None
        self.nest.now += timedelta(seconds=seconds)
        new = self.bring(run, RequeueAsked(by=BEN))
        assert run == self.nest.top or not new
        assert run != self.nest.top or not given_up or new

    @rule(which=st.integers(0, 9), seconds=st.sampled_from([0, 1, 7, 40]))
    def time_passes(self, which: int, seconds: float) -> None:
        """The clock moves, and an alarm rings for one run."""
        self.nest.now += timedelta(seconds=seconds)
        self.bring(self.some(which), TimeCame())

    @rule(backwards=st.booleans())
    def the_process_is_killed(self, backwards: bool) -> None:  # noqa: FBT001 - drawn
        """SIGKILL, and a start: each run is taken up, whichever comes first."""
        names = list(self.nest.runs)
        for name in reversed(names) if backwards else names:
            if not self.nest.runs[name].state.over:
                self.bring(name, Recovered(), slow=True)
        self.nest.catch_up()

    @rule(which=st.sampled_from([0, 0, 0, 1, 2]), undo=st.booleans())
    def somebody_cancels(self, which: int, undo: bool) -> None:  # noqa: FBT001 - drawn
        """A person ends the outer run, or one inside it."""
        self.bring(self.some(which), CancelAsked(by=ADA, undo=undo))

    @rule(which=st.integers(0, 3))
    def somebody_pauses(self, which: int) -> None:
        """A person holds one of the runs; those inside it go on, for they were begun."""
        self.bring(self.some(which), PauseAsked(by=ADA))

    @rule(which=st.integers(0, 3))
    def somebody_resumes(self, which: int) -> None:
        """A person lets one go on."""
        self.bring(self.some(which), ResumeAsked(by=ADA))

    @rule(which=st.integers(0, 9), settlement=st.sampled_from(Settlement))
    def somebody_settles(self, which: int, settlement: Settlement) -> None:
        """A person answers what became of a call."""
        asked = self.doubts()
        if asked:
            run, given = asked[which % len(asked)]
            self.bring(run, SettlementGiven(**{**given, "settlement": settlement}))

    @rule(which=st.integers(0, 3))
    def somebody_retries(self, which: int) -> None:
        """A person has a run tried again; one inside another never is."""
        run = self.some(which)
        new = self.bring(run, RetryAsked(by=BEN))
        assert not (new and run != self.nest.top)

    # ---- what is always so

    @invariant()
    def one_run_a_call(self) -> None:
        """Each call of `runbook.run` is one run, begun after its intent, with the version that the intent pinned."""
        seen = set()
        for name, run in self.nest.runs.items():
            said = run.started
            if said.parent is None:
                assert name == self.nest.top
                continue
            call = (said.parent, said.parent_step, said.parent_part, said.parent_attempt)
            assert call not in seen
            seen.add(call)
            intents = [
                fact
                for fact in self.nest.runs[said.parent].of(CallStarted)
                if (fact.run, fact.step, fact.part, fact.attempt) == call and fact.action == RUN_RUNBOOK
            ]
            assert [fact.inputs["digest"] for fact in intents] == [said.digest]

    @invariant()
    def none_outlives_the_one_around_it(self) -> None:
        """A run is over only when all inside it are, and one that ends early ends them."""
        self.nest.catch_up()
        for name, run in self.nest.runs.items():
            within = [self.nest.runs[each].state for each in self.nest.under(name)]
            if run.state.given_up is not None:
                # What is being taken back goes on: an undo must not be left half done.
                assert all(each.over or each.stopping or each.taking_back for each in within)
            elif run.state.over:
                assert all(each.over for each in within)

    @invariant()
    def an_end_reaches_inside(self) -> None:
        """What runs in the steps of a run that is asked to end is asked to end too."""
        for run in self.nest.runs.values():
            calls = [step.call for step in run.state.steps.values() if step.call is not None]
            for call in calls:
                inside = self.nest.run_of(call)
                early = run.state.stopping and run.state.phase.value == "steps"
                if inside is not None and call.part is Part.MAIN and early:
                    state = self.nest.runs[inside].state
                    assert state.over or state.stopping

    @invariant()
    def nothing_is_in_doubt_about_a_run_inside(self) -> None:
        """The log knows how it stands, so a crash interrupts no such call, and nobody is asked about one."""
        for run in self.nest.runs.values():
            intents = {(fact.step, fact.part, fact.attempt): fact for fact in run.of(CallStarted)}
            for fact in run.of(CallInterrupted):
                assert not is_nested(intents[(fact.step, fact.part, fact.attempt)].action)

    @invariant()
    def replayed_is_live(self) -> None:
        """What each run's facts make is the state that it went on with."""
        for run in self.nest.runs.values():
            assert run.replayed() == run.state

    @invariant()
    def undo_reaches_inside(self) -> None:
        """A step whose run inside was taken back says so only when that run says so."""
        for run in self.nest.runs.values():
            for fact in run.of(CallStarted):
                if fact.action == TAKE_BACK and run.state.step(fact.step).status is StepStatus.UNDONE:
                    inside = self.nest.runs[RunId(fact.inputs["run"])].state
                    assert inside.status is RunStatus.UNDONE

    def teardown(self) -> None:
        """From wherever it is, ending what is open leads every run to its end, each told once."""
        if not hasattr(self, "nest"):
            return
        self.nest.catch_up()
        for _ in range(ENOUGH):
            if all(run.state.over for run in self.nest.runs.values()):
                break
            self.nudge()
        assert all(run.state.over for run in self.nest.runs.values())
        for run in self.nest.runs.values():
            undone = [fact.step for fact in run.of(StepUndone)]
            assert len(undone) == len(set(undone)), "nothing is undone twice"
            assert run.of(RunFinished)

    def nudge(self) -> None:
        """Do the next thing that can be done."""
        calls = self.nest.calls()
        if calls:
            self.end(calls[0], Succeeded(output={"ok": True}))
            return
        for name, run in list(self.nest.runs.items()):
            if run.state.paused is not None:
                self.bring(name, ResumeAsked(by=ADA))
        for name, given in self.doubts():
            self.bring(name, SettlementGiven(**{**given, "settlement": Settlement.STOP}))
        for name, asked in self.questions():
            self.decide_on(name, asked, BEN, Vote.DENY)
        for name, run in list(self.nest.runs.items()):
            due = next_due(run.state)
            if due is not None:
                self.nest.now = max(due, self.nest.now)
                self.bring(name, TimeCame())

    def doubts(self) -> list[tuple[RunId, dict[str, Any]]]:
        """Return the questions after calls that were cut off."""
        found: list[tuple[RunId, dict[str, Any]]] = []
        for name, run in self.nest.runs.items():
            for each, seen in run.state.steps.items():
                part = Part.UNDO if seen.undo_unknown else Part.MAIN
                if (seen.undo_unknown or seen.status is StepStatus.UNKNOWN) and not run.state.over:
                    found.append(
                        (name, {"step": each, "part": part, "attempt": seen.attempt(part), "by": ADA})
                    )
        return found

    def questions(self) -> list[tuple[RunId, ApprovalRequested]]:
        """Return what people are asked."""
        return [
            (name, seen.approval.asked)
            for name, run in self.nest.runs.items()
            for seen in run.state.steps.values()
            if not run.state.over and seen.status is StepStatus.WAITING_APPROVAL and seen.approval is not None
        ]

    def decide_on(self, run: RunId, asked: ApprovalRequested, by: Actor, vote: Vote) -> list[Fact]:
        """Have somebody decide."""
        groups = frozenset({"sre"})
        given = VoteCast(approval=asked.approval, by=by, groups=groups, vote=vote, digest=asked.digest)
        return self.bring(run, given)

    def end(self, call: CallStarted, outcome: Outcome, *, slow: bool = False) -> None:
        """Say how a call ended."""
        ended = CallEnded(
            step=call.step, part=call.part, attempt=call.attempt, outcome=outcome, took=0.1, chance=0.0
        )
        self.bring(call.run, ended, slow=slow)


Inside.TestCase.settings = settings(
    max_examples=int(os.environ.get("ANY_ORDER_EXAMPLES", "60")) // 2, stateful_step_count=30, deadline=None
)
TestInside = Inside.TestCase
