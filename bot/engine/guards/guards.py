"""The guards of this process: one gate for every run, one state a target, and the line of those who wait.

A call goes when its target takes it (`target`), when there is room among all that run, and, if it repeats one, when the retry budget allows it.
Else it waits in line: worse incidents first, undos before all, and nobody for ever (`rules.AHEAD`). A call whose turn has come is given room at
once, and its run is woken to take it. A call to a target that is away is refused instead, and so are those that waited for it.

No I/O and no clock: the time comes with each question. Not for many threads: everything happens on the event loop's.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from bot.actions.outcome import Failed, Outcome
from bot.domain.facts import BreakerClosed, BreakerOpened
from bot.domain.ids import RunId
from bot.domain.nouns import HoldCause, Part, Severity
from bot.domain.records import AwayRecord
from bot.domain.response_records import FreezeRecord
from bot.engine.conductor.gate import GO, CallId, Entry, Hold, Refused, Verdict
from bot.engine.guards import breaker as breakers
from bot.engine.guards import bucket as buckets
from bot.engine.guards.bucket import Bucket
from bot.engine.guards.freezer import Freezer
from bot.engine.guards.rules import AHEAD, UNDO_AHEAD, Rules
from bot.engine.guards.target import Place, Target, Waiter, instant

REMEMBERED = 4096
"""Targets that are kept in mind at the most while they are quiet."""
_STAGGER = 0.05
"""Seconds between those who ask again when a breaker's time is over, by rank: the first to ask is the one that tries."""
_HAIR = 0.001
_RANKS = (Severity.SEV1, Severity.SEV2, Severity.SEV3, Severity.SEV4)


@dataclass(slots=True)
class _Lease:
    """Room that a call has. `claimed` once its run took it."""

    target: Target | None
    trial: bool
    claimed: bool


Notice = BreakerOpened | BreakerClosed


class Guards:
    """Implements `bot.engine.conductor.gate.Gate` for all runs of this process.

    `remembered` is how many targets are kept in mind while they are quiet. Whoever conducts the runs attaches itself before it asks anything.
    """

    def __init__(self, rules: Rules, *, remembered: int = REMEMBERED) -> None:
        self._rules = rules
        self._remembered = remembered
        self._wake: Callable[[RunId], None] = lambda _: None
        self._notice: Callable[[Notice], None] = lambda _: None
        self._running = 0
        self._budget: Bucket | None = None
        self._targets: dict[str, Target] = {}
        self._leases: dict[CallId, _Lease] = {}
        self._unclaimed: dict[RunId, set[CallId]] = {}
        self._waiting: dict[CallId, tuple[Target, HoldCause]] = {}
        self._offers: list[tuple[Place, str]] = []
        self._timers: list[tuple[float, str]] = []
        self._numbers = count()
        self._freezer = Freezer()

    def attach(self, *, wake: Callable[[RunId], None], notice: Callable[[Notice], None]) -> None:
        """Say who is told: `wake` of each run that has something to ask again, `notice` of each breaker that opens or closes.

        Both only take note: they are called in the middle of a decision.
        """
        self._wake, self._notice = wake, notice

    # ---- asking

    def ask(self, entry: Entry) -> Verdict:
        """See `Gate.ask`."""
        lease = self._leases.get(entry.call)
        if lease is not None and (lease.claimed or not self._freezer.stops(entry)):
            self._claim(entry.call, lease)
            return GO
        if self._freezer.stops(entry):
            # Room that it was given meanwhile is somebody else's.
            self._leave(entry.call)
            self.give_back([entry.call], entry.now)
            return self._freezer.hold(entry.call)
        return self._ask_for_room(entry)

    def _ask_for_room(self, entry: Entry) -> Verdict:
        now = entry.now.timestamp()
        target = self._target(entry.target, now)
        if target.refuses(now):
            self._leave(entry.call)
            return self._refusal(target, entry)
        if entry.idle:
            self._leases[entry.call] = _Lease(None, trial=False, claimed=True)
            return GO
        if entry.call not in self._waiting:
            repeats = _repeats(entry.call)
            cause = self._obstacle(target, now, repeats=repeats)
            # Where nothing stands in the way, somebody may still stand in line whom time freed a moment ago.
            if cause is None and not target.has_line(repeats=repeats):
                self._take(entry.call, target, now, claimed=True)
                return GO
            self._join(target, entry, cause or HoldCause.RATE, repeats=repeats)
            self._serve(now)
            return self.ask(entry)
        return self._hold(target, self._waiting[entry.call][1])

    def waits(self, call: CallId) -> bool:
        """See `Gate.waits`."""
        return call in self._waiting or self._freezer.holds(call)

    def _claim(self, call: CallId, lease: _Lease) -> None:
        if not lease.claimed:
            lease.claimed = True
            self._forget_grant(call)

    def _forget_grant(self, call: CallId) -> None:
        granted = self._unclaimed.get(call[0])
        if granted is not None:
            granted.discard(call)
            if not granted:
                del self._unclaimed[call[0]]

    def _obstacle(self, target: Target, now: float, *, repeats: bool) -> HoldCause | None:
        """Return why a call can't go now, None when nothing stands in its way."""
        cause = target.obstacle(now, repeats=repeats)
        if cause is None and self._running >= self._rules.max_running:
            cause = HoldCause.RUNNING
        if cause is None and repeats and not self._may_repeat(now):
            cause = HoldCause.RETRIES
        return cause

    def _refusal(self, target: Target, entry: Entry) -> Refused:
        since = target.breaker.since
        assert since is not None  # noqa: S101 - only an open breaker refuses
        return Refused(
            detail=target.away(),
            since=instant(since),
            again=instant(target.breaker.until + _order(entry)),
        )

    def _hold(self, target: Target, cause: HoldCause) -> Hold:
        if cause is HoldCause.RUNNING:
            return Hold(
                cause=cause, detail=f"{self._rules.max_running} calls run at a time, over all incidents"
            )
        until = instant(target.paused_until) if cause is HoldCause.PAUSED else None
        return Hold(cause=cause, detail=target.holds(cause), until=until)

    @property
    def running(self) -> int:
        """How many calls have room now."""
        return self._running

    # ---- room

    def enter(self, call: CallId, target: Callable[[], str], now: datetime) -> None:
        """Take room for a call whose intent is in the log, whatever the limits say; harmless when it has some."""
        if call not in self._leases:
            seconds = now.timestamp()
            self._leave(call)
            self._freezer.forget(call)
            self._take(call, self._target(target(), seconds), seconds, claimed=True)

    def done(self, call: CallId, outcome: Outcome | None, now: datetime) -> None:
        """Give a call's room back and learn from its outcome, None when nobody saw one."""
        lease = self._leases.pop(call, None)
        if lease is None or lease.target is None:
            return
        seconds, target = now.timestamp(), lease.target
        self._running -= 1
        target.running -= 1
        word = None if outcome is None else breakers.word_of(outcome)
        if isinstance(outcome, Failed) and outcome.retry_after and word:
            pause = min(outcome.retry_after, target.rules.breaker.longest)
            target.paused_until = max(target.paused_until, seconds + pause)
        if word is not None:
            self._learn(target, word, trial=lease.trial, now=seconds)
        elif lease.trial:
            target.breaker = breakers.left(target.breaker)
        self._offer(target)
        self._serve(seconds)

    def give_back(self, calls: Iterable[CallId], now: datetime) -> None:
        """Give room back that was kept for calls and is not wanted any more."""
        for call in calls:
            self._forget_grant(call)
            self.done(call, None, now)

    def unclaimed(self, run: RunId) -> tuple[CallId, ...]:
        """Return the calls of a run that were given room which the run has not taken yet."""
        return tuple(self._unclaimed.get(run, ()))

    def _take(self, call: CallId, target: Target, now: float, *, claimed: bool) -> None:
        repeats = _repeats(call)
        trial = target.take(now, repeats=repeats)
        budget = self._rules.retries
        if self._budget is None:
            self._budget = Bucket(budget.saved, now)
        by = -1.0 if repeats else budget.share
        self._budget = buckets.changed(self._budget, by, rate=budget.floor, size=budget.saved, now=now)
        self._running += 1
        self._leases[call] = _Lease(target, trial, claimed)
        if not claimed:
            self._unclaimed.setdefault(call[0], set()).add(call)

    def _may_repeat(self, now: float) -> bool:
        budget = self._rules.retries
        return self._budget is None or buckets.has_one(
            self._budget, rate=budget.floor, size=budget.saved, now=now
        )

    # ---- what is learned of targets

    def _learn(self, target: Target, word: str, *, trial: bool, now: float) -> None:
        before = target.breaker
        target.breaker = after = breakers.heard(before, target.rules.breaker, word, trial=trial, now=now)
        if after.since is not None and after.times != before.times:
            self._notice(
                BreakerOpened(
                    target=target.name,
                    since=instant(after.since),
                    until=instant(after.until),
                    detail=target.away(),
                )
            )
            self._dismiss(target)
        elif before.since is not None and after.since is None:
            self._notice(BreakerClosed(target=target.name, since=instant(before.since)))

    def restore(self, away: Iterable[AwayRecord], now: datetime) -> None:
        """Open breakers as they were when the last process ended: a restart must not fall upon a target that is away."""
        for each in away:
            target = self._target(each.target, now.timestamp())
            target.breaker = breakers.Breaker(
                since=each.since.timestamp(), until=each.until.timestamp(), times=1, why="before a restart"
            )

    def _dismiss(self, target: Target) -> None:
        """Send everybody away who waits for a target: they ask again, and are refused."""
        runs: dict[RunId, None] = {}
        for call in list(target.members):
            self._leave(call)
            runs[call[0]] = None
        for run in runs:
            self._wake(run)

    # ---- the line

    def _join(self, target: Target, entry: Entry, cause: HoldCause, *, repeats: bool) -> None:
        since = (entry.since or entry.now).timestamp()
        ahead = UNDO_AHEAD if entry.call[2] is Part.UNDO else AHEAD[entry.severity]
        target.join(
            Waiter(
                key=since + ahead, number=next(self._numbers), call=entry.call, repeats=repeats, since=since
            )
        )
        self._waiting[entry.call] = (target, cause)
        self._offer(target)

    def _leave(self, call: CallId) -> None:
        waiting = self._waiting.pop(call, None)
        if waiting is not None:
            waiting[0].leave(call)

    def _offer(self, target: Target) -> None:
        """Let a target take part in the next turn, under the best of those who wait for it."""
        first = min(target.heads(), default=None) if target.members else None
        if first is not None and (target.offered is None or first.place < target.offered):
            target.offered = first.place
            heapq.heappush(self._offers, (first.place, target.name))

    def _serve(self, now: float) -> None:
        """Give room to those whose turn has come, best first, as long as there is any."""
        while self._offers and self._running < self._rules.max_running:
            place, name = heapq.heappop(self._offers)
            target = self._targets.get(name)
            if target is None or target.offered != place:
                continue
            target.offered = None
            chosen = self._first_that_can(target, now)
            if chosen is None:
                self._time(target, now)
                continue
            if chosen.place > place and self._offers and self._offers[0][0] < chosen.place:
                # Whoever the offer was for has left, or has to wait: another target's first is before this one's.
                target.offered = chosen.place
                heapq.heappush(self._offers, (chosen.place, name))
                continue
            self._leave(chosen.call)
            self._take(chosen.call, target, now, claimed=False)
            self._offer(target)
            self._wake(chosen.run)

    def _first_that_can(self, target: Target, now: float) -> Waiter | None:
        able = [
            each
            for each in target.heads()
            if not target.refuses(now)
            and target.obstacle(now, repeats=each.repeats) is None
            and (not each.repeats or self._may_repeat(now))
        ]
        return min(able, default=None)

    def _time(self, target: Target, now: float) -> None:
        """Remember when time alone lets somebody go on."""
        at = target.next_at(now)
        if at is not None:
            budget = self._rules.retries
            if self._budget is not None and all(each.repeats for each in target.heads()):
                at = max(at, buckets.ready_at(self._budget, rate=budget.floor, size=budget.saved, now=now))
            # A hair later than computed: what floating point lost must not make it a moment too early.
            at = max(at, now) + _HAIR
            if target.timed is None or at < target.timed:
                target.timed = at
                heapq.heappush(self._timers, (at, target.name))

    # ---- the freeze

    @property
    def frozen(self) -> FreezeRecord | None:
        """Who froze changes, None while nobody did."""
        return self._freezer.freeze

    def freeze(self, freeze: FreezeRecord | None) -> None:
        """Let no call begin that changes something; with None, let those go on that waited."""
        self._freezer.freeze = freeze
        if freeze is None:
            for run in self._freezer.thaw():
                self._wake(run)

    # ---- time

    def next_due(self) -> datetime | None:
        """Return when `tick` has something to do by itself, None when nothing waits for time alone."""
        if not self._timers and self.frozen is None:
            return None
        instants = [instant(self._timers[0][0])] if self._timers else []
        if self.frozen is not None and self.frozen.until is not None:
            instants.append(self.frozen.until)
        return min(instants, default=None)

    def tick(self, now: datetime) -> None:
        """Let those go on whom time has freed."""
        if self._freezer.is_over(now):
            self.freeze(None)
        seconds = now.timestamp()
        while self._timers and self._timers[0][0] <= seconds:
            at, name = heapq.heappop(self._timers)
            target = self._targets.get(name)
            if target is not None and target.timed == at:
                target.timed = None
                self._offer(target)
        self._serve(seconds)

    # ---- targets

    def _target(self, name: str, now: float) -> Target:
        target = self._targets.get(name)
        if target is None:
            self._forget_the_quiet()
            target = self._targets[name] = Target.fresh(name, self._rules.of(name), now)
        return target

    def _forget_the_quiet(self) -> None:
        if len(self._targets) >= self._remembered:
            self._targets = {name: each for name, each in self._targets.items() if not each.quiet}


def _order(entry: Entry) -> float:
    """Return by how many seconds a call asks later than others for a target that was away: the first to ask tries it.

    That is best a call that may be made again, because one that may not and gets no answer leaves a doubt; among these, undos and the worst first;
    and among equals, one that has not tried yet, so that no run loses all its attempts to trying.
    """
    rank = 0 if entry.call[2] is Part.UNDO else 1 + _RANKS.index(entry.severity)
    if not entry.repeatable:
        rank += 1 + len(_RANKS)
    return rank * _STAGGER + min(entry.call[3] - 1, 9) * _STAGGER / 10


def _repeats(call: CallId) -> bool:
    """Tell whether a call repeats one that failed.

    A verification that looks again repeats nothing, and an undo is never kept waiting for a budget.
    """
    _, _, part, attempt = call
    return attempt > 1 and part in (Part.MAIN, Part.SETTLE)
