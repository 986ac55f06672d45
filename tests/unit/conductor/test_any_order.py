"""Any order of results, crashes, time, votes, settlements, cancels, stops and givings-up: what may never be, never is, and every run can end.

The runbook is drawn too. After each arrival the state is folded anew from the facts, so that a difference between live and replayed shows at once.
"""

from __future__ import annotations

import contextlib
import os
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.actions.outcome import Outcome, Reason, Succeeded
from bot.domain.facts import (
    ApprovalClosed,
    ApprovalEscalated,
    ApprovalRequested,
    ApprovalVoted,
    CallHeld,
    CallRefused,
    CallStarted,
    Fact,
    PhaseEntered,
    RunCancelRequested,
    RunFinished,
    RunRequeued,
    RunRetried,
    StepFailed,
    StepOutcomeUnknown,
    StepSettled,
    StepSucceeded,
    StepUndoFailed,
    StepUndone,
)
from bot.domain.ids import StepId, instance_id, instance_of
from bot.domain.nouns import (
    FIRELINE,
    Actor,
    ApprovalStatus,
    Part,
    Phase,
    RunStatus,
    Settlement,
    StepStatus,
    Vote,
    person,
)
from bot.engine.conductor import (
    Arrival,
    CallEnded,
    CancelAsked,
    CancelCall,
    PauseAsked,
    Perform,
    Recovered,
    RequeueAsked,
    ResumeAsked,
    RetryAsked,
    RunState,
    SettlementGiven,
    TimeCame,
    VoteCast,
    conclude,
    decide,
    effects,
    evolve,
    next_due,
    transitions,
)
from bot.engine.conductor.turn import Decision
from bot.engine.underway import without_new_steps
from bot.errors import Refused
from bot.runbook.model import OnFailure, Runbook, Step
from tests.fakes.any_runbooks import OUTCOMES, looping_runbooks, rich_runbooks, runbooks
from tests.fakes.gates import HELD, TRIED, ToldGate
from tests.fakes.stage import Stage

ADA, BEN, CLEO = person("U0ADA"), person("U0BEN"), person("U0CLEO")
DORA = person("U0DORA")
"""She asked for nothing, so she may always decide."""
RETRIES = 2
ENOUGH = 300
"""Arrivals after which any run of these sizes must have come to its end."""


def whole_of(name: StepId) -> StepId:
    """Return the step of the runbook that a step of the run is, or is an item of."""
    place = instance_of(name)
    return place[0] if place else name


class AnyOrder(RuleBasedStateMachine):
    """One run, and everything that may happen to it."""

    @initialize(runbook=rich_runbooks() | looping_runbooks() | runbooks())
    def begin(self, runbook: Runbook) -> None:
        """Start a run."""
        self.gate = ToldGate()
        self.stage = Stage(runbook, requested_by=CLEO, inputs={"yes": True}, gate=self.gate)

        self.live = self.stage.state
        self.orphans: list[CallStarted] = []

    # ---- what happens

    def arrive(self, arrival: Arrival, *, stopping: bool = False) -> None:
        """Bring an arrival as the driver does; a refusal decides nothing."""
        before = self.stage.state
        now = self.stage.now
        try:
            decided = conclude(self.stage.plan, before, arrival, now, self.gate)
        except Refused:
            assert not isinstance(arrival, CallEnded | TimeCame | Recovered), "a machine is never refused"
            return
        assert decided == conclude(self.stage.plan, before, arrival, now, self.gate), (
            "the same arguments decide the same"
        )
        if stopping:
            decided = without_new_steps(decided, arrival)
        decisions = decided.decisions
        if decided.after is not None:
            later = before
            for actor, fact in decisions:
                later = evolve(later, fact, now + timedelta(seconds=1), actor)
            assert decided.after == later, "what was foreseen came about, whenever it was written"
        self.check(decisions)
        self.stage._log(decisions)
        for actor, fact in decisions:
            self.live = evolve(self.live, fact, now, actor)
            self.orphans += [fact] if isinstance(fact, CallStarted) else []

    def check(self, decisions: Any) -> None:
        """Walk through what was decided, fact by fact, and look for what may never be."""
        state, plan = self.stage.state, self.stage.plan
        for actor, fact in decisions:
            assert not state.over or isinstance(fact, RunRetried | RunRequeued), (
                "nothing is decided after the end"
            )
            if isinstance(fact, CallStarted):
                self.check_call(state, fact)
            if isinstance(fact, StepUndone | StepUndoFailed):
                self.check_undo(state, fact)
            if isinstance(fact, ApprovalEscalated):
                self.check_escalation(state, fact)
            if isinstance(fact, ApprovalClosed) and fact.status is ApprovalStatus.EXPIRED:
                self.check_expiry(state, fact)
            if isinstance(fact, RunFinished):
                members = [each.id for each in plan.runbook.steps]
                assert all(state.step(name).status.final for name in members)
                assert all(each.call is None for each in state.steps.values())
                assert all(state.step(name).status.final for name in state.steps if instance_of(name)), (
                    "no item outlives its run"
                )
            state = self.changed(state, fact, actor)

    def changed(self, state: RunState, fact: Fact, actor: Actor) -> RunState:
        """Return the state after a fact; what changes is in the tables."""
        after = evolve(state, fact, self.stage.now, actor)
        transitions.check(self.stage.plan, state, fact, after)
        return after

    def check_call(self, state: Any, call: CallStarted) -> None:
        """Check that a call may begin now."""
        plan, seen = self.stage.plan, state.step(call.step)
        wanted = plan.step(call.step)
        place = instance_of(call.step)
        whole = plan.steps[place[0] if place else call.step]
        assert wanted is not None
        assert seen.call is None, "one call of a step at a time"
        if state.paused is not None:
            assert call.part in (Part.SETTLE, Part.VERIFY), "a run that is held acts on nothing"
        assert call.attempt == seen.attempt(call.part) + 1
        phase = plan.runbook.phase_of(whole.id)
        if call.part is Part.UNDO:
            assert state.phase is Phase.UNDO
            return
        assert state.phase is phase, "a step runs in its own phase"
        if state.stopping and phase is Phase.STEPS:
            assert call.part is Part.SETTLE, (
                "a run that was asked to end asks only what became of what it did"
            )
        if call.part is not Part.MAIN:
            return
        assert all(state.step(need).status.final for need in whole.needs), "never before what it needs"
        if place is not None:
            self.check_item(state, whole, place[1], first=call.attempt == 1)
        assert call.step not in self.done, "what was done is not done again when the run is tried again"
        asking = state.step(whole.id)
        if whole.approval is not None or asking.over:
            assert asking.approval is not None
            assert asking.approval.granted, "never without its approval"
            asked = asking.approval.asked
            assert len(self.in_favour(asked)) >= asked.quorum, "never by fewer than its quorum"
            shown = asking.approval.asked.inputs
            assert call.inputs == (shown if place is None else shown["items"][place[1]]), (
                "what runs is what was shown"
            )
        before = [
            each for each in self.stage.facts(CallStarted) if (each.step, each.part) == (call.step, call.part)
        ]
        assert all(each.inputs == call.inputs for each in before if each.key == call.key), (
            "one key, one set of inputs"
        )
        again = any(
            call.step in (*each.steps, *each.cleanup)
            for each in [*self.stage.facts(RunRetried), *self._retries()]
        )
        assert again or len({call.key, *(each.key for each in before)}) == 1, "one intent, one key"
        afresh = any(call.step in each.cleanup for each in [*self.stage.facts(RunRetried), *self._retries()])
        if call.attempt > 1 and not plan.repeatable(wanted) and not afresh:
            self.check_repeat(call)

    def check_escalation(self, state: RunState, fact: ApprovalEscalated) -> None:
        """Check that others are asked besides when the time is over, once, and with the whole time anew."""
        seen = state.step(fact.step)
        rule = self.stage.plan.steps[fact.step].approval
        assert rule is not None
        assert seen.approval is not None
        assert seen.status is StepStatus.WAITING_APPROVAL
        assert seen.approval.asked.expires_at is not None
        assert seen.approval.asked.expires_at <= self.stage.now
        assert not seen.approval.escalated, "once"
        assert not (state.stopping and state.phase is Phase.STEPS), (
            "nobody is called in for steps that are over"
        )
        assert state.paused is None, "nor for one that is held"
        assert set(fact.sources) == {*rule.sources, *rule.escalate_to}, "who was asked before is asked still"
        assert rule.expires is not None
        assert fact.expires_at == self.stage.now + rule.expires

    def check_expiry(self, state: RunState, fact: ApprovalClosed) -> None:
        """Check that a question expires only when nobody else is to be asked, or nothing would come of an answer."""
        seen = state.step(fact.step)
        rule = self.stage.plan.steps[fact.step].approval
        assert seen.approval is not None
        assert state.paused is None, "nothing expires while the run is held"
        failed = any(each.status is StepStatus.FAILED for each in state.steps.values())
        assert seen.approval.escalated or failed or state.stopping or rule is None or not rule.escalate_to, (
            "none expires before others were asked besides"
        )

    def in_favour(self, asked: ApprovalRequested) -> set[Actor]:
        """Return who approved, as the facts tell; nobody who asked for the run is among them."""
        said = {
            event.actor
            for event in self.stage.events
            if isinstance(event.fact, ApprovalVoted)
            and (event.fact.approval, event.fact.vote) == (asked.approval, Vote.APPROVE)
        }
        said |= {
            actor
            for actor, fact in self._decided
            if isinstance(fact, ApprovalVoted)
            and (fact.approval, fact.vote) == (asked.approval, Vote.APPROVE)
        }
        assert asked.requested_by not in said, "four eyes"
        return said

    def _retries(self) -> list[RunRetried]:
        return [fact for fact in self.turn if isinstance(fact, RunRetried)]

    @property
    def done(self) -> set[StepId]:
        """The steps that had succeeded when the run was last tried again."""
        facts = [event.fact for event in self.stage.events]
        ends = [at for at, fact in enumerate(facts) if isinstance(fact, RunRetried)]
        if not ends:
            return set()
        main = self.stage.plan.runbook.phase_of
        return {
            fact.step
            for fact in facts[: ends[-1]]
            if isinstance(fact, StepSucceeded) and main(whole_of(fact.step)) is Phase.STEPS
        }

    def check_item(self, state: Any, whole: Step, index: int, *, first: bool) -> None:
        """Check that an item of a loop may be called now."""
        loop, items = whole.loop, state.step(whole.id).items
        assert loop is not None
        assert state.step(whole.id).status is StepStatus.RUNNING, "no item before its loop, or after it"
        if loop.limit is not None and loop.limit.of is None and len(items) > loop.limit.most:
            assert state.step(whole.id).approval is not None, "a person is asked about more than its bound"
        others = [state.steps.get(instance_id(whole.id, at)) for at in range(len(items)) if at != index]
        # An item that waits to be done once more after a retry is begun anew like any other.
        under_way = [
            each
            for each in others
            if each is not None and not each.status.final and each.status is not StepStatus.PENDING
        ]
        assert len(under_way) < loop.max_parallel, "no more side by side than may be"
        if not first:
            return
        assert None not in others[:index], "in the order of the list"
        if index >= loop.canary:
            canary = [each.status for each in others[: loop.canary] if each]
            assert set(canary) <= {StepStatus.SUCCEEDED}, "nothing follows a canary that has not succeeded"
        if whole.on_failure is not OnFailure.CONTINUE:
            assert StepStatus.FAILED not in {each.status for each in others if each}, (
                "a failing item stops new ones"
            )

    def check_repeat(self, call: CallStarted) -> None:
        """Check that somebody or something said that the attempt before was not applied."""
        facts = [event.fact for event in self.stage.events]
        place = max(
            n
            for n, fact in enumerate(facts)
            if isinstance(fact, CallStarted) and (fact.step, fact.part) == (call.step, Part.MAIN)
        )
        since = [fact for fact in facts[place + 1 :] if getattr(fact, "step", None) == call.step]
        # What is decided in this very turn stands before the call too.
        settled = any(
            isinstance(fact, StepSettled) and fact.settlement is Settlement.DID_NOT
            for fact in [*since, *self.turn_of(call)]
        )
        refused = any(
            getattr(fact, "may_have_applied", None) is False for fact in [*since, *self.turn_of(call)]
        )
        assert settled or refused, (
            "what can't be repeated is repeated only when it is known not to have been applied"
        )

    def turn_of(self, call: CallStarted) -> list[Fact]:
        """Return what this turn decides about a step; kept by `remember`."""
        return [fact for fact in self.turn if getattr(fact, "step", None) == call.step]

    def check_undo(self, state: Any, fact: StepUndone | StepUndoFailed) -> None:
        """Check that undo goes from the last that ended to the first."""
        mine = state.step(fact.step).order
        theirs = [
            name for name in state.steps if self.stage.plan.runbook.phase_of(whole_of(name)) is Phase.STEPS
        ]
        for name in theirs:
            other = state.step(name)
            if other.order > mine and other.applied and not other.undo_closed:
                planned = self.stage.plan.step(name)
                assert planned is not None
                assert planned.undo is None, "what ended later is undone earlier"
                assert self.stage.plan.effect(planned).value == "read"

    @property
    def turn(self) -> list[Fact]:
        """The facts that are being decided."""
        return self._turn

    @rule(
        which=st.integers(0, 9),
        outcome=OUTCOMES,
        chance=st.sampled_from([0.0, 0.5, 0.99]),
        stopping=st.sampled_from([False, False, True]),
    )
    def a_call_ends(self, which: int, outcome: Outcome, chance: float, stopping: bool) -> None:  # noqa: FBT001 - drawn
        """One of the calls under way ends; sometimes while the process is being stopped, which a start then follows."""
        if calls := self.calls():
            self.end(calls[which % len(calls)], outcome, chance, stopping=stopping)
            if stopping:
                self.bring(Recovered())

    @rule(most=st.integers(2, 16), at_last=st.none() | OUTCOMES)
    def the_world_goes_along(self, most: int, at_last: Outcome | None) -> None:
        """Calls end well and people approve, one after the other, so that the run goes far; then a call ends in another way."""
        for _ in range(most):
            if calls := self.calls():
                self.end(calls[0], Succeeded(output={"ok": True}), 0.0)
            for seen in self.stage.state.steps.values():
                if seen.status is StepStatus.WAITING_APPROVAL and seen.approval is not None:
                    self.decide_on(seen.approval.asked, Vote.APPROVE)
        if at_last is not None and (calls := self.calls()):
            self.end(calls[-1], at_last, 0.5)

    def calls(self) -> list[CallStarted]:
        """Return the calls under way."""
        return [each.call for each in self.stage.state.steps.values() if each.call is not None]

    def decide_on(self, asked: ApprovalRequested, vote: Vote) -> None:
        """Have somebody decide who always may."""
        groups = frozenset({"sre"})
        self.bring(VoteCast(approval=asked.approval, by=DORA, groups=groups, vote=vote, digest=asked.digest))

    @rule(which=st.integers(0, 30), outcome=OUTCOMES)
    def a_call_ends_late(self, which: int, outcome: Outcome) -> None:
        """A call that was interrupted, or has ended already, is heard of once more."""
        under_way = [each.call for each in self.stage.state.steps.values()]
        past = [call for call in self.orphans if call not in under_way]
        if past:
            before = len(self.stage.events)
            now = self.stage.now
            self.end(past[which % len(past)], outcome, 0.5)
            new = [event.fact for event in self.stage.events[before:]]
            assert self.stage.now == now
            assert not [
                fact
                for fact in new
                if getattr(fact, "attempt", 0) and not isinstance(fact, CallStarted | CallRefused | CallHeld)
            ]

    @rule(seconds=st.sampled_from([0, 0.5, 1, 2, 7, 40]))
    def time_passes(self, seconds: float) -> None:
        """The clock moves, and the alarm rings."""
        self.stage.now += timedelta(seconds=seconds)
        self.bring(TimeCame())

    @rule(seconds=st.sampled_from([2, 30]))
    def the_alarm_is_late(self, seconds: float) -> None:
        """The clock moves, and something else arrives before the alarm does."""
        self.stage.now += timedelta(seconds=seconds)

    @rule()
    def time_comes(self) -> None:
        """The clock moves to the next due time, and the alarm rings: afterwards that time is no longer due."""
        due = next_due(self.stage.state)
        if due is not None:
            self.stage.now = max(due, self.stage.now)
            self.bring(TimeCame())
            again = next_due(self.stage.state)
            assert again is None or again > self.stage.now, "the alarm would ring for ever"

    @rule(seconds=st.sampled_from([1, 60]))
    def the_clock_goes_back(self, seconds: float) -> None:
        """The machine's clock is set back."""
        self.stage.now = max(self.stage.state.started_at, self.stage.now - timedelta(seconds=seconds))
        self.bring(TimeCame())

    @rule(shut=st.sampled_from([None, None, HELD, TRIED]), away=st.sampled_from([None, None, None, 1, 90]))
    def the_gate_changes_its_mind(self, shut: Any, away: float | None) -> None:
        """There is room, or there is none; targets are away, or back. Who may go on is woken."""
        self.gate.shut, self.gate.away = shut, None if away is None else timedelta(seconds=away)
        self.bring(TimeCame())

    @rule(down=st.sampled_from([0, 0, 3, 60]))
    def the_process_is_killed(self, down: float) -> None:
        """SIGKILL, and a start after a while."""
        self.stage.now += timedelta(seconds=down)
        self.bring(Recovered())

    def expired(self, asked: ApprovalRequested) -> bool:
        """Tell whether a question's time is over by the run's own clock: a pause puts it off."""
        state = self.stage.state
        approval = state.step(asked.step).approval
        same = approval is not None and approval.asked.approval == asked.approval
        expires_at = approval.asked.expires_at if approval is not None and same else asked.expires_at
        return expires_at is not None and (state.paused or self.stage.now) >= expires_at

    @rule(
        which=st.integers(0, 9),
        by=st.sampled_from([ADA, BEN, CLEO]),
        group=st.sampled_from(["sre", "sre", "sre-leads"]),
        vote=st.sampled_from(Vote),
    )
    def somebody_votes(self, which: int, by: Any, group: str, vote: Vote) -> None:
        """A person decides on any question that was ever asked."""
        asked = self.stage.facts(ApprovalRequested)
        if asked:
            one = asked[which % len(asked)]
            closed = {fact.approval for fact in self.stage.facts(ApprovalClosed)}
            before = len(self.stage.events)
            late = self.expired(one)
            groups = frozenset({group})
            self.bring(VoteCast(approval=one.approval, by=by, groups=groups, vote=vote, digest=one.digest))
            counted = len(self.stage.events) > before
            # Whoever is late finds the door open where others are asked besides: everybody has the whole time anew.
            late = late and not any(isinstance(fact, ApprovalEscalated) for fact in self._turn)
            assert not (counted and (one.approval in closed or by == CLEO or late or self.live_over))
            sources = next(
                (
                    fact.sources
                    for fact in self.stage.facts(ApprovalEscalated)
                    if fact.approval == one.approval
                ),
                one.sources,
            )
            assert not counted or {f"group:{group}", "anyone"} & set(sources), (
                "nobody decides whom nobody asked"
            )

    @rule(which=st.integers(0, 9), settlement=st.sampled_from(Settlement), stopping=st.booleans())
    def somebody_settles(self, which: int, settlement: Settlement, stopping: bool) -> None:  # noqa: FBT001 - drawn
        """A person answers any question after an interrupted call that was ever asked; only the newest can still be open."""
        asked = self.stage.facts(StepOutcomeUnknown)
        if asked:
            one = asked[which % len(asked)]
            before = len(self.stage.facts(StepSettled))
            given = SettlementGiven(
                step=one.step, part=one.part, attempt=one.attempt, by=ADA, settlement=settlement
            )
            self.bring(given, stopping=stopping)
            if len(self.stage.facts(StepSettled)) > before:
                newest = [each for each in asked if (each.step, each.part) == (one.step, one.part)][-1]
                assert one.attempt == newest.attempt, "what was said of one attempt is not said of the next"
            if stopping:
                self.bring(Recovered())

    @precondition(lambda self: len(self.stage.events) > 12)
    @rule(undo=st.booleans())
    def somebody_cancels(self, undo: bool) -> None:  # noqa: FBT001 - drawn
        """A person ends the run, and may ask for its undo, then or later."""
        self.bring(CancelAsked(by=ADA, undo=undo))

    @precondition(lambda self: not self.stage.state.over)
    @rule(by=st.sampled_from([ADA, BEN]))
    def somebody_pauses(self, by: Any) -> None:
        """A person holds the run; a second time it is refused."""
        held = self.stage.state.paused
        self.bring(PauseAsked(by=by))
        assert self.stage.state.paused == (held or self.stage.now)
        assert next_due(self.stage.state) is None, "a run that is held waits for no instant"

    @precondition(lambda self: self.stage.state.paused is not None)
    @rule(seconds=st.sampled_from([0, 3, 600]))
    def somebody_resumes(self, seconds: float) -> None:
        """A person lets the run go on, soon or after its own times would have been over."""
        before = self.stage.state
        self.stage.now += timedelta(seconds=seconds)
        asked = {
            step.approval.asked.approval
            for step in before.steps.values()
            if step.status is StepStatus.WAITING_APPROVAL
            and step.approval
            and not self.expired(step.approval.asked)
        }
        self.bring(ResumeAsked(by=BEN))
        assert self.stage.state.paused is None
        expired = {
            fact.approval
            for fact in self._turn
            if isinstance(fact, ApprovalClosed) and fact.status is ApprovalStatus.EXPIRED
        }
        assert not asked & expired, "no question expires through a pause"

    @precondition(lambda self: self.stage.state.over and len(self.stage.facts(RunRetried)) < RETRIES)
    @rule(by=st.sampled_from([ADA, BEN]))
    def somebody_retries(self, by: Any) -> None:
        """A person has the run tried again; only one that failed, and was not undone, is."""
        before, undone = self.stage.state, self.undone
        self.bring(RetryAsked(by=by))
        assert self.tried_again == (before.status is RunStatus.FAILED and not undone)

    @property
    def undone(self) -> bool:
        """Tell whether something was undone, or was to be."""
        return bool(self.stage.facts(StepUndone)) or any(
            call.part is Part.UNDO for call in self.stage.facts(CallStarted)
        )

    @property
    def tried_again(self) -> bool:
        """Tell whether what was decided last has the run tried again."""
        return bool(self._turn) and isinstance(self._turn[0], RunRetried)

    @precondition(lambda self: not self.stage.state.over and len(self.stage.facts(RunRetried)) < RETRIES)
    @rule(really=st.sampled_from([False, False, False, True]))
    def fireline_gives_up(self, really: bool) -> None:  # noqa: FBT001 - drawn
        """The run can't be conducted any more, and is ended from outside with whatever it had under way; it can be tried again."""
        if really:
            state = self.stage.state
            end = RunFinished(
                run=state.run, status=RunStatus.FAILED, reason=Reason.BUG, detail="broken", given_up=True
            )
            self.stage._log([(FIRELINE, end)])
            self.live = self.changed(self.live, end, FIRELINE)

    @precondition(lambda self: self.stage.state.given_up is not None)
    @rule(seconds=st.sampled_from([0, 600]))
    def somebody_puts_it_back(self, seconds: float) -> None:
        """A person puts back what Fireline gave up on: it goes on where it stood, however long it lay."""
        self.stage.now += timedelta(seconds=seconds)
        self.bring(RequeueAsked(by=ADA))
        assert self.stage.state.given_up is None

    @precondition(
        lambda self: self.stage.state.given_up is None and len(self.stage.facts(RunRetried)) < RETRIES
    )
    @rule()
    def somebody_puts_back_what_came_to_its_end(self) -> None:
        """A person puts back a run that Fireline did not give up on: one that a bug failed is tried again, any other is left alone."""
        before, undone = self.stage.state, self.undone
        self.bring(RequeueAsked(by=ADA))
        assert self.tried_again == (before.over and before.reason == Reason.BUG and not undone)
        assert not self.stage.state.over or self.stage.state == before

    @rule()
    def the_process_is_stopped_while_time_comes(self) -> None:
        """SIGTERM just as an alarm rings: what would begin is left to the next process."""
        self.bring(TimeCame(), stopping=True)
        self.bring(Recovered())

    # ---- what is always so

    @invariant()
    def what_should_run_is_consistent(self) -> None:
        """A call to be stopped is one under way; an ended run wants nothing."""
        state = self.stage.state
        wanted = effects(state)
        performed = {
            (each.call.step, each.call.part, each.call.attempt)
            for each in wanted
            if isinstance(each, Perform)
        }
        stopped = {(each.step, each.part, each.attempt) for each in wanted if isinstance(each, CancelCall)}
        assert stopped <= performed
        if state.stopping and state.phase is Phase.STEPS:
            probes = {each for each in performed if each[1] is Part.SETTLE}
            assert stopped == performed - probes, "what acts is stopped when the run is asked to end"
        if state.over:
            assert not wanted
            assert next_due(state) is None

    @invariant()
    def replayed_is_live(self) -> None:
        """What the stored facts make is what the process went on with."""
        assert self.stage.state == self.live

    @invariant()
    def each_word_counts(self) -> None:
        """Whoever said something of a question that is open is on its list, as the facts tell."""
        for seen in self.stage.state.steps.values():
            if seen.approval is None:
                continue
            said = {
                event.actor: event.fact.vote
                for event in self.stage.events
                if isinstance(event.fact, ApprovalVoted)
                and event.fact.approval == seen.approval.asked.approval
            }
            assert seen.approval.votes == said

    @invariant()
    def something_moves_it(self) -> None:
        """A run that is not over has a call under way or before the gate, a due time, or a question that a person can answer."""
        state = self.stage.state
        if not state.over and state.paused is None:
            assert self.moved_by(state), {name: each.status for name, each in state.steps.items()}

    @staticmethod
    def moved_by(state: Any) -> bool:
        """Tell whether anything can move a run."""
        seen = list(state.steps.values())
        return (
            any(each.call is not None or each.held is not None for each in seen)
            or next_due(state) is not None
            or any(
                each.status in (StepStatus.WAITING_APPROVAL, StepStatus.UNKNOWN) or each.undo_unknown
                for each in seen
            )
        )

    @invariant()
    def what_waits_was_not_made(self) -> None:
        """A call that the gate holds is not under way, and one that is over waits for nothing."""
        for name, seen in self.stage.state.steps.items():
            assert seen.held is None or seen.call is None, name
            assert seen.status is not StepStatus.HELD or seen.held is not None, name
            assert seen.held is None or seen.part is Part.UNDO or not seen.status.final, name

    @invariant()
    def the_end_is_told_once(self) -> None:
        """One end, each question closed once, each phase entered once and in order, a person's cancel recorded once."""
        retries = len(self.stage.facts(RunRetried)) + len(self.stage.facts(RunRequeued))
        assert len(self.stage.facts(RunFinished)) == retries + (1 if self.stage.state.over else 0)
        closed = [
            fact.approval
            for fact in self.stage.facts(ApprovalClosed)
            if fact.status is not ApprovalStatus.VOID
        ]
        assert len(closed) == len(set(closed))
        facts = [event.fact for event in self.stage.events]
        last = max((at for at, fact in enumerate(facts) if isinstance(fact, RunRetried)), default=-1)
        entered = [
            list(Phase).index(fact.phase) for fact in facts[last + 1 :] if isinstance(fact, PhaseEntered)
        ]
        assert entered == sorted(set(entered))
        asked = [fact for fact in facts[last + 1 :] if isinstance(fact, RunCancelRequested)]
        assert [each.undo for each in asked] in ([], [False], [True], [False, True]), (
            "undo is asked for once, and not taken back"
        )

    def teardown(self) -> None:
        """From wherever it is, ending everything leads to the end."""
        if not hasattr(self, "stage"):
            return
        self.gate.shut = self.gate.away = None
        self.bring(TimeCame())
        for _ in range(ENOUGH):
            state = self.stage.state
            if state.over:
                break
            self.nudge(state)
        assert self.stage.state.over
        facts = [event.fact for event in self.stage.events]
        last = max((at for at, fact in enumerate(facts) if isinstance(fact, RunRetried)), default=-1)
        failed = [fact for fact in facts[last + 1 :] if isinstance(fact, StepFailed)]
        end = self.stage.facts(RunFinished)[-1]
        if end.status is RunStatus.SUCCEEDED:
            stops = [
                each
                for each in failed
                if self.stage.plan.steps[whole_of(each.step)].on_failure is not OnFailure.CONTINUE
            ]
            assert not stops, "a run with a failed step did not succeed"

    def nudge(self, state: Any) -> None:
        """Do the next thing that can be done, each with an answer that ends it."""
        if calls := self.calls():
            self.end(calls[0], Succeeded(output={"ok": True}), 0.0)
            return
        if state.paused is not None:
            self.bring(ResumeAsked(by=ADA))
        for name, seen in state.steps.items():
            if seen.status is StepStatus.WAITING_APPROVAL and seen.approval is not None:
                self.decide_on(seen.approval.asked, Vote.DENY)
            elif seen.undo_unknown or seen.status is StepStatus.UNKNOWN:
                part = Part.UNDO if seen.undo_unknown else Part.MAIN
                self.bring(
                    SettlementGiven(
                        step=StepId(name),
                        part=part,
                        attempt=seen.attempt(part),
                        by=ADA,
                        settlement=Settlement.STOP,
                    )
                )
        due = next_due(self.stage.state)
        if due is not None:
            self.stage.now = max(due, self.stage.now)
            self.bring(TimeCame())

    # ---- by the way

    _turn: list[Fact]
    _decided: tuple[Decision, ...]
    live_over = False

    def end(self, call: CallStarted, outcome: Outcome, chance: float, *, stopping: bool = False) -> None:
        """Say how a call ended."""
        ended = CallEnded(
            step=call.step, part=call.part, attempt=call.attempt, outcome=outcome, took=0.1, chance=chance
        )
        self.bring(ended, stopping=stopping)

    def bring(self, arrival: Arrival, *, stopping: bool = False) -> None:
        """Bring an arrival, with what it decides at hand for the checks."""
        self.live_over = self.stage.state.over
        self._decided = ()
        with contextlib.suppress(Refused):
            self._decided = decide(self.stage.plan, self.stage.state, arrival, self.stage.now, self.gate)
        self._turn = [fact for _, fact in self._decided]
        self.arrive(arrival, stopping=stopping)


AnyOrder.TestCase.settings = settings(
    max_examples=int(os.environ.get("ANY_ORDER_EXAMPLES", "60")), stateful_step_count=40, deadline=None
)
TestAnyOrder = AnyOrder.TestCase
