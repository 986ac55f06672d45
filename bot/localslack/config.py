"""What a Local Slack is started with: who works there, which channels exist, which app is installed and what it may do.

Frozen values only; `LocalSlackConfig()` alone gives a workspace that the demo and most tests can use as it is. Nothing is read from
the environment or from files here.
"""

from __future__ import annotations

from dataclasses import dataclass

BOT_SCOPES = frozenset(
    {
        "app_mentions:read",
        "bookmarks:read",
        "bookmarks:write",
        "canvases:read",
        "canvases:write",
        "channels:history",
        "channels:join",
        "channels:manage",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "groups:write",
        "im:history",
        "im:read",
        "im:write",
        "pins:read",
        "pins:write",
        "reactions:read",
        "reactions:write",
        "team:read",
        "usergroups:read",
        "users:read",
        "users:read.email",
    }
)
"""The scopes that the app has from the start: all that the bot's manifest may ask for, private incidents included."""

SUBSCRIPTIONS = frozenset(
    {
        "app_home_opened",
        "app_mention",
        "app_uninstalled",
        "channel_archive",
        "channel_created",
        "channel_deleted",
        "channel_left",
        "channel_rename",
        "channel_unarchive",
        "file_shared",
        "group_archive",
        "group_deleted",
        "group_left",
        "group_rename",
        "group_unarchive",
        "member_joined_channel",
        "member_left_channel",
        "message.channels",
        "message.groups",
        "message.im",
        "pin_added",
        "pin_removed",
        "reaction_added",
        "reaction_removed",
        "subteam_updated",
        "tokens_revoked",
        "user_change",
    }
)
"""The events that the app is subscribed to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of the workspace."""

    id: str
    name: str  # the handle, as in @ada
    real_name: str
    email: str
    title: str = ""
    is_admin: bool = False
    is_guest: bool = False
    is_bot: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A user group, mentioned as `<!subteam^ID>`."""

    id: str
    handle: str
    name: str
    members: tuple[str, ...]
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedChannel:
    """A channel that exists from the start."""

    id: str
    name: str
    members: tuple[str, ...]
    topic: str = ""
    purpose: str = ""
    is_general: bool = False
    is_private: bool = False
    bot_is_member: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A slash command that the app registered."""

    name: str  # with its slash
    description: str
    usage: str = ""
    words: tuple[str, ...] = ()  # first words that the page completes


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """A shortcut that the app registered: in a message's menu, or in the composer's."""

    callback_id: str
    name: str
    of_message: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledApp:
    """The app whose tokens this workspace knows, and where its callbacks go."""

    id: str = "A0FIRELINE0"
    name: str = "Fireline"
    bot_id: str = "B0FIRELINE0"
    bot_user_id: str = "U0FIRELINE0"
    bot_handle: str = "fireline"
    bot_token: str = "xoxb-local-slack-bot"  # noqa: S105  a token of a workspace that exists on this machine only
    app_token: str = "xapp-local-slack-app"  # noqa: S105  the same
    verification_token: str = "local-verification"  # noqa: S105  the same
    signing_secret: str = "local-signing-secret"  # noqa: S105  the same
    client_id: str = "1000000000.2000000000"
    client_secret: str = "local-client-secret"  # noqa: S105  the same
    token_rotation: bool = False  # whether tokens that OAuth gives end after 12 hours
    request_url: str | None = None  # where signed callbacks go when no socket is connected
    bot_scopes: frozenset[str] = BOT_SCOPES
    subscriptions: frozenset[str] = SUBSCRIPTIONS
    commands: tuple[Command, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()


INCIDENT_COMMAND = Command(
    name="/incident",
    description="Declare, run and resolve incidents",
    usage="help",
    words=("ack", "declare", "help", "list", "note", "postmortem", "resolve", "run", "status"),
)

SHORTCUTS = (
    Shortcut(callback_id="declare_incident", name="Declare an incident"),
    Shortcut(callback_id="add_to_timeline", name="Add to incident timeline", of_message=True),
)

PEOPLE = (
    Person(
        id="U0ADAOKAFOR", name="ada", real_name="Ada Okafor", email="ada@example.com", title="SRE, on call"
    ),
    Person(
        id="U0BENRUIZ00",
        name="ben",
        real_name="Ben Ruiz",
        email="ben@example.com",
        title="SRE lead",
        is_admin=True,
    ),
    Person(
        id="U0CLEOTRAN0",
        name="cleo",
        real_name="Cleo Tran",
        email="cleo@example.com",
        title="Customer support",
    ),
    Person(
        id="U0DANAWEBER",
        name="dana",
        real_name="Dana Weber",
        email="dana@agency.example",
        title="Contractor",
        is_guest=True,
    ),
    Person(
        id="U0EVELEFT00",
        name="eve",
        real_name="Eve Lindqvist",
        email="eve@example.com",
        title="Left in spring",
        deleted=True,
    ),
)
"""Two of the SRE group (so that four eyes can be tried), one outside it, a guest, and one who left."""

_STAFF = ("U0ADAOKAFOR", "U0BENRUIZ00", "U0CLEOTRAN0")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSlackConfig:
    """Everything that a Local Slack is started with."""

    team_id: str = "T0LOCAL0000"
    team_name: str = "Demo Shop"
    team_domain: str = "demo-shop"
    app: InstalledApp = InstalledApp(commands=(INCIDENT_COMMAND,), shortcuts=SHORTCUTS)
    people: tuple[Person, ...] = PEOPLE
    groups: tuple[Group, ...] = (
        Group(
            id="S0SRE000000", handle="sre", name="Site reliability", members=("U0ADAOKAFOR", "U0BENRUIZ00")
        ),
    )
    channels: tuple[SeedChannel, ...] = (
        SeedChannel(
            id="C0GENERAL00",
            name="general",
            members=_STAFF,
            purpose="Company-wide announcements and work-based matters",
            is_general=True,
        ),
        SeedChannel(
            id="C0INCIDENTS",
            name="incidents",
            members=_STAFF,
            topic="One line an incident; the work is in its own channel",
            bot_is_member=True,
        ),
    )
    rate_limits: bool = True
    ack_seconds: float = 3.0  # how long an app has to answer a command, an interaction or an event
    retry_after_seconds: tuple[float, ...] = (0.0, 60.0, 300.0)  # the waits before an event's three retries
