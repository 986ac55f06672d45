"""Whether blocks and views are as Slack takes them: types, lengths, counts, unique ids, total size.

Call `check_message` or `check_view` on what an app sent; each gives every finding in Slack's words, with its place. Limits are from
https://docs.slack.dev/reference/block-kit; the limit on the whole of a message is undocumented and was measured (slackapi/bolt-js issue 2867).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.localslack.elements import ACTIONS, INPUT, SECTION, element, image
from bot.localslack.findings import Findings

Json = dict[str, Any]
MESSAGE, MODAL, HOME = "message", "modal", "home"
SURFACES = frozenset({MESSAGE, MODAL, HOME})

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MARKDOWN_TOTAL = 12_000
SIZE_LIMIT = 13_200
BLOCK_OVERHEAD = 50
"""What a block's frame weighs beside its text: the published measurements fit anything from 42 to 71."""


def _section(findings: Findings, at: str, block: Json) -> None:
    if "text" not in block and "fields" not in block:
        findings.add(f"{at}/type", "must define either `text` or `fields`")
    findings.text(at, block, "text", most=3000)
    if "fields" in block:
        fields = findings.items(at, block, "fields", most=10)
        for n, _field in enumerate(fields):
            findings.text(f"{at}/fields", {str(n): _field}, str(n), most=2000)
    if "accessory" in block:
        element(findings, f"{at}/accessory", block["accessory"], place=SECTION)


def _header(findings: Findings, at: str, block: Json) -> None:
    findings.text(at, block, "text", most=150, plain=True, required=True)


def _actions(findings: Findings, at: str, block: Json) -> None:
    for n, value in enumerate(findings.items(at, block, "elements", most=25)):
        element(findings, f"{at}/elements/{n}", value, place=ACTIONS)


def _context(findings: Findings, at: str, block: Json) -> None:
    for n, value in enumerate(findings.items(at, block, "elements", most=10)):
        place = f"{at}/elements/{n}"
        inner = findings.object(place, value)
        if inner.get("type") == "image":
            image(findings, place, inner)
        elif inner:
            findings.text(f"{at}/elements", {str(n): inner}, str(n), most=2000)


def _image(findings: Findings, at: str, block: Json) -> None:
    image(findings, at, block)
    findings.text(at, block, "title", most=2000, plain=True)


def _input(findings: Findings, at: str, block: Json) -> None:
    findings.text(at, block, "label", most=2000, plain=True, required=True)
    findings.text(at, block, "hint", most=2000, plain=True)
    findings.boolean(at, block, "optional")
    findings.boolean(at, block, "dispatch_action")
    if "element" not in block:
        findings.add(at, "missing required field: element")
    else:
        element(findings, f"{at}/element", block["element"], place=INPUT)


def _markdown(findings: Findings, at: str, block: Json) -> None:
    findings.string(at, block, "text", most=MARKDOWN_TOTAL, required=True)


def _rich_text(findings: Findings, at: str, block: Json) -> None:
    allowed = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}
    for n, value in enumerate(findings.items(at, block, "elements", most=1000, least=0)):
        place = f"{at}/elements/{n}"
        inner = findings.object(place, value)
        if inner and inner.get("type") not in allowed:
            findings.add(f"{place}/type", f"unsupported type: {inner.get('type')}")
        elif inner:
            findings.items(place, inner, "elements", most=1000, least=0)


def _table(findings: Findings, at: str, block: Json) -> None:
    for n, row in enumerate(findings.items(at, block, "rows", most=100)):
        if not isinstance(row, list):
            findings.add(f"{at}/rows/{n}", "must be an array")
        elif len(row) > 20:  # noqa: PLR2004  Slack's limit on columns
            findings.add(f"{at}/rows/{n}", "no more than 20 items allowed")


def _video(findings: Findings, at: str, block: Json) -> None:
    findings.text(at, block, "title", most=199, plain=True, required=True)
    for key in ("video_url", "thumbnail_url", "alt_text"):
        findings.string(at, block, key, most=3000, required=True)


def _plain(_findings: Findings, _at: str, _block: Json) -> None:
    """A block with nothing to check beyond its type."""


_BLOCKS: dict[str, tuple[frozenset[str], frozenset[str], Callable[[Findings, str, Json], None]]] = {
    "section": (SURFACES, frozenset({"text", "fields", "accessory", "expand"}), _section),
    "header": (SURFACES, frozenset({"text", "level"}), _header),
    "divider": (SURFACES, frozenset(), _plain),
    "actions": (SURFACES, frozenset({"elements"}), _actions),
    "context": (SURFACES, frozenset({"elements"}), _context),
    "image": (SURFACES, frozenset({"image_url", "slack_file", "alt_text", "title"}), _image),
    "input": (
        SURFACES,
        frozenset({"label", "element", "dispatch_action", "hint", "optional"}),
        _input,
    ),
    "markdown": (frozenset({MESSAGE}), frozenset({"text"}), _markdown),
    "rich_text": (SURFACES, frozenset({"elements"}), _rich_text),
    "table": (frozenset({MESSAGE}), frozenset({"rows", "column_settings"}), _table),
    "video": (
        SURFACES,
        frozenset(
            [
                "title",
                "title_url",
                "description",
                "video_url",
                "alt_text",
                "thumbnail_url",
                "author_name",
                "provider_name",
                "provider_icon_url",
            ]
        ),
        _video,
    ),
    "file": (frozenset({MESSAGE}), frozenset({"external_id", "source"}), _plain),
}
"""A block: the surfaces that take it, its fields beside `type` and `block_id`, its check."""


def _block(findings: Findings, at: str, value: object, surface: str) -> None:
    block = findings.object(at, value)
    if not block:
        return
    kind = block.get("type")
    if kind is None:
        findings.add(at, "missing required field: type")
        return
    surfaces, fields, check = _BLOCKS.get(str(kind), (frozenset(), frozenset(), _plain))
    if surface not in surfaces:
        findings.add(f"{at}/type", f"unsupported type: {kind}")
        return
    findings.block_id(at, block)
    findings.known_fields(at, block, fields | {"type", "block_id"})
    check(findings, at, block)


def _all_blocks(findings: Findings, at: str, holder: Json, *, most: int, surface: str) -> None:
    for n, value in enumerate(findings.items(at, holder, "blocks", most=most, least=0)):
        _block(findings, f"{at}/blocks/{n}", value, surface)


def check_message(blocks: object) -> list[str]:
    """Every finding in the blocks of a message, none if Slack would take them."""
    findings = Findings()
    _all_blocks(findings, "", {"blocks": blocks}, most=MESSAGE_BLOCKS, surface=MESSAGE)
    return findings.messages


def check_view(view: object) -> list[str]:
    """Every finding in a modal or home view, none if Slack would take it."""
    findings = Findings()
    body = findings.object("/view", view)
    if not body:
        return findings.messages
    kind = body.get("type")
    if kind not in (MODAL, HOME):
        findings.add("/view/type", f"unsupported type: {kind}")
        return findings.messages
    if kind == MODAL:
        for key, required in (("title", True), ("submit", False), ("close", False)):
            findings.text("/view", body, key, most=24, plain=True, required=required)
    findings.string("/view", body, "private_metadata", most=3000, least=0)
    findings.string("/view", body, "callback_id", most=255, least=0)
    findings.string("/view", body, "external_id", most=255, least=0)
    _all_blocks(findings, "/view", body, most=VIEW_BLOCKS, surface=str(kind))
    if kind == MODAL and "submit" not in body:
        for n, block in enumerate(body.get("blocks") or []):
            if isinstance(block, dict) and block.get("type") == "input":
                findings.add(
                    f"/view/blocks/{n}/input", "must define `submit` to use an `input` block in modals"
                )
    return findings.messages


def weight(blocks: list[Json]) -> int:
    """How much of the limit on a message's blocks they use, in characters."""
    return sum(_text_length(block) for block in blocks) + BLOCK_OVERHEAD * len(blocks)


def too_long(blocks: list[Json]) -> bool:
    """Whether Slack would answer `msg_blocks_too_long`."""
    markdown = sum(_text_length(block) for block in blocks if block.get("type") == "markdown")
    return weight(blocks) > SIZE_LIMIT or markdown > MARKDOWN_TOTAL


def _text_length(value: object) -> int:
    if isinstance(value, dict):
        own = value.get("text")
        return (len(own) if isinstance(own, str) else 0) + sum(map(_text_length, value.values()))
    if isinstance(value, list):
        return sum(map(_text_length, value))
    return 0
