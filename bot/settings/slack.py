"""Settings of Slack: how it reaches Fireline, what things are called there, and what goes up."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import ByteSize, Field, SecretStr, field_validator, model_validator

from bot.settings.oauth import OAuthSettings
from bot.settings.types import Duration, OffIsAWord, Section, Words

_CHANNEL = re.compile(r"[CG][A-Z0-9]{7,}")


class SlackSettings(Section):
    """How Fireline talks to Slack."""

    mode: Annotated[Literal["off", "http", "socket"], OffIsAWord] = Field(
        default="off",
        description="How Slack reaches Fireline: `http` (Slack calls the public URL), `socket` (Socket Mode: no public URL) or `off`.",
    )
    bot_token: SecretStr | None = Field(
        default=None, description="Bot token (`xoxb-…`); needed unless `mode` is `off` or `oauth` is set."
    )
    app_token: SecretStr | None = Field(
        default=None, description="App-level token (`xapp-…`); needed for `socket`."
    )
    signing_secret: SecretStr | None = Field(
        default=None, description="Signing secret of the app; needed for `http`."
    )
    base_url: str = Field(
        default="https://slack.com/api/",
        description="Where the Web API is; other than Slack's own only for the local Slack.",
    )
    command: str = Field(
        default="/incident", description="The slash command.", pattern=r"^/[a-z0-9_-]{1,31}$"
    )
    announce_channel: str | None = Field(
        default=None,
        description="Channel (id or name) that hears of every new incident; unset, none does.",
        min_length=1,
    )
    channel_name: str = Field(
        default="inc-{number}-{slug}",
        description="How incident channels are named: `{number}` (needed), `{slug}` (the title, as short as it must be), `{severity}` and `{date}` "
        "among lower-case letters, digits, `-` and `_`.",
        pattern=r"^([a-z0-9_-]|\{(number|slug|severity|date)\}){1,60}$",
    )
    archive_after: Duration | None = Field(
        default=timedelta(days=7),
        description="How long after an incident's end its channel is archived; `null` for never.",
    )
    timeline_reaction: str = Field(
        default="pushpin",
        description="Reaction (an emoji's name, without colons) that adds a message of an incident's channel to its timeline.",
        pattern=r"^[a-z0-9_+'-]{1,100}$",
    )
    invite_groups: Words = Field(
        default=(),
        description="Groups (of `groups`, or Slack's user groups by handle) whose people are invited to every incident channel.",
    )
    oncall_groups: Words = Field(
        default=(),
        description="Groups whose people are on call, as `oncall` shows them; unset, those of `invite_groups`.",
    )
    share_evidence: Words = Field(
        default=(),
        description="Classes of evidence (`metrics`, `logs`, …) that go up into the incident's channel as files, free of secrets; unset, none does.",
    )
    share_evidence_up_to: ByteSize = Field(
        default=ByteSize(1024 * 1024),
        description="The largest piece of evidence that goes up.",
        le=5 * 1024 * 1024,
    )
    share_postmortem: Annotated[Literal["off", "file", "canvas"], OffIsAWord] = Field(
        default="canvas",
        description="How a postmortem's draft goes up into the channel: as its `canvas` (a file where Slack makes none), as a `file`, or `off`.",
    )
    oauth: OAuthSettings = OAuthSettings()

    @field_validator("base_url")
    @classmethod
    def _one_slash_at_the_end(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"http", "https"}:
            msg = "an address begins with http:// or https://"
            raise ValueError(msg)
        return value.rstrip("/") + "/"

    @field_validator("channel_name")
    @classmethod
    def _of_one_incident(cls, value: str) -> str:
        if "{number}" not in value:
            msg = "a channel's name needs {number}: two incidents may have the same title"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _tokens_for_the_mode(self) -> Self:
        if self.oauth.on and self.bot_token is not None:
            msg = "bot_token is of one workspace, and oauth is for several: set one of them"
            raise ValueError(msg)
        several = len(self.oauth.workspaces) > 1
        if several and self.announce_channel and _CHANNEL.fullmatch(self.announce_channel):
            msg = "announce_channel is an id of one workspace: give the name that the channel has in each"
            raise ValueError(msg)
        needed = {"off": (), "http": ("bot_token", "signing_secret"), "socket": ("bot_token", "app_token")}
        missing = [
            name
            for name in needed[self.mode]
            if getattr(self, name) is None and not (name == "bot_token" and self.oauth.on)
        ]
        if missing:
            msg = f"mode {self.mode} needs {' and '.join(missing)}"
            raise ValueError(msg)
        return self
