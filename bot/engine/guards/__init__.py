"""Guards: what stands between runs and what they call, shared by all of them: breakers, limits, the retry budget, and the line of those who wait.

Rules and states are values, and every decision is made of a state and the time that it is told; nothing here reads a clock, waits or calls.
"""

from bot.engine.guards.breaker import Breaker, BreakerRule
from bot.engine.guards.bucket import Bucket
from bot.engine.guards.guards import Guards, Notice
from bot.engine.guards.rules import BudgetRule, Rules, TargetRules
from bot.engine.guards.turnstile import Turnstile

__all__ = [
    "Breaker",
    "BreakerRule",
    "Bucket",
    "BudgetRule",
    "Guards",
    "Notice",
    "Rules",
    "TargetRules",
    "Turnstile",
]
