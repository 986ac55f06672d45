"""The inputs of a run.

What was given, defaults for the rest, each checked against its declaration; nothing is guessed.

Text from a command line (`service=checkout replicas=3`) becomes the declared type; a list is written
`a,b,c`. Every problem is told, not only the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.errors import RunbookError
from bot.runbook.data import Data
from bot.runbook.expressions import BadExpression
from bot.runbook.model import InputDecl, InputType, Runbook
from bot.runbook.regexes import compile_regex
from bot.runbook.sandbox import nearest


class InputsRefused(RunbookError):
    """The inputs don't fit the runbook; `problems` has a sentence for each misfit, `misfits` the same by the input's name."""

    def __init__(
        self, runbook: str, problems: tuple[str, ...], hint: str, misfits: Mapping[str, str]
    ) -> None:
        super().__init__(f"{runbook} can't start: {'; '.join(problems)}", hint=hint)
        self.problems = problems
        self.misfits = misfits


class _Unfit(ValueError):
    """A value that does not fit its declaration."""


def resolve_inputs(
    runbook: Runbook, given: Mapping[str, object], scope: Mapping[str, Any]
) -> Mapping[str, Data]:
    """Return a value for each declared input.

    The given one, else its default rendered in `scope`, else None where it is optional.

    `scope` holds `alert`, `alerts` and `vars` as far as there are any. Raises InputsRefused with every
    problem.
    """
    known = [decl.name for decl in runbook.inputs]
    problems = [_no_such(name, known) for name in given if name not in known]
    misfits: dict[str, str] = {}
    values: dict[str, Data] = {}
    for decl in runbook.inputs:
        try:
            values[decl.name] = _value(decl, given, scope)
        except _Unfit as error:
            misfits[decl.name] = str(error)
    problems += [f"{name}: {why}" for name, why in misfits.items()]
    if problems:
        raise InputsRefused(runbook.name, tuple(problems), _usage(runbook), misfits)
    return values


def misfit(decl: InputDecl, value: object, *, enum: bool = True) -> str:
    """Say why a value does not fit its declaration; empty when it does."""
    try:
        fitted = _typed(decl, value)
        _check(decl, fitted, enum=enum)
    except _Unfit as error:
        return str(error)
    return ""


def _value(decl: InputDecl, given: Mapping[str, object], scope: Mapping[str, Any]) -> Data:
    if decl.name in given:
        value = given[decl.name]
    elif decl.default is not None:
        try:
            value = decl.default.render(scope)
        except BadExpression as error:
            raise _Unfit(f"it was not given, and its default has no value here: {error}") from None
    elif decl.required:
        raise _Unfit("it was not given")
    else:
        return None
    fitted = _typed(decl, value)
    _check(decl, fitted, enum=True)
    return fitted


def _typed(decl: InputDecl, value: object) -> Data:
    return _READERS[decl.type](value)


def _string(value: object) -> str:
    if isinstance(value, str):
        return value
    raise _Unfit(f"{value!r} should be a text")


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    raise _Unfit(f"{value!r} should be a whole number")


def _number(value: object) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and compile_regex(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,2})?").found_in(
        value
    ):
        number = float(value)
        return int(value) if value.lstrip("+-").isdigit() else number
    raise _Unfit(f"{value!r} should be a number")


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise _Unfit(f"{value!r} should be true or false")


def _list(value: object) -> list[Data]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return list(value)
    raise _Unfit(f"{value!r} should be a list of texts")


_READERS: Mapping[InputType, Callable[[object], Data]] = {
    InputType.STRING: _string,
    InputType.INTEGER: _integer,
    InputType.NUMBER: _number,
    InputType.BOOLEAN: _boolean,
    InputType.LIST: _list,
}


def _check(decl: InputDecl, value: Data, *, enum: bool) -> None:
    for each in value if isinstance(value, list) else [value]:
        if enum and decl.enum and each not in decl.enum:
            raise _Unfit(f"{each!r} should be one of {', '.join(str(choice) for choice in decl.enum)}")
        if (
            decl.pattern is not None
            and isinstance(each, str)
            and not compile_regex(decl.pattern).found_in(each)
        ):
            raise _Unfit(f"{each!r} does not match {decl.pattern}")


def _no_such(name: str, known: list[str]) -> str:
    return " - ".join(part for part in (f"{name}: there is no such input", nearest(name, known)) if part)


def _usage(runbook: Runbook) -> str:
    words = (f"{decl.name}=…" if decl.required else f"[{decl.name}=…]" for decl in runbook.inputs)
    return f"it takes: {' '.join(words)}" if runbook.inputs else "it takes no inputs"
