"""docs/cli.md, made from the commands themselves: what `--help` says, on one page. It knows no command.

It reads what `bot.cli.app` declares, not typer's own tree of commands, whose shape is typer's business and changes with it.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any

import typer
from typer.models import ArgumentInfo, OptionInfo

from bot.cli.app import FAILED, LEAD_LOST, MISUSED, app
from bot.cli.examples import EXAMPLES

_HEAD = f"""# The command line

<!-- Written by `make docs` from bot/cli/app.py; not edited by hand. -->

`fireline COMMAND --help` says the same at the terminal. Where standard output is no terminal, lines are printed whole and without colours;
`NO_COLOR` takes the colours away on a terminal too. Errors go to standard error: a sentence, and a hint on what to do.

| exit status | means |
|---|---|
| 0 | done, and all is well |
| {FAILED} | what was asked for can't be had, or what was checked is not well: an error in a runbook, a record that is not whole |
| {MISUSED} | the settings or the arguments can't be used |
| {LEAD_LOST} | `serve` lost the lead to another process over the same database: start it again, and it stands by |
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """An argument or an option as a person types it; `value` is empty for a flag, `default` empty where there is none to tell."""

    names: tuple[str, ...]
    value: str
    help: str
    default: str
    needed: bool

    @property
    def spelled(self) -> str:
        """How it is typed."""
        if not self.names:
            return f"`{self.value}`"
        return ", ".join(f"`{name} {self.value}`" if self.value else f"`{name}`" for name in self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command: the words that call it, its sentence, its parameters, and where it has one an example."""

    words: str
    purpose: str
    example: str
    parameters: tuple[Parameter, ...]


def render_reference() -> str:
    """Write docs/cli.md: every command with its arguments and options."""
    return _HEAD + "".join(_section(each) for each in commands(app, "fireline"))


def commands(of: typer.Typer, words: str) -> Iterator[Command]:
    """Yield every command below some words, groups last."""
    for each in of.registered_commands:
        assert each.callback is not None  # noqa: S101 - it was registered by decorating one
        name = each.name or each.callback.__name__.replace("_", "-")
        yield Command(
            words=f"{words} {name}",
            purpose=inspect.getdoc(each.callback) or "",
            example=EXAMPLES.get(name, "") if of is app else "",
            parameters=tuple(_parameters(each.callback)),
        )
    for group in of.registered_groups:
        assert group.typer_instance is not None  # noqa: S101 - it was added with one
        yield from commands(group.typer_instance, f"{words} {group.typer_instance.info.name}")


def _parameters(callback: Callable[..., Any]) -> Iterator[Parameter]:
    hints = typing.get_type_hints(callback, include_extras=True)
    for name, parameter in inspect.signature(callback).parameters.items():
        kind, info = typing.get_args(hints[name])
        yield _parameter(name, kind, info, parameter.default)


def _parameter(name: str, kind: Any, info: OptionInfo | ArgumentInfo, default: object) -> Parameter:  # noqa: ANN401 - a type form
    needed = default is inspect.Parameter.empty
    shown = (
        ""
        if needed or default in (None, False)
        else str(default.value if isinstance(default, Enum) else default)
    )
    if isinstance(info, ArgumentInfo):
        value = info.metavar or name.upper()
        names: tuple[str, ...] = ()
        if not needed:
            value = f"[{value}...]" if _plain(kind) is list else f"[{value}]"
    else:
        # Inside Annotated, what looks like the option's default is the first of its names: typer moves it likewise.
        first = (info.default,) if isinstance(info.default, str) else ()
        names = (*first, *(info.param_decls or ())) or (f"--{name.replace('_', '-')}",)
        value = info.metavar or ("" if kind is bool else _value(_plain(kind)))
    return Parameter(names=names, value=value, help=info.help or "", default=shown, needed=needed)


def _plain(kind: Any) -> Any:  # noqa: ANN401 - a type form in and out
    """Return the type that a person gives a value of: `Path` for `Path | None`, `list` for `list[Path]`."""
    if isinstance(kind, UnionType):
        kind = next(each for each in typing.get_args(kind) if each is not type(None))
    return typing.get_origin(kind) or kind


def _value(kind: type) -> str:
    if issubclass(kind, Enum):
        return "|".join(str(each.value) for each in kind)
    return {int: "NUMBER", Path: "PATH", str: "TEXT"}[kind]


def _section(command: Command) -> str:
    lines = [f"\n## {command.words}\n", f"{command.purpose}\n"]
    if command.example:
        lines += ["```sh", command.example, "```\n"]
    if command.parameters:
        lines += ["| argument or option | what it is for | default |", "|---|---|---|"]
        lines += [_row(each) for each in command.parameters]
    return "\n".join(lines).rstrip("\n") + "\n"


def _row(parameter: Parameter) -> str:
    default = "needed" if parameter.needed else f"`{parameter.default}`" if parameter.default else ""
    return (
        "| "
        + " | ".join(each.replace("|", "\\|") for each in (parameter.spelled, parameter.help, default))
        + " |"
    )
