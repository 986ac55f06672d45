"""Silences an incident's alerts in Alertmanager: the intent is in the log before Alertmanager is asked, and what came of it after.

Between the two lies a call that may be cut off, or whose answer may be lost. So what is not known to be settled is looked after, by the name that we
gave it, until Alertmanager says whether it has it: at the start, and while Alertmanager is away. No silence is made twice: what may have been sent is
not sent again before it would be found.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from bot.actions.outcome import TRANSIENT, ActionError
from bot.crashpoints import CrashPoint, reached
from bot.domain.clock import Clock
from bot.domain.facts import Fact, SilenceEnded, SilenceFailed, SilenceStands
from bot.domain.ids import IncidentId, SilenceKey, incident_stream
from bot.domain.nouns import FIRELINE, Actor, AlertStatus, SilenceStatus
from bot.domain.ports import Journal, Reader, Transaction, alone
from bot.domain.response_records import SilenceRecord
from bot.domain.silences import Alertmanager, Silence
from bot.errors import JournalClosed, JournalError, Refused
from bot.incidents import rules, silences

T = TypeVar("T")
SETTLES = timedelta(seconds=12)
"""How long after it was sent Alertmanager may be at work on a request that was cut off, or be telling the others of its cluster: until then, that a
silence is not found says nothing. A little more than a request may take."""
_LOG = structlog.get_logger(__name__)
_ALERTS = 2000
"""Alerts of an incident that are looked at; one that has more of them firing is refused anyway."""


class Silencer:
    """Asks Alertmanager, one thing at a time. `pause` is how long to wait, in seconds, after so many tries that told nothing."""

    def __init__(
        self,
        journal: Journal,
        reader: Reader,
        alertmanager: Alertmanager,
        *,
        clock: Clock,
        tokens: Callable[[], str],
        pause: Callable[[int], float],
        surely_leading: Callable[[], Awaitable[None]] = alone,
    ) -> None:
        self._journal = journal
        self._reader = reader
        self._alertmanager = alertmanager
        self._clock = clock
        self._tokens = tokens
        self._pause = pause
        self._surely_leading = surely_leading
        self._surely_not_made_from: dict[SilenceKey, datetime] = {}
        self._began = clock.now()
        self._asking = asyncio.Lock()
        self._woken = asyncio.Event()

    async def silence(
        self, journal: Journal, incident: IncidentId, by: Actor, duration: timedelta, why: str
    ) -> SilenceKey:
        """Silence the alerts that fire; `journal` writes the intent. See `Desk.silence`."""
        rules.found(self._reader.incident(incident), incident)
        silences.may_last(duration)
        alerts = self._reader.alerts_of(incident, limit=_ALERTS)
        firing = [each.labels for each in alerts if each.status is AlertStatus.FIRING]
        if not firing:
            raise Refused(f"No alert of incident {incident} fires.", hint="There is nothing to silence.")
        matchers = silences.matchers_of(firing)
        await self._must_touch_nobody_else(matchers, [each.labels for each in alerts])
        key = SilenceKey(f"fireline/{incident}/{self._tokens()[:12]}")

        def unit(tx: Transaction) -> None:
            record = rules.found(tx.incident(incident), incident)
            wanted = silences.ask(record, tx.silences_of(incident), (key, matchers), duration, why, tx.now)
            tx.append(incident_stream(incident), by, [wanted])

        self._surely_not_made_from[key] = self._clock.now()  # nobody has asked for it yet
        try:
            await journal.submit(unit)
        except Refused:
            del self._surely_not_made_from[key]
            raise
        await self._settle_now(incident, key)
        return key

    async def unsilence(self, journal: Journal, incident: IncidentId, by: Actor) -> None:
        """End the silence that stands; `journal` writes the intent. See `Desk.unsilence`."""

        def unit(tx: Transaction) -> SilenceKey:
            record = rules.found(tx.incident(incident), incident)
            ending = silences.ask_end(record, tx.silences_of(incident), tx.now)
            tx.append(incident_stream(incident), by, [ending])
            return ending.silence

        await self._settle_now(incident, await journal.submit(unit))

    async def run(self) -> None:
        """Settle what is not settled, now and whenever there is some, until cancelled or until the journal closes."""
        self._began, tries = self._clock.now(), 0
        while True:
            try:
                left = await self._settle_all()
            except JournalClosed:
                return
            except JournalError as problem:
                _LOG.warning("silences.wait", problem=str(problem))
                left = True
            tries = tries + 1 if left else 0
            timeout = self._until_next_look(tries) if left else None
            try:
                await asyncio.wait_for(self._woken.wait(), timeout)
            except TimeoutError:
                continue
            self._woken.clear()

    # ------------------------------------------------------------------------------------------------------------ parts

    def _until_next_look(self, tries: int) -> float:
        """Return seconds: no longer than until something is sure that is not so yet."""
        now = self._clock.now()
        ahead = [each - now for each in (*self._surely_not_made_from.values(), self._began + SETTLES)]
        return min([self._pause(tries), *(each.total_seconds() for each in ahead if each > timedelta())])

    async def _must_touch_nobody_else(self, matchers: silences.Matchers, ours: list[silences.Labels]) -> None:
        try:
            matched = await self._alertmanager.matched(matchers)
        except ActionError as error:
            raise Refused(f"Alertmanager can't be asked: {error}.", hint="Nothing was silenced.") from error
        silences.must_touch_nobody_else(matched, ours)

    async def _settle_now(self, incident: IncidentId, key: SilenceKey) -> None:
        """Settle a silence that a person waits for; Refused when Alertmanager did not do what they asked for."""
        try:
            record = await self._settle(incident, key)
        finally:
            self._woken.set()
        if record.detail and record.status in {SilenceStatus.FAILED, SilenceStatus.STANDING}:
            raise Refused(
                f"Alertmanager did not do it: {record.detail}.", hint="Its own page shows what stands."
            )

    async def _settle_all(self) -> bool:
        """Ask about every silence of which too little is known; tell whether some are left."""
        for record in await asyncio.to_thread(self._reader.unsettled_silences):
            await self._settle(record.incident, record.key)
        return bool(await asyncio.to_thread(self._reader.unsettled_silences))

    async def _settle(self, incident: IncidentId, key: SilenceKey) -> SilenceRecord:
        async with self._asking:
            record = self._record(incident, key)
            fact = await self._outcome(record)
            if fact is None:
                return record
            await self._journal.append(incident_stream(incident), FIRELINE, [fact])
            self._surely_not_made_from.pop(key, None)
            return self._record(incident, key)

    def _record(self, incident: IncidentId, key: SilenceKey) -> SilenceRecord:
        return next(each for each in self._reader.silences_of(incident) if each.key == key)

    async def _outcome(self, record: SilenceRecord) -> Fact | None:
        """Bring about what is wanted of a silence and return what came of it; None while Alertmanager does not tell."""
        ending = record.status is SilenceStatus.ENDING
        try:
            if record.status is SilenceStatus.ASKED:
                return await self._made(record)
            if ending:
                await self._ask("end", lambda: self._alertmanager.expire(record.ident))
                return SilenceEnded(incident=record.incident, silence=record.key)
        except ActionError as error:
            if error.failure.reason in TRANSIENT or error.failure.may_have_applied:
                _LOG.warning("silences.not_answered", silence=record.key, problem=str(error))
                return None
            return SilenceFailed(
                incident=record.incident, silence=record.key, detail=str(error), ending=ending
            )
        return None

    async def _made(self, record: SilenceRecord) -> Fact | None:
        ident = await self._alertmanager.find(record.key)
        if ident is None:
            now = self._clock.now()
            if now >= record.until:
                late = "its time was over before Alertmanager answered"
                return SilenceFailed(incident=record.incident, silence=record.key, detail=late)
            # What another process asked for before this one began is as open as what this one asked for a moment ago.
            if now < self._surely_not_made_from.get(record.key, self._began + SETTLES):
                return None
            ident = await self._ask("make", lambda: self._make(record))
        return SilenceStands(incident=record.incident, silence=record.key, ident=ident, until=record.until)

    async def _make(self, record: SilenceRecord) -> str:
        self._surely_not_made_from[record.key] = self._clock.now() + SETTLES
        try:
            return await self._alertmanager.make(_of(record))
        except ActionError as error:
            if not error.failure.may_have_applied:
                self._surely_not_made_from[record.key] = self._clock.now()
            raise

    async def _ask(self, what: str, ask: Callable[[], Awaitable[T]]) -> T:
        await self._surely_leading()
        reached(CrashPoint.SILENCE_BEFORE_CALL, what)
        answer = await ask()
        reached(CrashPoint.SILENCE_AFTER_CALL, what)
        return answer


def _of(record: SilenceRecord) -> Silence:
    why = f": {record.why}" if record.why else ""
    return Silence(
        key=record.key,
        matchers=record.matchers,
        since=record.asked_at,
        until=record.until,
        by=f"fireline ({record.by.id})",
        comment=f"Incident {record.incident}{why} [{record.key}]",
    )
