"""The catalogue without a running Fireline: what the linter, the schema and the docs need of the integrations."""

from __future__ import annotations

from bot.actions.contract import Catalogue
from bot.settings import Settings
from bot.wiring.actions import build_actions, catalogue_of
from integrations.transport import Transport, TransportConfig


def whole_catalogue(settings: Settings) -> Catalogue:
    """Return the specs of every action; nothing is connected."""
    return catalogue_of(build_actions(settings, Transport(TransportConfig())))
