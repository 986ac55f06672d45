"""The page that documents every setting, written from the model itself, so that it can't fall behind.

`tests/docs/test_settings.py` holds `docs/settings.md` to it; `make docs` writes the page anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ByteSize, JsonValue, SecretStr
from pydantic.fields import FieldInfo

from bot.domain.durations import format_duration
from bot.settings.model import NESTING, PREFIX, Settings

_KINDS: dict[Any, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path",
    SecretStr: "secret",
    ByteSize: "size (`16MiB`)",
    timedelta: "duration (`30s`, `5m`)",
    JsonValue: "any value",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One setting as an operator meets it; `name` is its dotted place in the file, `<name>` standing for a name of their own."""

    name: str
    variable: str
    kind: str
    default: str
    description: str

    @property
    def section(self) -> str:
        """The group that it stands in, empty for what stands at the top."""
        return self.name.partition(".")[0] if "." in self.name else ""


def every_key(model: type[BaseModel] = Settings, *, above: tuple[str, ...] = ()) -> Iterator[Key]:
    """List every setting, in the order of the model."""
    for name, field in model.model_fields.items():
        path = (*above, name)
        kind = _plain(field.annotation)
        if _is_model(kind):
            yield from every_key(kind, above=path)
        elif get_origin(kind) is dict and _is_model(_plain(get_args(kind)[1])):
            yield from every_key(_plain(get_args(kind)[1]), above=(*path, "<name>"))
        else:
            yield Key(
                name=".".join(path),
                variable=PREFIX
                + NESTING.join("<NAME>" if part == "<name>" else part.upper() for part in path),
                kind=_say(kind),
                default="needed" if field.is_required() else _default(field),
                description=field.description or "",
            )


def _is_model(kind: Any) -> bool:  # noqa: ANN401 - any annotation
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _plain(kind: Any) -> Any:  # noqa: ANN401 - any annotation
    """Take away what only says how a value is checked, and that it may be missing."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in {Union, UnionType}:
        rest = [each for each in get_args(kind) if each is not NoneType]
        return _plain(rest[0]) if len(rest) == 1 else kind
    return kind


def _say(kind: Any) -> str:  # noqa: ANN401 - any annotation
    """Name a kind of value to an operator."""
    kind = _plain(kind)
    if get_origin(kind) is Literal:
        return " or ".join(f"`{each.value if isinstance(each, Enum) else each}`" for each in get_args(kind))
    if get_origin(kind) is tuple:
        inner = _say(get_args(kind)[0])
        return f"list of {inner}" if inner.startswith("`") else f"list of {inner}s"
    if get_origin(kind) is dict:
        return f"mapping of name to {_say(get_args(kind)[1])}"
    return _KINDS[kind]


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    match value:
        case None:
            return ""
        case timedelta():
            return f"`{format_duration(value)}`"
        case ByteSize():
            return f"`{value.human_readable(separator=' ')}`"
        case tuple():
            return f"`[{', '.join(str(each) for each in value)}]`"
        case dict():
            return f"`{{{', '.join(f'{name}: {_written(each)}' for name, each in value.items())}}}`"
        case _:
            return f"`{value}`"


def _written(value: object) -> object:
    return format_duration(value) if isinstance(value, timedelta) else value


_HEAD = """# Settings

<!-- Written by `make docs` from bot/settings/model.py; not edited by hand. -->

Fireline reads one YAML file, `fireline.yaml` in the folder it is started in (or the file that `FIRELINE_CONFIG` or
`--config` names), and the environment. A variable wins over the file, the file over the default. Every key can stand in
either: `http.port` is `FIRELINE_HTTP__PORT`. A key that does not exist stops the start, with the name of the nearest one
that does. Lists in a variable are separated by commas, mappings are JSON.
[`fireline.example.yaml`](../fireline.example.yaml) shows every key in its place.
"""


def render() -> str:
    """Write the whole page as Markdown."""
    lines = [_HEAD]
    section: str | None = None
    for key in every_key():
        if key.section != section:
            section = key.section
            lines += [
                "",
                f"## {_title(section)}",
                "",
                _purpose(section),
                "",
                "| key | what it is for | kind | default |",
                "|---|---|---|---|",
            ]
        lines.append(f"| `{key.name}`<br>`{key.variable}` | {key.description} | {key.kind} | {key.default} |")
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _title(section: str) -> str:
    return section or "At the top"


def _purpose(section: str) -> str:
    if not section:
        return "What stands outside any group."
    field = Settings.model_fields[section]
    kind = _plain(field.annotation)
    return (field.description or "") if get_origin(kind) is dict else (kind.__doc__ or "").partition("\n")[0]
