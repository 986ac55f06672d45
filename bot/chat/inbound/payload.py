"""What of Slack's bodies matters to us, and the key under which a redelivery is known.

Redelivered payloads can carry retry number 0, so headers say nothing: the key is made of what Slack repeats unchanged
(https://docs.slack.dev/apis/events-api, https://docs.slack.dev/interactivity/handling-user-interaction). No form of ours asks to hear that it
was closed, so `view_closed` never comes; what is not ours is acknowledged and dropped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

COMMAND, ACTION, VIEW, SHORTCUT, EVENT = "command", "action", "view", "shortcut", "event"
"""A typed command; a button or menu; a form that was submitted; a shortcut; what happened in the workspace."""
TEXT_KEPT = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked for through Slack, or did there.

    A command has `text`. A button has `action`, `value` and the message or the modal (`view`) it stands in. A form has `action`, what it is about as
    `value`, what was entered as `state` and its first field as `first`. A shortcut on a message, and an event about one, have its `message`, its
    `author` and its `text`. `workspace` is where it was asked, empty where there is only one.
    """

    kind: str
    user: str
    channel: str = ""
    text: str = ""
    action: str = ""
    value: str = ""
    message: str = ""
    response_url: str = ""
    trigger: str = ""
    view: str = ""
    state: str = ""
    first: str = ""
    author: str = ""
    workspace: str = ""

    def to_data(self) -> dict[str, Any]:
        """Return it as JSON data, for the inbox."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Asked:
        """Read what `to_data` wrote."""
        return cls(**{name: str(data.get(name, "")) for name in cls.__slots__})

    @property
    def meant(self) -> Mapping[str, Any]:
        """The value of a button, or what a form is about, as the object that we put there; empty when it isn't one."""
        return _loaded(self.value)

    @property
    def entered(self) -> Mapping[str, Any]:
        """What was entered in a form, by the name of the field: a text, a choice's value, a list of them, an instant in seconds; None for nothing."""
        return _loaded(self.state)


def _loaded(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def within(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object inside a body, empty where there is none."""
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}
