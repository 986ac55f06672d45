"""Every setting there is, with its default and what it is for.

`docs/settings.md` is written from these descriptions, so each is a sentence to an operator. Durations carry units; secrets print as stars.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import ByteSize, Field, JsonValue, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.domain.loopback import is_loopback
from bot.domain.nouns import Severity
from bot.settings.api import ApiSettings
from bot.settings.protection import ProtectionSettings
from bot.settings.slack import SlackSettings
from bot.settings.types import Duration, Paths, SecretSource, Section, Words

PREFIX = "FIRELINE_"
NESTING = "__"
_DATABASES = ("sqlite", "postgresql")
_MEMBER = re.compile(r"[UW][A-Z0-9]{2,20}")


class HttpSettings(Section):
    """The port that takes webhooks, Slack's callbacks, the API and the console."""

    host: str = Field(
        default="127.0.0.1", description="Address to listen on; `0.0.0.0` for every interface.", min_length=1
    )
    port: int = Field(default=8080, description="Port to listen on; 0 takes any free one.", ge=0, le=65535)
    public_url: str | None = Field(
        default=None,
        description="Address under which people reach the console, for links in messages; unset, it is made of `host` and `port`.",
        pattern=r"^https?://[^\s/]+(/\S*)?$",
    )

    @property
    def base_url(self) -> str:
        """The address for links, without a slash at its end."""
        shown = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not bound
        host = f"[{shown}]" if ":" in shown else shown
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


class AlertmanagerSettings(Section):
    """What `POST /webhooks/alertmanager` accepts, and the Alertmanager in which alerts are silenced."""

    bearer_token: SecretStr | None = Field(
        default=None,
        description="Token that Alertmanager must send (`http_config.authorization.credentials`).",
    )
    basic_username: str | None = Field(
        default=None,
        description="User name that Alertmanager may send instead (`http_config.basic_auth.username`).",
    )
    basic_password: SecretStr | None = Field(
        default=None, description="Password that goes with `basic_username`."
    )
    max_body_bytes: ByteSize = Field(
        default=ByteSize(16 * 1024 * 1024),
        description="Largest delivery taken in; above it the answer is 413.",
        ge=1024,
    )
    url: str | None = Field(
        default=None,
        description="Address of the Alertmanager that `silence` asks, with its route prefix; unset, nothing is silenced.",
        pattern=r"^https?://[^\s/]+(/\S*)?$",
    )
    url_bearer_token: SecretStr | None = Field(default=None, description="Token that goes with `url`.")
    url_username: str | None = Field(
        default=None, description="User name that goes with `url` where it asks for a password."
    )
    url_password: SecretStr | None = Field(
        default=None, description="Password that goes with `url_username`."
    )

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        for name, password in (("basic_username", "basic_password"), ("url_username", "url_password")):
            if (getattr(self, name) is None) != (getattr(self, password) is None):
                msg = f"{name} and {password} go together: set both or neither"
                raise ValueError(msg)
        if self.url_bearer_token is not None and self.url_username is not None:
            msg = "url_bearer_token and url_username contradict each other: set one"
            raise ValueError(msg)
        return self


class ReminderSettings(Section):
    """When people are reminded in an incident's channel."""

    update_after: dict[Severity, Duration] = Field(
        default={
            Severity.SEV1: timedelta(minutes=30),
            Severity.SEV2: timedelta(minutes=30),
            Severity.SEV3: timedelta(hours=2),
        },
        description="How long nobody may say how an incident stands, by its severity, before its commander is reminded; a severity that is not "
        "named is left alone.",
    )
    commander_after: Duration | None = Field(
        default=timedelta(minutes=5),
        description="How long an incident may go without a commander before `slack.invite_groups` are asked; `null` for ever.",
    )
    approvals: bool = Field(
        default=True,
        description="Whether those who may decide are reminded, once, when half of the time is over.",
    )


class ConsoleSettings(Section):
    """The web pages."""

    token: SecretStr | None = Field(
        default=None,
        description="Token that opens the console to readers elsewhere; unset, it answers this machine alone.",
    )


class EngineSettings(Section):
    """How runbooks are run."""

    max_parallel_steps: int = Field(
        default=64,
        description="Calls that may run at once, over all incidents; more wait their turn, worse incidents first.",
        ge=1,
        le=10_000,
    )
    default_step_timeout: Duration = Field(
        default=timedelta(minutes=5), description="How long a step may take when its runbook does not say."
    )
    default_run_timeout: Duration = Field(
        default=timedelta(hours=4),
        description="How long a run may take, waits included, when its runbook does not say.",
    )
    default_approval_expiry: Duration = Field(
        default=timedelta(minutes=15),
        description="How long an approval waits for its people when its step does not say.",
    )
    shutdown_grace: Duration = Field(
        default=timedelta(seconds=10),
        description="How long a stop waits for running steps; what still runs then is interrupted.",
    )


class JournalSettings(Section):
    """The writer of the event log."""

    max_waiting: int = Field(
        default=10_000,
        description="Units of work that may wait; above it, webhooks are answered 503 and sent again.",
        ge=1,
    )
    max_batch: int = Field(default=1024, description="Units of work in one transaction at the most.", ge=1)
    log_writer: bool = Field(
        default=True,
        description="Whether a second process may be started to write bursts, on SQLite. It ends when there was none for a minute.",
    )


class PrometheusSettings(Section):
    """The Prometheus that the `prometheus.*` actions ask."""

    url: str | None = Field(
        default=None,
        description="Its address; the `prometheus.*` actions need it.",
        pattern=r"^https?://[^\s/]+(/\S*)?$",
    )


class LoggingSettings(Section):
    """The process's own log, on standard error."""

    format: Literal["console", "json"] = Field(
        default="console", description="How a line looks: `console` for a person, `json` for a log collector."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The mildest level that is written."
    )


class ShellSettings(Section):
    """What `shell.run` may do on this machine."""

    allowed: Words = Field(
        default=(),
        description="Commands that `shell.run` may run, each as runbooks write it first in the argv; unset, none.",
    )
    working_dir: Path | None = Field(
        default=None,
        description="Folder in which commands start; unset, the one in which Fireline was started.",
    )


class Settings(BaseSettings):
    """Every setting. Making one by hand reads nothing but its arguments; `load_settings` reads the world."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=NESTING, extra="forbid", frozen=True, validate_default=True
    )

    data_dir: Path = Field(
        default=Path("fireline-data"),
        description="Folder for everything that Fireline keeps: the database unless named, the evidence.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="The database, `sqlite:///path` or `postgresql://user:password@host/name`; unset, `fireline.db` in `data_dir`.",
    )
    runbooks: Paths = Field(
        default=(Path("runbooks"),), description="Folders whose `*.yaml` files are the runbooks."
    )
    vars: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="Values that runbooks read as `vars.<name>`; never secrets: they may be shown.",
    )
    groups: dict[str, Words] = Field(
        default_factory=dict,
        description="People by group, as approvals name them (`group:sre`): member ids of the chat or email addresses, "
        "`sre: [U0ADA, ben@example.com]`; with several workspaces, `T0PAY/U0ADA` is somebody of one of them.",
    )
    roles: Words = Field(
        default=(),
        description="Roles in an incident beside incident_commander, communications and scribe, as people type them: `[customer_liaison]`.",
    )
    secrets: dict[str, SecretSource] = Field(
        default_factory=dict,
        description="Secrets by the name that runbooks use: where each is found, `{env: NAME}` or `{file: PATH}`.",
    )
    http: HttpSettings = HttpSettings()
    alertmanager: AlertmanagerSettings = AlertmanagerSettings()
    slack: SlackSettings = SlackSettings()
    reminders: ReminderSettings = ReminderSettings()
    console: ConsoleSettings = ConsoleSettings()
    api: ApiSettings = ApiSettings()
    engine: EngineSettings = EngineSettings()
    protection: ProtectionSettings = ProtectionSettings()
    journal: JournalSettings = JournalSettings()
    prometheus: PrometheusSettings = PrometheusSettings()
    logging: LoggingSettings = LoggingSettings()
    shell: ShellSettings = ShellSettings()

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: SecretStr | None) -> SecretStr | None:
        if (
            value is not None
            and value.get_secret_value().partition(":")[0].partition("+")[0] not in _DATABASES
        ):
            msg = "the address of a database begins with sqlite:/// or postgresql://"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _members_are_somewhere(self) -> Self:
        for name, members in self.groups.items():
            for each in members if self.slack.mode != "off" else ():
                workspace, slash, _ = each.rpartition("/")
                if slash and "@" not in each and workspace not in self.slack.oauth.workspaces:
                    msg = f"groups.{name}: {each} is of {workspace}, which is none of slack.oauth.workspaces"
                    raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _browsers_find_back(self) -> Self:
        slack, oauth = self.slack, self.slack.oauth
        named = self.http.public_url is not None or oauth.redirect_url is not None
        # The local Slack is on this machine, and so are the browsers that install there.
        local = is_loopback(urlsplit(slack.base_url).hostname or "")
        if oauth.on and slack.mode != "off" and not (named or local):
            msg = (
                "slack.oauth: Slack sends whoever installs the app back to Fireline, and no browser finds it at "
                f"{self.http.base_url}: set http.public_url, like https://fireline.example.com"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _holders_are_known(self) -> Self:
        for name, each in self.api.tokens.items():
            if each.person is not None and self.slack.mode != "off" and not _MEMBER.fullmatch(each.person):
                msg = f"api.tokens.{name}.person: with Slack on, a person is named by their member id, like U0ADA"
                raise ValueError(msg)
            named = sorted(set(each.groups) & self.groups.keys())
            if named:
                msg = f"api.tokens.{name}.groups: {named[0]} is one of `groups`: who is in it stands there"
                raise ValueError(msg)
        return self

    @property
    def database(self) -> str:
        """The database's address, password included: for the connection alone, never for a log."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'fireline.db'}"

    @property
    def evidence_dir(self) -> Path:
        """Where evidence is kept."""
        return self.data_dir / "evidence"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings' signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing by itself: `load_settings` passes what it found, a test what it wants."""
        return (init_settings,)
