"""Reading the settings: one YAML file under the environment, every problem told at once, with its place.

Refuses to guess: an unknown key, a key written twice or a file that was named and isn't there stops the start. A problem's text never
repeats a secret's value.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource, SettingsError

from bot.errors import ConfigurationError
from bot.settings.file import Loc, SettingsFile, read_file
from bot.settings.model import NESTING, PREFIX, Settings
from bot.settings.reference import every_key

FILE = "fireline.yaml"
FILE_VARIABLE = f"{PREFIX}CONFIG"
_HINT = "docs/settings.md has every setting; fireline.example.yaml shows them in place."


_NOT_YET = "not yet"
"""What stands for the tokens and secrets that Slack gives an app once it is made."""


def load_settings(
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
    before_the_app: bool = False,
) -> Settings:
    """Read the settings: environment over file over defaults.

    `file` is the one named on the command line; without it, `FIRELINE_CONFIG` names one, and else `fireline.yaml` in `directory` (the
    current one) is read if it is there. With `before_the_app`, the tokens and secrets of a Slack app that is yet to be made are not asked
    for. Raises ConfigurationError, whose message has a line for each problem.
    """
    environ = os.environ if environ is None else environ
    found = _find(file, environ, directory or Path.cwd())
    said = read_file(found) if found is not None else SettingsFile(path=Path(FILE), data={})
    variables = _from_environment(environ)
    strays = list(_stray_variables(environ))
    try:
        given = _merge(said.data, variables)
        settings = Settings(**(_merge(_not_yet(given), given) if before_the_app else given))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise _refusal([*strays, *(_problem(each, said, variables) for each in details)]) from None
    if strays:
        raise _refusal(strays)
    return settings


def _not_yet(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what Slack is yet to give: one workspace's token, or what several are let in with."""
    slack = given.get("slack")
    several = isinstance(slack, Mapping) and slack.get("oauth")
    common: dict[str, Any] = dict.fromkeys(("app_token", "signing_secret"), _NOT_YET)
    own = (
        {"oauth": dict.fromkeys(("client_id", "client_secret"), _NOT_YET)}
        if several
        else {"bot_token": _NOT_YET}
    )
    return {"slack": common | own}


def _find(file: Path | None, environ: Mapping[str, str], directory: Path) -> Path | None:
    if file is not None:
        return file
    if environ.get(FILE_VARIABLE):
        return Path(environ[FILE_VARIABLE])
    usual = directory / FILE
    return usual if usual.exists() else None


class _Variables(EnvSettingsSource):
    """pydantic-settings' reading of variables, over an environment that is passed in."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        super().__init__(Settings, env_ignore_empty=True)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._environ.items() if value}


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    try:
        return _Variables(environ)()
    except SettingsError as error:
        field = str(error).partition('field "')[2].partition('"')[0]
        variable = PREFIX + field.upper()
        msg = f"{variable}: a mapping in a variable is written as JSON, and this is not"
        raise ConfigurationError(msg, hint=_HINT) from None


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one tree over another; where both have a group, its keys mix."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _stray_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Find variables that look like settings and are none.

    Only those with `__` in them: a cluster makes `FIRELINE_SERVICE_HOST` and the like for any service called fireline.
    """
    for name in sorted(environ):
        head, nested, _ = name.removeprefix(PREFIX).partition(NESTING)
        if name.startswith(PREFIX) and nested and head.lower() not in Settings.model_fields:
            yield f"{name}: there is no such setting{_nearest(name, (key.variable for key in every_key()))}"


def _problem(detail: ErrorDetails, said: SettingsFile, variables: Mapping[str, Any]) -> str:
    loc = detail["loc"]
    key = ".".join(str(part) for part in loc)
    variable = _variable(loc, variables)
    place = variable or said.place(loc)
    where = key if place is None else place if variable else f"{place}: {key}"
    if detail["type"] == "extra_forbidden":
        return f"{where}: there is no such setting{_nearest(key, _names())}"
    return f"{where}: {_sentence(detail)}"


def _variable(loc: Loc, variables: Mapping[str, Any]) -> str | None:
    """Name the variable that a value came from, None when it came from elsewhere."""
    node: Any = variables
    way: list[str] = []
    for part in loc:
        if not isinstance(node, Mapping) or part not in node:
            break
        node = node[part]
        way.append(str(part).upper())
    return PREFIX + NESTING.join(way) if way and not isinstance(node, Mapping) else None


def _names() -> Iterator[str]:
    yield from Settings.model_fields
    yield from (key.name for key in every_key())


def _nearest(name: str, names: Iterable[str]) -> str:
    close = get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _sentence(detail: ErrorDetails) -> str:
    """Say a problem in plain words: pydantic's, less its marks."""
    text = detail["msg"].removeprefix("Value error, ")
    return text[:1].lower() + text[1:]


def _refusal(problems: list[str]) -> ConfigurationError:
    if len(problems) == 1:
        return ConfigurationError(problems[0], hint=_HINT)
    lines = "".join(f"\n  {problem}" for problem in problems)
    return ConfigurationError(f"{len(problems)} settings can't be used:{lines}", hint=_HINT)
