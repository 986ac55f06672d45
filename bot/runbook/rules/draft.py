"""What a rule looks at.

The runbook as built so far, where its parts stand, and what is known of the world around it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from bot.actions.contract import ActionSpec, Catalogue
from bot.domain.ids import StepId
from bot.runbook.documents import Document, Path
from bot.runbook.form import STAND_IN
from bot.runbook.model import Probe, Runbook, Step, Undo, Verify
from bot.runbook.places import Place
from bot.runbook.templates import Template

NO_GROUPS: Mapping[str, Collection[str]] = {}
PHASES = ("steps", "rescue", "always")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the rules know beside the file: the actions, the names in `vars`, and the day (None.

    Dates are not judged).
    """

    catalogue: Catalogue
    vars: frozenset[str]
    today: date | None
    groups: Mapping[str, Collection[str]] = field(default_factory=dict)
    """The people of each group that the settings name; the chat platform may know others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sited:
    """A step and its path in the file."""

    step: Step
    path: Path

    @property
    def phase(self) -> str:
        """The list that the step is in."""
        return str(self.path[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A call that a step makes: its own, or that of `settle`, `verify` or `undo`."""

    sited: Sited
    part: str
    """Empty for the step's own call."""
    action: str
    inputs: Template
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A runbook under the linter's eyes; `broken` names the parts that were cut out or could not be read."""

    runbook: Runbook
    document: Document
    world: World
    broken: frozenset[Path]
    steps: tuple[Sited, ...]
    needed: dict[tuple[str, StepId], frozenset[StepId]] = field(default_factory=dict)
    """For each step of a list, the steps of the same list that are over before it starts."""

    def place(self, *path: str | int, key: bool = False) -> Place:
        """Where a part stands."""
        return self.document.place(path, key=key)

    def whole(self, path: Path) -> bool:
        """Whether nothing was cut out of a part."""
        return not any(each[: len(path)] == path for each in self.broken)

    def spec(self, action: str) -> ActionSpec | None:
        """Return the action of that name, None where there is none."""
        return self.world.catalogue.get(action)

    def of_phase(self, phase: str) -> tuple[Sited, ...]:
        """Return the steps of one list."""
        return tuple(each for each in self.steps if each.phase == phase)

    def calls(self) -> Iterator[Called]:
        """Every call, in the order of the file, without those whose action was not named."""
        for sited in self.steps:
            for part, what in _parts(sited.step):
                path = (*sited.path, part) if part else sited.path
                if what.action != STAND_IN:
                    yield Called(sited=sited, part=part, action=what.action, inputs=what.inputs, path=path)


def sited_steps(runbook: Runbook) -> tuple[Sited, ...]:
    """Give every step its path in the file."""
    lists = zip(PHASES, (runbook.steps, runbook.rescue, runbook.always), strict=True)
    return tuple(
        Sited(step=step, path=(phase, at)) for phase, steps in lists for at, step in enumerate(steps)
    )


def _parts(step: Step) -> Iterator[tuple[str, Step | Probe | Verify | Undo]]:
    yield "", step
    for name, part in (("settle", step.settle), ("verify", step.verify), ("undo", step.undo)):
        if isinstance(part, Probe | Verify | Undo):
            yield name, part
