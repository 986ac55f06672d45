"""The loop: what Slack does not show yet is brought to it, each incident in a lane of its own, the worst incidents first.

Slack being away stops nothing else: what failed waits, and its place in the log tells what is still owed; `setbacks` says how long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.chat.gallery import Gallery
from bot.chat.identity import Identity
from bot.chat.outbox.bookmarks import BookmarkKeeper
from bot.chat.outbox.channel import ChannelKeeper
from bot.chat.outbox.files import FileKeeper
from bot.chat.outbox.keys import ELSEWHERE, Key, Subject, parse
from bot.chat.outbox.ledger import Ledger
from bot.chat.outbox.messages import MessageKeeper, Showing
from bot.chat.outbox.people import Inviter
from bot.chat.outbox.places import Places
from bot.chat.outbox.setbacks import AT_ONCE, FIRST_PAUSE, Setbacks
from bot.chat.pace import Priority, Sleep
from bot.domain.clock import Clock
from bot.domain.events import Event
from bot.domain.ids import IncidentId
from bot.domain.nouns import Severity
from bot.domain.ports import Reader
from bot.domain.records import IncidentRecord, OutboxEntry
from bot.errors import JournalClosed, JournalError
from bot.telemetry import Metrics, bind_ids, get_logger

_LOG = get_logger(__name__)
IDLE = 15.0
"""Seconds between two looks when nothing wakes the loop."""
ANNOUNCE_PATIENCE = timedelta(seconds=3)
_URGENCY = {
    Subject.CHANNEL: 0,
    Subject.APPROVAL: 2,
    Subject.ESCALATION: 2,
    Subject.UNKNOWN: 2,
    Subject.PROPOSED: 3,
    Subject.REJECTED: 3,
    Subject.SHUT_OUT: 1,
    Subject.SHUT_OUT_LEAD: 1,
    Subject.REMINDER: 3,
    Subject.UPDATE: 3,
    Subject.POSTMORTEM: 4,
    Subject.STATUS: 5,
    Subject.ANNOUNCE: 6,
    Subject.RUN: 7,
    Subject.BOOKMARKS: 8,
    Subject.POSTMORTEM_FILE: 8,
    Subject.EVIDENCE: 9,
}
_FILES = frozenset({Subject.POSTMORTEM_FILE, Subject.EVIDENCE})
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
        files: FileKeeper,
        places: Places,
        setbacks: Setbacks,
        clock: Clock,
        sleep: Sleep,
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
        self._files = files
        self._places = places
        self._setbacks = setbacks
        self._clock = clock
        self._sleep = sleep
        self._metrics = metrics
        self._pending = 0
        self._woken = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._todo: dict[str, list[OutboxEntry]] = {}

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

    def resume(self) -> None:
        """Go on after Slack had refused us: somebody let us in again."""
        self._setbacks.resume()
        self.wake()

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
        # Several workspaces have an outbox each; the gauge is of all of them.
        self._metrics.outbox_pending.inc(len(entries) - self._pending)
        self._pending = len(entries)
        now = self._clock.now()
        if self._setbacks.paused_for > 0:
            return self._setbacks.paused_for
        lanes: dict[str, list[OutboxEntry]] = {}
        wait = IDLE
        for entry in entries:
            held = self._held_until(entry, now)
            if held is None:
                lanes.setdefault(_lane(entry), []).append(entry)
            else:
                wait = min(wait, (held - now).total_seconds())
        if self._setbacks.away:
            lanes = self._one_that_tries(lanes)
        self._todo = {lane: sorted(todo, key=_order) for lane, todo in lanes.items()}
        for lane in self._todo:
            if lane not in self._lanes:
                task = self._lanes[lane] = asyncio.create_task(self._work(lane), name=f"slack-{lane}")
                task.add_done_callback(lambda _, lane=lane: self._ended(lane))  # type: ignore[misc]
        return wait

    def _one_that_tries(self, lanes: Mapping[str, list[OutboxEntry]]) -> dict[str, list[OutboxEntry]]:
        """Return the one thing that tries a Slack which is away: the worst incident's, and what comes first there; none while one is at it."""
        if self._lanes or not lanes:
            return {}

        def worst(lane: str) -> Priority:
            incident = self._reader.incident(lanes[lane][0].incident)
            return (len(Severity),) if incident is None else _worst(incident)

        lane = min(lanes, key=worst)
        return {lane: sorted(lanes[lane], key=_order)[:1]}

    def _held_until(self, entry: OutboxEntry, now: datetime) -> datetime | None:
        """Return when to look at an entry again, None when it can be brought now; what wants a channel is woken by the commit that opens it."""
        waits = self._setbacks.waits_until(entry, now)
        if waits is not None:
            return waits
        key = parse(entry.key)
        if key is not None and key.subject is Subject.RUN:
            return self._reply_held_until(entry, now)
        if key is None or key.subject is Subject.CHANNEL:
            return None
        incident = self._reader.incident(entry.incident)
        if incident is None or incident.channel or self._stays_here(key, incident):
            return None
        if key.subject is Subject.ANNOUNCE:
            # A line that leads to the channel is worth a moment; where channels are queued for, it goes without.
            patience = incident.opened_at + ANNOUNCE_PATIENCE
            return patience if patience > now and not entry.ts else None
        channel = self._reader.outbox_entry(f"incident/{entry.incident}/channel")
        return None if channel is not None and channel.gone else now + timedelta(seconds=IDLE)

    def _stays_here(self, key: Key, incident: IncidentRecord) -> bool:
        """Tell whether a thing is a file that does not go up at all."""
        return key.subject in _FILES and not self._files.wants(key, incident)

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

    async def _settle(self, entry: OutboxEntry) -> None:
        incident = self._reader.incident(entry.incident)
        channel = incident.channel if incident is not None else ""
        try:
            await self._deliver(entry)
        except JournalError:
            raise
        except Exception as problem:  # noqa: BLE001 - whatever ails one thing, it waits or is given up, and the others go on
            await self._setbacks.met(entry, problem, channel=channel)
        else:
            await self._setbacks.overcame(entry)

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
        elif self._nobody_reads(key, incident):
            await self._ledger.shown(entry, through=entry.wanted, digest=entry.digest)
        elif key.subject in _FILES:
            await self._files.deliver(entry, key, incident, priority)
        elif key.subject is Subject.BOOKMARKS and incident.channel:
            await self._bookmarks.deliver(entry, incident, priority)
        else:
            await self._deliver_message(entry, key, incident, priority)

    def _nobody_reads(self, key: Key, incident: IncidentRecord) -> bool:
        """Tell whether a thing has no reader: in an archived channel, to a commander who isn't there, of a private incident in the central channel.

        Should an incident whose channel is archived go on, whatever changes then is shown where it does.
        """
        match key.subject:
            case Subject.SHUT_OUT:
                return incident.private
            case Subject.SHUT_OUT_LEAD:
                return not incident.commander
            case Subject.ANNOUNCE:
                return False
            case _:
                return self._reader.channel_of(incident.id).archived_at is not None

    async def _deliver_message(
        self, entry: OutboxEntry, key: Key, incident: IncidentRecord, priority: Priority
    ) -> None:
        if entry.ts and key.subject not in ELSEWHERE and entry.channel != incident.channel:
            entry = await self._ledger.lost(entry)  # it stands in a channel that was left
        living = self._living(entry.incident) if key.subject is Subject.RUN else None
        if key.subject is Subject.RUN and living is None:
            # A quiet incident: should somebody be needed, an event of the run will say so.
            await self._ledger.shown(entry, through=entry.wanted, digest="")
            return
        channel = await self._where(entry, key, incident, priority)
        if not channel and self._held_until(entry, self._clock.now()) is not None:
            return  # its channel was left this instant; the commit that opens the next one wakes us
        if not channel or (living is not None and living.gone):
            await self._ledger.gone(entry, "there is no channel to show it in")
            return
        if not entry.ts and key.subject in {Subject.APPROVAL, Subject.ESCALATION}:
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
                pinned=key.subject is Subject.STATUS and (entry.sent == 0 or not entry.ts),
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
        if key.subject in {Subject.ANNOUNCE, Subject.SHUT_OUT}:
            return await self._places.announce(priority)
        # A post to a person's id goes to them alone.
        return incident.commander if key.subject is Subject.SHUT_OUT_LEAD else incident.channel


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
    return *_worst(incident), _URGENCY[key.subject], int(incident.id)


def _worst(incident: IncidentRecord) -> Priority:
    return (list(Severity).index(incident.severity) if incident.open else len(Severity),)
