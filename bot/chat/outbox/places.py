"""Where messages go that belong to no incident's channel: the central channel, by id or by name."""

from __future__ import annotations

import re

from bot.chat.client import SlackCalls
from bot.chat.pace import Pacer, Priority
from bot.errors import ChatError

_ID = re.compile(r"[CG][A-Z0-9]{7,}")
_PAGES = 20


class Places:
    """Knows the central channel's id; asks Slack once when the settings give its name."""

    def __init__(self, slack: SlackCalls, pacer: Pacer, wanted: str) -> None:
        self._slack = slack
        self._pacer = pacer
        self._wanted = wanted.removeprefix("#")
        self._id = self._wanted if _ID.fullmatch(self._wanted) else ""

    async def announce(self, priority: Priority) -> str:
        """Return the central channel's id, empty when the settings name none; ChatError when Slack knows none of that name."""
        if not self._wanted or self._id:
            return self._id
        cursor = ""
        for _ in range(_PAGES):
            arguments = {
                "limit": "1000",
                "exclude_archived": "true",
                "types": "public_channel",
                "cursor": cursor or None,
            }
            async with self._pacer.turn("conversations.list", priority=priority):
                answer = await self._slack.call("conversations.list", arguments)
            for each in answer.get("channels", ()):
                if each.get("name") == self._wanted:
                    self._id = str(each["id"])
                    return self._id
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        raise ChatError(
            f"there is no public channel #{self._wanted}",
            code="channel_not_found",
            hint="Set `slack.announce_channel` to the id of a channel that the app is in.",
        )
