"""The rules of the guards, from the settings."""

from __future__ import annotations

from dataclasses import replace

from bot.engine.guards import BreakerRule, BudgetRule, Rules, TargetRules
from bot.settings import Settings
from bot.settings.protection import TargetSettings


def rules_of(settings: Settings) -> Rules:
    """Return what the guards go by."""
    said = settings.protection
    default = TargetRules(
        max_parallel=said.max_parallel,
        rate=said.rate,
        burst=max(1.0, said.rate),
        breaker=BreakerRule(
            failures=said.breaker_failures,
            open_for=said.breaker_pause.total_seconds(),
            longest=said.breaker_longest_pause.total_seconds(),
        ),
        retries=BudgetRule(share=said.retry_share),
    )
    return Rules(
        max_running=settings.engine.max_parallel_steps,
        default=default,
        exceptions=tuple(_exception(default, pattern, each) for pattern, each in said.targets.items()),
    )


def _exception(default: TargetRules, pattern: str, said: TargetSettings) -> TargetRules:
    rate = default.rate if said.rate is None else said.rate
    return replace(
        default,
        name=pattern,
        max_parallel=said.max_parallel or default.max_parallel,
        rate=rate,
        burst=max(1.0, rate),
    )
