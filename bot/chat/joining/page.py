"""What a person reads at the end of an installation: whether it worked, and if not what to do. Nothing here comes from the address unescaped."""

from __future__ import annotations

import html

from bot.chat.config import INSTALL_PATH

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_WHY = {
    "access_denied": ("Nothing was installed", "You said no, and Slack gave Fireline nothing.", True),
    "invalid_browser": (
        "This browser did not begin the installation",
        "It lacks the cookie that it was given, or never had it.",
        True,
    ),
    "invalid_state": (
        "That took too long, or was done before",
        "It has ten minutes, and is good once.",
        True,
    ),
    "invalid_code": ("Slack gave no token", "The code was used before, or Slack did not answer.", True),
    "not_ours": (
        "This Fireline is not for that workspace",
        "It was uninstalled there at once. Whoever runs Fireline names a workspace in slack.oauth.workspaces first.",
        False,
    ),
    "storage_error": (
        "Fireline can't keep the token now",
        "Its database takes no work. Wait a minute.",
        True,
    ),
    "busy": ("Not now", "Too many have begun, or the database takes no work. Wait ten minutes.", True),
}
_OTHERWISE = ("Nothing was installed", "Slack did not say why.", True)
_AGAIN = f' <a href="{INSTALL_PATH}">Begin anew</a>'
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title} · Fireline</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1.5rem }}
h1 {{ font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem }}
p {{ margin: 0; opacity: .8 }}
</style>
</head>
<body><main><h1>{mark} {title}</h1><p>{text}{more}</p></main></body>
</html>
"""


def joined(workspace: str, command: str) -> str:
    """Say that it worked; `command` is the slash command."""
    return _draw(
        "✅", f"Fireline is in {workspace}", f"You can close this page. In Slack, type {command} help."
    )


def failed(reason: str) -> str:
    """Say why it did not, and what to do; `reason` is bolt's or Slack's word."""
    title, text, again = _WHY.get(reason, _OTHERWISE)
    return _draw("⚠️", title, text, _AGAIN if again else "")


def _draw(mark: str, title: str, text: str, more: str = "") -> str:
    return _PAGE.format(mark=mark, title=html.escape(title), text=html.escape(text), more=more)
