"""What becomes of a thing that could not be brought to Slack: it waits, for how long, or is given up.

What failed on the way waits with a growing, jittered pause. What Slack refuses for good is given up with its reason, loudly. When Slack refuses *us*
(a revoked token), everything pauses and nothing is given up; when we were removed from a channel, what belongs there waits until we are invited.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from bot.chat.client import Ambiguous, Throttled, Unreachable
from bot.chat.outbox.channel import NOT_INTRODUCED
from bot.chat.outbox.keys import Subject, parse
from bot.chat.outbox.ledger import Ledger
from bot.chat.outbox.losses import Losses
from bot.domain.clock import Clock
from bot.domain.ports import Reader
from bot.domain.records import OutboxEntry
from bot.errors import ChatError
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
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
    }
)
"""Slack refuses us, not what we sent."""
MENDABLE = frozenset({"missing_scope", "restricted_action", "name_taken", "user_is_restricted"})
"""Somebody can mend it in Slack; asked again every ten minutes."""
MENDABLE_PAUSE = timedelta(minutes=10)
NOT_IN = "not_in_channel"
"""We were removed from a channel: whoever reads that elsewhere invites us again."""
NOT_IN_PAUSE = timedelta(seconds=30)
_ELSEWHERE = frozenset({Subject.ANNOUNCE, Subject.SHUT_OUT, Subject.SHUT_OUT_LEAD})
"""What stands in no incident's channel."""


class Setbacks:
    """Says of each failure what becomes of the thing, and writes it down."""

    def __init__(
        self, *, ledger: Ledger, reader: Reader, losses: Losses, clock: Clock, chance: random.Random
    ) -> None:
        self._ledger = ledger
        self._reader = reader
        self._losses = losses
        self._clock = clock
        self._chance = chance
        self._paused_until: datetime | None = None

    @property
    def paused_for(self) -> float:
        """Seconds for which Slack is not called at all; 0 while it is."""
        left = 0.0 if self._paused_until is None else (self._paused_until - self._clock.now()).total_seconds()
        return max(0.0, left)

    async def overcame(self, entry: OutboxEntry) -> None:
        """Take note that a thing was brought; `entry` is as it stood before."""
        self._paused_until = None
        await self._losses.answered()
        if NOT_IN in entry.error:
            await self._where(entry, out=False)

    async def met(self, entry: OutboxEntry, problem: Exception) -> None:
        """Write down what becomes of a thing that could not be brought."""
        match problem:
            case Throttled():
                await self._later(entry, timedelta(seconds=problem.retry_after), problem, counts=False)
            case Ambiguous():
                pause = max(AMBIGUOUS_PAUSE, self._backoff(entry))
                await self._later(entry, timedelta(seconds=pause), problem)
            case Unreachable():
                # What each start meets must not make the pauses grow from start to start.
                fresh = problem.code == NOT_INTRODUCED
                pause = FIRST_PAUSE if fresh else self._backoff(entry)
                await self._later(entry, timedelta(seconds=pause), problem, counts=not fresh)
            case ChatError():
                await self._refused(entry, problem)
            case _:
                # One message that can't be drawn must not stop the others.
                _LOG.error("a message can't be brought to chat", key=entry.key, exc_info=problem)
                fault = ChatError(f"{type(problem).__name__}: {problem}", code="bug")
                await self._later(entry, timedelta(seconds=self._backoff(entry)), fault)

    async def _refused(self, entry: OutboxEntry, problem: ChatError) -> None:
        if problem.code in LOCKED_OUT:
            self._paused_until = self._clock.now() + LOCKED_OUT_PAUSE
            await self._losses.stopped(problem)
            await self._later(entry, LOCKED_OUT_PAUSE, problem, counts=False)
        elif problem.code == NOT_IN:
            await self._where(entry, out=True)
            await self._later(entry, NOT_IN_PAUSE, problem, counts=False)
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
            await self._ledger.gone(entry, str(problem))

    async def _where(self, entry: OutboxEntry, *, out: bool) -> None:
        """Say whether we are in the incident's channel, where that is what the thing tells of."""
        key, incident = parse(entry.key), self._reader.incident(entry.incident)
        if key is None or key.subject in _ELSEWHERE or incident is None or not incident.channel:
            return
        await (self._losses.shut_out(incident) if out else self._losses.let_in(incident))

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
