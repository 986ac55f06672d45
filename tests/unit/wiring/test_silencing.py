"""The silencer from the settings: none without an address, and its credentials as the settings hold them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bot.actions.contract import SecretRef
from bot.domain.clock import SystemClock
from bot.incidents.silencer import Silencer
from bot.settings import Settings
from bot.settings.model import AlertmanagerSettings
from bot.wiring.secrets import settings_secrets
from bot.wiring.silencing import _auth, _Held, _secret, build_silencer
from integrations.transport import Basic, Bearer, Transport
from tests.fakes.store import open_test_store

URL = "http://127.0.0.1:9093/am"


async def test_without_an_address_there_is_none(tmp_path: Path) -> None:
    """With one there is, and nothing is asked yet."""
    store = await open_test_store(tmp_path)
    async with Transport() as transport:
        made = [
            build_silencer(
                Settings(alertmanager=AlertmanagerSettings(url=url)),
                store,
                transport,
                clock=SystemClock(),
                tokens=lambda: "t",
            )
            for url in (None, URL)
        ]
    await store.close()
    assert made[0] is None
    assert isinstance(made[1], Silencer)


def test_credentials() -> None:
    """A token, or a name with a password; each is known to the redaction of texts."""
    bearer = AlertmanagerSettings(url=URL, url_bearer_token=SecretStr("tok-en"))
    basic = AlertmanagerSettings(url=URL, url_username="ada", url_password=SecretStr("pass-word"))
    for said, kind, value in ((bearer, Bearer, "tok-en"), (basic, Basic, "pass-word")):
        assert isinstance(_auth(said), kind)
        ref = SecretRef(secret="alertmanager.url")
        assert _Held(_secret(said)).resolve(ref) == value
        assert value in settings_secrets(Settings(alertmanager=said))
    assert _auth(AlertmanagerSettings(url=URL)) is None
    assert _secret(AlertmanagerSettings(url=URL)) == ""


@pytest.mark.parametrize(
    "said",
    [
        {"url_username": "ada"},
        {"url_bearer_token": "t", "url_username": "ada", "url_password": "p"},
        {"url": "ftp://x"},
    ],
)
def test_settings_that_contradict_themselves(said: dict[str, str]) -> None:
    """They stop the start."""
    with pytest.raises(ValidationError):
        AlertmanagerSettings(**said)  # type: ignore[arg-type]
