"""What of Slack's bodies matters to us, and the key under which a redelivery is known.

Redelivered payloads can carry retry number 0, so headers say nothing: the key is made of what Slack repeats unchanged
(https://docs.slack.dev/apis/events-api, https://docs.slack.dev/interactivity/handling-user-interaction).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bot.domain.events import digest_of

COMMAND, ACTION, EVENT = "command", "action", "event"
TEXT_KEPT = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked for through Slack. A command has `text`; a button has `action`, `value` and the message it stands in."""

    kind: str
    user: str
    channel: str = ""
    text: str = ""
    action: str = ""
    value: str = ""
    message: str = ""
    response_url: str = ""
    trigger: str = ""

    def to_data(self) -> dict[str, Any]:
        """Return it as JSON data, for the inbox."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Asked:
        """Read what `to_data` wrote."""
        return cls(**{name: str(data.get(name, "")) for name in cls.__slots__})

    @property
    def meant(self) -> Mapping[str, Any]:
        """A button's value as the object that we put there; empty when it isn't one."""
        try:
            value = json.loads(self.value or "{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


def read(body: Mapping[str, Any], *, command: str, actions: frozenset[str]) -> tuple[str, Asked] | None:
    """Return the key and the content of a body that we handle; None for any other."""
    if body.get("command") == command:
        return _command(body)
    if body.get("type") == "block_actions":
        return _button(body, actions)
    return None


def _command(body: Mapping[str, Any]) -> tuple[str, Asked]:
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


def _button(body: Mapping[str, Any], actions: frozenset[str]) -> tuple[str, Asked] | None:
    pressed = next(iter(body.get("actions") or ()), None)
    if not isinstance(pressed, Mapping):
        return None
    # Slack wants each id once in a message; where several buttons do the same to different things, a stroke and the thing's name follow.
    action = str(pressed.get("action_id", "")).partition("/")[0]
    if action not in actions:
        return None
    container = _object(body, "container")
    channel = _object(body, "channel").get("id") or container.get("channel_id") or ""
    asked = Asked(
        kind=ACTION,
        user=str(_object(body, "user").get("id", "")),
        channel=str(channel),
        action=action,
        value=str(pressed.get("value") or ""),
        message=str(container.get("message_ts", "")),
        response_url=str(body.get("response_url") or ""),
        trigger=str(body.get("trigger_id", "")),
    )
    team = _object(body, "team").get("id")
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


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}
