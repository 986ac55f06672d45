"""What a loop means: a step that is done once for each item of a list, so many at once, the first ones alone, and never for more than was foreseen.

Values and the reading of rendered ones; when an item starts, and what its failure means, is the conductor's affair.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import RunbookError
from bot.runbook.data import Data
from bot.runbook.expressions import Expression, Scope
from bot.runbook.segments import segments
from bot.runbook.templates import Template

MOST_ITEMS = 1_000
"""Items that all loops of a run may have together: what is more is no response to an incident, and nobody could follow it."""
NAMES = frozenset({"item", "item_index"})
"""What is in scope in a loop alone: the item, and its place in the list, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many items a list may have before a person is asked: `most`, or `most` per cent of `of`, a number or a list."""

    most: int
    of: Template | None = None

    def __str__(self) -> str:
        """Write it as the runbook does."""
        return f"{self.most}%" if self.of is not None else str(self.most)

    def allowed(self, scope: Scope) -> int:
        """Return how many items go without asking, a share rounded down; RunbookError when `of` gives no number."""
        if self.of is None:
            return self.most
        whole = self.of.render(scope)
        if isinstance(whole, list):
            whole = len(whole)
        if isinstance(whole, bool) or not isinstance(whole, int | float) or whole < 0:
            raise RunbookError(f"`of` gave {_kind(whole)}, and should give a number or a list")
        return int(whole * self.most / 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """The list that a step goes through; `items` renders to it. `canary` is how many go alone first, 0 for none."""

    items: Template
    max_parallel: int = 1
    canary: int = 0
    limit: Limit | None = None

    def render(self, scope: Scope) -> list[Data]:
        """Return the items; RunbookError when it is no list."""
        found = self.items.render(scope)
        if not isinstance(found, list):
            hint = " (write … | items)" if isinstance(found, dict) else ""
            raise RunbookError(f"`for_each` gave {_kind(found)}, and should give a list{hint}")
        return found


def asked_of_items(condition: Expression | None) -> bool:
    """Tell whether an `if` is asked of each item, because it names one, rather than once of the step."""
    return condition is not None and any(path[0] in NAMES for path in condition.names)


def lone_expression(template: Template) -> str | None:
    """Return the expression that a template consists of, and so keeps the type of; None when it is something else."""
    pieces = segments(template.tree) if isinstance(template.tree, str) else ()
    return pieces[0].source.strip() if len(pieces) == 1 and pieces[0].is_expression else None


def _kind(value: Data) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, dict):
        return "a mapping"
    return f"{value!r:.60}"
