"""The linter: every rule over one draft, every finding, in the order of the file."""

from __future__ import annotations

from dataclasses import replace

from bot.runbook.findings import Finding
from bot.runbook.rules.approvals import check_approvals
from bot.runbook.rules.calls import check_calls
from bot.runbook.rules.declarations import check_declarations
from bot.runbook.rules.draft import Draft
from bot.runbook.rules.loops import check_loops
from bot.runbook.rules.names import check_names
from bot.runbook.rules.order import before_each, check_order
from bot.runbook.rules.outside import check_outside
from bot.runbook.rules.safety import check_safety
from bot.runbook.rules.schedules import check_schedule
from bot.runbook.rules.truth import check_truth
from bot.runbook.rules.types import check_types

CHECKS = (
    check_declarations,
    check_order,
    check_names,
    check_calls,
    check_loops,
    check_types,
    check_truth,
    check_approvals,
    check_safety,
    check_schedule,
    check_outside,
)


def lint(draft: Draft) -> list[Finding]:
    """Apply every rule."""
    ordered = replace(draft, needed=before_each(draft.steps))
    return [found for check in CHECKS for found in check(ordered)]
