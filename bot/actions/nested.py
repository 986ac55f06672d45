"""`runbook.run`: a runbook inside another. The one thing that a step can use and no integration offers, because the engine itself is what runs it.

Here is only what is true of every such call, for the linter, the conductor and the docs. What it does to the world is what that runbook does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from bot.actions.contract import ActionSpec, Effect, Inputs

RUN_RUNBOOK = "runbook.run"
"""What a step says to run a runbook."""
TAKE_BACK = "runbook.take_back"
"""What undoes such a step that names no undo of its own: that run's own undo. No runbook can say it."""
_NESTED = frozenset({RUN_RUNBOOK, TAKE_BACK})
DEEPEST = 5
"""How many runs may stand one inside another, the outermost counted."""


class RunRunbook(Inputs):
    """What `runbook.run` takes."""

    name: str = Field(
        min_length=1,
        description="The runbook, by its name; the version in force as the step begins is pinned.",
    )
    inputs: Mapping[str, Any] = Field(
        default_factory=dict,
        description="Its inputs, checked against what it declares; what is left out takes its default.",
    )


SPEC = ActionSpec(
    name=RUN_RUNBOOK,
    summary="Run another runbook inside this one, in the same incident; the step ends as that run does.",
    effect=Effect.MUTATE,
    repeatable=False,
    inputs=RunRunbook,
    output={
        "run": "The run's id, such as `42-3`.",
        "runbook": "The runbook's name.",
        "status": "How the run ended: `succeeded`, `failed` or `cancelled`.",
        "changed": "Whether an effect of its `steps` may stand.",
        "steps": "Its steps by id, each with `status` and `output`; outputs that are too large together are left out, the largest first.",
    },
    nested=True,
    example={"name": "shift-traffic", "inputs": {"service": "checkout"}},
)


def is_nested(action: str) -> bool:
    """Tell whether a call is a run inside the run, which the engine conducts, and no action."""
    return action in _NESTED
