"""The app that the manifest makes may do what the surface does, and no more."""

from __future__ import annotations

import pytest

from bot.chat.config import ChatConfig, OAuth
from bot.chat.manifest import SCOPES, manifest
from bot.chat.pace import METHODS
from bot.localslack.methods.registry import REGISTRY


def test_http_mode_tells_slack_where_to_call() -> None:
    """The command and the buttons lead to the public URL."""
    made = manifest(ChatConfig(mode="http", public_url="https://ops.example.com", command="/fire"))
    (command,) = made["features"]["slash_commands"]
    assert command["command"] == "/fire"
    assert command["url"] == "https://ops.example.com/slack/events"
    assert made["settings"]["interactivity"]["request_url"] == command["url"]
    assert made["settings"]["socket_mode_enabled"] is False


def test_socket_mode_needs_no_url() -> None:
    """Nothing of it is reachable from outside."""
    made = manifest(ChatConfig(mode="socket", public_url="https://ops.example.com"))
    assert made["settings"]["socket_mode_enabled"] is True
    assert "https://" not in str(made["features"]) + str(made["settings"])


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_that_the_surface_calls_has_its_scope(method: str) -> None:
    """What the local Slack asks for a method, the manifest asks for the app; private channels are not made yet."""
    needed = {REGISTRY[method].scope, REGISTRY[method].by_kind.get("public", "")} - {""}
    assert needed <= set(SCOPES)


def test_limits_of_the_form() -> None:
    """Slack refuses longer texts (https://docs.slack.dev/reference/app-manifest)."""
    made = manifest(ChatConfig(mode="socket"))
    about = made["display_information"]
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 175 <= len(about["long_description"]) <= 4000
    assert made["oauth_config"]["scopes"]["bot"] == sorted(made["oauth_config"]["scopes"]["bot"])


def test_several_workspaces_install_it_by_oauth() -> None:
    """Slack sends the browser back where we are, rotates tokens, and tells when a workspace throws us out."""
    oauth = OAuth(
        client_id="1.2",
        client_secret="x",
        workspaces=("T1",),
        redirect_url="https://ops.example.com/slack/oauth_redirect",
        authorization_url="https://slack.com/oauth/v2/authorize",
    )
    made = manifest(ChatConfig(mode="http", public_url="https://ops.example.com", oauth=oauth))
    assert made["oauth_config"]["redirect_urls"] == [oauth.redirect_url]
    assert made["settings"]["token_rotation_enabled"] is True
    events = made["settings"]["event_subscriptions"]["bot_events"]
    assert {"app_uninstalled", "tokens_revoked"} <= set(events)
    alone = manifest(ChatConfig(mode="http"))
    assert "redirect_urls" not in alone["oauth_config"]
    assert "app_uninstalled" not in alone["settings"]["event_subscriptions"]["bot_events"]
