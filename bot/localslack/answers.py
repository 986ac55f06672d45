"""What a person chose or typed in an element, in the shape in which Slack hands it to the app.

The input is what the page or a test sends: an option's value, a list of them, a user's id, text. Source of the shapes:
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from bot.localslack.refusal import PersonRefused

Json = dict[str, Any]

_ONE_OPTION = frozenset({"static_select", "external_select", "overflow", "radio_buttons"})
_MANY_OPTIONS = frozenset({"multi_static_select", "multi_external_select", "checkboxes"})
_NAMED = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
}
_WRITTEN = {
    "email_text_input": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "url_text_input": re.compile(r"[a-z][a-z0-9+.-]*://\S+"),
}
TEXT_LIMIT = 3000


def interactive(blocks: list[Json] | tuple[Json, ...]) -> Iterator[tuple[Json, Json]]:
    """Every (block, element) that a person can use."""
    for block in blocks:
        inner = [*_dicts(block.get("elements")), *_dicts([block.get("accessory"), block.get("element")])]
        yield from (
            (block, element) for element in inner if element.get("action_id") or block["type"] == "actions"
        )


def _dicts(values: object) -> list[Json]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def find(blocks: list[Json] | tuple[Json, ...], action_id: str, block_id: str = "") -> tuple[Json, Json]:
    """The element under that action id. Raises PersonRefused if there is none."""
    for block, element in interactive(blocks):
        if element.get("action_id") == action_id and (not block_id or block.get("block_id") == block_id):
            return block, element
    raise PersonRefused("no_such_action", f"there is nothing with the action id {action_id!r} here")


def options(element: Json) -> list[Json]:
    """All options of an element, those in groups too."""
    flat = _dicts(element.get("options"))
    for group in _dicts(element.get("option_groups")):
        flat += _dicts(group.get("options"))
    return flat


def _option(element: Json, value: object) -> Json:
    for option in options(element):
        if option.get("value") == value:
            return option
    raise PersonRefused("no_such_option", f"there is no option {value!r} in {element.get('action_id')!r}")


def state(element: Json, value: Any) -> Json:
    """The element's state after `value` was entered. Raises PersonRefused for an option that it does not have."""
    kind = element["type"]
    if kind in _ONE_OPTION:
        chosen = _option(element, value) if value not in (None, "") else None
        return {"type": kind, "selected_option": chosen}
    if kind in _MANY_OPTIONS:
        wanted = value if isinstance(value, list) else [value]
        return {
            "type": kind,
            "selected_options": [_option(element, one) for one in wanted if one not in (None, "")],
        }
    if kind in _NAMED:
        return {"type": kind, _NAMED[kind]: int(value) if kind == "datetimepicker" and value else value}
    return {"type": kind, "value": None if value in (None, "") else str(value)}


def initial(element: Json) -> Json:
    """The element's state before anything was entered."""
    kind = element["type"]
    if kind in _ONE_OPTION:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in _MANY_OPTIONS:
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    if kind in _NAMED:
        key = _NAMED[kind]
        return {"type": kind, key: element.get(key.replace("selected", "initial"))}
    return {"type": kind, "value": element.get("initial_value")}


def empty(given: Json) -> bool:
    """Whether a state says that nothing was entered."""
    return not any(value for key, value in given.items() if key != "type")


def fault(block: Json, element: Json, given: Json) -> str:
    """What Slack's client says of an input before it lets the submission go; empty if it lets it."""
    if empty(given):
        return "" if block.get("optional") else "Please complete this required field."
    value = str(given.get("value") or "")
    if element["type"] in _WRITTEN and not _WRITTEN[element["type"]].fullmatch(value):
        return f"Enter a valid {element['type'].partition('_')[0]}."
    if element["type"] == "number_input":
        return _number_fault(element, value)
    if element["type"] == "plain_text_input":
        least, most = element.get("min_length", 0), element.get("max_length", TEXT_LIMIT)
        if len(value) < least:
            return f"Enter at least {least} characters."
        if len(value) > most:
            return f"Enter {most} characters or fewer."
    return ""


def _number_fault(element: Json, value: str) -> str:
    if not re.fullmatch(r"-?\d+(\.\d+)?" if element.get("is_decimal_allowed") else r"-?\d+", value):
        return "Enter a number." if element.get("is_decimal_allowed") else "Enter a whole number."
    number = Decimal(value)
    if "min_value" in element and number < Decimal(str(element["min_value"])):
        return f"Enter {element['min_value']} or more."
    if "max_value" in element and number > Decimal(str(element["max_value"])):
        return f"Enter {element['max_value']} or less."
    return ""


def action(block: Json, element: Json, value: Any, *, action_ts: str) -> Json:
    """One entry of the `actions` of a `block_actions` payload."""
    body = {
        "action_id": element.get("action_id", ""),
        "block_id": block.get("block_id", ""),
        "action_ts": action_ts,
    }
    if element["type"] == "button":
        kept = {key: element[key] for key in ("text", "value", "style", "url") if key in element}
        return body | {"type": "button"} | kept
    return body | state(element, value)
