"""What a run would do, before anything runs: for a person who is about to start one.

Everything here reads, and starts nothing. What can be worked out is: the inputs, and of each step what its inputs render to. What only the run
itself will know (what an earlier step puts out, an item of a list, the key of a call) stands there as the runbook writes it; no value is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.actions.contract import Catalogue, Effect
from bot.actions.nested import is_nested
from bot.domain.ids import IncidentId
from bot.domain.ports import Reader
from bot.engine.starting import incident_scope
from bot.errors import NotFound, RunbookError
from bot.incidents import rules
from bot.incidents.opening import IN_SCOPE, before
from bot.policy.approvals import ANYONE
from bot.policy.autonomy import Gate, gate
from bot.runbook.inputs import InputsRefused, resolve_inputs
from bot.runbook.model import NoUndo, Runbook, Step, Undo, effective_effect
from bot.runbook.templates import Template

_LATER = frozenset({"steps", "run", "call", "item", "item_index"})
"""Names that mean something only once the run is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenStep:
    """A step as far as it can be known; `inputs` are rendered where they can be, and `whole` when all of them are.

    `sources` says who will be asked before it runs, empty when nobody is. `never` says why it would be left out for certain, empty otherwise.
    """

    name: str
    action: str
    effect: Effect
    inputs: Mapping[str, Any]
    whole: bool
    sources: tuple[str, ...] = ()
    quorum: int = 1
    condition: str = ""
    looped: bool = False
    undo: str = ""
    never: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """A run that has not begun: its runbook, the inputs that it would have, its steps; `spare` counts those of rescue and always."""

    runbook: Runbook
    inputs: Mapping[str, Any]
    steps: Sequence[ForeseenStep]
    spare: int


class Foresight:
    """Tells what may be started and what it would do; `runbooks` gives those in force, `variables` are the settings' `vars`."""

    def __init__(
        self,
        reader: Reader,
        *,
        runbooks: Callable[[], Sequence[Runbook]],
        catalogue: Catalogue,
        variables: Mapping[str, Any],
    ) -> None:
        self._reader = reader
        self._runbooks = runbooks
        self._catalogue = catalogue
        self._variables = variables

    def offers(self, incident: IncidentId | None = None) -> Sequence[Runbook]:
        """Return the runbooks that people may start, by title; in an incident, the one that was proposed there comes first."""
        record = self._reader.incident(incident) if incident is not None else None
        proposed = record.runbook if record is not None else ""
        may = [each for each in self._runbooks() if each.command or each.name == proposed]
        return sorted(may, key=lambda each: (each.name != proposed, each.title.casefold(), each.name))

    def runbook(self, name: str, incident: IncidentId | None = None) -> Runbook:
        """Return a runbook that people may start; Refused when there is none, or it may not be started there."""
        found = next((each for each in self._runbooks() if each.name == name), None)
        if found is None:
            raise NotFound(f"There is no runbook named {name}.", hint="It may have been renamed or removed.")
        record = self._reader.incident(incident) if incident is not None else None
        rules.may_be_started(found, record)
        return found

    def defaults(self, runbook: Runbook, incident: IncidentId | None) -> Mapping[str, Any]:
        """Return what each input has where nothing is given, as far as it can be worked out now."""
        scope, found = self._scope(incident), {}
        for each in runbook.inputs:
            if each.default is not None:
                try:
                    found[each.name] = each.default.render(scope)
                except RunbookError:
                    continue  # it has no value here: the form asks for one
        return found

    def misfits(
        self, runbook: Runbook, given: Mapping[str, str], incident: IncidentId | None
    ) -> Mapping[str, str]:
        """Return what is wrong with each input, by its name; empty when a run may begin with these."""
        try:
            resolve_inputs(runbook, given, self._scope(incident))
        except InputsRefused as refusal:
            return refusal.misfits
        return {}

    def foresee(self, runbook: Runbook, given: Mapping[str, str], incident: IncidentId | None) -> Foreseen:
        """Work out what a run would do; InputsRefused when it can't begin with these inputs."""
        scope = self._scope(incident)
        values = resolve_inputs(runbook, given, scope)
        known = {**scope, "inputs": values}
        return Foreseen(
            runbook=runbook,
            inputs=values,
            steps=[self._step(runbook, each, known) for each in runbook.steps],
            spare=len(runbook.rescue) + len(runbook.always),
        )

    def _scope(self, incident: IncidentId | None) -> dict[str, Any]:
        alerts = self._reader.alerts_of(incident, limit=IN_SCOPE) if incident is not None else ()
        record = self._reader.incident(incident) if incident is not None else None
        scope = before(alerts, self._variables)
        return {**scope, "incident": incident_scope(record)} if record is not None else scope

    def _step(self, runbook: Runbook, step: Step, scope: Mapping[str, Any]) -> ForeseenStep:
        effect = effective_effect(step, self._catalogue[step.action])
        demanded = Gate.OPEN if is_nested(step.action) else gate(runbook.autonomy.value, effect)
        asked = step.approval.sources if step.approval else (ANYONE,) if demanded is Gate.ASK else ()
        inputs, whole = known_of(step.inputs, scope)
        return ForeseenStep(
            name=step.name,
            action=step.action,
            effect=effect,
            inputs=inputs if isinstance(inputs, Mapping) else {},
            whole=whole,
            sources=asked,
            quorum=step.approval.quorum if step.approval else 1,
            condition=step.condition.text if step.condition is not None else "",
            looped=step.loop is not None,
            undo=_undo(step),
            never=f"autonomy `{runbook.autonomy}` only looks" if demanded is Gate.SHUT else "",
        )


def _undo(step: Step) -> str:
    if isinstance(step.undo, Undo):
        return step.undo.action
    return f"none: {step.undo.why}" if isinstance(step.undo, NoUndo) else ""


def known_of(template: Template, scope: Mapping[str, Any]) -> tuple[Any, bool]:
    """Return a template's tree with every text rendered that can be, and whether all could be; the others stand as they are written."""
    if not _later(template, scope):
        try:
            return template.render(scope), True
        except RunbookError:
            pass  # some of it has no value here; the rest may have
    return _piece(template.tree, scope), False


def _piece(tree: Any, scope: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(tree, Mapping):
        return {key: _piece(each, scope) for key, each in tree.items()}
    if isinstance(tree, list):
        return [_piece(each, scope) for each in tree]
    template = Template.compile(tree)
    if _later(template, scope):
        return tree
    try:
        return template.render(scope)
    except RunbookError:
        return tree


def _later(template: Template, scope: Mapping[str, Any]) -> bool:
    """Tell whether a template uses names whose values only the run will know, even where it says what to take in their place."""
    return any(path[0] in _LATER or path[0] not in scope for path in template.names)
