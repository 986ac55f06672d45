"""What a run follows: its runbook at the digest that it pinned, with the specs of the actions that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from bot.actions.contract import ActionSpec, Catalogue, Effect
from bot.domain.ids import StepId
from bot.domain.nouns import Part, Phase
from bot.errors import RunbookError
from bot.runbook.model import Retry, Runbook, Step, Undo, effective_retry

DEFAULT_CALL_TIMEOUT = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A runbook with the catalogue that gives its actions meaning.

    `call_timeout` and `approval_expiry` hold where a step names none of its own; no expiry at all is None.
    """

    runbook: Runbook
    catalogue: Catalogue
    call_timeout: timedelta = DEFAULT_CALL_TIMEOUT
    approval_expiry: timedelta | None = None

    @cached_property
    def steps(self) -> Mapping[StepId, Step]:
        """Every step by its id, those of rescue and always too."""
        return {step.id: step for step in self.runbook.all_steps()}

    @cached_property
    def _of_phase(self) -> Mapping[Phase, tuple[Step, ...]]:
        book = self.runbook
        return {Phase.STEPS: book.steps, Phase.UNDO: (), Phase.RESCUE: book.rescue, Phase.ALWAYS: book.always}

    def steps_of(self, phase: Phase) -> tuple[Step, ...]:
        """Return the steps of one phase in the order in which they are written; undo has none of its own."""
        return self._of_phase[phase]

    def spec(self, action: str) -> ActionSpec:
        """Return an action's spec; RunbookError when this installation has no such action (any more)."""
        try:
            return self.catalogue[action]
        except KeyError:
            msg = f"there is no action {action!r} here"
            raise RunbookError(msg, hint="Install the integration that has it, or change the runbook.") from None

    def effect(self, step: Step) -> Effect:
        """Return what a step does to the world: what its action declares, or what the runbook says instead."""
        return step.effect or self.spec(step.action).effect

    def repeatable(self, step: Step, part: Part = Part.MAIN) -> bool:
        """Return whether a call of this part may be made again without harm."""
        if part in (Part.VERIFY, Part.SETTLE):
            # Probes look and do not touch: that is what makes them probes.
            return True
        if part is Part.UNDO:
            return isinstance(step.undo, Undo) and self.spec(step.undo.action).repeatable
        return self.effect(step) is Effect.READ or self.spec(step.action).repeatable

    def retry(self, step: Step) -> Retry:
        """Return how often the step's main call is tried, and how far apart."""
        return effective_retry(step, repeatable=self.repeatable(step))

    def action(self, step: Step, part: Part) -> str:
        """Return the action that a part of a step calls."""
        source = {Part.MAIN: step, Part.VERIFY: step.verify, Part.SETTLE: step.settle, Part.UNDO: step.undo}[part]
        assert not isinstance(source, str) and source is not None and hasattr(source, "action")  # noqa: S101, PT018
        return str(source.action)

    def timeout(self, step: Step, part: Part) -> float:
        """Return for how long a call may run, in seconds."""
        own = step.timeout
        if part is Part.UNDO and isinstance(step.undo, Undo) and step.undo.timeout is not None:
            own = step.undo.timeout
        return (own or self.call_timeout).total_seconds()
