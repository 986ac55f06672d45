"""Whether a real workspace was named, and what to set where it wasn't."""

from __future__ import annotations

import os

NAMES = ("SLACK_LIVE_BOT_TOKEN", "SLACK_LIVE_APP_TOKEN")
HOW = f"set {' and '.join(NAMES)} to run this against a real workspace: tests/live/README.md"


def asked() -> bool:
    """Both tokens are set: the tests may leave this machine."""
    return all(os.environ.get(name) for name in NAMES)


def given() -> tuple[str, str]:
    """The bot's token and the app's."""
    bot, app = (os.environ[name] for name in NAMES)
    return bot, app
