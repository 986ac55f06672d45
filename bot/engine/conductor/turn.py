"""One turn of the conductor: the facts decided so far, and the state that they lead to.

Recording a fact evolves the state at once, so that the rest of the turn decides on what is already true. Nothing outside sees a turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bot.domain.canonical import digest_of
from bot.domain.clock import to_text
from bot.domain.facts import Fact, StepCancelled, StepFailed, StepSkipped, StepSucceeded
from bot.domain.ids import StepId, instance_of
from bot.domain.nouns import FIRELINE, Actor, Part, Phase, StepStatus
from bot.engine.conductor import transitions
from bot.engine.conductor.evolve import evolve, minds_the_instant
from bot.engine.conductor.gate import OPEN_GATE, Gate
from bot.engine.conductor.items import Progress, in_scope, progress, seen_of
from bot.engine.conductor.plan import Plan
from bot.engine.conductor.state import RunState
from bot.runbook.model import OnFailure, Step

Decision = tuple[Actor, Fact]


class Turn:
    """What the conductor works on while it answers one arrival. `foreseen` says that its state does not depend on when the facts are written."""

    def __init__(self, plan: Plan, state: RunState, now: datetime, gate: Gate = OPEN_GATE) -> None:
        self.plan = plan
        self.state = state
        self.now = now
        self.gate = gate
        self.decisions: list[Decision] = []
        self.foreseen = True
        self._broken: tuple[int, Step | None] = (-1, None)
        self._halted: tuple[int, bool] = (-1, False)
        self._counted: tuple[int, dict[StepId, Progress]] = (-1, {})

    def record(self, fact: Fact, actor: Actor = FIRELINE) -> None:
        """Decide a fact; IllegalTransition when no table has what it would change."""
        before = self.state
        self.decisions.append((actor, fact))
        self.state = evolve(before, fact, self.now, actor)
        transitions.check(self.plan, before, fact, self.state)
        if minds_the_instant(fact):
            self.foreseen = False

    def progress(self, loop: StepId) -> Progress:
        """Count a loop's items: anew only when something was decided since."""
        if self._counted[0] != len(self.decisions):
            self._counted = (len(self.decisions), {})
        counted = self._counted[1]
        if loop not in counted:
            counted[loop] = progress(self.state, loop)
        return counted[loop]

    def scope(self, step: Step | None = None, **more: Any) -> Mapping[str, Any]:  # noqa: ANN401 - expressions see JSON values
        """Return the names that expressions may use now.

        An item of a loop, as `step`, adds `item` and `item_index`, and is itself what stands under its loop's name; `more` adds `output` for what a
        call put out.
        """
        state = self.state
        own = instance_of(step.id) if step is not None else None
        steps = {
            name: seen_of(state, each)
            for name, each in self.plan.steps.items()
            if own is None or name != own[0]
        }
        if own is not None and step is not None:
            steps[own[0]] = seen_of(state, step)
        return {
            **state.scope,
            "inputs": state.inputs,
            "run": {
                "id": state.run,
                "runbook": state.runbook,
                "started_at": to_text(state.started_at),
                "requested_by": state.requested_by.id if state.requested_by else "",
            },
            "steps": steps,
            **(in_scope(state, step.id) if step is not None else {}),
            **more,
        }

    def key(self, step: Step, part: Part) -> str:
        """Return the idempotency key of a part of a step: the same for every attempt of an intent, another in every run.

        What is asked anew, because a person had the run tried again and nothing of it stands, is another intent.
        """
        intent = self.state.step(step.id).intent
        again = [intent] if intent > 1 else []
        return digest_of([self.state.seed, self.state.run, step.id, part.value, *again])[:32]

    def call_scope(self, step: Step, part: Part) -> Mapping[str, Any]:
        """Return the scope of a call's inputs: `call.key` is its own key; a probe's is that of the main call, about which it asks."""
        asked = part if part is Part.UNDO else Part.MAIN
        return self.scope(step, call={"key": self.key(step, asked)})

    # ---- what ends a step, and what that means for its phase

    def succeed(self, step: Step) -> None:
        """End a step as done."""
        self.record(StepSucceeded(run=self.state.run, step=step.id))

    def skip(self, step: Step, why: str, *, stopped: bool = False) -> None:
        """Leave a step out; `stopped` when it is because the run stopped, not by the step's own rules."""
        self.record(StepSkipped(run=self.state.run, step=step.id, why=why, stopped=stopped))

    def fail(self, step: Step, *, reason: str, detail: str, applied: bool) -> None:
        """End a step as failed; `applied` tells whether its effect may stand."""
        self.record(
            StepFailed(run=self.state.run, step=step.id, reason=reason, detail=detail, applied=applied)
        )

    def cancel(self, step: Step, why: str, *, applied: bool) -> None:
        """End a step early because the run ends."""
        self.record(StepCancelled(run=self.state.run, step=step.id, why=why, applied=applied))

    def breaking(self) -> Step | None:
        """Return the first step of this phase whose failure stops the phase, a loop as soon as one item failed; None while there is none."""
        # Asked before each step that may begin, and looked up anew only when something was decided since.
        if self._broken[0] != len(self.decisions):
            self._broken = (len(self.decisions), self._look_for_broken())
        return self._broken[1]

    def _look_for_broken(self) -> Step | None:
        seen = self.state.steps
        for step in self.plan.runbook.steps_of(self.state.phase):
            if step.id in seen and step.on_failure is not OnFailure.CONTINUE and self._failed(step):
                return step
        return None

    def _failed(self, step: Step) -> bool:
        status = self.state.steps[step.id].status
        if step.loop is not None and status is StepStatus.RUNNING:
            return self.progress(step.id).failed > 0
        return status is StepStatus.FAILED

    def left_of(self, names: Iterable[StepId]) -> list[StepId]:
        """Return the steps among these that are not over."""
        seen = self.state.steps
        return [name for name in names if name not in seen or not seen[name].status.final]

    def left(self, members: Iterable[Step]) -> list[Step]:
        """Return the steps of a list that are not over: of many, those few that something can happen to."""
        seen = self.state.steps
        return [step for step in members if step.id not in seen or not seen[step.id].status.final]

    def halted(self) -> bool:
        """Whether this phase starts nothing more."""
        # Asked several times of each step: only a decision can change the answer.
        if self._halted[0] != len(self.decisions):
            self._halted = (len(self.decisions), self.ended_early or self.breaking() is not None)
        return self._halted[1]

    @property
    def held(self) -> bool:
        """Whether the run is paused: then nothing acts, though what has just ended is looked into."""
        return self.state.paused is not None

    @property
    def clock(self) -> datetime:
        """The instant by the run's own clock, which stands still while it is paused."""
        return self.state.paused or self.now

    @property
    def ended_early(self) -> bool:
        """Whether the run was asked to end while in the steps: clean-up phases run all the same."""
        return self.state.stopping and self.state.phase is Phase.STEPS
