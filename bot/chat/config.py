"""What the surface is started with: values, taken from the settings by the wiring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.domain.nouns import ROLES
from bot.settings.model import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """What may go up: evidence of these classes and up to so many bytes, and how a draft does."""

    evidence: frozenset[str] = frozenset()
    most: int = 0
    postmortem: str = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatConfig:
    """How Slack is reached, and what the surface is called there. Tokens are plain text and live here only; the repr hides them.

    `groups` maps a group's name to the member ids that the settings give it. `invite` names groups whose members every incident channel gets,
    `oncall` those whose members are on call. `timeline_reaction` is the emoji that adds a message to the timeline, `roles` are those that an
    incident knows.
    """

    mode: Literal["off", "http", "socket"]
    bot_token: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)
    signing_secret: str = field(default="", repr=False)
    base_url: str = "https://slack.com/api/"
    command: str = "/incident"
    announce_channel: str = ""
    channel_name: str = "inc-{number}-{slug}"
    public_url: str = ""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    invite: tuple[str, ...] = ()
    timeline_reaction: str = "pushpin"
    roles: tuple[str, ...] = ROLES
    oncall: tuple[str, ...] = ()
    socket_lines: int = 2
    sharing: Sharing = Sharing()

    @classmethod
    def from_settings(cls, settings: Settings) -> ChatConfig:
        """Take what the surface needs; the only place where its secrets leave their type."""
        slack = settings.slack

        def reveal(secret: object) -> str:
            return secret.get_secret_value() if hasattr(secret, "get_secret_value") else ""

        return cls(
            mode=slack.mode,
            bot_token=reveal(slack.bot_token),
            app_token=reveal(slack.app_token),
            signing_secret=reveal(slack.signing_secret),
            base_url=slack.base_url,
            command=slack.command,
            announce_channel=slack.announce_channel or "",
            channel_name=slack.channel_name,
            public_url=settings.http.base_url,
            groups=dict(settings.groups),
            invite=slack.invite_groups,
            timeline_reaction=slack.timeline_reaction,
            roles=(*ROLES, *(each for each in settings.roles if each not in ROLES)),
            oncall=slack.oncall_groups or slack.invite_groups,
            sharing=Sharing(
                evidence=frozenset(slack.share_evidence),
                most=int(slack.share_evidence_up_to),
                postmortem=slack.share_postmortem,
            ),
        )
