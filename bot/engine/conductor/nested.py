"""A run inside a run, as the one around it sees it.

    the step begins       which runbook, in which version, with which inputs: what an approval shows, and what the call's intent says
    the run inside ends   an outcome like any other; its output tells what the steps inside put out
    the step is undone    what the run inside did is undone by its own undos, unless the step names another way back

Nothing is ever unknown about such a call: how a run ended is in the log, so a restart goes on waiting for it instead of interrupting it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.actions.contract import Effect
from bot.actions.nested import DEEPEST, RUN_RUNBOOK, TAKE_BACK
from bot.actions.outcome import Failed, Outcome, Reason, Succeeded
from bot.domain.canonical import canonical
from bot.domain.ids import StepId, instance_of
from bot.domain.nouns import Part, RunStatus
from bot.engine.conductor.plan import Plan
from bot.engine.conductor.state import RunState, StepState
from bot.engine.conductor.turn import Turn
from bot.errors import RunbookError
from bot.runbook.inputs import resolve_inputs
from bot.runbook.model import NoUndo, Step, Undo
from bot.runbook.nesting import effect_of

MOST_OUTPUT = 128 * 1024
"""Characters of JSON that the outputs of the steps inside may take together, as the step around them shows them."""
LEFT_OUT: Mapping[str, Any] = {"truncated": True}
"""What stands for an output that was left out."""
_BEFORE_RUN = ("alert", "alerts", "vars")


# ---- the step begins


def called(turn: Turn, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a call of `runbook.run` pins: the runbook's name, its digest, and its inputs, all of them; RunbookError says why it can't be."""
    state, name = turn.state, values["name"]
    line = (*state.ancestors, state.runbook)
    if name in line:
        around = " → ".join([*line, name])
        raise RunbookError(f"{name} would run inside itself: {around}", hint="Break the circle.")
    if len(line) >= DEEPEST:
        raise RunbookError(f"{DEEPEST} runs stand one inside another already: {' → '.join(line)}")
    runbook = turn.plan.book(name)
    scope = {key: state.scope[key] for key in _BEFORE_RUN if key in state.scope}
    given = values.get("inputs", {})
    return {"name": name, "digest": runbook.digest, "inputs": resolve_inputs(runbook, given, scope)}


def worst(turn: Turn, step: Step, shown: Mapping[str, Any]) -> Effect:
    """Return what an approval says that the runbooks shown do to the world: one, or one for each item of a loop."""
    plan = turn.plan
    names = {each["name"] for each in (shown["items"] if step.loop else [shown])}
    effects = [effect_of(plan.book(name), plan.catalogue, plan.books) for name in names]
    return max([step.effect or Effect.READ, *effects], key=lambda effect: effect.rank)


# ---- the step is undone


def takes_back(step: Step) -> bool:
    """Tell whether undoing a step means to undo what the run inside it did."""
    return step.action == RUN_RUNBOOK and step.undo is None


def to_take_back(seen: StepState) -> Mapping[str, Any]:
    """Return the inputs of the call that undoes the run inside a step."""
    run = seen.output.get("run")
    if run is None:
        raise RunbookError("no run began inside it, so there is nothing to take back")
    return {"run": run}


# ---- the run inside ends


def outcome(plan: Plan | None, state: RunState, action: str) -> Outcome:
    """Return what a run that is over is to the call that it was; `plan` is None where its runbook can't be read any more."""
    return _taken_back(state) if action == TAKE_BACK else _ended(plan, state)


def _taken_back(state: RunState) -> Outcome:
    output = {"run": state.run, "runbook": state.runbook, "status": state.status.value}
    if state.status is RunStatus.UNDONE:
        return Succeeded(output=output)
    return Failed(
        reason=Reason.REJECTED, detail=f"run {state.run}: {state.detail}", applied=True, output=output
    )


def _ended(plan: Plan | None, state: RunState) -> Outcome:
    # What can't be told counts as changed.
    changed = plan is None or bool(left_standing(plan, state))
    output = {
        "run": state.run,
        "runbook": state.runbook,
        "status": state.status.value,
        "changed": changed,
        "steps": _steps(plan, state),
    }
    if state.status is RunStatus.SUCCEEDED:
        return Succeeded(output=output)
    reason = Reason(state.reason) if state.reason in set(Reason) else Reason.BUG
    detail = f"run {state.run} of {state.runbook} {state.status.value}: {state.detail or reason}"
    return Failed(reason=reason, detail=detail, applied=changed, output=output)


def left_standing(plan: Plan, state: RunState) -> list[StepId]:
    """Return those among a run's `steps`, the items of loops too, whose effect may stand in the world."""
    own = {step.id for step in plan.runbook.steps}
    return [name for name in state.steps if _base(name) in own and _stands(plan, state, name)]


def _base(name: StepId) -> StepId:
    place = instance_of(name)
    return name if place is None else place[0]


def _stands(plan: Plan, state: RunState, name: StepId) -> bool:
    step = plan.step(name)
    return step is not None and stands(plan, state, step)


def stands(plan: Plan, state: RunState, step: Step) -> bool:
    """Tell whether an effect of a step may stand in the world, or is just being made: Fireline gives a run up with what it has under way."""
    seen = state.step(step.id)
    if not seen.applied and (seen.call is None or seen.call.part is not Part.MAIN):
        return False
    return isinstance(step.undo, Undo | NoUndo) or plan.effect(step) is not Effect.READ


def _steps(plan: Plan | None, state: RunState) -> Mapping[str, Any]:
    """Return the steps inside as expressions see them; the largest outputs are left out where all are too many."""
    if plan is None:
        seen: Mapping[str, Any] = {
            name: {"status": step.status.value, "output": step.output} for name, step in state.steps.items()
        }
    else:
        seen = Turn(plan, state, state.started_at).scope()["steps"]
    sizes = {name: len(canonical(each["output"])) for name, each in seen.items()}
    too_large: set[str] = set()
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        if sum(size for each, size in sizes.items() if each not in too_large) <= MOST_OUTPUT:
            break
        too_large.add(name)
    return {
        name: {"status": each["status"], "output": LEFT_OUT if name in too_large else each["output"]}
        for name, each in seen.items()
    }
