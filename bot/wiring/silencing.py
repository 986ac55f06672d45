"""The silencer, from the settings: which Alertmanager is asked, and as whom."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from bot.actions.contract import SecretRef
from bot.domain.clock import Clock
from bot.incidents.silencer import Silencer
from bot.persistence.store import Store
from bot.settings import Settings
from bot.settings.model import AlertmanagerSettings
from integrations.alertmanager import AlertmanagerClient, AlertmanagerConfig
from integrations.transport import Basic, Bearer, Transport

_LONGEST_PAUSE = 60.0
"""Seconds between two questions to an Alertmanager that does not answer."""
_OURS = SecretRef(secret="alertmanager.url")  # noqa: S106 - a name


def build_silencer(
    settings: Settings, store: Store, transport: Transport, *, clock: Clock, tokens: Callable[[], str]
) -> Silencer | None:
    """Make the silencer; None where the settings name no Alertmanager."""
    said = settings.alertmanager
    if said.url is None:
        return None
    dice = random.SystemRandom()
    return Silencer(
        store.journal,
        store.records,
        AlertmanagerClient(
            AlertmanagerConfig(url=said.url, auth=_auth(said)), transport, _Held(_secret(said))
        ),
        clock=clock,
        tokens=tokens,
        pause=lambda tries: dice.uniform(0.5, min(_LONGEST_PAUSE, 2.0 ** min(tries, 10))),
        surely_leading=store.surely_leading,
    )


class _Held:
    """The one secret that the settings hold for Alertmanager, as the transport asks for secrets."""

    def __init__(self, value: str) -> None:
        self._values: Mapping[SecretRef, str] = {_OURS: value}

    def resolve(self, ref: SecretRef) -> str:
        """Return it."""
        return self._values[ref]


def _auth(said: AlertmanagerSettings) -> Bearer | Basic | None:
    if said.url_bearer_token is not None:
        return Bearer(token=_OURS)
    return Basic(username=said.url_username, password=_OURS) if said.url_username is not None else None


def _secret(said: AlertmanagerSettings) -> str:
    held = said.url_bearer_token or said.url_password
    return held.get_secret_value() if held is not None else ""
