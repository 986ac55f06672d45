"""What a run follows: its runbook at the digest that it pinned, with the specs of the actions that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, NamedTuple

from bot.actions.contract import ActionSpec, Catalogue, Effect, Inputs
from bot.actions.nested import RUN_RUNBOOK, TAKE_BACK, is_nested
from bot.domain.ids import StepId, instance_id, instance_of
from bot.domain.nouns import Part
from bot.errors import RunbookError
from bot.runbook.model import (
    NoUndo,
    Probe,
    Retry,
    Runbook,
    Step,
    Undo,
    Verify,
    effective_effect,
    effective_repeatable,
    effective_retry,
)
from bot.runbook.nesting import Books, no_books
from bot.runbook.templates import Template

DEFAULT_CALL_TIMEOUT = timedelta(minutes=5)
_TAKE_BACK = Undo(action=TAKE_BACK, inputs=Template.compile({}))
"""How a step that ran a runbook is undone where it says nothing: which run that was, its state tells."""
DEFAULT_PATIENCE = timedelta(minutes=2)
DEFAULT_UNDO_PATIENCE = timedelta(minutes=10)


class _Main(NamedTuple):
    """What is true of each main call of a step."""

    step: Step
    effect: Effect
    repeatable: bool
    retry: Retry


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A runbook with the catalogue that gives its actions meaning.

    `call_timeout` and `approval_expiry` hold where a step names none of its own; no expiry at all is None. `patience` is how long a step waits for a
    target that is known to be away, `undo_patience` how long an undo does. `books` finds the runbooks in force now, for the steps that run one: what
    was found is in the facts, so that nothing is looked up twice for one call.
    """

    runbook: Runbook
    catalogue: Catalogue
    call_timeout: timedelta = DEFAULT_CALL_TIMEOUT
    approval_expiry: timedelta | None = None
    patience: timedelta = DEFAULT_PATIENCE
    undo_patience: timedelta = DEFAULT_UNDO_PATIENCE
    books: Books = no_books

    @cached_property
    def steps(self) -> Mapping[StepId, Step]:
        """Every step that the runbook names, by its id, those of rescue and always too; `step` knows the items of loops besides."""
        return {step.id: step for step in self.runbook.all_steps()}

    def step(self, name: StepId) -> Step | None:
        """Return a step of the run by its id, the items of a loop (`restart[0]`) too; None when there is no such step."""
        known = self.steps.get(name)
        place = None if known is not None else instance_of(name)
        loop = None if place is None else self.steps.get(place[0])
        if place is None or loop is None or loop.loop is None:
            return known
        return self.instance(loop, place[1])

    def instance(self, loop: Step, index: int) -> Step:
        """Return an item of a loop as the step that it is: nothing stands before it that does not stand before the whole loop."""
        name = instance_id(loop.id, index)
        made = self._instances.get(name)
        if made is None:
            made = replace(loop, id=name, loop=None, needs=(), condition=None, approval=None)
            self._instances[name] = made
        return made

    @cached_property
    def _instances(self) -> dict[StepId, Step]:
        return {}

    @cached_property
    def _mains(self) -> dict[StepId, _Main]:
        return {}

    @cached_property
    def _checked(self) -> dict[int, tuple[Mapping[str, Any], Inputs]]:
        return {}

    def _main(self, step: Step) -> _Main:
        """Return what is true of each main call of a step: asked several times a call, and worked out once."""
        known = self._mains.get(step.id)
        if known is None or known.step is not step:
            spec = self.spec(step.action)
            repeatable = effective_repeatable(step, spec)
            known = _Main(step, effective_effect(step, spec), repeatable, effective_retry(step, repeatable))
            self._mains[step.id] = known
        return known

    def spec(self, action: str) -> ActionSpec:
        """Return an action's spec; RunbookError when this installation has no such action (any more)."""
        try:
            return self.catalogue[action]
        except KeyError:
            msg = f"there is no action {action!r} here"
            raise RunbookError(
                msg, hint="Install the integration that has it, or change the runbook."
            ) from None

    def book(self, name: str) -> Runbook:
        """Return the runbook in force under a name; RunbookError when there is none."""
        found = self.books(name)
        if found is None:
            raise RunbookError(f"there is no runbook {name!r} in force", hint="`fireline lint` tells why.")
        return found

    def target(self, action: str, inputs: Mapping[str, Any]) -> str:
        """Return what a call touches, as its action names it; empty where there is nothing to name."""
        if action == RUN_RUNBOOK:
            # These are not what a runbook says, but what was made of it: the digest stands beside the name.
            return f"the runbook {inputs['name']}"
        return self.spec(action).target(self.checked(action, inputs))

    def checked(self, action: str, inputs: Mapping[str, Any]) -> Inputs:
        """Return inputs as their action takes them; InvalidInputs tells every misfit."""
        known = self._checked.get(id(inputs))
        return known[1] if known is not None and known[0] is inputs else self.spec(action).check(inputs)

    def check_written(self, action: str, inputs: Mapping[str, Any]) -> None:
        """Check inputs that stand in the runbook as they are: once for all runs, and whoever wants them checked later finds it done."""
        if id(inputs) not in self._checked:
            self._checked[id(inputs)] = (inputs, self.spec(action).check(inputs))

    def effect(self, step: Step) -> Effect:
        """Return what a step does to the world: what its action declares, or what the runbook says instead."""
        return self._main(step).effect

    def changes(self, step: Step, part: Part) -> bool:
        """Return whether a call of this part changes something that was not changed before: what only looks does not, nor what takes it back."""
        return part is Part.MAIN and self.effect(step) is not Effect.READ

    def repeatable(self, step: Step, part: Part = Part.MAIN) -> bool:
        """Return whether a call of this part may be made again without harm."""
        if part in (Part.VERIFY, Part.SETTLE):
            # Probes look and do not touch: that is what makes them probes.
            return True
        if part is Part.UNDO:
            return isinstance(step.undo, Undo) and self.spec(step.undo.action).repeatable
        return self._main(step).repeatable

    def retry(self, step: Step) -> Retry:
        """Return how often the step's main call is tried, and how far apart."""
        return self._main(step).retry

    def source(self, step: Step, part: Part) -> Step | Probe | Verify | Undo:
        """Return what names the action and the inputs of a part of a step; RunbookError when the step has no such part."""
        if part is Part.MAIN:
            return step
        if part is Part.UNDO and step.action == RUN_RUNBOOK and step.undo is None:
            return _TAKE_BACK
        source = {Part.VERIFY: step.verify, Part.SETTLE: step.settle, Part.UNDO: step.undo}[part]
        if source is None or isinstance(source, NoUndo):
            raise RunbookError(f"step {step.id} has no {part.value}")
        return source

    def timeout(self, step: Step, part: Part) -> float:
        """Return for how long a call may run, in seconds; 0 for a run inside this one that has no limit but its own."""
        own = step.timeout
        if part is Part.UNDO and isinstance(step.undo, Undo) and step.undo.timeout is not None:
            own = step.undo.timeout
        if is_nested(self.source(step, part).action):
            return own.total_seconds() if own is not None else 0.0
        return (own or self.call_timeout).total_seconds()
