"""Which chat workspace is meant, as the settings say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.settings import Settings


def home_of(settings: Settings) -> str:
    """Return the workspace that has what is routed nowhere else; empty where there is only one."""
    return next(iter(settings.slack.oauth.workspaces), "")


def workspace_by_labels(settings: Settings) -> Callable[[Mapping[str, str]], str]:
    """Return what says to which workspace an alert's incident belongs."""
    oauth, home = settings.slack.oauth, home_of(settings)
    return lambda labels: oauth.routes.get(labels.get(oauth.route_label or "", ""), home)
