"""The pieces that views are made of, each within Slack's limits (https://docs.slack.dev/reference/views), and their size as a whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bot.chat.blocks.ink import Ink, Redact, defuse
from bot.chat.blocks.kit import Json, Message, plain, section

TITLE = 24
"""Of a modal's title, and of what its two buttons say."""
CALLBACK = 255
ABOUT = 3000
VIEW_BLOCKS = 100
VIEW_SIZE = 200_000
"""Bytes of a view as JSON; Slack refuses more than 250 kB. Counted as it is sent: what is not ASCII takes six for each character."""
LABEL, HINT, PLACEHOLDER = 200, 300, 150
INITIAL = 3000
OPTIONS, OPTION_TEXT, OPTION_VALUE, GROUPS = 100, 75, 150, 100


def modal(
    title: str,
    callback: str,
    blocks: Sequence[Json],
    *,
    submit: str = "",
    close: str = "Close",
    about: Mapping[str, Any] | None = None,
) -> Json:
    """A modal; `callback` says what its submission means, `about` comes back with it. ValueError when `about` is too large to come back."""
    made: Json = {
        "type": "modal",
        "title": plain(title, TITLE),
        "close": plain(close, TITLE),
        "callback_id": callback[:CALLBACK],
        "private_metadata": written(about or {}),
        "blocks": list(blocks),
    }
    if submit:
        made["submit"] = plain(submit, TITLE)
    return made


def home_tab(blocks: Sequence[Json]) -> Json:
    """A home tab."""
    return {"type": "home", "blocks": list(blocks)}


def written(about: Mapping[str, Any]) -> str:
    """Write what a form must know when it comes back; ValueError when that is more than Slack carries."""
    text = json.dumps(about, separators=(",", ":"), ensure_ascii=False)
    if not carried(about):
        msg = f"{len(text)} characters don't fit into a view's private_metadata"
        raise ValueError(msg)
    return text


def carried(about: Mapping[str, Any]) -> bool:
    """Tell whether a view can carry this."""
    return len(json.dumps(about, separators=(",", ":"), ensure_ascii=False)) <= ABOUT


def view_to_fit(write: Callable[[Ink], Json], redact: Redact) -> Json:
    """Write a view, smaller each time, until Slack takes it whole; in the end its first blocks alone."""
    view: Json = {}
    for room in (1.0, 0.5, 0.2, 0.05):
        view = write(Ink(redact=redact, room=room))
        if fits(view):
            return view
    return {**view, "blocks": view["blocks"][:VIEW_BLOCKS]}


def fits(view: Json) -> bool:
    """Tell whether Slack takes a view of this size."""
    return len(view["blocks"]) <= VIEW_BLOCKS and len(json.dumps(view)) <= VIEW_SIZE


def outcome(message: Message, *, title: str = "Fireline") -> Json:
    """What a person reads in place of a form: how it went."""
    blocks = message.blocks or (section(message.text),)
    return modal(title, "outcome", blocks)


def loading() -> Json:
    """What stands there while the form is made: Slack gives three seconds to show something."""
    return modal("One moment", "loading", [section("⏳ One moment …")])


# ---- fields: each is named once, by its block


def field(name: str, label: str, element: Json, *, hint: str = "", optional: bool = False) -> Json:
    """A field of a form; `name` is under which its value is read."""
    made: Json = {
        "type": "input",
        "block_id": name,
        "label": plain(label, LABEL),
        "element": {**element, "action_id": name},
        "optional": optional,
    }
    if hint:
        made["hint"] = plain(hint, HINT)
    return made


def text_box(
    *, initial: str = "", placeholder: str = "", lines: bool = False, least: int = 0, most: int = INITIAL
) -> Json:
    """A box for text; `lines` for several lines."""
    made: Json = {
        "type": "plain_text_input",
        "multiline": lines,
        "max_length": most,
        **_initial(initial, most),
    }
    if least:
        made["min_length"] = least
    if placeholder:
        made["placeholder"] = plain(placeholder, PLACEHOLDER)
    return made


def number_box(*, decimal: bool, initial: str = "", placeholder: str = "") -> Json:
    """A box for a number."""
    made: Json = {"type": "number_input", "is_decimal_allowed": decimal, **_initial(initial, INITIAL)}
    if placeholder:
        made["placeholder"] = plain(placeholder, PLACEHOLDER)
    return made


def _initial(text: str, most: int) -> Json:
    """A text to begin with, letter by letter; one that would not come back as it is, is left out."""
    whole = text and len(text) <= most and defuse(text) == text.replace("\n", " ").replace("\t", " ")
    return {"initial_value": text} if whole else {}


def option(text: str, value: str) -> Json:
    """A choice; `text` was written by `Ink` or is ours."""
    return {"text": plain(text, OPTION_TEXT), "value": value[:OPTION_VALUE]}


def choice(options: Sequence[Json], *, initial: str = "", placeholder: str = "Choose") -> Json:
    """A list to choose one from; more than a hundred choices stand in groups."""
    made: Json = {"type": "static_select", "placeholder": plain(placeholder, PLACEHOLDER)}
    if len(options) <= OPTIONS:
        made["options"] = list(options)
    else:
        made["option_groups"] = list(_grouped(options[: OPTIONS * GROUPS]))
    chosen = next((each for each in options[: OPTIONS * GROUPS] if each["value"] == initial), None)
    if chosen is not None:
        made["initial_option"] = chosen
    return made


def _grouped(options: Sequence[Json]) -> Iterable[Json]:
    for at in range(0, len(options), OPTIONS):
        part = options[at : at + OPTIONS]
        yield {"label": plain(f"{at + 1} to {at + len(part)}", OPTION_TEXT), "options": list(part)}


def yes_or_no(*, initial: str = "", yes: str = "Yes", no: str = "No") -> Json:
    """Two choices side by side: `true` and `false`."""
    options = [option(yes, "true"), option(no, "false")]
    made: Json = {"type": "radio_buttons", "options": options}
    chosen = next((each for each in options if each["value"] == initial), None)
    if chosen is not None:
        made["initial_option"] = chosen
    return made


def tick(text: str, value: str) -> Json:
    """One box to tick."""
    return {"type": "checkboxes", "options": [option(text, value)]}


def person_box(*, initial: str = "") -> Json:
    """A list of the workspace's people."""
    made: Json = {"type": "users_select", "placeholder": plain("Choose a person", PLACEHOLDER)}
    if initial:
        made["initial_user"] = initial
    return made


def moment_box() -> Json:
    """A date and a time, as each reader's own clock has it."""
    return {"type": "datetimepicker"}
