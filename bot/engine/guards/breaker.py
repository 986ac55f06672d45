"""A circuit breaker: closed, open, or trying, for one target.

    closed     calls go through; enough failures among the latest open it
    open       no call goes through until its time is over; each time in a row it is twice as long, up to the longest
    trying     (half-open) its time is over: one call goes through, and how that ends closes it or opens it again

Only failures that speak of the target count: it took too long, it was not there, it asked for less. Any other answer says that it is there.
After M. Nygard, Release It!, and https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from bot.actions.outcome import Outcome, Reason, Succeeded

SPEAKS_OF_TARGET = frozenset({Reason.TIMEOUT, Reason.THROTTLED, Reason.UNAVAILABLE})
_SAYS_NOTHING = frozenset({Reason.CANCELLED, Reason.INTERRUPTED, Reason.BUG})
REMEMBERED = 20
"""Outcomes that a breaker looks back on at the most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRule:
    """When a breaker opens and for how long; times in seconds.

    It opens when at least `failures` of the latest calls within `window` failed, and at least half of those calls. `open_for` is the first pause,
    `longest` the longest. Without `failures` (0) it never opens.
    """

    failures: int = 5
    window: float = 60.0
    open_for: float = 10.0
    longest: float = 120.0


class Seen(NamedTuple):
    """How a call ended, as far as it speaks of its target: `failed` is the reason, empty when the target answered."""

    at: float
    failed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The state of one breaker.

    `since` is when it opened first, None while it is closed; `until` when it may be tried; `times` how often in a row it opened.
    """

    recent: tuple[Seen, ...] = ()
    since: float | None = None
    until: float = 0.0
    times: int = 0
    trying: bool = False
    why: str = ""


CLOSED = Breaker()


def refuses(breaker: Breaker, now: float) -> bool:
    """Tell whether no call goes through now."""
    return breaker.since is not None and now < breaker.until


def is_trial(breaker: Breaker) -> bool:
    """Tell whether the next call that goes through tries the target."""
    return breaker.since is not None


def tried(breaker: Breaker) -> Breaker:
    """Let one call try the target."""
    return replace(breaker, trying=True)


def left(breaker: Breaker) -> Breaker:
    """Take a trial back that told nothing: another call tries."""
    return replace(breaker, trying=False)


def word_of(outcome: Outcome) -> str | None:
    """Return what an outcome says of its target: the reason for which it failed, empty when it answered, None when it says nothing."""
    if isinstance(outcome, Succeeded):
        return ""
    if outcome.reason in SPEAKS_OF_TARGET:
        return outcome.reason.value
    # What never left this machine (inputs that don't fit, a secret that is missing) tells nothing.
    return None if outcome.reason in _SAYS_NOTHING or outcome.applied is False else ""


def heard(breaker: Breaker, rule: BreakerRule, failed: str, *, trial: bool, now: float) -> Breaker:
    """Return the breaker after a call told of its target: `failed` is the reason, empty when it answered; `trial` says that it tried it.

    While the breaker is open, only the trial's word counts: other calls began before it opened, and tell of then.
    """
    if not rule.failures and breaker.since is None:
        return breaker
    if breaker.since is not None:
        if not trial:
            return breaker
        return _opened(breaker, rule, failed, now) if failed else CLOSED
    recent = (*breaker.recent[1 - REMEMBERED :], Seen(now, failed))
    if not failed:
        # Nearly always: what is long ago is looked through when it matters.
        return Breaker(recent=recent)
    looked = Breaker(recent=tuple(seen for seen in recent if seen.at > now - rule.window))
    failures = sum(bool(seen.failed) for seen in looked.recent)
    if 0 < rule.failures <= failures and failures * 2 >= len(looked.recent):
        return _opened(looked, rule, failed, now)
    return looked


def _opened(breaker: Breaker, rule: BreakerRule, failed: str, now: float) -> Breaker:
    pause = min(rule.longest, rule.open_for * 2.0 ** min(breaker.times, 30))
    if breaker.times:
        why = f"a call that tried it ended with {failed}"
    else:
        failures = sum(bool(seen.failed) for seen in breaker.recent)
        why = f"{failures} of the last {len(breaker.recent)} calls failed, the last with {failed}"
    since = now if breaker.since is None else breaker.since
    return Breaker(since=since, until=now + pause, times=breaker.times + 1, why=why)
