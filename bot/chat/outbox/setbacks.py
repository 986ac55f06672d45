"""What becomes of a thing that could not be brought to Slack: it waits, for how long, or is given up.

What failed on the way waits with a growing, jittered pause. When call after call fails so, Slack is away: then one thing tries, the worst incident's
first, and once it got through, everything goes, whatever pause it was in: in order, and at Slack's pace.

What Slack refuses for good is given up with its reason, loudly. When Slack refuses *us* (a revoked token), everything pauses and nothing is given up;
when we were removed from an incident's channel, what belongs there waits until somebody has mended that. A channel that is gone is left for
another one.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.chat.client import NOT_INSTALLED, Ambiguous, Throttled, Unreachable
from bot.chat.outbox.channel import NOT_INTRODUCED
from bot.chat.outbox.keys import ELSEWHERE, called, parse
from bot.chat.outbox.ledger import SETTLES, Ledger
from bot.chat.outbox.losses import Losses
from bot.chat.outbox.moving import ARCHIVED, GONE, REMOVED
from bot.domain.clock import Clock
from bot.domain.ports import Reader
from bot.domain.records import IncidentRecord, OutboxEntry
from bot.errors import ChatError
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
AWAY_AFTER = 5
"""Calls in a row that fail on the way after which Slack is away."""
LONGEST_AWAY = 30.0
"""Seconds between two tries of a Slack that is away, at the most."""
AMBIGUOUS_PAUSE = 3.0
"""Seconds that Slack gets to finish what it did not answer, before we look for it; it has hung up, or we have waited for ten."""
LOCKED_OUT_PAUSE = timedelta(minutes=1)
LOCKED_OUT = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "no_permission",
        "org_login_required",
        NOT_INSTALLED,
    }
)
"""Slack refuses us, not what we sent."""
MENDABLE = frozenset({"missing_scope", "restricted_action", "name_taken", "user_is_restricted"})
"""Somebody can mend it in Slack; asked again every ten minutes."""
MENDABLE_PAUSE = timedelta(minutes=10)
OUT = {
    "not_in_channel": REMOVED,
    "channel_not_found": GONE,  # but of a private one Slack says so too when we were removed from it
    "is_archived": ARCHIVED,
    "is_inactive": ARCHIVED,  # what it says of a message in one
}
"""We can't write in a channel any more."""
OUT_PAUSE, LONGEST_OUT = timedelta(seconds=30), timedelta(minutes=10)
PRIVATE_PATIENCE = timedelta(minutes=5)
"""How long we wait to be let in to a private channel again that may as well be deleted: the central channel is told nothing of it."""
AT_ONCE = 5000
"""How many of the things that wait one look takes in."""


class Setbacks:
    """Says of each failure what becomes of the thing, and writes it down. `answers` counts the calls that Slack has answered with yes so far."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        reader: Reader,
        losses: Losses,
        clock: Clock,
        chance: random.Random,
        answers: Callable[[], int],
    ) -> None:
        self._ledger = ledger
        self._reader = reader
        self._losses = losses
        self._clock = clock
        self._chance = chance
        self._answers = answers
        self._heard = answers()
        self._paused_until: datetime | None = None
        self._missed = 0
        self._lost: dict[str, datetime] = {}
        self._due_now: set[str] = set()
        self._kept_out: set[str] = set()

    @property
    def away(self) -> bool:
        """Whether Slack does not answer at all: then one thing at a time tries."""
        return self._missed >= AWAY_AFTER

    def waits_until(self, entry: OutboxEntry, now: datetime) -> datetime | None:
        """Return when a thing may be tried again, None for at once."""
        if entry.due_at is None or entry.due_at <= now or entry.key in self._due_now:
            return None
        failed = self._lost.get(entry.key)
        # A try of a Slack that is away: what failed on the way may be it, once Slack had its time with the call before.
        return None if self.away and failed is not None and now - failed >= SETTLES else entry.due_at

    @property
    def paused_for(self) -> float:
        """Seconds for which Slack is not called at all; 0 while it is."""
        left = 0.0 if self._paused_until is None else (self._paused_until - self._clock.now()).total_seconds()
        return max(0.0, left)

    def resume(self) -> None:
        """Call again now: what Slack refused us for is mended, whatever pause each thing was in."""
        self._paused_until = None
        self._due_now |= self._kept_out
        self._kept_out.clear()

    async def overcame(self, entry: OutboxEntry) -> None:
        """Take note that a thing was brought; `entry` is as it stood before. What took no call tells nothing of Slack."""
        if self._answers() == self._heard:
            return
        self._heard = self._answers()
        self._paused_until = None
        if self._missed:
            now = self._clock.now()
            self._due_now.update(key for key, failed in self._lost.items() if now - failed >= SETTLES)
            self._missed = 0
            self._lost.clear()
        self._due_now.discard(entry.key)
        self._kept_out.discard(entry.key)
        await self._losses.answered()
        incident = self._of_open_channel(entry)
        if incident is not None and any(code in entry.error for code in OUT):
            await self._losses.let_in(incident)

    async def met(self, entry: OutboxEntry, problem: Exception, *, channel: str) -> None:
        """Write down what becomes of a thing that could not be brought; `channel` is the incident's as it was then."""
        self._due_now.discard(entry.key)
        self._heard = self._answers()
        match problem:
            case Throttled():
                await self._later(entry, timedelta(seconds=problem.retry_after), problem, counts=False)
            case Ambiguous():
                pause = max(AMBIGUOUS_PAUSE, self._backoff(entry))
                self._miss(entry)
                await self._later(entry, timedelta(seconds=pause), problem)
            case Unreachable():
                # What each start meets must not make the pauses grow from start to start.
                fresh = problem.code == NOT_INTRODUCED
                pause = FIRST_PAUSE if fresh else self._backoff(entry)
                if not fresh:
                    self._miss(entry)
                await self._later(entry, timedelta(seconds=pause), problem, counts=not fresh)
            case ChatError():
                await self._refused(entry, problem, channel)
            case _:
                # One message that can't be drawn must not stop the others.
                _LOG.error("a message can't be brought to chat", key=entry.key, exc_info=problem)
                fault = ChatError(f"{type(problem).__name__}: {problem}", code="bug")
                await self._later(entry, timedelta(seconds=self._backoff(entry)), fault)

    def _miss(self, entry: OutboxEntry) -> None:
        """Count a call that failed on the way; when that makes Slack away, nobody calls for a while."""
        now = self._clock.now()
        self._missed += 1
        self._lost[entry.key] = now
        if self.away:
            pause = min(LONGEST_AWAY, FIRST_PAUSE * 2 ** min(self._missed - AWAY_AFTER, 10))
            self._paused_until = now + timedelta(seconds=pause * (0.5 + self._chance.random() / 2))

    async def _refused(self, entry: OutboxEntry, problem: ChatError, channel: str) -> None:
        if problem.code in LOCKED_OUT:
            self._paused_until = self._clock.now() + LOCKED_OUT_PAUSE
            self._kept_out.add(entry.key)
            await self._losses.stopped(problem)
            await self._later(entry, LOCKED_OUT_PAUSE, problem, counts=False)
        elif problem.code in OUT and channel and (incident := self._of_open_channel(entry)) is not None:
            await self._out(entry, incident, problem, channel)
        elif problem.code in MENDABLE:
            _LOG.error(
                "Slack can't show this until somebody mends it",
                key=entry.key,
                problem=str(problem),
                hint=problem.hint,
            )
            await self._later(entry, MENDABLE_PAUSE, problem)
        else:
            _LOG.error(
                "Slack refuses to show this; it is given up",
                key=entry.key,
                code=problem.code,
                problem=str(problem),
            )
            await self._ledger.refused(entry, called(entry.key), str(problem))

    async def _out(
        self, entry: OutboxEntry, incident: IncidentRecord, problem: ChatError, channel: str
    ) -> None:
        """Go on in a new channel where this one is gone for good; else wait to be let in again.

        Whoever removed us may have meant it, and `/invite` is a word: so that is waited for where people can be told.
        """
        if incident.channel != channel:
            return  # it was left meanwhile: what was for it is brought to the next one
        unsure = incident.private and OUT[problem.code] == GONE
        why = REMOVED if unsure else OUT[problem.code]
        if why == REMOVED:
            since = await self._losses.shut_out(incident, why)
            if not unsure or self._clock.now() - since < PRIVATE_PATIENCE:
                pause = min(LONGEST_OUT, OUT_PAUSE * 2 ** min(entry.attempts, 5))
                await self._later(entry, pause, problem)
                return
        await self._ledger.left(incident.id, channel, why)
        behind = self._reader.outbox_behind(limit=AT_ONCE)
        self._due_now.update(each.key for each in behind if each.incident == incident.id)

    def _of_open_channel(self, entry: OutboxEntry) -> IncidentRecord | None:
        """Return the incident in whose channel a thing stands, None for what stands elsewhere, and once the incident is over."""
        key, incident = parse(entry.key), self._reader.incident(entry.incident)
        if key is None or key.subject in ELSEWHERE or incident is None:
            return None
        return incident if incident.open else None

    async def _later(
        self, entry: OutboxEntry, pause: timedelta, problem: ChatError, *, counts: bool = True
    ) -> None:
        _LOG.warning("chat is behind", key=entry.key, code=problem.code, again_in=pause.total_seconds())
        attempts = entry.attempts + 1 if counts else entry.attempts
        await self._ledger.later(
            entry, due_at=self._clock.now() + pause, error=str(problem), attempts=attempts
        )

    def _backoff(self, entry: OutboxEntry) -> float:
        longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(entry.attempts, 10))
        return longest * (0.5 + self._chance.random() / 2)
