"""Every action there is: the integrations, each made with its part of the settings, over one transport."""

from __future__ import annotations

from collections.abc import Mapping

from bot.actions import nested
from bot.actions.contract import Action, Catalogue
from bot.settings import Settings
from integrations import http, prometheus, shell, wait
from integrations.transport import Transport


def build_actions(settings: Settings, transport: Transport) -> Mapping[str, Action]:
    """Make every action, by name."""
    everything = (
        *http.actions(http.HttpConfig(), transport),
        *prometheus.actions(prometheus.PrometheusConfig(url=settings.prometheus.url or ""), transport),
        *shell.actions(_shell(settings), transport),
        *wait.actions(wait.WaitConfig(), transport),
    )
    return {action.spec.name: action for action in everything}


def catalogue_of(actions: Mapping[str, Action]) -> Catalogue:
    """Return the specs of actions, and of what the engine does itself: what the linter, the conductor and the docs read."""
    return Catalogue((nested.SPEC, *(action.spec for action in actions.values())))


def _shell(settings: Settings) -> shell.ShellConfig:
    return shell.ShellConfig(
        allowed=frozenset(settings.shell.allowed),
        directory=str((settings.shell.working_dir or settings.data_dir).absolute()),
    )
