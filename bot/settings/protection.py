"""The settings of what keeps runbooks from harming what they call; `bot.settings.model` has all others."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from bot.settings.types import Duration, Section


class TargetSettings(Section):
    """What one target takes, where it is not what every target does."""

    max_parallel: int | None = Field(
        default=None, description="Calls that may be under way to it at once.", ge=1, le=10_000
    )
    rate: float | None = Field(
        default=None, description="Calls a second that it takes; 0 for any number.", ge=0, le=100_000
    )


class ProtectionSettings(Section):
    """What keeps runbooks from harming what they call: limits, breakers, and a budget for repetitions, a target each, shared by all runs."""

    max_parallel: int = Field(
        default=16,
        description="Calls that may be under way to one target at once; more wait their turn, worse incidents first.",
        ge=1,
        le=10_000,
    )
    rate: float = Field(
        default=100.0,
        description="Calls a second that one target takes, as many at once after a pause; 0 for any number.",
        ge=0,
        le=100_000,
    )
    retry_share: float = Field(
        default=0.2,
        description="How many calls to a target may be repetitions, as a share of the others; above it, and one a second, they wait.",
        ge=0,
        le=1,
    )
    breaker_failures: int = Field(
        default=5,
        description="Calls to a target that may fail within a minute (no answer, unavailable, throttled) before it counts as away, if that is half "
        "of them; 0 for never.",
        ge=0,
        le=20,
    )
    breaker_pause: Duration = Field(
        default=timedelta(seconds=10),
        description="How long a target that is away is left alone before one call tries it; twice as long each time that fails.",
    )
    breaker_longest_pause: Duration = Field(
        default=timedelta(minutes=2), description="The longest of these pauses."
    )
    patience: Duration = Field(
        default=timedelta(minutes=2),
        description="How long a step that is retried waits for a target that is away, before it fails; one that is not retried fails at once.",
    )
    undo_patience: Duration = Field(
        default=timedelta(minutes=10),
        description="How long an undo waits for a target that is away, before it is reported as not done.",
    )
    targets: dict[str, TargetSettings] = Field(
        default_factory=dict,
        description="Limits of single targets, by how actions name them (`https://router.internal:443`, `localhost kubectl`); `*` stands for any "
        "text, the first that fits counts.",
    )
