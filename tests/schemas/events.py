"""Events held to the one type that they claim to be: of a union of a hundred, a plain check says only that none fits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from tests.schemas import load

Json = dict[str, Any]

LOOSER = {
    ("required", "inviter"),  # a join without an invitation has none
    ("additionalProperties", "app_id"),  # Slack's own examples of messages carry the next five
    ("additionalProperties", "metadata"),
    ("additionalProperties", "team"),
    ("additionalProperties", "bot_id"),
    ("additionalProperties", "bot_profile"),
    ("additionalProperties", "event_ts"),  # which every event has, and the types of a few forget
    # docs.slack.dev/messaging/retrieving-messages: what the first message of a thread has
    *(
        ("additionalProperties", name)
        for name in (
            "is_locked",
            "latest_reply",
            "reply_count",
            "reply_users",
            "reply_users_count",
            "subscribed",
        )
    ),
    ("additionalProperties", "ims"),  # of a file, with the next: docs.slack.dev/reference/objects/file-object
    ("additionalProperties", "timestamp"),
}
"""Where the types are behind what Slack sends."""
INNER = ("message", "previous_message")
"""What changed is a message as the history has it: without the event's own fields, which its type asks for."""


@cache
def _types() -> dict[tuple[str, str], str]:
    """The definition of each event by its type and subtype."""
    found = {}
    for name, definition in load("sent-event")["definitions"].items():
        properties = definition.get("properties", {})
        kind, subtype = (properties.get(key, {}).get("const", "") for key in ("type", "subtype"))
        if kind and ("event_ts" in properties or name.endswith("Event")):
            found[kind, subtype] = name
    return found


def problems(event: Json) -> list[str]:
    """What Slack's type of such an event does not allow in it."""
    name = _types().get((event["type"], event.get("subtype", "")))
    if name is None:
        return [f"Slack's types have no event {event['type']} {event.get('subtype', '')}".rstrip()]
    inner = {key: event[key] for key in INNER if key in event}
    outer = event | {key: _with_frame(event, value) for key, value in inner.items()}
    schema = {"$ref": f"#/definitions/{name}", "definitions": load("sent-event")["definitions"]}
    errors = (
        error
        for error in Draft7Validator(schema).iter_errors(outer)
        if not error.context and error.instance is not None
    )
    found = [f"{error.json_path}: {error.message[:300]}" for error in errors if not _known(error)]
    return found + [problem for value in inner.values() for problem in problems(_with_frame(event, value))]


def _with_frame(event: Json, message: Json) -> Json:
    """A message of the history as the event that it once was."""
    return message | {key: event[key] for key in ("channel", "channel_type", "event_ts")}


def _known(error: ValidationError) -> bool:
    return all((error.validator, field) in LOOSER for field in _fields(error))


def _fields(error: ValidationError) -> Iterator[str]:
    """The fields that an error is about; the error's own word where it is about none."""
    if error.validator == "additionalProperties":
        yield from set(error.instance) - set(error.schema.get("properties", {}))
    elif error.validator == "required":
        yield from (name for name in error.validator_value if name not in error.instance)
    else:
        yield str(error.validator)
