"""The pieces that messages are made of, each within Slack's limits (https://docs.slack.dev/reference/block-kit), and their size as a whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.chat.blocks.ink import Ink, Redact, cut, cut_mrkdwn
from bot.domain.canonical import digest_of
from bot.domain.ids import Digest

Json = dict[str, Any]

SECTION_TEXT = 3000
HEADER_TEXT = 150
FIELD_TEXT = 2000
FIELDS = 10
CONTEXT_TEXT = 2000
CONTEXT_ELEMENTS = 10
BUTTON_TEXT = 75
BUTTON_VALUE = 2000
CONFIRM_TITLE, CONFIRM_TEXT, CONFIRM_BUTTON = 100, 300, 30
MESSAGE_BLOCKS = 50
MESSAGE_TEXT = 4000
"""`chat.update` takes no more."""
MESSAGE_WEIGHT = 12_000
"""Characters of text in all blocks, 60 more for each block: Slack refuses a little over 13,000 (undocumented; measured in slackapi/bolt-js 2867)."""
_BLOCK_WEIGHT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a message says: its blocks, and the text for notifications and for clients that show no blocks."""

    text: str
    blocks: tuple[Json, ...]

    @property
    def digest(self) -> Digest:
        """The same for the same message: nothing is sent twice for nothing."""
        return digest_of({"text": self.text, "blocks": list(self.blocks)})

    @property
    def plain(self) -> Message:
        """The message without its blocks: for the case that Slack refuses them."""
        return Message(text=self.text, blocks=())


def weight(blocks: Sequence[Json]) -> int:
    """How much of Slack's limit on a whole message the blocks use."""
    return _text_in(list(blocks)) + _BLOCK_WEIGHT * len(blocks)


def _text_in(value: Any) -> int:  # noqa: ANN401 - any JSON value
    if isinstance(value, Mapping):
        return sum(
            len(each) if key == "text" and isinstance(each, str) else _text_in(each)
            for key, each in value.items()
        )
    if isinstance(value, list | tuple):
        return sum(map(_text_in, value))
    return 0


def written_to_fit(write: Callable[[Ink], Message], redact: Redact) -> Message:
    """Write a message, smaller each time, until Slack takes it whole; in the end its text alone."""
    for room in (1.0, 0.6, 0.35, 0.15, 0.05):
        message = write(Ink(redact=redact, room=room))
        if len(message.blocks) <= MESSAGE_BLOCKS and weight(message.blocks) <= MESSAGE_WEIGHT:
            return Message(text=cut_mrkdwn(message.text, MESSAGE_TEXT), blocks=message.blocks)
    smallest = write(Ink(redact=redact, room=0.05))
    return Message(text=cut_mrkdwn(smallest.text, MESSAGE_TEXT), blocks=())


def mrkdwn(text: str, limit: int = SECTION_TEXT) -> Json:
    """A text object with Slack's mark-up; `verbatim` keeps Slack from finding links and names in it by itself."""
    return {"type": "mrkdwn", "text": cut_mrkdwn(text, limit), "verbatim": True}


def plain(text: str, limit: int) -> Json:
    """A text object without mark-up."""
    return {"type": "plain_text", "text": cut(text, limit) or " ", "emoji": True}


def header(text: str) -> Json:
    """The large first line."""
    return {"type": "header", "text": plain(text, HEADER_TEXT)}


def section(text: str) -> Json:
    """A paragraph."""
    return {"type": "section", "text": mrkdwn(text)}


def fields(*texts: str) -> Json:
    """Short texts in two columns, each in a cell of its own."""
    return {"type": "section", "fields": [mrkdwn(text, FIELD_TEXT) for text in texts[:FIELDS]]}


def context(*texts: str) -> Json:
    """Small print."""
    return {"type": "context", "elements": [mrkdwn(text, CONTEXT_TEXT) for text in texts[:CONTEXT_ELEMENTS]]}


def divider() -> Json:
    """A line across."""
    return {"type": "divider"}


def code_block(text: str) -> Json:
    """Text shown letter by letter: Slack reads no mark-up in it."""
    inside = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text or " "}]}
    return {"type": "rich_text", "elements": [inside]}


def actions(*buttons: Json) -> Json:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def button(
    label: str, action: str, value: Mapping[str, Any], *, style: str = "", confirm: Json | None = None
) -> Json:
    """A button; `action` is unique in its message, `value` comes back as it is when somebody presses it."""
    made: Json = {
        "type": "button",
        "text": plain(label, BUTTON_TEXT),
        "action_id": action,
        "value": json.dumps(value, separators=(",", ":"), ensure_ascii=False)[:BUTTON_VALUE],
    }
    if style:
        made["style"] = style
    if confirm is not None:
        made["confirm"] = confirm
    return made


def confirmation(title: str, text: str, *, yes: str, no: str = "Back", danger: bool = False) -> Json:
    """The question before a button counts; its text is plain, for Slack shows no emphasis in it."""
    made: Json = {
        "title": plain(title, CONFIRM_TITLE),
        "text": plain(text, CONFIRM_TEXT),
        "confirm": plain(yes, CONFIRM_BUTTON),
        "deny": plain(no, CONFIRM_BUTTON),
    }
    if danger:
        made["style"] = "danger"
    return made
