"""Settings of the installation in several workspaces, by OAuth."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from bot.settings.types import Section, Words

_WORKSPACE = re.compile(r"T[A-Z0-9]{2,20}")
WorkspaceId = Annotated[str, StringConstraints(pattern=_WORKSPACE.pattern)]


class OAuthSettings(Section):
    """How several workspaces let Fireline in; unset, there is one, with `slack.bot_token`."""

    client_id: str | None = Field(
        default=None,
        description="Client id of the app; with it, tokens come from the workspaces that install it, and not from `bot_token`.",
        min_length=1,
    )
    client_secret: SecretStr | None = Field(
        default=None, description="Client secret of the app; goes with `client_id`."
    )
    workspaces: Words = Field(
        default=(),
        description="Ids (`T…`) of the workspaces that may install the app, and of no other. Member ids in `groups`, and what is routed nowhere "
        "else, are the first one's.",
    )
    redirect_url: str | None = Field(
        default=None,
        description="Where Slack sends the browser back; unset, `/slack/oauth_redirect` under `http.public_url`, which is needed then unless "
        "`slack.base_url` is on this machine.",
        pattern=r"^https?://[^\s/]+/slack/oauth_redirect$",
    )
    route_label: str | None = Field(
        default=None,
        description="Label of alerts by which `routes` chooses the workspace of an incident.",
        min_length=1,
    )
    routes: dict[str, WorkspaceId] = Field(
        default_factory=dict,
        description="Workspaces by the value of `route_label`, `{payments: T0PAYMENTS}`; any other value, and none, is the first workspace's.",
    )

    @property
    def on(self) -> bool:
        """Whether workspaces install the app themselves."""
        return self.client_id is not None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.client_id is None) != (self.client_secret is None):
            msg = "client_id and client_secret go together: set both or neither"
            raise ValueError(msg)
        if self.on != bool(self.workspaces):
            msg = "client_id and workspaces go together: name the workspaces that may install the app"
            raise ValueError(msg)
        wrong = [each for each in self.workspaces if not _WORKSPACE.fullmatch(each)]
        if wrong:
            msg = f"{wrong[0]!r} is no workspace's id: it begins with T, and stands in the address of Slack in a browser"
            raise ValueError(msg)
        if bool(self.routes) != (self.route_label is not None):
            msg = "route_label and routes go together: set both or neither"
            raise ValueError(msg)
        strange = sorted(set(self.routes.values()) - set(self.workspaces))
        if strange:
            msg = f"routes leads to {strange[0]}, which is none of workspaces"
            raise ValueError(msg)
        return self
