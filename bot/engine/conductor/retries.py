"""When a call is made again: exponential, spread by full jitter, and never before the target's `Retry-After`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.actions.outcome import TRANSIENT, Failed, Reason
from bot.engine.conductor.arrivals import CallEnded
from bot.engine.conductor.state import StepState
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

REFRESHED_AFTER = timedelta(seconds=5)
"""How long a refused credential is given to be replaced where it is kept, before the call is made with what is there then."""
_LONGEST_PAUSE = timedelta(hours=1)
"""How long a target may make a run wait for its next attempt, whatever it asks for."""


def after_failure(
    now: datetime, seen: StepState, retry: Retry, arrival: CallEnded, outcome: Failed
) -> datetime | None:
    """Return when a call that failed is due again; None when it is not tried again."""
    if outcome.reason is Reason.UNAUTHORIZED:
        return with_the_secret_anew(now, seen, arrival, outcome)
    if outcome.reason not in retry.on or arrival.attempt >= retry.attempts:
        return None
    asked = min(outcome.retry_after or 0.0, _LONGEST_PAUSE.total_seconds())
    return now + max(_pause(retry, arrival), timedelta(seconds=asked))


def with_the_secret_anew(
    now: datetime, seen: StepState, arrival: CallEnded, outcome: Failed
) -> datetime | None:
    """Return when a call is due again whose credential was refused, None when it is not: a secret may have been changed the moment before.

    Once, because an account is locked soon; whatever the step says of retries, because a call that was not let in did nothing; and only where a
    secret was sent, because that alone can be another one the next time.
    """
    refused = outcome.reason is Reason.UNAUTHORIZED and not outcome.may_have_applied
    if not refused or arrival.part in seen.refreshed or not _names_a_secret(seen.sent.get(arrival.part)):
        return None
    return now + REFRESHED_AFTER


def _names_a_secret(inputs: Any) -> bool:  # noqa: ANN401 - JSON data
    if isinstance(inputs, Mapping):
        is_one = inputs.keys() == {"secret"} and isinstance(inputs["secret"], str)
        return is_one or any(_names_a_secret(each) for each in inputs.values())
    return isinstance(inputs, list | tuple) and any(_names_a_secret(each) for each in inputs)


def until_true(now: datetime, retry: Retry, arrival: CallEnded) -> datetime | None:
    """Return when a call that succeeded too early is due again; None when that was its last attempt."""
    return now + _pause(retry, arrival) if arrival.attempt < retry.attempts else None


def _pause(retry: Retry, arrival: CallEnded) -> timedelta:
    ceiling = min(retry.interval * retry.backoff ** (arrival.attempt - 1), retry.max_interval)
    return ceiling * arrival.chance if retry.jitter is Jitter.FULL else ceiling
