"""Secrets are found where the settings say, anew at each use, and no message about one shows its value."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.actions.contract import SecretRef
from bot.errors import ConfigurationError
from bot.evidence.patterns import mark
from bot.settings import Settings
from bot.settings.types import SecretSource
from bot.wiring.secrets import SettingsSecrets, redactor_for

VALUE = "tr0ub4dor"


def secrets(environ: dict[str, str] | None = None, **sources: SecretSource) -> SettingsSecrets:
    """Make secrets with these sources."""
    return SettingsSecrets(sources, environ or {})


def test_a_variable_is_read_at_each_use() -> None:
    """A process that changes its environment is obeyed at once."""
    environ = {"TOKEN": VALUE}
    found = secrets(environ, token=SecretSource(env="TOKEN"))
    assert found.resolve(SecretRef(secret="token")) == VALUE
    environ["TOKEN"] = "another"
    assert found.resolve(SecretRef(secret="token")) == "another"


def test_a_rotated_file_is_obeyed_at_once(tmp_path: Path) -> None:
    """The file is read at each use, and one newline at its end is no part of the secret."""
    file = tmp_path / "token"
    file.write_text(f"{VALUE}\n", encoding="utf-8")
    found = secrets(token=SecretSource(file=file))
    assert found.resolve(SecretRef(secret="token")) == VALUE
    file.write_text(" two\n\n", encoding="utf-8")
    assert found.resolve(SecretRef(secret="token")) == " two\n"


def _gone(_folder: Path) -> SecretSource:
    return SecretSource(file=Path("/nowhere/token"))


def _empty(folder: Path) -> SecretSource:
    (folder / "empty").write_text("\n", encoding="utf-8")
    return SecretSource(file=folder / "empty")


def _folder(folder: Path) -> SecretSource:
    return SecretSource(file=folder)


def _binary(folder: Path) -> SecretSource:
    (folder / "binary").write_bytes(VALUE.encode() + b"\xff")
    return SecretSource(file=folder / "binary")


def _unset(_folder: Path) -> SecretSource:
    return SecretSource(env="UNSET")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (_gone, "can't be read: No such file or directory"),
        (_empty, "is empty"),
        (_folder, "can't be read: Is a directory"),
        (_binary, "can't be read: it is not UTF-8"),
        (_unset, "is empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_what_can_not_be_had_is_named(
    source: Callable[[Path], SecretSource], said: str, tmp_path: Path
) -> None:
    """The secret's name, what is wrong, and where to look; never what was found."""
    with pytest.raises(ConfigurationError) as caught:
        secrets(token=source(tmp_path)).resolve(SecretRef(secret="token"))
    assert str(caught.value) == f"The secret 'token' {said}."
    assert caught.value.hint
    assert VALUE not in f"{caught.value} {caught.value.hint}"


def test_a_secret_that_nobody_named() -> None:
    """The message shows how to name one."""
    with pytest.raises(ConfigurationError, match="no secret 'other'") as caught:
        secrets().resolve(SecretRef(secret="other"))
    assert "other: {file: PATH}" in caught.value.hint


def test_what_is_known_can_be_redacted(tmp_path: Path) -> None:
    """Redaction learns every value that can be found, and one that can't be keeps back none of the others."""
    found = secrets(
        {"TOKEN": VALUE}, gone=_gone(tmp_path), binary=_binary(tmp_path), token=SecretSource(env="TOKEN")
    )
    assert list(found.known_values()) == [VALUE]
    assert VALUE not in repr(found)


def test_a_rotated_value_is_hidden_before_anybody_can_send_it(tmp_path: Path) -> None:
    """The redaction knows the values of the start, and each new one from the moment on at which it is read."""
    file = tmp_path / "token"
    file.write_text(VALUE, encoding="utf-8")
    settings = Settings(secrets={"token": {"file": file}}, console={"token": "console-token"})
    redactor, sources = redactor_for(settings, {})
    shown, hidden = f"{VALUE} console-token rotated-value", mark("secret")
    assert redactor.redact(shown) == f"{hidden} {hidden} rotated-value"
    file.write_text("rotated-value", encoding="utf-8")
    sources.resolve(SecretRef(secret="token"))
    assert redactor.redact(shown) == f"{hidden} {hidden} {hidden}"
