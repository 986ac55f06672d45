"""The app manifest: what to paste into https://api.slack.com/apps to get an app that may do what the surface does, and no more.

The form is Slack's (https://docs.slack.dev/reference/app-manifest); it is checked against the schema that Slack publishes.
"""

from __future__ import annotations

from typing import Any

from bot.chat.config import ChatConfig
from bot.chat.inbound.door import EVENTS_PATH

SCOPES = (
    "app_mentions:read",
    "bookmarks:read",
    "bookmarks:write",
    "channels:history",
    "channels:manage",
    "channels:read",
    "chat:write",
    "commands",
    "groups:history",
    "groups:read",
    "groups:write",
    "pins:write",
    "usergroups:read",
    "users:read",
)
"""One for each method that the surface calls: history to find a post whose answer was lost, pins for the living message, the rest as named."""
_URL = "https://fireline.example"


def manifest(config: ChatConfig, *, name: str = "Fireline") -> dict[str, Any]:
    """Return the manifest for these settings; in HTTP mode it carries the public URL that Slack is to call."""
    socket = config.mode == "socket"
    url = f"{config.public_url or _URL}{EVENTS_PATH}"
    command: dict[str, Any] = {
        "command": config.command,
        "description": "Declare, run and resolve incidents",
        "usage_hint": "help",
        "should_escape": True,
    }
    interactivity: dict[str, Any] = {"is_enabled": True}
    if not socket:
        command["url"] = url
        interactivity["request_url"] = url
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": name,
            "description": "Incidents, with runbooks as code",
            "long_description": (
                "Opens a channel for an incident, runs the runbook that fits, asks people before anything that changes things, and keeps one "
                "timeline from which the postmortem is drafted. Every message it posts can be checked against its log."
            ),
            "background_color": "#7c2d12",
        },
        "features": {
            "bot_user": {"display_name": name, "always_online": True},
            "slash_commands": [command],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": False,
        },
    }
