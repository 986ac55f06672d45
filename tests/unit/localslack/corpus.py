"""Blocks and views that Slack takes, one of each kind; the tests break them one field at a time."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def plain(text: str) -> Json:
    """A plain text object."""
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    """A mrkdwn text object."""
    return {"type": "mrkdwn", "text": text}


def button(action_id: str = "go", **fields: Any) -> Json:
    """A button."""
    return {"type": "button", "action_id": action_id, "text": plain("Go"), "value": "1"} | fields


def options(count: int) -> list[Json]:
    """That many options."""
    return [{"text": plain(f"option {n}"), "value": f"v{n}"} for n in range(count)]


CONFIRM = {"title": plain("Sure?"), "text": mrkdwn("Really"), "confirm": plain("Yes"), "deny": plain("No")}

ELEMENTS: dict[str, Json] = {
    "button": button(style="primary", confirm=CONFIRM),
    "danger": button("stop", style="danger"),
    "select": {
        "type": "static_select",
        "action_id": "s",
        "placeholder": plain("Pick"),
        "options": options(3),
    },
    "initial": {
        "type": "static_select",
        "action_id": "i",
        "placeholder": plain("Pick"),
        "options": options(3),
        "initial_option": options(3)[1],
    },
    "groups": {
        "type": "static_select",
        "action_id": "g",
        "placeholder": plain("Pick"),
        "option_groups": [{"label": plain("Group"), "options": options(2)}],
    },
    "overflow": {"type": "overflow", "action_id": "o", "options": options(3)},
    "checkboxes": {"type": "checkboxes", "action_id": "c", "options": options(2)},
    "radio": {"type": "radio_buttons", "action_id": "r", "options": options(2)},
    "users": {"type": "users_select", "action_id": "u", "placeholder": plain("Who")},
    "date": {"type": "datepicker", "action_id": "d", "placeholder": plain("When")},
    "time": {"type": "timepicker", "action_id": "t"},
}

BLOCKS: dict[str, Json] = {
    "section": {"type": "section", "text": mrkdwn("*bold*")},
    "fields": {"type": "section", "fields": [mrkdwn("*A*\n1"), plain("B")]},
    "accessory": {"type": "section", "text": plain("x"), "accessory": button()},
    "header": {"type": "header", "text": plain("INC-1")},
    "divider": {"type": "divider"},
    "context": {
        "type": "context",
        "elements": [
            mrkdwn("x"),
            {"type": "image", "image_url": "https://example.com/i.png", "alt_text": "i"},
        ],
    },
    "actions": {"type": "actions", "block_id": "a", "elements": list(ELEMENTS.values())},
    "image": {
        "type": "image",
        "image_url": "https://example.com/i.png",
        "alt_text": "i",
        "title": plain("t"),
    },
    "markdown": {"type": "markdown", "text": "# heading\n\n- item"},
    "rich_text": {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [{"type": "text", "text": "x", "style": {"bold": True}}],
            },
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "y"}]}],
            },
        ],
    },
    "input": {
        "type": "input",
        "block_id": "in",
        "label": plain("Title"),
        "element": {"type": "plain_text_input", "action_id": "title"},
    },
}


def modal(**fields: Any) -> Json:
    """A modal with one input."""
    base = {"type": "modal", "title": plain("Declare"), "submit": plain("Go"), "blocks": [BLOCKS["input"]]}
    return base | fields


def home() -> Json:
    """A home tab."""
    return {"type": "home", "blocks": [BLOCKS["header"], BLOCKS["section"]]}
