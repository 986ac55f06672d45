"""Rules for what sits inside a block: buttons, selects, pickers, inputs, and the objects they are made of.

One table row an element: which surfaces of a block take it, its checks. Limits are from https://docs.slack.dev/reference/block-kit/block-elements
and .../composition-objects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.localslack.findings import Findings

Json = dict[str, Any]
Check = Callable[[Findings, str, Json], None]

ACTIONS, SECTION, INPUT = "actions", "section", "input"


def confirm(findings: Findings, at: str, holder: Json) -> None:
    """A confirmation dialog, where given."""
    if "confirm" not in holder:
        return
    place = f"{at}/confirm"
    dialog = findings.object(place, holder["confirm"])
    if not dialog:
        return
    findings.known_fields(place, dialog, frozenset({"title", "text", "confirm", "deny", "style"}))
    findings.text(place, dialog, "title", most=100, plain=True, required=True)
    findings.text(place, dialog, "text", most=300, required=True)
    findings.text(place, dialog, "confirm", most=30, plain=True, required=True)
    findings.text(place, dialog, "deny", most=30, plain=True, required=True)
    findings.one_of(place, dialog, "style", ("primary", "danger"))


def option(findings: Findings, at: str, value: object, *, plain: bool = True) -> None:
    """One choice of a select, an overflow menu, checkboxes or radio buttons."""
    choice = findings.object(at, value)
    if not choice:
        return
    findings.known_fields(at, choice, frozenset({"text", "value", "description", "url"}))
    findings.text(at, choice, "text", most=75, plain=plain, required=True)
    findings.string(at, choice, "value", most=150, required=True)
    findings.text(at, choice, "description", most=75, plain=plain)
    findings.string(at, choice, "url", most=3000)


def _options(findings: Findings, at: str, element: Json, *, most: int, plain: bool = True) -> None:
    for n, choice in enumerate(findings.items(at, element, "options", most=most)):
        option(findings, f"{at}/options/{n}", choice, plain=plain)


def _list(holder: Json, key: str) -> list[Any]:
    value = holder.get(key)
    return value if isinstance(value, list) else []


def _initial_options(findings: Findings, at: str, element: Json) -> None:
    offered = _list(element, "options")
    for grouped in _list(element, "option_groups"):
        offered = offered + (_list(grouped, "options") if isinstance(grouped, dict) else [])
    if "initial_option" in element and element["initial_option"] not in offered:
        findings.add(f"{at}/initial_option", "must be one of the options provided")
    if any(choice not in offered for choice in _list(element, "initial_options")):
        findings.add(f"{at}/initial_options", "must be one of the options provided")


def button(findings: Findings, at: str, element: Json) -> None:
    """A button."""
    findings.text(at, element, "text", most=75, plain=True, required=True)
    findings.string(at, element, "value", most=2000)
    findings.string(at, element, "url", most=3000)
    findings.string(at, element, "accessibility_label", most=75)
    findings.one_of(at, element, "style", ("primary", "danger"))
    confirm(findings, at, element)


def static_select(findings: Findings, at: str, element: Json) -> None:
    """A select with its choices in it, one or several."""
    findings.text(at, element, "placeholder", most=150, plain=True)
    if "option_groups" in element:
        for n, value in enumerate(findings.items(at, element, "option_groups", most=100)):
            place = f"{at}/option_groups/{n}"
            grouped = findings.object(place, value)
            findings.text(place, grouped, "label", most=75, plain=True, required=True)
            _options(findings, place, grouped, most=100)
    else:
        _options(findings, at, element, most=100)
    _initial_options(findings, at, element)
    confirm(findings, at, element)


def picker(findings: Findings, at: str, element: Json) -> None:
    """A select whose choices the workspace or the app knows, or a date or time picker."""
    findings.text(at, element, "placeholder", most=150, plain=True)
    confirm(findings, at, element)


def external_select(findings: Findings, at: str, element: Json) -> None:
    """A select whose choices the app is asked for."""
    picker(findings, at, element)
    least = element.get("min_query_length", 0)
    if not isinstance(least, int) or isinstance(least, bool) or least < 0:
        findings.add(f"{at}/min_query_length", "must be a number of 0 or more")
    for key in ("options", "option_groups"):
        if key in element:
            findings.add(at, f"invalid additional property: {key}")


def overflow(findings: Findings, at: str, element: Json) -> None:
    """An overflow menu."""
    _options(findings, at, element, most=5)
    confirm(findings, at, element)


def choices(findings: Findings, at: str, element: Json) -> None:
    """Checkboxes or radio buttons."""
    _options(findings, at, element, most=10, plain=False)
    _initial_options(findings, at, element)
    confirm(findings, at, element)


def text_input(findings: Findings, at: str, element: Json) -> None:
    """An input for text, a number, a URL or an email address."""
    findings.text(at, element, "placeholder", most=150, plain=True)
    findings.string(at, element, "initial_value", most=3000, least=0)
    for key in ("min_length", "max_length"):
        value = element.get(key)
        if value is not None and (not isinstance(value, int) or not 0 <= value <= 3000):  # noqa: PLR2004  Slack's limit
            findings.add(f"{at}/{key}", "must be between 0 and 3000")


def number_input(findings: Findings, at: str, element: Json) -> None:
    """An input for a number; `is_decimal_allowed` must be said."""
    if "is_decimal_allowed" not in element:
        findings.add(at, "missing required field: is_decimal_allowed")
    text_input(findings, at, element)


def image(findings: Findings, at: str, element: Json) -> None:
    """A small image."""
    findings.string(at, element, "alt_text", most=2000, required=True)
    if "slack_file" not in element:
        findings.string(at, element, "image_url", most=3000, required=True)


def nothing_more(_findings: Findings, _at: str, _element: Json) -> None:
    """An element whose fields hold no limit that matters here."""


def _row(check: Check, *places: str) -> tuple[frozenset[str], Check]:
    return frozenset(places), check


ELEMENTS: dict[str, tuple[frozenset[str], Check]] = {
    "button": _row(button, ACTIONS, SECTION),
    "workflow_button": _row(nothing_more, ACTIONS, SECTION),
    "static_select": _row(static_select, ACTIONS, SECTION, INPUT),
    "multi_static_select": _row(static_select, ACTIONS, SECTION, INPUT),
    "external_select": _row(external_select, ACTIONS, SECTION, INPUT),
    "multi_external_select": _row(external_select, ACTIONS, SECTION, INPUT),
    "users_select": _row(picker, ACTIONS, SECTION, INPUT),
    "multi_users_select": _row(picker, ACTIONS, SECTION, INPUT),
    "conversations_select": _row(picker, ACTIONS, SECTION, INPUT),
    "multi_conversations_select": _row(picker, ACTIONS, SECTION, INPUT),
    "channels_select": _row(picker, ACTIONS, SECTION, INPUT),
    "multi_channels_select": _row(picker, ACTIONS, SECTION, INPUT),
    "overflow": _row(overflow, ACTIONS, SECTION),
    "checkboxes": _row(choices, ACTIONS, SECTION, INPUT),
    "radio_buttons": _row(choices, ACTIONS, SECTION, INPUT),
    "datepicker": _row(picker, ACTIONS, SECTION, INPUT),
    "timepicker": _row(picker, ACTIONS, SECTION, INPUT),
    "datetimepicker": _row(picker, ACTIONS, INPUT),
    "plain_text_input": _row(text_input, INPUT),
    "rich_text_input": _row(picker, ACTIONS, INPUT),
    "email_text_input": _row(text_input, INPUT),
    "url_text_input": _row(text_input, INPUT),
    "number_input": _row(number_input, INPUT),
    "file_input": _row(nothing_more, INPUT),
    "image": _row(image, SECTION),
}
"""Every element: the blocks in which it may stand, and its check."""


def element(findings: Findings, at: str, value: object, *, place: str) -> None:
    """An element inside an `actions` or `input` block or as a section's accessory."""
    found = findings.object(at, value)
    if not found:
        return
    kind = found.get("type")
    places, check = ELEMENTS.get(str(kind), (frozenset(), nothing_more))
    if kind is None:
        findings.add(at, "missing required field: type")
        return
    if place not in places:
        findings.add(f"{at}/type", f"unsupported type: {kind}")
        return
    if kind != "image":
        findings.action_id(at, found)
    findings.boolean(at, found, "focus_on_load")
    check(findings, at, found)
