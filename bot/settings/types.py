"""The kinds of values that settings are made of, as they are written in a file or a variable."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator
from pydantic_settings import NoDecode

from bot.domain.durations import format_duration, parse_duration


class Section(BaseModel):
    """Base of every group of settings: unknown keys are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def _read_duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _refuse_bare_number(value: object) -> object:
    if isinstance(value, int | float):
        msg = "write a unit after the number, like 30s or 5m"
        raise ValueError(msg)  # noqa: TRY004 - pydantic turns ValueError alone into a problem
    return value


Duration = Annotated[
    timedelta,
    Field(ge=timedelta()),
    BeforeValidator(_read_duration),
    BeforeValidator(_refuse_bare_number),
    PlainSerializer(format_duration, return_type=str),
]
"""A length of time with its unit: `30s`, `5m`, `1h30m`."""


def _split_list(value: object) -> object:
    """Take `a,b` from a variable as well as a JSON list."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


SplitByCommas = BeforeValidator(_split_list)
Words = Annotated[tuple[str, ...], NoDecode, SplitByCommas]
"""A list of texts; in a variable, separated by commas."""
Paths = Annotated[tuple[Path, ...], NoDecode, SplitByCommas]
"""A list of paths; in a variable, separated by commas."""


def _off_is_a_word(value: object) -> object:
    """YAML 1.1 reads a bare `off` as false."""
    return "off" if value is False else value


OffIsAWord = BeforeValidator(_off_is_a_word)


class SecretSource(Section):
    """Where a secret's value is found, anew at each use: exactly one of `env` and `file`."""

    env: str | None = Field(
        default=None, description="Name of the environment variable that holds it.", min_length=1
    )
    file: Path | None = Field(
        default=None, description="File that holds it; a newline at the end is dropped."
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_a_value(cls, data: Any) -> Any:  # noqa: ANN401 - whatever the file holds
        if isinstance(data, str):
            msg = "a secret's value has no place in the settings: say {env: NAME} or {file: PATH}"
            raise ValueError(msg)  # noqa: TRY004 - pydantic turns ValueError alone into a problem
        return data

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.env is None) == (self.file is None):
            msg = "say either {env: NAME} or {file: PATH}"
            raise ValueError(msg)
        return self
