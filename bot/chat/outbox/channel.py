"""An incident's channel: made once, its people invited, its topic set.

`conversations.create` is not atomic and its answer can be lost. So the attempt is durable before the call, one lane an incident is our
lock, and a name that is taken after an attempt whose answer was lost is looked at. A channel that this app made since the incident opened,
and that no other incident has, is ours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.chat.blocks.ink import Ink, Redact
from bot.chat.blocks.words import SEVERITY
from bot.chat.client import Ambiguous, SlackCalls, Throttled, Unreachable
from bot.chat.config import ChatConfig
from bot.chat.identity import Identity
from bot.chat.outbox.ledger import Ledger
from bot.chat.pace import Pacer, Priority
from bot.domain.nouns import ActorKind
from bot.domain.ports import Reader
from bot.domain.records import IncidentRecord, OutboxEntry
from bot.errors import ChatError
from bot.telemetry import get_logger

_LOG = get_logger(__name__)
NAME_LENGTH = 80
TOPIC_LENGTH = 250
INVITED_AT_ONCE = 100
NOT_INTRODUCED = "not_introduced"
"""Slack has not told us yet who we are; it does within moments of a start."""
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
        identity: Identity,
        config: ChatConfig,
        redact: Redact,
    ) -> None:
        self._slack = slack
        self._pacer = pacer
        self._ledger = ledger
        self._reader = reader
        self._identity = identity
        self._config = config
        self._redact = redact
        self._inside: dict[str, set[str]] = {}
        self.bot_user = ""

    async def deliver(self, entry: OutboxEntry, incident: IncidentRecord, priority: Priority) -> None:
        """Make the channel, then furnish it; raises ChatError when Slack refuses or is away."""
        through = entry.wanted
        channel = incident.channel
        if not channel:
            entry, channel = await self._make(entry, incident, priority)
        await self.invite(channel, await self._first_people(incident), priority)
        await self._set_topic(channel, incident, priority)
        await self._ledger.shown(entry, through=through, digest="")

    async def invite(self, channel: str, people: frozenset[str], priority: Priority) -> None:
        """Invite those who are not in the channel; who can't be invited is logged and not waited for."""
        inside = self._inside.setdefault(channel, {self.bot_user})
        invited = sorted(people - inside)[:INVITED_AT_ONCE]
        if not invited:
            return
        arguments = {"channel": channel, "users": ",".join(invited), "force": True}
        await self._extra("conversations.invite", arguments, priority)
        inside.update(invited)

    # ---- the channel itself

    async def _make(
        self, entry: OutboxEntry, incident: IncidentRecord, priority: Priority
    ) -> tuple[OutboxEntry, str]:
        """Create the channel under the first name that is free, or find the one that an unanswered attempt made."""
        unsure = entry.ambiguous
        if unsure and not self.bot_user:
            # Whether a channel is ours can't be told yet: taking it for somebody else's would make a second one.
            raise Unreachable("Slack has not told yet who we are", code=NOT_INTRODUCED)
        base = channel_name(incident, self._config.channel_prefix)
        for number in range(1, _SUFFIXES + 1):
            name = base if number == 1 else f"{base[: NAME_LENGTH - 3].rstrip('-')}-{number}"
            async with self._pacer.turn("conversations.create", priority=priority):
                entry = await self._ledger.about_to(entry)
                try:
                    answer = await self._slack.call("conversations.create", {"name": name})
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
                "types": "public_channel",
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

    async def _first_people(self, incident: IncidentRecord) -> frozenset[str]:
        await self._identity.refresh_groups()
        people: set[str] = set()
        for group in self._config.invite:
            people |= self._identity.members(f"group:{group}")
        if incident.opened_by.kind is ActorKind.PERSON:
            people.add(incident.opened_by.id)
        return frozenset(people)

    async def _set_topic(self, channel: str, incident: IncidentRecord, priority: Priority) -> None:
        ink = Ink(redact=self._redact)
        topic = f"{SEVERITY[incident.severity]} {incident.severity} #{incident.id} · {ink.line(incident.title, 160)}"
        if self._config.public_url:
            more = f" · {self._config.public_url}/incidents/{incident.id}"
            topic += more if len(topic) + len(more) <= TOPIC_LENGTH else ""
        await self._extra(
            "conversations.setTopic", {"channel": channel, "topic": topic[:TOPIC_LENGTH]}, priority
        )

    async def _extra(self, method: str, arguments: Mapping[str, Any], priority: Priority) -> None:
        """Do what is good to have: a refusal is logged and passes; what may work later is raised."""
        try:
            async with self._pacer.turn(method, priority=priority):
                await self._slack.call(method, arguments)
        except (Throttled, Unreachable):
            raise
        except ChatError as problem:
            if problem.code != "already_in_channel":
                _LOG.warning(
                    "a channel lacks something", method=method, code=problem.code, problem=str(problem)
                )


def channel_name(incident: IncidentRecord, prefix: str) -> str:
    """Name the channel: `inc-42-checkout-is-failing`; lower case, digits and dashes, 80 at the most."""
    plain = unicodedata.normalize("NFKD", incident.title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    name = f"{prefix}{incident.id}-{slug}"[:60].rstrip("-")
    return name[:NAME_LENGTH]
