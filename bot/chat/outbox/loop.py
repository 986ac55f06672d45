"""The loop: what Slack does not show yet is brought to it, each incident in a lane of its own, the worst incidents first.

Slack being away stops nothing else: what failed waits with a growing, jittered pause, and its place in the log tells what is still owed.
What Slack refuses for good is given up with its reason, loudly. When Slack refuses *us* (a revoked token), everything pauses and nothing is
given up.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.chat.client import Ambiguous, Throttled, Unreachable
from bot.chat.gallery import Gallery
from bot.chat.identity import Identity
from bot.chat.outbox.bookmarks import BookmarkKeeper
from bot.chat.outbox.channel import NOT_INTRODUCED, ChannelKeeper
from bot.chat.outbox.keys import Key, Subject, called, parse
from bot.chat.outbox.ledger import Ledger
from bot.chat.outbox.messages import MessageKeeper, Showing
from bot.chat.outbox.people import Inviter
from bot.chat.outbox.places import Places
from bot.chat.pace import Priority, Sleep
from bot.domain.clock import Clock
from bot.domain.events import Event
from bot.domain.ids import IncidentId
from bot.domain.nouns import Severity
from bot.domain.ports import Reader
from bot.domain.records import IncidentRecord, OutboxEntry
from bot.errors import ChatError, JournalClosed, JournalError
from bot.telemetry import Metrics, bind_ids, get_logger

_LOG = get_logger(__name__)
AT_ONCE = 5000
IDLE = 15.0
"""Seconds between two looks when nothing wakes the loop."""
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
MENDABLE = frozenset(
    {"missing_scope", "not_in_channel", "restricted_action", "name_taken", "user_is_restricted"}
)
"""Somebody can mend it in Slack; asked again every ten minutes."""
MENDABLE_PAUSE = timedelta(minutes=10)
ANNOUNCE_PATIENCE = timedelta(seconds=3)
_URGENCY = {
    Subject.CHANNEL: 0,
    Subject.APPROVAL: 2,
    Subject.ESCALATION: 2,
    Subject.UNKNOWN: 2,
    Subject.PROPOSED: 3,
    Subject.REJECTED: 3,
    Subject.REMINDER: 3,
    Subject.POSTMORTEM: 4,
    Subject.STATUS: 5,
    Subject.ANNOUNCE: 6,
    Subject.RUN: 7,
    Subject.BOOKMARKS: 8,
}
_BESIDE = ("/announce", "/bookmarks")
"""How the keys end of what has a lane of its own."""
REPLY_RESTS = timedelta(seconds=10)
"""How long a run's reply stays as it is once it was shown: who reads it in the thread is in no hurry, and every change costs a call."""


class Outbox:
    """Makes Slack match the projections; `wake` says that something may have changed."""

    def __init__(  # noqa: PLR0913 - the loop meets every part of the outbox
        self,
        *,
        reader: Reader,
        ledger: Ledger,
        gallery: Gallery,
        identity: Identity,
        channels: ChannelKeeper,
        people: Inviter,
        bookmarks: BookmarkKeeper,
        messages: MessageKeeper,
        places: Places,
        clock: Clock,
        sleep: Sleep,
        chance: random.Random,
        metrics: Metrics,
    ) -> None:
        self._reader = reader
        self._ledger = ledger
        self._gallery = gallery
        self._identity = identity
        self._channels = channels
        self._people = people
        self._bookmarks = bookmarks
        self._messages = messages
        self._places = places
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._metrics = metrics
        self._woken = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._todo: dict[str, list[OutboxEntry]] = {}
        self._paused_until: datetime | None = None
        self.locked_out = ""
        """Why Slack refuses us, empty while it doesn't."""

    # ---- life

    def start(self) -> None:
        """Begin to bring Slack up to date."""
        self._loop = asyncio.create_task(self._run(), name="slack-outbox")

    async def stop(self) -> None:
        """Stop at once: what is on its way is settled at the next start."""
        tasks = [task for task in (self._loop, *self._lanes.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._loop = None
        self._lanes.clear()

    def wake(self, _events: Sequence[Event] = ()) -> None:
        """Look again, soon; the journal calls this with what it committed."""
        self._woken.set()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            wait = IDLE
            try:
                wait = self._sweep()
            except Exception:  # noqa: BLE001 - a fault of the store must not end the loop: it looks again
                _LOG.exception("the outbox can't be read")
            await self._doze(wait)

    async def _doze(self, seconds: float) -> None:
        """Sleep until woken, `seconds` at the most."""
        nap = asyncio.ensure_future(self._sleep(seconds))
        woken = asyncio.ensure_future(self._woken.wait())
        try:
            await asyncio.wait({nap, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            woken.cancel()
            await asyncio.gather(nap, woken, return_exceptions=True)

    # ---- who is next

    def _sweep(self) -> float:
        """Give every lane its work, start those that stand still, and return the seconds until the next due time."""
        entries = self._reader.outbox_behind(limit=AT_ONCE)
        self._metrics.outbox_pending.set(len(entries))
        now = self._clock.now()
        if self._paused_until is not None and now < self._paused_until:
            return (self._paused_until - now).total_seconds()
        lanes: dict[str, list[OutboxEntry]] = {}
        wait = IDLE
        for entry in entries:
            held = self._held_until(entry, now)
            if held is None:
                lanes.setdefault(_lane(entry), []).append(entry)
            else:
                wait = min(wait, (held - now).total_seconds())
        self._todo = {lane: sorted(todo, key=_order) for lane, todo in lanes.items()}
        for lane in self._todo:
            if lane not in self._lanes:
                task = self._lanes[lane] = asyncio.create_task(self._work(lane), name=f"slack-{lane}")
                task.add_done_callback(lambda _, lane=lane: self._ended(lane))  # type: ignore[misc]
        return wait

    def _held_until(self, entry: OutboxEntry, now: datetime) -> datetime | None:
        """Return when to look at an entry again, None when it can be brought now; what wants a channel is woken by the commit that opens it."""
        if entry.due_at is not None and entry.due_at > now:
            return entry.due_at
        key = parse(entry.key)
        if key is not None and key.subject is Subject.RUN:
            return self._reply_held_until(entry, now)
        if entry.ts or key is None or key.subject is Subject.CHANNEL:
            return None
        incident = self._reader.incident(entry.incident)
        if incident is None or incident.channel:
            return None
        if key.subject is Subject.ANNOUNCE:
            # A line that leads to the channel is worth a moment; where channels are queued for, it goes without.
            patience = incident.opened_at + ANNOUNCE_PATIENCE
            return patience if patience > now else None
        channel = self._reader.outbox_entry(f"incident/{entry.incident}/channel")
        return None if channel is not None and channel.gone else now + timedelta(seconds=IDLE)

    def _reply_held_until(self, entry: OutboxEntry, now: datetime) -> datetime | None:
        """Let a run's reply come after the message that it belongs to; the commit that says where that one stands wakes us."""
        living = self._living(entry.incident)
        if living is None or living.gone:
            return None
        if living.due_at is not None and living.due_at > now:
            return living.due_at
        return None if living.ts else now + timedelta(seconds=IDLE)

    def _ended(self, lane: str) -> None:
        self._lanes.pop(lane, None)
        self.wake()

    async def _work(self, lane: str) -> None:
        """Bring one incident up to date, one thing after the other."""
        while self._todo.get(lane):
            entry = self._todo[lane].pop(0)
            try:
                with bind_ids(incident=int(entry.incident)):
                    await self._bring(entry)
            except JournalClosed:
                return
            except JournalError as problem:
                _LOG.warning("the log can't be written; chat waits", key=entry.key, problem=str(problem))
                await self._sleep(FIRST_PAUSE)
                return
            except Exception:  # noqa: BLE001 - a fault of the store, say: the lane is begun again, but not at once and for ever
                _LOG.exception("chat's work on an incident broke off", key=entry.key)
                await self._sleep(FIRST_PAUSE)
                return

    async def _bring(self, entry: OutboxEntry) -> None:
        """Bring one thing, unless that is done already, or has its time to wait since it failed."""
        current = self._reader.outbox_entry(entry.key)
        if current is None or current.gone or current.sent >= current.wanted:
            return
        if self._held_until(current, self._clock.now()) is None:
            await self._settle(current)

    # ---- one thing, and what to do when it fails

    async def _settle(self, entry: OutboxEntry) -> None:
        try:
            await self._deliver(entry)
        except Throttled as problem:
            await self._later(entry, timedelta(seconds=problem.retry_after), problem, counts=False)
        except Ambiguous as problem:
            pause = max(AMBIGUOUS_PAUSE, self._backoff(entry))
            await self._later(entry, timedelta(seconds=pause), problem)
        except Unreachable as problem:
            # What each start meets must not make the pauses grow from start to start.
            fresh = problem.code == NOT_INTRODUCED
            pause = FIRST_PAUSE if fresh else self._backoff(entry)
            await self._later(entry, timedelta(seconds=pause), problem, counts=not fresh)
        except ChatError as problem:
            await self._refused(entry, problem)
        except JournalError:
            raise
        except Exception as bug:  # noqa: BLE001 - one message that can't be drawn must not stop the others
            _LOG.exception("a message can't be brought to chat", key=entry.key)
            fault = ChatError(f"{type(bug).__name__}: {bug}", code="bug")
            await self._later(entry, timedelta(seconds=self._backoff(entry)), fault)
        else:
            self._locked(None)

    async def _refused(self, entry: OutboxEntry, problem: ChatError) -> None:
        if problem.code in LOCKED_OUT:
            self._locked(problem)
            await self._later(entry, LOCKED_OUT_PAUSE, problem, counts=False)
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

    def _locked(self, problem: ChatError | None) -> None:
        if problem is None:
            self.locked_out, self._paused_until = "", None
            return
        if not self.locked_out:
            _LOG.error(
                "Slack refuses this app; chat stands still until that is mended",
                code=problem.code,
                hint=problem.hint,
            )
        self.locked_out = f"Slack refuses this app: {problem.code}"
        self._paused_until = self._clock.now() + LOCKED_OUT_PAUSE

    # ---- what it takes to show each thing

    async def _deliver(self, entry: OutboxEntry) -> None:
        key = parse(entry.key)
        incident = self._reader.incident(entry.incident)
        if key is None or incident is None:
            await self._ledger.gone(entry, "nothing in this version shows it")
            return
        priority = _priority(incident, key)
        if key.subject is Subject.CHANNEL:
            await self._channels.deliver(entry, incident, priority)
            return
        if key.subject is not Subject.ANNOUNCE and self._reader.channel_of(incident.id).archived_at:
            # Nobody is there to read it; should the incident go on, whatever changes then is shown where it does.
            await self._ledger.shown(entry, through=entry.wanted, digest=entry.digest)
            return
        if key.subject is Subject.BOOKMARKS and incident.channel:
            await self._bookmarks.deliver(entry, incident, priority)
            return
        if entry.ts and key.subject is not Subject.ANNOUNCE and entry.channel != incident.channel:
            entry = await self._ledger.lost(entry)  # it stands in a channel that was left
        living = self._living(entry.incident) if key.subject is Subject.RUN else None
        if key.subject is Subject.RUN and living is None:
            # A quiet incident: should somebody be needed, an event of the run will say so.
            await self._ledger.shown(entry, through=entry.wanted, digest="")
            return
        channel = await self._where(entry, key, incident, priority)
        if not channel or (living is not None and living.gone):
            await self._ledger.gone(entry, "there is no channel to show it in")
            return
        first = entry.sent == 0
        if first and key.subject in {Subject.APPROVAL, Subject.ESCALATION}:
            # Slack tells nobody of a mention in a channel that they are not in.
            approval = self._reader.approval(key.approval)
            await self._people.call_in(incident, channel, approval.sources if approval else (), priority)
        await self._messages.deliver(
            entry,
            incident,
            Showing(
                channel=channel,
                draw=lambda: self._gallery.draw(key, entry.incident),
                priority=priority,
                pinned=key.subject is Subject.STATUS and (first or not entry.ts),
                thread=living.ts if living is not None else "",
                rest=REPLY_RESTS if living is not None else None,
            ),
        )

    def _living(self, incident: IncidentId) -> OutboxEntry | None:
        """How far the living message is; None where there is to be none."""
        return self._reader.outbox_entry(f"incident/{incident}/status")

    async def _where(self, entry: OutboxEntry, key: Key, incident: IncidentRecord, priority: Priority) -> str:
        if entry.ts:
            return entry.channel
        if key.subject is Subject.ANNOUNCE:
            return await self._places.announce(priority)
        return incident.channel


def _lane(entry: OutboxEntry) -> str:
    """What must go one after the other: all of an incident, but for its line in the central channel, and links that nobody waits for."""
    return entry.key if entry.key.endswith(_BESIDE) else f"incident/{entry.incident}"


def _order(entry: OutboxEntry) -> tuple[int, int]:
    key = parse(entry.key)
    if key is None:
        return 9, entry.wanted
    first = key.subject is Subject.STATUS and not entry.ts
    return 1 if first else _URGENCY[key.subject], entry.wanted


def _priority(incident: IncidentRecord, key: Key) -> Priority:
    """The worst first; what waits for a person before what only tells."""
    worst = list(Severity).index(incident.severity)
    return worst if incident.open else len(Severity), _URGENCY[key.subject], int(incident.id)
