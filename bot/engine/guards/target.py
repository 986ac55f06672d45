"""One target as the guards see it: what is under way, what it may be called, and who stands in line for it.

Decides for this target alone; how much runs over all targets, and in which order targets take their turns, is `guards`' affair.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from bot.domain.ids import RunId
from bot.domain.nouns import HoldCause
from bot.domain.targets import spoken
from bot.engine.conductor.gate import CallId
from bot.engine.guards import breaker as breakers
from bot.engine.guards import bucket as buckets
from bot.engine.guards.breaker import CLOSED, Breaker
from bot.engine.guards.bucket import Bucket
from bot.engine.guards.rules import UNLIMITED, TargetRules

Place = tuple[float, int]
"""A place in the order of all that wait; smaller goes first."""


class Waiter(NamedTuple):
    """A call in line. `key` orders the line: when it came, in seconds, and how far others may go ahead; `number` is the order of asking."""

    key: float
    number: int
    call: CallId
    repeats: bool
    since: float

    @property
    def place(self) -> Place:
        """Where the call stands among all that wait."""
        return (self.key, self.number)

    @property
    def run(self) -> RunId:
        """The run that wants the call."""
        return self.call[0]


@dataclass(slots=True, kw_only=True)
class Target:
    """A target's state.

    `lines` holds those who wait: for a first call, and (True) to repeat one; entries that left are skipped when met.
    `offered` is the place under which it takes part in the next turn, `timed` when it is looked at by itself.
    """

    name: str
    rules: TargetRules
    bucket: Bucket
    budget: Bucket
    running: int = 0
    breaker: Breaker = CLOSED
    paused_until: float = 0.0
    lines: dict[bool, list[Waiter]] = field(default_factory=lambda: {False: [], True: []})
    members: dict[CallId, Waiter] = field(default_factory=dict)
    offered: Place | None = None
    timed: float | None = None

    @classmethod
    def fresh(cls, name: str, rules: TargetRules, now: float) -> Target:
        """Make a target that nobody has called."""
        return cls(
            name=name, rules=rules, bucket=Bucket(rules.burst, now), budget=Bucket(rules.retries.saved, now)
        )

    # ---- may a call go

    def obstacle(self, now: float, *, repeats: bool) -> HoldCause | None:
        """Return why a call has to wait, None when it may go; an open breaker is asked about first, by `refuses`."""
        if self.breaker.since is not None and self.breaker.trying:
            return HoldCause.TRIAL
        if now < self.paused_until:
            return HoldCause.PAUSED
        if self.running >= self.rules.max_parallel:
            return HoldCause.PARALLEL
        rules = self.rules
        if rules.rate and not buckets.has_one(self.bucket, rate=rules.rate, size=rules.burst, now=now):
            return HoldCause.RATE
        own = rules.retries
        if repeats and not buckets.has_one(self.budget, rate=own.floor, size=own.saved, now=now):
            return HoldCause.RETRIES
        return None

    def refuses(self, now: float) -> bool:
        """Tell whether the target is away and not to be tried yet."""
        return breakers.refuses(self.breaker, now)

    def take(self, now: float, *, repeats: bool) -> bool:
        """Let a call go; return whether it is the one that tries a target which was away."""
        rules, own = self.rules, self.rules.retries
        self.running += 1
        if rules.rate:
            self.bucket = buckets.changed(self.bucket, -1.0, rate=rules.rate, size=rules.burst, now=now)
        if rules is not UNLIMITED:
            by = -1.0 if repeats else own.share
            self.budget = buckets.changed(self.budget, by, rate=own.floor, size=own.saved, now=now)
        trial = breakers.is_trial(self.breaker) and not self.breaker.trying
        if trial:
            self.breaker = breakers.tried(self.breaker)
        return trial

    # ---- the line

    def join(self, waiter: Waiter) -> None:
        """Stand in line."""
        self.members[waiter.call] = waiter
        heapq.heappush(self.lines[waiter.repeats], waiter)

    def leave(self, call: CallId) -> None:
        """Leave the line; harmless for who does not stand in it."""
        self.members.pop(call, None)

    def heads(self) -> list[Waiter]:
        """Return who is first in each line, first calls and repetitions."""
        found = []
        for line in self.lines.values():
            while line and self.members.get(line[0].call) is not line[0]:
                heapq.heappop(line)
            if line:
                found.append(line[0])
        return found

    def has_line(self, *, repeats: bool) -> bool:
        """Tell whether somebody waits whom a call of this sort may not pass."""
        return any(each.repeats == repeats for each in self.heads()) if self.members else False

    def next_at(self, now: float) -> float | None:
        """Return when time alone lets somebody go on who waits; None when something else must happen first, or nobody waits."""
        waiting = {each.repeats for each in self.heads()}
        if not waiting or self.breaker.trying or self.running >= self.rules.max_parallel:
            return None
        if now < self.paused_until:
            return self.paused_until
        rules, own = self.rules, self.rules.retries
        at = buckets.ready_at(self.bucket, rate=rules.rate, size=rules.burst, now=now) if rules.rate else now
        if waiting == {True}:
            at = max(at, buckets.ready_at(self.budget, rate=own.floor, size=own.saved, now=now))
        return at

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to remember but what a new target would be given anyway, in time."""
        return not self.running and not self.members and self.breaker.since is None

    # ---- in words

    def away(self) -> str:
        """Say that the target does not answer, and how that is known."""
        return f"{spoken(self.name)} is not answering ({self.breaker.why})"

    def holds(self, cause: HoldCause) -> str:
        """Say why a call waits."""
        name = spoken(self.name)
        return {
            HoldCause.PARALLEL: f"{name} takes {self._many(self.rules.max_parallel)} at a time",
            HoldCause.RATE: f"{name} takes {self._many(self.rules.rate)} a second",
            HoldCause.PAUSED: f"{name} asked for a pause",
            HoldCause.TRIAL: f"{name} was not answering and is being tried",
            HoldCause.RETRIES: f"calls to {name} are repeated too often",
        }.get(cause, "")

    @staticmethod
    def _many(count: float) -> str:
        return "1 call" if count == 1 else f"{count:g} calls"


def instant(seconds: float) -> datetime:
    """Return an instant that was counted in seconds."""
    return datetime.fromtimestamp(seconds, UTC)
