"""Every message that the surface can produce is one that Slack takes, whatever text an alert carries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.chat.blocks import (
    Message,
    announce_line,
    approval_message,
    approval_reminder,
    as_it_is,
    commander_reminder,
    living_message,
    postmortem_message,
    proposal_message,
    run_message,
    unknown_message,
    update_reminder,
)
from bot.chat.blocks.answers import behind, failed, listed, refused, status_of
from bot.chat.blocks.help import helped
from bot.chat.blocks.ink import Ink, clock_time, link
from bot.chat.blocks.kit import MESSAGE_WEIGHT, section, weight
from bot.chat.blocks.runs import runs_listed
from bot.localslack.blocks import check_message, too_long
from tests import schemas
from tests.unit.chat.pictures import (
    LONG,
    approvals,
    drafts,
    incidents,
    pictures,
    proposals,
    unknown_calls,
)

MANY = settings(max_examples=12, suppress_health_check=list(HealthCheck))
MARKUP = re.compile(r"<[^>]*>")
OURS = re.compile(
    r"<(@[UW][A-Z0-9]+|#C[A-Z0-9]+|!subteam\^S[A-Z0-9]+|!date\^[0-9]+\^\{\w+\}\|[^<>|]+|https?://[^<>|]+\|[^<>|]+)>"
)


def _texts(value: Any) -> Iterator[str]:
    """Every text in which Slack looks for mark-up; what stands in rich text is shown letter by letter."""
    if isinstance(value, dict):
        if value.get("type") == "rich_text":
            return
        if isinstance(value.get("text"), str):
            yield value["text"]
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _ids(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, dict):
        if name in value:
            yield value[name]
        for each in value.values():
            yield from _ids(each, name)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _ids(each, name)


def check(message: Message) -> None:
    """Hold a message to Slack's published types, its limits, its size, unique ids, and to no mark-up but ours."""
    blocks = json.loads(json.dumps(message.blocks))
    assert schemas.problems("message-blocks", blocks) == []
    assert check_message(blocks) == []
    assert not too_long(blocks)
    assert weight(blocks) <= MESSAGE_WEIGHT
    for each in blocks:
        parsed = Block.parse(each)
        assert parsed is not None
        parsed.validate_json()
    ids = list(_ids(blocks, "action_id"))
    assert len(ids) == len(set(ids))
    for value in _ids(blocks, "value"):
        assert isinstance(json.loads(value), dict)
    assert 0 < len(message.text) <= 4000
    check_text([{"text": message.text}, *blocks])


def check_text(blocks: Any) -> None:
    """Hold every text to no mark-up but ours, and to nothing that can't be seen."""
    for text in _texts(blocks):
        assert [each for each in MARKUP.findall(text) if not OURS.fullmatch(each)] == []
        assert "<" not in MARKUP.sub("", text)
        assert not set(text) & set("\u202e\u2066\x00\u200b")
        assert not re.search(r"&(?!amp;|lt;|gt;)", text)
        assert "@everyone" not in text


@MANY
@given(pictures())
def test_the_living_message_and_its_line(picture: Any) -> None:
    """Any incident, in its channel, in the central one and for one person."""
    check(living_message(picture, redact=as_it_is))
    check(announce_line(picture, redact=as_it_is))
    check(status_of(picture, redact=as_it_is))
    for each in picture.runs:
        check(run_message(picture.incident, each, redact=as_it_is))


@MANY
@given(pictures(), st.integers(0, 3))
def test_runs_listed(picture: Any, more: int) -> None:
    """Any runs, listed for one person."""
    check(runs_listed(picture.runs, "/incident", more=more, redact=as_it_is))


@MANY
@given(pictures(), approvals())
def test_an_approval(picture: Any, approval: Any) -> None:
    """Any approval, asked and decided, and what reminds of it."""
    check(approval_message(picture, approval, redact=as_it_is))
    check(approval_reminder(picture, approval, redact=as_it_is))


@pytest.mark.parametrize("length", range(2940, 3001))
def test_a_paragraph_that_is_cut_tears_no_markup(length: int) -> None:
    """Wherever the cut falls: in a time, in a mention, in a link, in an entity, or behind them."""
    mark_up = (
        f"{clock_time(datetime(2026, 11, 23, 3, tzinfo=UTC))} <@U0ADA> {link('https://a.b/c?d&e', 'd')} &lt;"
    )
    cut = section(f"{'x' * length}{mark_up}{'y' * 100}")["text"]["text"]
    assert len(cut) <= 3000
    check_text([{"text": cut}])


@MANY
@given(pictures())
def test_reminders(picture: Any) -> None:
    """Of any incident."""
    check(commander_reminder(picture, on_call="<!subteam^S1>, <@U0BEN>", redact=as_it_is))
    check(update_reminder(picture, command="/incident", redact=as_it_is))


@MANY
@given(unknown_calls())
def test_an_unknown_outcome(call: Any) -> None:
    """Any interrupted call, asked and settled."""
    check(unknown_message(call, redact=as_it_is))


@MANY
@given(proposals())
def test_a_proposal(proposal: Any) -> None:
    """Any proposed runbook."""
    check(proposal_message(proposal, redact=as_it_is))


@MANY
@given(drafts())
def test_a_postmortem(draft: Any) -> None:
    """Any draft."""
    check(postmortem_message(draft, redact=as_it_is))


@MANY
@given(st.lists(incidents(), max_size=30), LONG, LONG)
def test_answers(found: Any, message: str, hint: str) -> None:
    """Lists and refusals for one person's eyes."""
    check(listed(found, {}, "/incident", redact=as_it_is))
    check(refused(message or "x", hint, redact=as_it_is))


@pytest.mark.parametrize("message", [helped("/incident"), failed("abc"), behind()])
def test_fixed_answers(message: Message) -> None:
    """What is said to everybody alike."""
    check(message)


@MANY
@given(pictures(), approvals())
def test_no_secret_gets_through(picture: Any, approval: Any) -> None:
    """What the redaction knows is in no message, cut or not."""

    def redact(text: str) -> str:
        return text.replace("hunter2", "***")

    for message in (
        living_message(picture, redact=redact),
        announce_line(picture, redact=redact),
        approval_message(picture, approval, redact=redact),
    ):
        assert "hunter2" not in message.text + json.dumps(message.blocks)


def test_a_secret_with_something_unseen_in_it_is_a_secret() -> None:
    """Dropping what can't be seen must not put a secret together, nor joining lines hide one."""
    ink = Ink(redact=lambda text: text.replace("hunter2", "***").replace("two\nlines", "***"))
    assert ink.line("a hun\u200bter2 b two\nlines c") == "a *** b *** c"


@MANY
@given(pictures())
def test_the_same_picture_is_the_same_message(picture: Any) -> None:
    """Drawing reads no clock: nothing is sent twice for nothing."""
    assert living_message(picture, redact=as_it_is).digest == living_message(picture, redact=as_it_is).digest
