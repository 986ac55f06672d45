"""What of all that Slack sends is for us, by these settings: the leader and a process that stands by keep the same."""

from __future__ import annotations

from bot.chat.buttons import ACTIONS
from bot.chat.config import ChatConfig
from bot.chat.inbound.events import EVENTS
from bot.chat.inbound.reading import Ours
from bot.chat.modals.openings import OPENING
from bot.chat.modals.submissions import FORMS
from bot.chat.shortcuts import SHORTCUTS


def ours_of(config: ChatConfig) -> Ours:
    """Say what is for us."""
    return Ours(
        command=config.command,
        actions=ACTIONS | OPENING,
        forms=FORMS,
        shortcuts=SHORTCUTS,
        events=EVENTS,
        reaction=config.timeline_reaction,
        workspaces=frozenset(config.workspaces) - {""},
    )
