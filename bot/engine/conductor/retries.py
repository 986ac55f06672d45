"""When a call is made again: exponential, spread by full jitter, and never before the target's `Retry-After`."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.actions.outcome import TRANSIENT, Failed
from bot.engine.conductor.arrivals import CallEnded
from bot.runbook.model import Jitter, Retry

PROBE_RETRY = Retry(
    attempts=3,
    interval=timedelta(seconds=1),
    backoff=2.0,
    max_interval=timedelta(seconds=10),
    jitter=Jitter.FULL,
    on=frozenset(TRANSIENT),
)
"""How often a settle probe or an undo is tried: the runbook has no words for it yet."""

_LONGEST_PAUSE = timedelta(hours=1)
"""How long a target may make a run wait for its next attempt, whatever it asks for."""


def after_failure(now: datetime, retry: Retry, arrival: CallEnded, outcome: Failed) -> datetime | None:
    """Return when a call that failed is due again; None when it is not tried again."""
    if outcome.reason not in retry.on or arrival.attempt >= retry.attempts:
        return None
    asked = min(outcome.retry_after or 0.0, _LONGEST_PAUSE.total_seconds())
    return now + max(_pause(retry, arrival), timedelta(seconds=asked))


def until_true(now: datetime, retry: Retry, arrival: CallEnded) -> datetime | None:
    """Return when a call that succeeded too early is due again; None when that was its last attempt."""
    return now + _pause(retry, arrival) if arrival.attempt < retry.attempts else None


def _pause(retry: Retry, arrival: CallEnded) -> timedelta:
    ceiling = min(retry.interval * retry.backoff ** (arrival.attempt - 1), retry.max_interval)
    return ceiling * arrival.chance if retry.jitter is Jitter.FULL else ceiling
