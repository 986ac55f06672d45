"""An incident's channel: made once, its people invited, its topic set; archived when its time is over, and brought back when it is not.

`conversations.create` is not atomic and its answer can be lost. So the attempt is durable before the call, one lane an incident is our
lock, and a name that is taken after an attempt whose answer was lost is looked at. A channel that this app made since the incident opened,
and that no other incident has, is ours.

Slack lets no bot unarchive a channel: archiving takes the bot out of it (https://docs.slack.dev/reference/methods/conversations.unarchive). It is
tried all the same, and where it is refused the response goes on in a new channel, which says why and where the old one is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.chat.blocks.ink import Ink, Redact
from bot.chat.blocks.words import mark
from bot.chat.client import Ambiguous, SlackCalls, Throttled, Unreachable
from bot.chat.config import ChatConfig
from bot.chat.outbox.ledger import Ledger
from bot.chat.outbox.naming import channel_name, other_name
from bot.chat.outbox.people import Inviter
from bot.chat.pace import Pacer, Priority
from bot.domain.canonical import digest_of
from bot.domain.channel_records import ChannelRecord
from bot.domain.ports import Reader
from bot.domain.records import IncidentRecord, OutboxEntry
from bot.errors import ChatError
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
TOPIC_LENGTH = 250
NOT_INTRODUCED = "not_introduced"
"""Slack has not told us yet who we are; it does within moments of a start."""
_LOST = frozenset(
    {
        "channel_not_found",
        "method_not_supported_for_channel_type",
        "not_in_channel",
        "restricted_action",
    }
)
"""Slack's words for a channel that we can't have back; whatever else it says may be mended, and then the channel is there."""
_SUFFIXES = 9
_PAGES = 20
_SKEW = timedelta(minutes=2)
"""Slack's clock and ours."""


class ChannelKeeper:
    """Brings an incident's channel about; `bot_user` is our own user id, empty while it isn't known."""

    def __init__(
        self,
        *,
        slack: SlackCalls,
        pacer: Pacer,
        ledger: Ledger,
        reader: Reader,
        people: Inviter,
        config: ChatConfig,
        redact: Redact,
    ) -> None:
        self._slack = slack
        self._pacer = pacer
        self._ledger = ledger
        self._reader = reader
        self._people = people
        self._config = config
        self._redact = redact
        self.bot_user = ""

    async def deliver(self, entry: OutboxEntry, incident: IncidentRecord, priority: Priority) -> None:
        """Bring the channel to where it should be, and furnish it; raises ChatError when Slack refuses or is away.

        Done again for what changed since, it calls nobody for what is as it should be.
        """
        through, channel = entry.wanted, incident.channel
        place = self._reader.channel_of(incident.id)
        if channel and not incident.open and (place.archived_at or _is_due(place, incident)):
            if place.archived_at is None:
                await self._archive(incident, priority)
            await self._ledger.shown(entry, through=through, digest="")
            return
        if channel and place.archived_at and not await self._bring_back(incident, priority):
            entry, channel = await self._ledger.lost(entry), ""
        if not channel:
            entry, channel = await self._make(entry, incident, priority)
        await self._people.bring(incident, channel, priority)
        topic = self._topic(incident)
        told = digest_of({"channel": channel, "topic": topic})
        if told != entry.digest:
            arguments = {"channel": channel, "topic": topic}
            await self._extra("conversations.setTopic", arguments, priority)
        await self._ledger.shown(entry, through=through, digest=told)

    # ---- at its end, and after it

    async def _archive(self, incident: IncidentRecord, priority: Priority) -> None:
        try:
            async with self._pacer.turn("conversations.archive", priority=priority):
                await self._slack.call("conversations.archive", {"channel": incident.channel})
        except ChatError as problem:
            if problem.code != "already_archived":
                raise
        await self._ledger.archived(incident.id, incident.channel)

    async def _bring_back(self, incident: IncidentRecord, priority: Priority) -> bool:
        """Unarchive the channel of an incident that goes on; False where Slack lets us not, and then it is left, on the record."""
        try:
            async with self._pacer.turn("conversations.unarchive", priority=priority):
                await self._slack.call("conversations.unarchive", {"channel": incident.channel})
        except ChatError as problem:
            if problem.code in _LOST:
                await self._ledger.left(incident.id, incident.channel, problem.code)
                return False
            if problem.code != "not_archived":
                raise
        await self._ledger.unarchived(incident.id, incident.channel)
        return True

    # ---- the channel itself

    async def _make(
        self, entry: OutboxEntry, incident: IncidentRecord, priority: Priority
    ) -> tuple[OutboxEntry, str]:
        """Create the channel under the first name that is free, or find the one that an unanswered attempt made."""
        unsure = entry.ambiguous
        if unsure and not self.bot_user:
            # Whether a channel is ours can't be told yet: taking it for somebody else's would make a second one.
            raise Unreachable("Slack has not told yet who we are", code=NOT_INTRODUCED)
        base = channel_name(incident, self._config.channel_name)
        for number in range(1, _SUFFIXES + 1):
            name = other_name(base, number)
            async with self._pacer.turn("conversations.create", priority=priority):
                entry = await self._ledger.about_to(entry)
                try:
                    arguments = {"name": name, "is_private": incident.private}
                    answer = await self._slack.call("conversations.create", arguments)
                except ChatError as problem:
                    if not unsure and not isinstance(problem, Ambiguous):
                        entry = await self._ledger.not_done(entry)
                    if problem.code != "name_taken":
                        raise
                    made: Mapping[str, Any] | None = None
                else:
                    made = answer["channel"]
            if made is None and unsure:
                made = await self._ours(name, incident, priority)
            if made is not None:
                entry = await self._ledger.opened(entry, channel=made["id"], name=made.get("name", name))
                return entry, made["id"]
        raise ChatError(f"every name like {base} is taken", code="name_taken")

    async def _ours(
        self, name: str, incident: IncidentRecord, priority: Priority
    ) -> Mapping[str, Any] | None:
        """Return the channel of that name if we made it for this incident and never heard so."""
        cursor = ""
        for _ in range(_PAGES):
            arguments = {
                "limit": "1000",
                "exclude_archived": "true",
                "types": "private_channel" if incident.private else "public_channel",
                "cursor": cursor,
            }
            async with self._pacer.turn("conversations.list", priority=priority):
                answer = await self._slack.call("conversations.list", arguments)
            for each in answer.get("channels", ()):
                if each.get("name") == name:
                    return each if self._made_for(each, incident) else None
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return None

    def _made_for(self, channel: Mapping[str, Any], incident: IncidentRecord) -> bool:
        since = (incident.opened_at - _SKEW).timestamp()
        ours = bool(self.bot_user) and channel.get("creator") == self.bot_user
        return (
            ours
            and float(channel.get("created", 0)) >= since
            and self._reader.incident_of_channel(channel["id"]) is None
        )

    # ---- what belongs to it

    def _topic(self, incident: IncidentRecord) -> str:
        ink = Ink(redact=self._redact)
        topic = f"{mark(incident)} {incident.severity} #{incident.id} · {ink.line(incident.title, 160)}"
        if self._config.public_url:
            more = f" · {self._config.public_url}/incidents/{incident.id}"
            topic += more if len(topic) + len(more) <= TOPIC_LENGTH else ""
        return topic[:TOPIC_LENGTH]

    async def _extra(self, method: str, arguments: Mapping[str, Any], priority: Priority) -> None:
        """Do what is good to have: a refusal is logged and passes; what may work later is raised."""
        try:
            async with self._pacer.turn(method, priority=priority):
                await self._slack.call(method, arguments)
        except (Throttled, Unreachable):
            raise
        except ChatError as problem:
            _LOG.warning("a channel lacks something", method=method, code=problem.code, problem=str(problem))


def _is_due(place: ChannelRecord, incident: IncidentRecord) -> bool:
    """Tell whether the channel is to be archived: its time was over, and the incident is over since before then."""
    ended = incident.resolved_at
    return place.retired_at is not None and ended is not None and place.retired_at >= ended
