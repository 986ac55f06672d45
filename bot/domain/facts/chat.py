"""Facts of what chat takes away from us and gives back: the right to call it, our place in a channel, a message that stood there."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.facts.base import Fact
from bot.domain.ids import IncidentId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatStopped(Fact, kind="chat.stopped"):
    """The chat platform refuses this app, `code` is its word for why: everything waits, and nothing is given up.

    `workspace` is the one that does, empty where there is only one.
    """

    code: str
    workspace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatWentOn(Fact, kind="chat.went_on"):
    """The chat platform takes this app's calls again; it had not for so many seconds."""

    stopped_for: float
    workspace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceJoined(Fact, kind="chat.workspace_joined"):
    """Somebody of a workspace let this app into it; `by` is their id there, `scopes` what the app may do. The token is no part of the record."""

    workspace: str
    name: str
    by: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLost(Fact, kind="incident.message_lost"):
    """A message of ours is no longer in chat; it is posted anew. `key` is our name for it, `ts` was the platform's."""

    incident: IncidentId
    key: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutOut(Fact, kind="incident.shut_out"):
    """Fireline can't show in the incident's channel how things stand: `why` says that it was `removed` from it."""

    incident: IncidentId
    channel: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetIn(Fact, kind="incident.let_in"):
    """Fireline can write in the incident's channel again."""

    incident: IncidentId
    channel: str
