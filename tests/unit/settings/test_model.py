"""What the settings allow, and what they make of what is said."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.domain.nouns import Severity
from bot.settings.model import (
    AlertmanagerSettings,
    EngineSettings,
    HttpSettings,
    ReminderSettings,
    Settings,
)
from bot.settings.slack import SlackSettings


def test_defaults_need_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings made by hand are the defaults, whatever the environment says."""
    monkeypatch.setenv("FIRELINE_HTTP__PORT", "1")
    settings = Settings()
    assert settings.http.port == 8080
    assert settings.database == "sqlite:///fireline-data/fireline.db"
    assert settings.evidence_dir == Path("fireline-data/evidence")
    assert settings.engine.default_step_timeout == timedelta(minutes=5)


def test_frozen_at_every_depth() -> None:
    """Nothing changes a setting after the start."""
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.data_dir = Path("/elsewhere")
    with pytest.raises(ValidationError, match="frozen"):
        settings.http.port = 1


def test_secrets_print_as_stars() -> None:
    """Neither `repr` nor a dump shows a token or the database's password."""
    settings = Settings(
        database_url="postgresql://u:hunter2@h/d",
        slack={"bot_token": "xoxb-hunter2"},
        console={"token": "hunter2"},
    )
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.model_dump_json()
    assert settings.database == "postgresql://u:hunter2@h/d"


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"host": "0.0.0.0"}, "http://127.0.0.1:8080"),
        ({"host": "::1", "port": 9}, "http://[::1]:9"),
        ({"public_url": "https://fireline.example.com/"}, "https://fireline.example.com"),
    ],
)
def test_the_address_for_links(said: dict[str, Any], url: str) -> None:
    """Links lead to the public address, or to what a person on the machine can open; none ends in a slash."""
    assert HttpSettings(**said).base_url == url


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({"mode": "http"}, "bot_token and signing_secret"),
        ({"mode": "http", "bot_token": "x"}, "needs signing_secret"),
        ({"mode": "socket", "bot_token": "x"}, "needs app_token"),
    ],
)
def test_a_mode_needs_its_tokens(said: dict[str, Any], missing: str) -> None:
    """A mode without what it needs is refused at the start, not at the first message."""
    with pytest.raises(ValidationError, match=missing):
        SlackSettings(**said)


def test_off_is_a_word() -> None:
    """YAML 1.1 reads a bare `off` as false; both mean off."""
    assert SlackSettings(mode=False).mode == "off"


def test_the_web_api_ends_in_one_slash() -> None:
    """Methods are joined to the base, so it ends in exactly one slash; what is no address is refused."""
    assert SlackSettings(base_url="http://127.0.0.1:9/api").base_url == "http://127.0.0.1:9/api/"
    with pytest.raises(ValidationError, match="https://"):
        SlackSettings(base_url="slack.com/api")


def test_basic_auth_goes_in_pairs() -> None:
    """A user name without a password protects nothing, and is refused."""
    with pytest.raises(ValidationError, match="both or neither"):
        AlertmanagerSettings(basic_username="am")
    assert AlertmanagerSettings(basic_username="am", basic_password="x").basic_username == "am"


def test_only_databases_that_we_know() -> None:
    """Another database's address is refused without being repeated, since it may hold a password."""
    with pytest.raises(ValidationError, match="postgresql://"):
        Settings(database_url="mysql://u:hunter2@h/d")
    assert Settings(database_url="postgresql+psycopg://h/d").database == "postgresql+psycopg://h/d"


@pytest.mark.parametrize("said", [30, 1.5])
def test_a_duration_carries_its_unit(said: float) -> None:
    """A bare number is refused: half the field would read it as seconds, half as milliseconds."""
    with pytest.raises(ValidationError, match="unit"):
        EngineSettings(default_step_timeout=said)
    with pytest.raises(ValidationError):
        EngineSettings(default_step_timeout=timedelta(seconds=-1))


@pytest.mark.parametrize("said", ["hunter2", {}, {"env": "A", "file": "/b"}, {"value": "x"}])
def test_a_secret_is_a_place_and_not_a_value(said: object) -> None:
    """A secret is found in exactly one place; a value in the file is refused."""
    with pytest.raises(ValidationError):
        Settings(secrets={"pagerduty/token": said})


@pytest.mark.parametrize(
    "said", ["inc-{slug}", "Inc-{number}", "inc {number}", "{number}-{team}", "inc-{number"]
)
def test_a_channel_s_name_is_a_template_that_slack_takes(said: str) -> None:
    """Of one incident alone, and of what may stand in a name."""
    assert SlackSettings(channel_name="{date}_{severity}-{number}").channel_name
    with pytest.raises(ValidationError, match="channel_name"):
        SlackSettings(channel_name=said)


def test_what_is_waited_for_is_said_by_severity() -> None:
    """As in a file: names of severities, durations with units, and null for never."""
    said = {"update_after": {"SEV1": "10m"}, "commander_after": None}
    reminders = ReminderSettings.model_validate(said)
    assert reminders.update_after == {Severity.SEV1: timedelta(minutes=10)}
    assert reminders.commander_after is None
    with pytest.raises(ValidationError, match="update_after"):
        ReminderSettings.model_validate({"update_after": {"SEV9": "10m"}})
