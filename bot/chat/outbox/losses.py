"""What Slack takes away under us is said once, in the log and to whoever asks how we are, and once more when it is mended.

It repairs nothing: the outbox tries again by itself, and says here what it met.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.clock import Clock
from bot.domain.events import Event
from bot.domain.facts import ChannelLeft, ChatStopped, ChatWentOn, Fact, LetIn, MessageLost, ShutOut
from bot.domain.ids import SYSTEM, IncidentId, incident_stream
from bot.domain.nouns import FIRELINE
from bot.domain.ports import Journal, Reader, Transaction
from bot.domain.records import IncidentRecord, OutboxEntry
from bot.errors import ChatError
from bot.telemetry import Metrics, get_logger

_LOG = get_logger(__name__)
_LOOKED_BACK = 20_000
"""Events in which a start looks for how Slack was left."""


class Losses:
    """Remembers what is lost now, from the log on: a restart forgets nothing, and says nothing twice.

    `workspace` is the one that it tells of, empty where there is only one.
    """

    def __init__(
        self, *, journal: Journal, reader: Reader, clock: Clock, metrics: Metrics, workspace: str = ""
    ) -> None:
        self._workspace = workspace
        self._journal = journal
        self._reader = reader
        self._clock = clock
        self._metrics = metrics
        self._stopped: ChatStopped | None = None
        self._since: datetime | None = None
        self._shut_out: dict[IncidentId, tuple[str, datetime]] = {}
        self._known = False

    @property
    def trouble(self) -> str:
        """What is lost now, in words; empty when nothing is."""
        if self._stopped is not None:
            return f"Slack refuses this app: {self._stopped.code}"
        out = [each for each, (channel, _) in sorted(self._shut_out.items()) if self._matters(each, channel)]
        if not out:
            return ""
        where = ", ".join(f"#{each}" for each in out)
        return f"Fireline can't write in the channel of {where}: /invite Fireline there"

    # ---- the right to call Slack

    async def stopped(self, problem: ChatError) -> None:
        """Say that Slack refuses us."""
        self._learn()
        if self._stopped is not None:
            return
        _LOG.error(
            "Slack refuses this app; chat stands still until that is mended",
            code=problem.code,
            workspace=self._workspace or None,
            hint=problem.hint,
        )
        fact = ChatStopped(code=problem.code, workspace=self._workspace)
        self._stopped, self._since = fact, self._clock.now()
        self._metrics.chat_stopped.inc()
        await self._journal.append(SYSTEM, FIRELINE, [fact])

    async def answered(self) -> None:
        """Say that Slack takes our calls again, if it had not."""
        self._learn()
        if self._stopped is None:
            return
        since = self._since or self._clock.now()
        self._stopped = None
        self._metrics.chat_stopped.dec()
        _LOG.info("Slack takes this app's calls again", workspace=self._workspace or None)
        lasted = (self._clock.now() - since).total_seconds()
        fact = ChatWentOn(stopped_for=lasted, workspace=self._workspace)
        await self._journal.append(SYSTEM, FIRELINE, [fact])

    def _learn(self) -> None:
        """Read from the log's end, once, how the process before left it."""
        if self._known:
            return
        self._known = True
        place, _ = self._reader.head()
        events = self._reader.events(stream=SYSTEM, after=max(0, place - _LOOKED_BACK))
        ours = [
            each
            for each in events
            if isinstance(each.fact, ChatStopped | ChatWentOn) and each.fact.workspace == self._workspace
        ]
        if ours and isinstance(last := ours[-1].fact, ChatStopped):
            self._stopped, self._since = last, ours[-1].at
            self._metrics.chat_stopped.inc()

    # ---- our place in a channel

    async def shut_out(self, incident: IncidentRecord, why: str) -> datetime:
        """Say that we can't write in an incident's channel any more; return since when that is so."""
        channel, since = self._shut_out.get(incident.id, ("", self._clock.now()))
        if channel == incident.channel:
            return since
        _LOG.error(
            "Fireline can't write in an incident's channel any more",
            why=why,
            incident=int(incident.id),
            channel=incident.channel,
            hint="/invite @Fireline there.",
        )
        self._metrics.chat_losses.labels("channel").inc()
        fact = ShutOut(incident=incident.id, channel=incident.channel, why=why)
        since = await self._unless_last(incident.id, fact)
        self._shut_out[incident.id] = incident.channel, since
        return since

    async def let_in(self, incident: IncidentRecord) -> None:
        """Say that we can write there again."""
        self._shut_out.pop(incident.id, None)
        await self._unless_last(incident.id, LetIn(incident=incident.id, channel=incident.channel))

    async def _unless_last(self, incident: IncidentId, fact: ShutOut | LetIn) -> datetime:
        """Append a fact unless that is how it stands already, and return since when it does; who was never out is not let in."""

        def unit(tx: Transaction) -> datetime:
            found = _last(tx.events(stream=incident_stream(incident)), ShutOut, LetIn, ChannelLeft)
            if found is not None and found.fact == fact:
                return found.at
            if isinstance(fact, ShutOut) or (found is not None and isinstance(found.fact, ShutOut)):
                tx.append(incident_stream(incident), FIRELINE, [fact])
            return tx.now

        return await self._journal.submit(unit)

    def _matters(self, incident: IncidentId, channel: str) -> bool:
        """Tell whether a channel that we can't write in is still one that we should write in."""
        record = self._reader.incident(incident)
        return record is not None and record.open and record.channel == channel

    # ---- a message

    def message(self, entry: OutboxEntry) -> MessageLost:
        """Return the fact that a message was deleted under us."""
        _LOG.warning("a message was deleted under us and is posted again", key=entry.key)
        self._metrics.chat_losses.labels("message").inc()
        return MessageLost(incident=entry.incident, key=entry.key, channel=entry.channel, ts=entry.ts)


def _last(events: Sequence[Event], *kinds: type[Fact]) -> Event | None:
    """Return the last event of one of these kinds."""
    return next((each for each in reversed(events) if isinstance(each.fact, kinds)), None)
