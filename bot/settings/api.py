"""The settings of the API: whose tokens open it, and what each may do there."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from bot.settings.types import Section, SplitByCommas, Words

SHORTEST = 24
"""Characters of a token, at the least: what `openssl rand -base64 18` makes."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
_FOR_PEOPLE = frozenset({"decide", "respond", "run"})

Right = Literal["decide", "respond", "declare", "run", "steer", "note", "silence", "freeze"]


class ApiTokenSettings(Section):
    """One token: its holder, and the least that they need."""

    token: SecretStr = Field(
        description=f"The token, {SHORTEST} characters or more; it works for as long as it stands here."
    )
    person: str | None = Field(
        default=None,
        description="Who holds it, by the id that chat knows them by (`U0ADA`), so that one person stays one whichever way they come.",
        pattern=r"^[A-Za-z0-9_.@+-]{1,80}$",
    )
    email: str | None = Field(
        default=None, description="Their address, where `groups` list them by it.", pattern=r"^\S+@\S+$"
    )
    service: str | None = Field(
        default=None,
        description="The program that holds it, instead of a person; it never decides, leads no response, and starts no runbook.",
        pattern=r"^[A-Za-z0-9_.-]{1,80}$",
    )
    groups: Words = Field(
        default=(),
        description="Slack's user groups, by handle, that count for this person here; groups of `groups` count by themselves.",
    )
    may: Annotated[tuple[Right, ...], NoDecode, SplitByCommas] = Field(
        description="What it may do: `decide` (approve, deny, settle), `respond` (acknowledge, lead, merge, resolve, reopen), "
        "`declare` (an incident), `run` (start a runbook), `steer` (pause, resume, retry, cancel), `note`, "
        "`silence` (an incident's alerts) and `freeze` (changes in every run).",
        min_length=1,
    )

    @field_validator("token")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < SHORTEST:
            msg = f"a token has {SHORTEST} characters or more, so that nobody guesses it"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _one_holder(self) -> Self:
        if (self.person is None) == (self.service is None):
            msg = "say who holds it: either `person` or `service`"
            raise ValueError(msg)
        kept = sorted(_FOR_PEOPLE & set(self.may))
        if self.service is not None and kept:
            msg = f"a service may not {' or '.join(kept)}: that is for people"
            raise ValueError(msg)
        if self.service is not None and (self.groups or self.email):
            msg = "a service is in no group and has no address"
            raise ValueError(msg)
        return self


class ApiSettings(Section):
    """The JSON API below `/api/v1`, and the commands that use it (`fireline approve` and the like)."""

    tokens: dict[str, ApiTokenSettings] = Field(
        default_factory=dict,
        description="Tokens that open the API, by a name that the record shows; without any, it answers nobody.",
    )
    urls: Words = Field(
        default=(),
        description="Where commands find Fireline; the first that leads is asked. Unset, the address that `http` gives.",
    )
    token: SecretStr | None = Field(
        default=None, description="The token that commands show: one of your own, from the environment."
    )

    @field_validator("urls")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not re.fullmatch(r"https?://[^\s/]+(/\S*)?", each) for each in value):
            msg = "an address begins with http:// or https://"
            raise ValueError(msg)
        return tuple(each.rstrip("/") for each in value)

    @field_validator("tokens")
    @classmethod
    def _named_and_apart(cls, value: dict[str, ApiTokenSettings]) -> dict[str, ApiTokenSettings]:
        for name in value:
            if not _NAME.fullmatch(name):
                msg = f"{name!r}: a token's name is made of lower-case letters, digits, dots, dashes and underscores"
                raise ValueError(msg)
        if len({each.token.get_secret_value() for each in value.values()}) < len(value):
            msg = "two of them are the same token: each holder needs their own"
            raise ValueError(msg)
        return value
