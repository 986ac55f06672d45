"""Which of the workspace's events are for us, and what they say (https://docs.slack.dev/reference/events).

An event is known again by its `event_id`. What our own bot did comes back as an event too, and is nothing to hear of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.chat.inbound.payload import EVENT, TEXT_KEPT, Asked, within

HOME, MARKED, UNMARKED, EDITED, DELETED, JOINED = (
    "app_home_opened",
    "reaction_added",
    "reaction_removed",
    "message_changed",
    "message_deleted",
    "member_joined_channel",
)
ARCHIVED = frozenset({"channel_archive", "group_archive"})
GONE = frozenset({"channel_deleted", "group_deleted"})
THROWN_OUT = frozenset({"app_uninstalled", "tokens_revoked"})
EVENTS = frozenset({HOME, MARKED, UNMARKED, EDITED, DELETED, JOINED, *ARCHIVED, *GONE, *THROWN_OUT})


def read_event(body: Mapping[str, Any], wanted: frozenset[str], reaction: str) -> tuple[str, Asked] | None:
    """Return an event's key and content; None for one that is not for us."""
    event = within(body, "event")
    kind = str(event.get("subtype") if event.get("type") == "message" else event.get("type"))
    ident = body.get("event_id")
    if kind not in wanted or not ident:
        return None
    readers = {
        HOME: _home,
        MARKED: _reaction,
        UNMARKED: _reaction,
        EDITED: _edited,
        DELETED: _deleted,
        JOINED: _joined,
        **dict.fromkeys(ARCHIVED | GONE, _ended),
        **dict.fromkeys(THROWN_OUT, _thrown_out),
    }
    asked = readers[kind](event, kind)
    if asked is None or (kind in {MARKED, UNMARKED} and asked.value != reaction):
        return None
    return f"event/{ident}", asked


def _home(event: Mapping[str, Any], kind: str) -> Asked | None:
    if event.get("tab", "home") != "home":
        return None
    return Asked(kind=EVENT, action=kind, user=str(event.get("user", "")))


def _thrown_out(_event: Mapping[str, Any], kind: str) -> Asked:
    return Asked(kind=EVENT, action=kind, user="")


def _reaction(event: Mapping[str, Any], kind: str) -> Asked | None:
    item = within(event, "item")
    if item.get("type") != "message":
        return None
    return Asked(
        kind=EVENT,
        action=kind,
        user=str(event.get("user", "")),
        channel=str(item.get("channel", "")),
        message=str(item.get("ts", "")),
        # `thumbsup::skin-tone-2` is a thumb all the same.
        value=str(event.get("reaction", "")).partition("::")[0],
        author=str(event.get("item_user") or ""),
    )


def _edited(event: Mapping[str, Any], kind: str) -> Asked | None:
    """An edit by a person: of ours, and of an edit that only unfurls a link or begins a thread, nothing is to be heard."""
    now, before = within(event, "message"), within(event, "previous_message")
    if now.get("bot_id") or now.get("text") == before.get("text"):
        return None
    edited = within(now, "edited")
    return Asked(
        kind=EVENT,
        action=kind,
        user=str(edited.get("user") or now.get("user") or ""),
        channel=str(event.get("channel", "")),
        message=str(now.get("ts", "")),
        text=str(now.get("text") or "")[:TEXT_KEPT],
        value=str(event.get("event_ts") or event.get("ts") or ""),
    )


def _deleted(event: Mapping[str, Any], kind: str) -> Asked | None:
    if within(event, "previous_message").get("bot_id"):
        return None
    return Asked(
        kind=EVENT,
        action=kind,
        user=str(within(event, "previous_message").get("user") or ""),
        channel=str(event.get("channel", "")),
        message=str(event.get("deleted_ts", "")),
    )


def _joined(event: Mapping[str, Any], kind: str) -> Asked | None:
    """Somebody who came by themselves; whoever was invited was told why."""
    if event.get("inviter"):
        return None
    return Asked(
        kind=EVENT, action=kind, user=str(event.get("user", "")), channel=str(event.get("channel", ""))
    )


def _ended(event: Mapping[str, Any], kind: str) -> Asked | None:
    """A channel that takes no more messages; Slack tells of an archive a second time, as a message of that channel."""
    if event.get("type") == "message":
        return None
    return Asked(
        kind=EVENT, action=kind, user=str(event.get("user", "")), channel=str(event.get("channel", ""))
    )
