"""The app manifest: what to paste into https://api.slack.com/apps to get an app that may do what the surface does, and no more.

The form is Slack's (https://docs.slack.dev/reference/app-manifest); it is checked against the schema that Slack publishes.
"""

from __future__ import annotations

from typing import Any

from bot.chat.config import ChatConfig
from bot.chat.inbound.door import EVENTS_PATH
from bot.chat.inbound.events import THROWN_OUT
from bot.chat.shortcuts import DECLARE, MARK

SCOPES = (
    "app_mentions:read",
    "bookmarks:read",
    "bookmarks:write",
    "canvases:write",
    "channels:history",
    "channels:manage",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "groups:write",
    "pins:write",
    "reactions:read",
    "usergroups:read",
    "users:read",
    "users:read.email",
)
"""One for each method that the surface calls and each event that it hears of: history to find a post whose answer was lost, pins for the living
message, the rest as named."""
EVENTS = (
    "app_home_opened",
    "channel_archive",
    "channel_deleted",
    "group_archive",
    "group_deleted",
    "member_joined_channel",
    "message.channels",
    "message.groups",
    "reaction_added",
    "reaction_removed",
)
"""What the app hears of; of messages it wants those that stand in a timeline and are changed or deleted, of channels that one is no more."""
SHORTCUTS = (
    {
        "name": "Declare an incident",
        "type": "global",
        "callback_id": DECLARE,
        "description": "Open an incident from anywhere",
    },
    {
        "name": "Add to incident timeline",
        "type": "message",
        "callback_id": MARK,
        "description": "Keep this message in the incident's timeline",
    },
)
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
    oauth = config.oauth
    events: dict[str, Any] = {"bot_events": sorted((*EVENTS, *THROWN_OUT)) if oauth else list(EVENTS)}
    redirects = {"redirect_urls": [oauth.redirect_url]} if oauth else {}
    if not socket:
        command["url"] = url
        interactivity["request_url"] = url
        events["request_url"] = url
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
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": name, "always_online": True},
            "shortcuts": [dict(each) for each in SHORTCUTS],
            "slash_commands": [command],
        },
        "oauth_config": {**redirects, "scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": config.oauth is not None,
        },
    }
