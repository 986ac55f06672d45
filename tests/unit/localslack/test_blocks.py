"""What Slack takes and what it refuses, in its own words and with its own pointers."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.localslack.blocks import check_message, check_view, too_long, weight
from tests import schemas
from tests.unit.localslack.corpus import BLOCKS, ELEMENTS, button, home, modal, mrkdwn, options, plain

Json = dict[str, Any]


@pytest.mark.parametrize("name", BLOCKS)
def test_good_blocks_pass_every_oracle(name: str) -> None:
    """What these rules take, Slack's own types and slack-sdk's models take too."""
    block = BLOCKS[name]
    assert check_message([block]) == []
    assert schemas.problems("message-blocks", [block]) == []
    parsed = Block.parse(deepcopy(block))
    assert parsed is not None
    assert parsed.to_dict()["type"] == block["type"]


def test_good_views_pass_every_oracle() -> None:
    """So do a modal and a home tab."""
    assert check_view(modal()) == []
    assert schemas.problems("modal", modal()) == []
    assert View(**deepcopy(modal())).to_dict()["type"] == "modal"
    assert check_view(home()) == []
    assert schemas.problems("home", home()) == []


def section(text: Any) -> Json:
    """A section with that text object."""
    return {"type": "section", "text": text}


def actions(*elements: Json) -> Json:
    """An actions block."""
    return {"type": "actions", "elements": list(elements)}


TOO_LONG = "must be less than {} characters [json-pointer:{}]"

REFUSED: list[tuple[list[Any], str]] = [
    ([{"type": "header", "text": plain("x" * 151)}], TOO_LONG.format(151, "/blocks/0/text/text")),
    (
        [{"type": "header", "text": plain("")}],
        "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
    ),
    (
        [{"type": "header", "text": mrkdwn("x")}],
        "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
    ),
    ([section(mrkdwn("x" * 3001))], TOO_LONG.format(3001, "/blocks/0/text/text")),
    ([section(mrkdwn("x" * 3001))], "failed to match all allowed schemas [json-pointer:/blocks/0/text]"),
    ([{"type": "section"}], "must define either `text` or `fields` [json-pointer:/blocks/0/type]"),
    (
        [{"type": "section", "fields": [mrkdwn("x")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    ([{"type": "section", "fields": [mrkdwn("x" * 2001)]}], TOO_LONG.format(2001, "/blocks/0/fields/0/text")),
    ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    ([{"text": "x"}], "missing required field: type [json-pointer:/blocks/0]"),
    ([{"type": "blink"}], "unsupported type: blink [json-pointer:/blocks/0/type]"),
    ([{"type": "divider", "colour": "red"}], "invalid additional property: colour [json-pointer:/blocks/0]"),
    (["text"], "must be an object [json-pointer:/blocks/0]"),
    ([actions(button(text=plain("x" * 76)))], TOO_LONG.format(76, "/blocks/0/elements/0/text/text")),
    (
        [actions(button(text=mrkdwn("x")))],
        "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/text/type]",
    ),
    ([actions(button(value="x" * 2001))], TOO_LONG.format(2001, "/blocks/0/elements/0/value")),
    ([actions(button("x" * 256))], TOO_LONG.format(256, "/blocks/0/elements/0/action_id")),
    ([actions(button(style="loud"))], "must be a valid enum value [json-pointer:/blocks/0/elements/0/style]"),
    ([actions()], "must provide at least 1 items [json-pointer:/blocks/0/elements]"),
    (
        [actions(*(button(f"b{n}") for n in range(26)))],
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        [actions(ELEMENTS["select"] | {"options": options(101)})],
        "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    (
        [actions(ELEMENTS["overflow"] | {"options": options(6)})],
        "no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    (
        [actions(ELEMENTS["initial"] | {"initial_option": options(9)[8]})],
        "must be one of the options provided [json-pointer:/blocks/0/elements/0/initial_option]",
    ),
    (
        [actions({"type": "plain_text_input", "action_id": "x"})],
        "unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]",
    ),
    (
        [{"type": "context", "elements": [mrkdwn("x")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    ([{"type": "divider", "block_id": "x" * 256}], TOO_LONG.format(256, "/blocks/0/block_id")),
    (
        [{"type": "image", "image_url": "https://x"}],
        "missing required field: alt_text [json-pointer:/blocks/0]",
    ),
]


@pytest.mark.parametrize(("blocks", "finding"), REFUSED)
def test_bad_blocks_are_refused_with_their_place(blocks: list[Any], finding: str) -> None:
    """Each limit and type, one fault at a time."""
    assert finding in check_message(blocks)


def test_every_finding_is_told_not_only_the_first() -> None:
    """Two bad blocks, two findings."""
    assert len(check_message([{"type": "a"}, {"type": "b"}])) == 2


@pytest.mark.parametrize(
    ("blocks", "place"),
    [
        ([actions(button(), button())], "/blocks/0/elements/1/action_id"),
        ([actions(button()), section(plain("x")) | {"accessory": button()}], "/blocks/1/accessory/action_id"),
        ([{"type": "divider", "block_id": "d"}, {"type": "divider", "block_id": "d"}], "/blocks/1/block_id"),
    ],
)
def test_ids_are_unique_in_the_whole_message(blocks: list[Json], place: str) -> None:
    """An `action_id` or `block_id` used twice is refused where it comes again; no other oracle sees it."""
    (finding,) = check_message(blocks)
    assert "must be unique" in finding
    assert finding.endswith(f"[json-pointer:{place}]")


@pytest.mark.parametrize(
    ("view", "finding"),
    [
        (modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (modal(submit=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/submit/text]"),
        (
            modal(private_metadata="x" * 3001),
            "must be less than 3001 characters [json-pointer:/view/private_metadata]",
        ),
        (
            modal(blocks=[{"type": "divider"}] * 101),
            "no more than 100 items allowed [json-pointer:/view/blocks]",
        ),
        (
            modal(blocks=[BLOCKS["markdown"]]),
            "unsupported type: markdown [json-pointer:/view/blocks/0/type]",
        ),
        (
            {key: value for key, value in modal().items() if key != "submit"},
            "must define `submit` to use an `input` block in modals [json-pointer:/view/blocks/0/input]",
        ),
        ({"type": "popup"}, "unsupported type: popup [json-pointer:/view/type]"),
        ("text", "must be an object [json-pointer:/view]"),
    ],
)
def test_bad_views_are_refused_with_their_place(view: Any, finding: str) -> None:
    """The limits of modals."""
    assert finding in check_view(view)


def test_the_size_of_a_whole_message_is_limited() -> None:
    """The published measurements hold: 9,597 characters in 50 blocks pass, 11,341 in 45 don't."""
    accepted = [section(plain("x" * 191)) for _ in range(50)]
    rejected = [section(plain("x" * 252)) for _ in range(45)]
    assert not too_long(accepted)
    assert too_long(rejected)
    assert weight([section(plain("x" * 10))]) == 60
    assert too_long([{"type": "markdown", "text": "x" * 6001}] * 2)
