"""What a runbook declares about itself.

Its severity, and inputs whose defaults and choices fit their own type.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.nouns import Severity
from bot.runbook.findings import Finding, finding
from bot.runbook.inputs import misfit
from bot.runbook.model import InputDecl
from bot.runbook.rules.draft import Draft


def check_declarations(draft: Draft) -> Iterator[Finding]:
    """Check what stands at the head of the file."""
    severity = draft.runbook.severity
    known = [str(each) for each in Severity]
    if severity.literal and severity.tree not in known:
        message = f"severity {severity.tree} is none of {', '.join(known)}"
        yield finding("FL102", message, draft.place("severity"))
    for decl in draft.runbook.inputs:
        if draft.whole(("inputs", decl.name)):
            yield from _check_input(draft, decl)


def _check_input(draft: Draft, decl: InputDecl) -> Iterator[Finding]:
    for at, value in enumerate(decl.enum):
        wrong = misfit(decl, value, enum=False)
        if wrong:
            yield finding(
                "FL102",
                f"{decl.name} can't be {value!r}: {wrong}",
                draft.place("inputs", decl.name, "enum", at),
            )
    if decl.default is not None and decl.default.literal:
        wrong = misfit(decl, decl.default.tree)
        if wrong:
            yield finding(
                "FL102",
                f"the default of {decl.name} does not fit: {wrong}",
                draft.place("inputs", decl.name, "default"),
            )
