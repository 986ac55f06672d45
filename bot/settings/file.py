"""The settings file: YAML with the place of every key, and none written twice. It checks no value."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.errors import ConfigurationError

Loc = tuple[int | str, ...]
"""The way to a value: keys, and positions in lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """What a file says, and on which line (from 1) it says it."""

    path: Path
    data: dict[str, Any]
    lines: dict[Loc, int] = field(default_factory=dict)

    def place(self, loc: Loc) -> str | None:
        """Return `file:line` of a value or of the nearest group around it; None when the file has neither."""
        while loc:
            if loc in self.lines:
                return f"{self.path}:{self.lines[loc]}"
            loc = loc[:-1]
        return None


def read_file(path: Path) -> SettingsFile:
    """Read a settings file; ConfigurationError when it isn't there, isn't YAML, isn't a mapping or says a key twice."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        msg = f"the settings file {path} can't be read: {reason}"
        raise ConfigurationError(msg, hint="FIRELINE_CONFIG or --config names another file.") from error
    try:
        node, data = _parse(text)
    except yaml.YAMLError as error:
        hint = "A YAML file is read by its indentation: look at the line above too."
        raise ConfigurationError(_say(path, error), hint=hint) from error
    if not isinstance(data, dict):
        msg = f"{path}:1: the settings are a mapping of keys to values, like `http: {{port: 8080}}`"
        raise ConfigurationError(msg)
    lines: dict[Loc, int] = {}
    if node is not None:
        _walk(node, (), lines, path)
    return SettingsFile(path=path, data=data, lines=lines)


def _parse(text: str) -> tuple[yaml.Node | None, Any]:
    """Return the tree with its marks, and the values that it stands for."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        return node, loader.construct_document(node) if node is not None else {}
    finally:
        loader.dispose()


def _say(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark is not None else str(path)
    return f"{place}: this is not YAML: {getattr(error, 'problem', None) or error}"


def _walk(node: yaml.Node, loc: Loc, lines: dict[Loc, int], path: Path) -> None:
    """Note the line of every key below a node."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*loc, str(key.value))
            line = key.start_mark.line + 1
            if below in lines:
                name = ".".join(map(str, below))
                msg = f"{path}:{line}: {name} is set twice; the first is on line {lines[below]}"
                raise ConfigurationError(msg, hint="Keep one of the two.")
            lines[below] = line
            _walk(value, below, lines, path)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            lines[(*loc, position)] = value.start_mark.line + 1
            _walk(value, (*loc, position), lines, path)
