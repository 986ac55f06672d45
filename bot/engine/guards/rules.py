"""The rules of the guards: how much a target may be called, and how much runs at once. Values, made from the settings."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from bot.domain.nouns import Severity
from bot.engine.guards.breaker import BreakerRule

AHEAD: Mapping[Severity, float] = {
    Severity.SEV1: 0.0,
    Severity.SEV2: 30.0,
    Severity.SEV3: 60.0,
    Severity.SEV4: 90.0,
}
"""Seconds that a call of each severity lets others go ahead of it.

Who waits goes on in the order of when they came plus this. So a call is overtaken by worse incidents, but never by a call that came more than 90 s
after it: nobody starves.
"""
UNDO_AHEAD = -60.0
"""What is taken back goes before all else: an effect that should not stand is worth more than another that is not made yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRule:
    """How many calls may be repetitions: `share` of the others, and `floor` a second in any case; `saved` can come at once after a quiet time."""

    share: float = 0.2
    floor: float = 1.0
    saved: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRules:
    """The rules of one target. `name` is the pattern that they stand under; `rate` is calls a second, 0 for any, `burst` how many at once."""

    name: str = "default"
    max_parallel: int = 16
    rate: float = 100.0
    burst: float = 100.0
    breaker: BreakerRule = field(default_factory=BreakerRule)
    retries: BudgetRule = field(default_factory=BudgetRule)


UNLIMITED = TargetRules(
    name="none",
    max_parallel=sys.maxsize,
    rate=0.0,
    breaker=BreakerRule(failures=0),
    retries=BudgetRule(share=1.0, floor=1e9, saved=1e9),
)
"""The rules for calls that name no target: there is nothing to protect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules: `max_running` calls over all targets, `retries` over all targets, `default`, and the exceptions by pattern, the first that fits."""

    max_running: int = 64
    default: TargetRules = field(default_factory=TargetRules)
    retries: BudgetRule = field(default_factory=lambda: BudgetRule(floor=10.0, saved=100.0))
    exceptions: tuple[TargetRules, ...] = ()

    def of(self, target: str) -> TargetRules:
        """Return a target's rules; `*` and `?` in a pattern stand for any characters, and for any one."""
        if not target:
            return UNLIMITED
        return next((each for each in self.exceptions if fnmatchcase(target, each.name)), self.default)
