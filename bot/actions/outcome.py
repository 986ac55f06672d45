"""How a call ended: a value, never an exception that the engine must guess at.

A failure is a closed `Reason` plus a sentence. Whether it may be retried follows from the reason alone, and is written down once, here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.errors import FirelineError


class Reason(StrEnum):
    """Why a call failed; the runbook's `retry.on` names these."""

    TIMEOUT = "timeout"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    INVALID = "invalid"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    BUG = "bug"


TRANSIENT = frozenset({Reason.TIMEOUT, Reason.THROTTLED, Reason.UNAVAILABLE})
"""Reasons that may pass by themselves: what `retry` repeats when the runbook names none."""

AMBIGUOUS = frozenset({Reason.TIMEOUT, Reason.UNAVAILABLE, Reason.INTERRUPTED, Reason.CANCELLED, Reason.BUG})
"""Reasons after which the effect may have happened all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The call did what it was asked to; `output` is JSON data, in scope as `steps.<id>.output`."""

    output: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The call did not; `detail` is one sentence for a person, free of secrets.

    `retry_after` is in seconds, as the target asked, None where it did not. `applied` tells whether the effect may have happened: True, False,
    or None where the action can't tell (then `reason in AMBIGUOUS` decides). `output` is what was learned all the same, such as an exit code.
    """

    reason: Reason
    detail: str
    retry_after: float | None = None
    applied: bool | None = None
    output: Mapping[str, Any] = field(default_factory=dict)

    @property
    def may_have_applied(self) -> bool:
        """Whether the effect may have happened although the call failed."""
        return self.reason in AMBIGUOUS if self.applied is None else self.applied


Outcome = Succeeded | Failed


class ActionError(FirelineError):
    """Raised inside an action to leave it early; the engine records its `failure`."""

    def __init__(self, failure: Failed) -> None:
        super().__init__(failure.detail)
        self.failure = failure
