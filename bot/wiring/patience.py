"""How long is waited before people are reminded, from the settings."""

from __future__ import annotations

from bot.incidents.reminding import Patience
from bot.settings import Settings


def patience_of(settings: Settings) -> Patience:
    """Return what the settings say of reminders, and of the end of channels."""
    reminders = settings.reminders
    return Patience(
        update=reminders.update_after,
        commander=reminders.commander_after,
        halfway=reminders.approvals,
        archive=settings.slack.archive_after,
    )
