"""Secrets by name, found where the settings say, anew at each use: a rotated file is obeyed at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from bot.actions.contract import SecretRef
from bot.errors import ConfigurationError
from bot.evidence.redaction import Redactor
from bot.persistence.database import password_in
from bot.settings import Settings
from bot.settings.types import SecretSource


class SettingsSecrets:
    """Implements `bot.actions.contract.Secrets` over the environment and files; `learn` hears of every value before anybody uses it."""

    def __init__(
        self,
        sources: Mapping[str, SecretSource],
        environ: Mapping[str, str],
        *,
        learn: Callable[[Iterable[str]], None] = lambda _values: None,
    ) -> None:
        self._sources = sources
        self._environ = environ
        self._learn = learn

    def resolve(self, ref: SecretRef) -> str:
        """Return the value as it is now; ConfigurationError names the secret, and never shows a value."""
        value = self._read(ref)
        self._learn((value,))
        return value

    def _read(self, ref: SecretRef) -> str:
        source = self._sources.get(ref.secret)
        if source is None:
            raise ConfigurationError(
                f"There is no secret {ref.secret!r}.",
                hint=f"Name it under `secrets:` in the settings: {ref.secret}: {{file: PATH}}.",
            )
        if source.env is not None:
            value = self._environ.get(source.env)
            if not value:
                raise ConfigurationError(
                    f"The secret {ref.secret!r} is empty.", hint=f"Set the variable {source.env}."
                )
            return value
        assert source.file is not None  # noqa: S101 - a source is one of the two
        try:
            value = source.file.read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            # A decoding error carries the bytes themselves: it goes no further.
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise ConfigurationError(
                f"The secret {ref.secret!r} can't be read: {reason}.", hint=f"Look at {source.file}."
            ) from None
        if not value:
            raise ConfigurationError(f"The secret {ref.secret!r} is empty.", hint=f"Look at {source.file}.")
        return value

    def known_values(self) -> Iterator[str]:
        """Yield every value that can be found now, for the redaction of texts."""
        for name in self._sources:
            try:
                yield self.resolve(SecretRef(secret=name))
            except ConfigurationError:
                continue


def redactor_for(settings: Settings, environ: Mapping[str, str]) -> tuple[Redactor, SettingsSecrets]:
    """Return a redactor that knows every secret that can be found now, and the secrets, which tell it of each new value."""
    redactor = Redactor(settings_secrets(settings))
    sources = SettingsSecrets(settings.secrets, environ, learn=redactor.learn)
    redactor.learn(sources.known_values())
    return redactor, sources


def settings_secrets(settings: Settings) -> list[str]:
    """Return the secrets that the settings themselves hold, for the redaction of texts."""
    held = (
        settings.alertmanager.bearer_token,
        settings.alertmanager.basic_password,
        settings.alertmanager.url_bearer_token,
        settings.alertmanager.url_password,
        settings.slack.bot_token,
        settings.slack.app_token,
        settings.slack.signing_secret,
        settings.slack.oauth.client_secret,
        settings.console.token,
        settings.api.token,
        *(each.token for each in settings.api.tokens.values()),
    )
    found = [secret.get_secret_value() for secret in held if secret is not None]
    password = password_in(settings.database)
    return [*found, password] if password else found
