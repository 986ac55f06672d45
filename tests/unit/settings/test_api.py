"""Who holds the API's tokens: what the settings take, and what they refuse before anything starts."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.errors import ConfigurationError
from bot.settings import Settings, load_settings
from bot.wiring.api import holders_of
from bot.wiring.secrets import settings_secrets

TOKEN = "0123456789abcdef01234567"
SLACK = {"mode": "socket", "bot_token": "xoxb-1", "app_token": "xapp-1"}


def made(name: str = "ada", /, *, slack: dict[str, Any] | None = None, **token: Any) -> Settings:
    """Make settings with one token."""
    whole = {"token": TOKEN, "person": "U0ADA", "may": ["decide"], **token}
    held = {key: value for key, value in whole.items() if value is not None}
    return Settings(
        groups={"sre": ("U0ADA",), "leads": ("U0BEN",), "mail": ("ada@example.com",)},
        slack=slack or {},
        api={"tokens": {name: held}},
    )


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        ({"token": "short"}, "24 characters or more"),
        ({"person": None}, "either `person` or `service`"),
        ({"service": "deploy"}, "either `person` or `service`"),
        ({"person": None, "service": "deploy", "may": ["decide", "steer"]}, "a service may not decide"),
        ({"person": None, "service": "deploy", "may": ["declare", "run"]}, "a service may not run"),
        (
            {"person": None, "service": "deploy", "may": ["steer"], "groups": ["x"]},
            "a service is in no group and",
        ),
        ({"person": "ada lovelace"}, "pattern"),
        ({"may": []}, "at least 1"),
        ({"may": ["everything"]}, "decide"),
        ({"groups": ["sre"]}, "sre is one of `groups`"),
    ],
)
def test_what_is_refused(token: dict[str, Any], problem: str) -> None:
    """Each with a sentence; none shows the token."""
    with pytest.raises(ValidationError, match=problem) as refused:
        made(**token)
    assert TOKEN not in str(refused.value.errors(include_input=False))


def test_with_slack_a_person_is_a_member_of_it() -> None:
    """Otherwise one person would be two, and could approve what they asked for."""
    with pytest.raises(ValidationError, match="like U0ADA"):
        made(slack=SLACK, person="ada@example.com")
    assert made(person="ada@example.com").api.tokens["ada"].person == "ada@example.com"
    assert made(slack=SLACK).api.tokens["ada"].person == "U0ADA"


def test_names_and_tokens_are_apart() -> None:
    """A name stands in the record, so it is one word; a token shared by two names would make one of them the other."""
    with pytest.raises(ValidationError, match="lower-case letters"):
        made("Ada's laptop")
    one = {"token": TOKEN, "person": "U0ADA", "may": ["note"]}
    with pytest.raises(ValidationError, match="the same token"):
        Settings(api={"tokens": {"a": one, "b": one}})
    with pytest.raises(ValidationError, match="begins with http"):
        Settings(api={"urls": ["fireline.internal"]})


def test_a_token_comes_from_variables_too() -> None:
    """A secret need not stand in the file."""
    name = "FIRELINE_API__TOKENS__ADA__"
    environ = {f"{name}TOKEN": TOKEN, f"{name}PERSON": "U0ADA", f"{name}MAY": "note,steer"}
    settings = load_settings(environ=environ)
    assert settings.api.tokens["ada"].may == ("note", "steer")
    with pytest.raises(ConfigurationError, match="may"):
        load_settings(environ={**environ, f"{name}MAY": ""})


def test_holders_have_the_groups_that_list_them() -> None:
    """What the settings' groups say, and Slack's groups that the token names; every token is a secret."""
    settings = made(groups=["oncall"])
    ((_, holder),) = holders_of(settings)._holders
    assert (str(holder.actor), holder.groups) == ("person:U0ADA via api/ada", {"sre", "oncall"})
    ((_, by_mail),) = holders_of(made(email="Ada@Example.com", person="U1"))._holders
    assert by_mail.groups == {"mail"}
    ((_, other),) = holders_of(made("deploy", person=None, service="deploy", may=["steer"]))._holders
    assert (str(other.actor), other.groups) == ("service:deploy via api/deploy", frozenset())
    assert TOKEN in settings_secrets(settings)
    assert TOKEN not in repr(settings)
