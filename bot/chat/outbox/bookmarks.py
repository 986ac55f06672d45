"""The links on top of an incident's channel: its page in the console, and the runbook and dashboard that its alerts name.

An alert's annotation is text from outside: what is no http or https address, or has a secret in it, becomes no link.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from bot.chat.blocks.ink import Redact
from bot.chat.client import SlackCalls
from bot.chat.outbox.ledger import Ledger
from bot.chat.pace import Pacer, Priority
from bot.domain.ports import Reader
from bot.domain.records import IncidentRecord, OutboxEntry

LINK_LENGTH = 2000
ALERTS_LOOKED_AT = 20
_FROM_ALERTS = (
    ("Runbook", ":orange_book:", "runbook_url"),
    ("Dashboard", ":chart_with_upwards_trend:", "dashboard_url"),
)
"""The annotations that the field uses for these (https://monitoring.mixins.dev)."""


class BookmarkKeeper:
    """Puts an incident's bookmarks up, each once."""

    def __init__(
        self,
        *,
        slack: SlackCalls,
        pacer: Pacer,
        ledger: Ledger,
        reader: Reader,
        public_url: str,
        redact: Redact,
    ) -> None:
        self._slack = slack
        self._pacer = pacer
        self._ledger = ledger
        self._reader = reader
        self._public_url = public_url
        self._redact = redact

    async def deliver(self, entry: OutboxEntry, incident: IncidentRecord, priority: Priority) -> None:
        """Add the bookmarks that are missing; raises ChatError when Slack refuses or is away.

        Slack takes the same one twice. So an attempt is durable before its first call, and whoever takes it up later looks at what is there.
        """
        through = entry.wanted
        wanted = self._wanted(incident)
        if entry.ambiguous:
            there = await self._there(incident.channel, priority)
            wanted = [each for each in wanted if each["link"] not in there]
        elif wanted:
            entry = await self._ledger.about_to(entry)
        for each in wanted:
            async with self._pacer.turn("bookmarks.add", priority=priority):
                arguments = {"channel_id": incident.channel, "type": "link", **each}
                await self._slack.call("bookmarks.add", arguments)
        await self._ledger.shown(entry, through=through, digest="")

    def _wanted(self, incident: IncidentRecord) -> list[Mapping[str, str]]:
        made: list[Mapping[str, str]] = []
        if self._public_url:
            link = f"{self._public_url}/incidents/{incident.id}"
            made.append({"title": "Timeline", "emoji": ":fire:", "link": link})
        alerts = self._reader.alerts_of(incident.id, limit=ALERTS_LOOKED_AT)
        for title, emoji, annotation in _FROM_ALERTS:
            links = filter(None, (self._link(each.annotations.get(annotation, "")) for each in alerts))
            first = next(links, "")
            if first:
                made.append({"title": title, "emoji": emoji, "link": first})
        return made

    def _link(self, text: str) -> str:
        """Return a text if it is an address that may be shown, nothing otherwise."""
        try:
            parts = urlsplit(text)
        except ValueError:
            return ""
        plain = parts.scheme in {"http", "https"} and parts.hostname and not parts.username
        visible = text.isascii() and text.isprintable() and " " not in text
        fits = len(text) <= LINK_LENGTH and self._redact(text) == text
        return text if plain and visible and fits else ""

    async def _there(self, channel: str, priority: Priority) -> set[str]:
        async with self._pacer.turn("bookmarks.list", priority=priority):
            answer = await self._slack.call("bookmarks.list", {"channel_id": channel})
        return {str(each.get("link")) for each in answer.get("bookmarks", ())}
