"""Runbooks that run runbooks: which ones a runbook names, and what a whole tree of them does to the world.

Only names that are written out can be followed before a run; what an expression names is looked up as its step begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bot.actions.contract import Catalogue, Effect
from bot.actions.nested import RUN_RUNBOOK
from bot.runbook.model import Runbook, Step, Undo, effective_effect
from bot.runbook.templates import Template

Books = Callable[[str], Runbook | None]
"""The runbooks in force, by name."""


def no_books(_name: str) -> Runbook | None:
    """Find nothing: the library of a runbook that stands alone."""
    return None


def name_in(inputs: Template) -> str | None:
    """Return the name that a `with` of `runbook.run` writes out; None where there is none, or an expression gives it."""
    tree: Any = inputs.tree
    name = tree.get("name") if isinstance(tree, dict) else None
    return name if isinstance(name, str) and "{{" not in name else None


def names_run_by(runbook: Runbook) -> Iterator[str]:
    """Yield the names that a runbook's steps and their undos write out, in the order of the file."""
    for step in runbook.all_steps():
        for call in (step, step.undo):
            if isinstance(call, Step | Undo) and call.action == RUN_RUNBOOK:
                name = name_in(call.inputs)
                if name is not None:
                    yield name


def effect_of(runbook: Runbook, catalogue: Catalogue, books: Books, around: tuple[str, ...] = ()) -> Effect:
    """Return the worst that any step of a runbook does, those of the runbooks that it runs included.

    What can't be known (an action that is not installed, a name that an expression gives) counts as changing something. `around` are the names
    of the runbooks that are being looked at already.
    """
    inside = (*around, runbook.name)
    effects = [_effect_of_step(step, catalogue, books, inside) for step in runbook.all_steps()]
    return max(effects, key=lambda effect: effect.rank, default=Effect.READ)


def _effect_of_step(step: Step, catalogue: Catalogue, books: Books, around: tuple[str, ...]) -> Effect:
    declared = step.effect or Effect.READ
    if step.action != RUN_RUNBOOK:
        spec = catalogue.get(step.action)
        return effective_effect(step, spec) if spec is not None else Effect.MUTATE
    name = name_in(step.inputs)
    if name in around:
        return declared
    child = books(name) if name is not None else None
    found = effect_of(child, catalogue, books, around) if child is not None else Effect.MUTATE
    return max(declared, found, key=lambda effect: effect.rank)
