"""Reads each kind of Slack's bodies into what was asked, with the key under which a redelivery is known."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.chat.inbound.events import read_event
from bot.chat.inbound.payload import ACTION, COMMAND, SHORTCUT, TEXT_KEPT, VIEW, Asked, within
from bot.domain.canonical import digest_of

Read = tuple[str, Asked]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What of all that Slack sends is for us: the slash command, and the names of buttons, forms and shortcuts; `reaction` marks a message.

    `workspaces` are those whose people we hear, empty where there is only one.
    """

    command: str
    actions: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()
    shortcuts: frozenset[str] = frozenset()
    reaction: str = ""
    events: frozenset[str] = frozenset()
    workspaces: frozenset[str] = frozenset()


def read(body: Mapping[str, Any], ours: Ours, workspace: str = "") -> Read | None:
    """Return the key and the content of a body that we handle; None for any other, and for one from elsewhere."""
    if not ours.workspaces:
        return _read(body, ours)
    found = _read(body, ours) if workspace in ours.workspaces else None
    return (found[0], replace(found[1], workspace=workspace)) if found is not None else None


def _read(body: Mapping[str, Any], ours: Ours) -> Read | None:
    if body.get("command") == ours.command:
        return _command(body)
    match body.get("type"):
        case "block_actions":
            return _button(body, ours.actions)
        case "view_submission":
            return _form(body, ours.forms)
        case "shortcut" | "message_action":
            return _shortcut(body, ours.shortcuts)
        case "event_callback":
            return read_event(body, ours.events, ours.reaction)
        case _:
            return None


def _command(body: Mapping[str, Any]) -> Read:
    asked = Asked(
        kind=COMMAND,
        user=str(body.get("user_id", "")),
        channel=str(body.get("channel_id", "")),
        text=str(body.get("text") or "")[:TEXT_KEPT],
        response_url=str(body.get("response_url", "")),
        trigger=str(body.get("trigger_id", "")),
    )
    same = [body.get("team_id"), asked.user, asked.trigger, body.get("command"), asked.text]
    return f"command/{digest_of(same)}", asked


def _button(body: Mapping[str, Any], actions: frozenset[str]) -> Read | None:
    pressed = next(iter(body.get("actions") or ()), None)
    if not isinstance(pressed, Mapping):
        return None
    action = _named(str(pressed.get("action_id", "")), actions)
    if not action:
        return None
    container, view = within(body, "container"), within(body, "view")
    in_modal = view.get("type") == "modal"
    channel = within(body, "channel").get("id") or container.get("channel_id") or _channel_of(view)
    asked = Asked(
        kind=ACTION,
        user=str(within(body, "user").get("id", "")),
        channel=str(channel),
        action=action,
        value=str(pressed.get("value") or within(pressed, "selected_option").get("value") or ""),
        message=str(container.get("message_ts", "")),
        response_url=str(body.get("response_url") or ""),
        trigger=str(body.get("trigger_id", "")),
        view=str(view.get("id", "")) if in_modal else "",
    )
    team = within(body, "team").get("id")
    same = [
        team,
        asked.user,
        asked.action,
        pressed.get("action_ts"),
        asked.channel,
        asked.message,
        asked.value,
    ]
    return f"action/{digest_of(same)}", asked


def _named(action_id: str, actions: frozenset[str]) -> str:
    """Return which of our actions an id names; empty for none.

    Slack wants each id once in a message; where several buttons do the same to different things, a stroke and the thing's name follow.
    """
    parts = action_id.split("/")
    names = ("/".join(parts[:many]) for many in range(len(parts), 0, -1))
    return next((each for each in names if each in actions), "")


def _form(body: Mapping[str, Any], forms: frozenset[str]) -> Read | None:
    view = within(body, "view")
    action = str(view.get("callback_id", ""))
    if action not in forms:
        return None
    state = dict(_entered(within(within(view, "state"), "values")))
    fields = [
        each for each in view.get("blocks") or () if isinstance(each, Mapping) and each.get("type") == "input"
    ]
    asked = Asked(
        kind=VIEW,
        user=str(within(body, "user").get("id", "")),
        channel=_channel_of(view),
        action=action,
        value=str(view.get("private_metadata") or ""),
        trigger=str(body.get("trigger_id", "")),
        view=str(view.get("id", "")),
        state=json.dumps(state, ensure_ascii=False),
        first=str(fields[0].get("block_id", "")) if fields else "",
    )
    same = [
        within(body, "team").get("id"),
        asked.user,
        asked.view,
        view.get("hash"),
        asked.trigger,
        asked.state,
    ]
    return f"view/{digest_of(same)}", asked


def _entered(values: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Yield each field's name and value; a field has one element."""
    for name, elements in values.items():
        for element in elements.values() if isinstance(elements, Mapping) else ():
            if isinstance(element, Mapping):
                yield name, _value(element)


def _value(element: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what an element holds depends on its type
    """Return what was entered in an element (https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload)."""
    if "selected_option" in element:
        return within(element, "selected_option").get("value")
    if "selected_options" in element:
        return [each.get("value") for each in element["selected_options"] or () if isinstance(each, Mapping)]
    for name in ("value", "selected_user", "selected_date_time"):
        if name in element:
            return element[name]
    return None


def _channel_of(view: Mapping[str, Any]) -> str:
    """Return the channel that a form of ours carries for its answer; empty where it carries none."""
    return str(
        Asked(kind=VIEW, user="", value=str(view.get("private_metadata") or "")).meant.get("channel", "")
    )


def _shortcut(body: Mapping[str, Any], shortcuts: frozenset[str]) -> Read | None:
    action = str(body.get("callback_id", ""))
    if action not in shortcuts:
        return None
    message = within(body, "message")
    asked = Asked(
        kind=SHORTCUT,
        user=str(within(body, "user").get("id", "")),
        channel=str(within(body, "channel").get("id", "")),
        action=action,
        text=str(message.get("text") or "")[:TEXT_KEPT],
        message=str(message.get("ts") or body.get("message_ts") or ""),
        author=str(message.get("user") or message.get("bot_id") or ""),
        response_url=str(body.get("response_url") or ""),
        trigger=str(body.get("trigger_id", "")),
    )
    same = [
        within(body, "team").get("id"),
        asked.user,
        action,
        body.get("action_ts"),
        asked.channel,
        asked.message,
    ]
    return f"shortcut/{digest_of(same)}", asked
