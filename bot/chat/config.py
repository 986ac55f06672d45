"""What the surface is started with: values, taken from the settings by the wiring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urljoin

from bot.domain.nouns import ROLES
from bot.settings.model import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """What may go up: evidence of these classes and up to so many bytes, and how a draft does."""

    evidence: frozenset[str] = frozenset()
    most: int = 0
    postmortem: str = "off"


INSTALL_PATH, REDIRECT_PATH = "/slack/install", "/slack/oauth_redirect"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth:
    """How workspaces let the app in: those of `workspaces`, the first of which is home, and no other."""

    client_id: str
    client_secret: str = field(repr=False)
    workspaces: tuple[str, ...]
    redirect_url: str
    authorization_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatConfig:
    """How Slack is reached, and what the surface is called there. Tokens are plain text and live here only; the repr hides them.

    `groups` maps a group's name to the member ids that the settings give it. `invite` names groups whose members every incident channel gets,
    `oncall` those whose members are on call. `timeline_reaction` is the emoji that adds a message to the timeline, `roles` are those that an
    incident knows. `oauth` is None where there is one workspace, whose token is `bot_token`. `at_home` says whether member ids of the settings are of
    this workspace.
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
    oauth: OAuth | None = None
    at_home: bool = True

    @property
    def workspaces(self) -> tuple[str, ...]:
        """The ids of those that are served, home first; one without a name where there is only one."""
        return self.oauth.workspaces if self.oauth is not None else ("",)

    @property
    def install_url(self) -> str:
        """Where somebody of a workspace lets the app in."""
        return f"{self.public_url}{INSTALL_PATH}"

    def of(self, workspace: str) -> ChatConfig:
        """Return what these settings are in one workspace: of groups, the members who are there.

        `U0ADA` is somebody of the home workspace, `T0PAY/U0ADA` of that one; who has an address is asked in each.
        """
        if self.oauth is None:
            return self
        home = workspace == self.workspaces[0]

        def here(member: str) -> str:
            where, _, ident = member.rpartition("/")
            if "@" in member:
                return member
            return ident if where == workspace or (home and not where) else ""

        groups = {name: tuple(filter(None, map(here, members))) for name, members in self.groups.items()}
        return replace(self, groups=groups, at_home=home)

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
            oauth=_oauth(settings),
        )


def _oauth(settings: Settings) -> OAuth | None:
    oauth = settings.slack.oauth
    if oauth.client_id is None or oauth.client_secret is None:
        return None
    return OAuth(
        client_id=oauth.client_id,
        client_secret=oauth.client_secret.get_secret_value(),
        workspaces=oauth.workspaces,
        redirect_url=oauth.redirect_url or f"{settings.http.base_url}{REDIRECT_PATH}",
        authorization_url=urljoin(settings.slack.base_url, "/oauth/v2/authorize"),
    )
