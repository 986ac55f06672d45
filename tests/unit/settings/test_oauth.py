"""Settings of several workspaces: whole, or refused at the start."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bot.chat.config import ChatConfig
from bot.settings import Settings
from bot.settings.oauth import OAuthSettings
from bot.settings.slack import SlackSettings

OAUTH: dict[str, Any] = {"client_id": "1.2", "client_secret": "hush", "workspaces": ["T0SHOP", "T0PAY"]}


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"client_id": "1.2"}, "client_secret go together"),
        ({"client_id": "1.2", "client_secret": "x"}, "workspaces go together"),
        ({"workspaces": ["T0SHOP"]}, "workspaces go together"),
        ({**OAUTH, "workspaces": ["demo-shop"]}, "no workspace's id"),
        ({**OAUTH, "routes": {"pay": "T0PAY"}}, "route_label and routes go together"),
        ({**OAUTH, "route_label": "tenant"}, "route_label and routes go together"),
        ({**OAUTH, "route_label": "tenant", "routes": {"pay": "T0OTHER"}}, "none of workspaces"),
        ({**OAUTH, "redirect_url": "https://x/elsewhere"}, "redirect_url"),
    ],
)
def test_what_does_not_hang_together_is_refused(said: dict[str, Any], says: str) -> None:
    """Half a setting would let nobody in, or send incidents where nobody is."""
    with pytest.raises(ValidationError, match=says):
        OAuthSettings(**said)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"bot_token": "xoxb-1"}, "set one of them"),
        ({"announce_channel": "C0CENTRAL0"}, "give the name"),
    ],
)
def test_what_is_of_one_workspace_is_refused_for_several(said: dict[str, Any], says: str) -> None:
    """A token, and a channel's id, mean one workspace."""
    with pytest.raises(ValidationError, match=says):
        SlackSettings(mode="http", signing_secret="s", oauth=OAUTH, **said)


def test_each_workspace_has_its_own_people_of_a_group() -> None:
    """A bare id is of the first workspace, one with a workspace before it of that one, and an address is asked in each."""
    settings = Settings(
        slack={"mode": "http", "signing_secret": "s", "oauth": OAUTH},
        http={"public_url": "https://fireline.test"},
        groups={"sre": ["U0ADA", "T0PAY/U0BEN", "T0SHOP/U0CLEO", "dana@example.com"]},
    )
    config = ChatConfig.from_settings(settings)
    assert config.of("T0SHOP").groups == {"sre": ("U0ADA", "U0CLEO", "dana@example.com")}
    assert config.of("T0PAY").groups == {"sre": ("U0BEN", "dana@example.com")}
    assert [config.of(each).at_home for each in config.workspaces] == [True, False]
    assert config.oauth is not None
    assert config.oauth.redirect_url == "https://fireline.test/slack/oauth_redirect"
    assert config.oauth.authorization_url == "https://slack.com/oauth/v2/authorize"
    assert "hush" not in repr(config) + repr(settings)


def test_browsers_must_find_back() -> None:
    """Slack would send them to an address of their own machine; with the local Slack that is where they are, and with Slack off nobody installs."""
    slack = {"mode": "http", "signing_secret": "s", "oauth": OAUTH}
    with pytest.raises(ValidationError, match=r"finds it at http://127\.0\.0\.1:8080: set http\.public_url"):
        Settings(slack=slack)
    with pytest.raises(ValidationError, match=r"set http\.public_url"):
        Settings(slack=slack | {"base_url": "https://slack.test/api/"}, http={"host": "0.0.0.0"})
    back, here = (
        f"{each}/slack/oauth_redirect" for each in ("https://fireline.test", "http://127.0.0.1:8080")
    )
    for said, there in (
        ({"slack": slack, "http": {"public_url": "https://fireline.test/"}}, back),
        ({"slack": slack | {"oauth": OAUTH | {"redirect_url": back}}}, back),
        ({"slack": slack | {"base_url": "http://127.0.0.1:9000/api/"}}, here),
        ({"slack": slack | {"base_url": "http://[::1]:9000/api/"}}, here),
        ({"slack": {"oauth": OAUTH}}, here),
    ):
        oauth = ChatConfig.from_settings(Settings(**said)).oauth
        assert oauth is not None
        assert oauth.redirect_url == there


@pytest.mark.parametrize("slack", [{"oauth": OAUTH}, {"bot_token": "x"}])
def test_a_member_of_no_workspace_is_refused(slack: dict[str, Any]) -> None:
    """A mistyped workspace would make a group of nobody, and an approval that nobody may give."""
    said = {"mode": "http", "signing_secret": "s", **slack}
    with pytest.raises(ValidationError, match=r"groups\.sre: T0PAX/U0BEN is of T0PAX, which is none of"):
        Settings(slack=said, groups={"sre": ["U0ADA", "a/b@example.com", "T0PAX/U0BEN"]})


def test_one_workspace_by_token_knows_of_none_of_it() -> None:
    """Its settings are as they were, and it has no name."""
    config = ChatConfig.from_settings(
        Settings(slack={"mode": "http", "bot_token": "x", "signing_secret": "s"}, groups={"sre": ["U0ADA"]})
    )
    assert (config.oauth, config.workspaces) == (None, ("",))
    assert config.of("") is config
