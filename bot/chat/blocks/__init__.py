"""Messages as pure functions: records in, Block Kit out. Slack's limits are met here and nowhere else.

Nothing here reads a store, a clock or the network. Text from outside passes through `Ink`, which redacts, defuses and cuts it, in this
order.
"""

from bot.chat.blocks.approval import approval_message, escalation_message
from bot.chat.blocks.incident import announce_line, living_message
from bot.chat.blocks.ink import Ink, Redact, as_it_is
from bot.chat.blocks.kit import Message
from bot.chat.blocks.postmortem import postmortem_message
from bot.chat.blocks.progress import run_message
from bot.chat.blocks.proposal import proposal_message
from bot.chat.blocks.rejection import rejection_message
from bot.chat.blocks.reminder import approval_reminder, commander_reminder, update_reminder
from bot.chat.blocks.unknown import unknown_message
from bot.chat.blocks.update import update_message

__all__ = [
    "Ink",
    "Message",
    "Redact",
    "announce_line",
    "approval_message",
    "approval_reminder",
    "as_it_is",
    "commander_reminder",
    "escalation_message",
    "living_message",
    "postmortem_message",
    "proposal_message",
    "rejection_message",
    "run_message",
    "unknown_message",
    "update_message",
    "update_reminder",
]
