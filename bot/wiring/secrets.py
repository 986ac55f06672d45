"""Secrets by name, found where the settings say, anew at each use: a rotated file is obeyed at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.actions.contract import SecretRef
from bot.errors import ConfigurationError
from bot.settings.types import SecretSource


class SettingsSecrets:
    """Implements `bot.actions.contract.Secrets` over the environment and files."""

    def __init__(self, sources: Mapping[str, SecretSource], environ: Mapping[str, str]) -> None:
        self._sources = sources
        self._environ = environ

    def resolve(self, ref: SecretRef) -> str:
        """Return the value as it is now; ConfigurationError names the secret, and never shows a value."""
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
