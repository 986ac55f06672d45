"""One turn of the conductor: the facts decided so far, and the state that they lead to.

Recording a fact evolves the state at once, so that the rest of the turn decides on what is already true. Nothing outside sees a turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.domain.clock import to_text
from bot.domain.facts import Fact, StepCancelled, StepFailed, StepSkipped
from bot.domain.ids import StepId
from bot.domain.nouns import FIRELINE, Actor, Phase, StepStatus
from bot.engine.conductor.evolve import evolve
from bot.engine.conductor.plan import Plan
from bot.engine.conductor.state import RunState
from bot.runbook.model import OnFailure, Step

Decision = tuple[Actor, Fact]


class Turn:
    """What the conductor works on while it answers one arrival."""

    def __init__(self, plan: Plan, state: RunState, now: datetime) -> None:
        self.plan = plan
        self.state = state
        self.now = now
        self.decisions: list[Decision] = []
        self._broken: tuple[int, Step | None] = (-1, None)

    def record(self, fact: Fact, actor: Actor = FIRELINE) -> None:
        """Decide a fact."""
        self.decisions.append((actor, fact))
        self.state = evolve(self.state, fact, self.now, actor)

    def scope(self, **more: Any) -> Mapping[str, Any]:  # noqa: ANN401 - expressions see JSON values
        """Return the names that expressions may use now; `more` adds `output` for what a probe saw."""
        state = self.state
        return {
            **state.scope,
            "inputs": state.inputs,
            "run": {
                "id": state.run,
                "runbook": state.runbook,
                "started_at": to_text(state.started_at),
                "requested_by": state.requested_by.id if state.requested_by else "",
            },
            "steps": {step: self._step_scope(step) for step in self.plan.steps},
            **more,
        }

    def _step_scope(self, step: StepId) -> Mapping[str, Any]:
        seen = self.state.step(step)
        return {
            "status": seen.status.value,
            "output": seen.output,
            "reason": seen.reason,
            "detail": seen.detail,
        }

    # ---- what ends a step, and what that means for its phase

    def skip(self, step: Step, why: str) -> None:
        """Leave a step out."""
        self.record(StepSkipped(run=self.state.run, step=step.id, why=why))

    def fail(self, step: Step, *, reason: str, detail: str, applied: bool) -> None:
        """End a step as failed; `applied` tells whether its effect may stand."""
        self.record(
            StepFailed(run=self.state.run, step=step.id, reason=reason, detail=detail, applied=applied)
        )

    def cancel(self, step: Step, why: str, *, applied: bool) -> None:
        """End a step early because the run ends."""
        self.record(StepCancelled(run=self.state.run, step=step.id, why=why, applied=applied))

    def breaking(self) -> Step | None:
        """Return the first step of this phase whose failure stops the phase; None while there is none."""
        # Asked before each step that may begin, and looked up anew only when something was decided since.
        if self._broken[0] != len(self.decisions):
            self._broken = (len(self.decisions), self._look_for_broken())
        return self._broken[1]

    def _look_for_broken(self) -> Step | None:
        for step in self.plan.runbook.steps_of(self.state.phase):
            failed = self.state.step(step.id).status is StepStatus.FAILED
            if failed and step.on_failure is not OnFailure.CONTINUE:
                return step
        return None

    def halted(self) -> bool:
        """Whether this phase starts nothing more."""
        return self.ended_early or self.breaking() is not None

    @property
    def ended_early(self) -> bool:
        """Whether the run was asked to end while in the steps: clean-up phases run all the same."""
        return self.state.stopping and self.state.phase is Phase.STEPS
